"""What is wrong with a file is said in one sentence: file, place, field, remedy."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.errors import MaterialError
from tests.dialogues.test_readers_formats import OURS, PARLAI, SYNTHETIC, XPERSONA


def complaint(path: Path, content: str | bytes) -> str:
    """The message that reading ``content`` gives."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(MaterialError) as caught:
        read_demonstrations(str(path))
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.endswith(".")
    assert "\n" not in message
    return message


def ours(**changes: object) -> str:
    return json.dumps({**OURS, **changes}) + "\n"


def xpersona(**changes: object) -> str:
    return json.dumps([XPERSONA[0], {**XPERSONA[1], **changes}])


HEADER = SYNTHETIC.split("\r\n")[0]
WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty file": ("", "empty"),
    "not UTF-8": (PARLAI.encode() + b"4 caf\xe9\toui\n", f"byte {len(PARLAI) + 5} is not UTF-8"),
    "unknown format": ("Once upon a time\n", "unknown format; give PersonaChat in ParlAI's"),
    # ParlAI
    "last line cut": (PARLAI[:-8], "line 8: the last line has no line end"),
    "line missing": (PARLAI.replace("4 hi", "6 hi"), "line 4: numbered 6 where 1 or 4"),
    "begins late": ("2 hi .\tho .\n", "line 1: numbered 2 where 1"),
    "no number": (PARLAI.replace("5 i", "i"), "line 5: no line number"),
    "no reply": (PARLAI.replace("\tin this rain ?\t\tno .|in this rain ?", ""), "line 5: no reply"),
    "blank persona line": (
        PARLAI.replace("i row .", " "),
        "sentence 1 of field 'partner's persona'",
    ),
    "personas only": ("".join(PARLAI.splitlines(True)[:3]), "line 1: no dialogue"),
    # XPersona
    "cut JSON": (json.dumps(XPERSONA)[:-30], "after record 1: the file seems cut in the middle"),
    "empty persona": (xpersona(persona=[]), "record 2: field 'persona' is an empty persona"),
    "blank fact": (xpersona(persona=["i row", ""]), "record 2: sentence 2 of field 'persona'"),
    "no persona": (xpersona(persona=None), "record 2: field 'persona' is not a list"),
    "no dialogue": (xpersona(dialogue=[]), "record 2: field 'dialogue' is missing or empty"),
    "half a pair": (xpersona(dialogue=[["a", "b"], ["c"]]), "record 2: pair 2 of field 'dialogue'"),
    "silence only": (
        xpersona(dialogue=[["__SILENCE__", "a"]]),
        "record 2: no dialogue of at least",
    ),
    # Synthetic-Persona-Chat
    "open quote": (SYNTHETIC[:-12], "record 4 (line 14): the file seems cut in the middle"),
    "columns missing": (
        SYNTHETIC + '"I bake."\r\n',
        "record 5: 1 of 3 columns; the file seems cut",
    ),
    "row without line end": (SYNTHETIC[:-2], "record 4: the last row has no line end"),
    "empty cell": (
        SYNTHETIC.replace('"I row."', '""', 1),
        "record 1: field 'user 2 personas' is an",
    ),
    "header only": (HEADER + "\r\n", "no dialogue found (those with placeholders"),
    "column missing": (
        SYNTHETIC.replace("user 2 ", "user two "),
        "column 'user 2 personas' is miss",
    ),
    # our own
    "cut line": (ours() + ours()[:-20], "line 2, column"),
    "unknown field": (ours(topic="rain"), "line 1: unknown field 'topic'; known: event, premise"),
    "unknown event": (ours(event="smal_talk"), "line 1: field 'event' names no speech event"),
    "event no text": (ours(event=3), "line 1: field 'event' names no speech event"),
    "premise no text": (ours(premise=3), "line 1: field 'premise' is no text"),
    "personas no list": (ours(personas="me"), "line 1: field 'personas' is not a list"),
    "empty list": (ours(personas=[[]]), "line 1: field 'personas.A' is an empty persona"),
    "turns empty": (ours(turns=[OURS["turns"][0]]), "line 1: no dialogue of at least two"),
    "turn without text": (
        ours(turns=[{"speaker": "A", "text": " "}]),
        "line 1: turn 1 has no text",
    ),
    "turn misspelt": (ours(turns=[{"speaker": "A", "txt": "a"}]), "turn 1 of field 'turns' is not"),
    "wrong speaker": (ours(turns=[{"speaker": "AB", "text": "a"}]), "has the speaker 'AB'; use A"),
    # other tables
    "no dialogue column": ('[{"persona": ["I row."], "text": "a"}]', "record 1: no column holds"),
    "no list of turns": ('[{"dialogue": {"a": 1}}]', "column 'dialogue' is no list of turns"),
    "nameless turn": ('[{"messages": [{"content": "a"}]}]', "turn 1 has no speaker or no text"),
    "not objects": ("[1, 2]", "record 1: not a JSON object"),
    "five speakers": (
        json.dumps([{"turns": [{"speaker": s, "text": "a"} for s in "abcde"]}]),
        "record 1: more than 4 speakers",
    ),
    "not Parquet": (b"PAR1 and nothing more", "damaged Parquet"),
    "nested too deeply": ("[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("case", WRONG)
def test_says_what_is_wrong(tmp_path: Path, case: str) -> None:
    content, message = WRONG[case]
    assert message in complaint(tmp_path / "file", content)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match=r"none\.txt: no such file; give a file"):
        read_demonstrations(str(tmp_path / "none.txt"))
    with pytest.raises(MaterialError, match="cannot be read"):
        read_demonstrations(str(tmp_path))


@pytest.mark.parametrize("content", [PARLAI, json.dumps(XPERSONA), SYNTHETIC, ours() * 2])
def test_a_file_cut_anywhere_is_refused_unless_nothing_can_show_it(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content.encode())
    whole = read_demonstrations(str(path))
    for length in range(len(content)):
        path.write_bytes(content.encode()[:length])
        try:
            rest = read_demonstrations(str(path))
        except MaterialError:
            continue
        # Only a cut right behind a line of a text format, or one that cost JSON no more than the
        # last line end, goes unseen. No turn is ever a part of one.
        assert content[length - 1] == "\n" or content[length] == "\n"
        for one, original in zip(rest, whole, strict=False):
            assert one.turns == original.turns[: len(one.turns)]


@pytest.mark.parametrize(
    "name",
    [
        "xpersona/En_persona_valid.json",
        "synthetic-persona-chat/Synthetic-Persona-Chat_valid.csv",
        "parlai-personachat/valid_both_original.head.txt",
    ],
)
def test_real_files_cut_in_the_middle(tmp_path: Path, data_folder: Path, name: str) -> None:
    content = (data_folder / name).read_bytes()
    for seed in range(4):
        length = random.Random(seed).randrange(len(content) // 4, len(content) - 2)
        while content[length - 1 : length] == b"\n":
            length -= 1
        message = complaint(tmp_path / Path(name).name, content[:length])
        assert "cut in the middle" in message


def test_a_cut_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pl.DataFrame({"dialogue": [["Hi.", "Hello."]] * 100}).write_parquet(path)
    assert "cut in the middle" in complaint(path, path.read_bytes()[:-10])
