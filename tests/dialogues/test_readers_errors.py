"""What is wrong with a file is said in one sentence: file, place, field, remedy."""

import gzip
import json
import random
from pathlib import Path

import polars as pl
import pytest

from crowdglot.dialogues.readers import read_demonstrations, read_material
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
# Of these files nothing can be used.
WRONG: dict[str, tuple[str | bytes, str]] = {
    "empty file": ("", "empty"),
    "not UTF-8": (PARLAI.encode() + b"4 caf\xe9\toui\n", f"byte {len(PARLAI) + 5} is not UTF-8"),
    "unknown format": (
        "Once upon a time\n",
        "unknown format, for it begins with 'Once upon a time'",
    ),
    # ParlAI
    "last line cut": (PARLAI[:-8], "line 8: the last line has no line end"),
    "begins late": ("2 hi .\tho .\n", "line 1: numbered 2 where 1"),
    "personas only": ("".join(PARLAI.splitlines(True)[:3]), "line 1: no dialogue"),
    # XPersona
    "cut JSON": (json.dumps(XPERSONA)[:-30], "after record 1: the file seems cut in the middle"),
    # Synthetic-Persona-Chat
    "open quote": (SYNTHETIC[:-12], "record 4 (line 14): the file seems cut in the middle"),
    "header only": (HEADER + "\r\n", "no dialogue found"),
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
    "no known column": (
        '[{"title": "I row.", "text": "a"}]',
        "record 1: no column holds a dialogue or a persona (found: title, text); name it",
    ),
    "no known column in CSV": ("Once upon a time, there was\na king\n", "(found: Once upon a time"),
    "personas alone": (
        '[{"persona": ["I row."], "text": "a"}]',
        "personas and no dialogue in it; name it in personas.source",
    ),
    "no list of turns": ('[{"dialogue": {"a": 1}}]', "column 'dialogue' is no list of turns"),
    "nameless turn": (
        '[{"messages": [{"content": "a", "by": "b"}]}]',
        "turn 1 has no speaker or no text (found: content, by)",
    ),
    "not objects": ("[1, 2]", "2 of 2 left out: 2 × such as record 1: not a JSON object"),
    "five speakers": (
        json.dumps([{"turns": [{"speaker": s, "text": "a"} for s in "abcde"]}]),
        "record 1: more than 4 speakers",
    ),
    "column twice": ("dialogue,dialogue\na,b\n", "column 'dialogue' stands twice"),
    "not Parquet": (b"PAR1 and nothing more", "damaged Parquet"),
    "nested too deeply": ("[" * 100_000, "nested too deeply"),
    # other files
    "ZIP or Excel": (b"PK\x03\x04" + b"\x80" * 9, "a ZIP archive or an Excel workbook"),
    "zstd": (b"\x28\xb5\x2f\xfd" + b"\x80" * 9, "packed by zstd; unpack it"),
    "pickle": (b"\x80\x04\x95" + b"\x80" * 9, "a Python pickle, which is never opened"),
    "HTML": ("<!DOCTYPE html>", "a page of HTML"),
    "pointer": ("version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    "Parquet in gzip": (gzip.compress(b"PAR1 and more"), "Parquet, packed by gzip; unpack it"),
}


@pytest.mark.parametrize("case", WRONG)
def test_says_what_is_wrong(tmp_path: Path, case: str) -> None:
    content, message = WRONG[case]
    assert message in complaint(tmp_path / "file", content)


# One record of each of these is left out, and the sentence tells it.
TOLD: dict[str, tuple[str, str]] = {
    "line missing": (PARLAI.replace("4 hi", "6 hi"), "1 of 2 left out: line 4: numbered 6 where 1"),
    "no number": (PARLAI.replace("5 i", "i"), "1 of 2 left out: line 5: no line number"),
    "no reply": (
        PARLAI.replace("\tin this rain ?\t\tno .|in this rain ?", ""),
        "1 of 2 left out: line 5: no reply",
    ),
    "blank persona line": (
        PARLAI.replace("i row .", " "),
        "1 of 2 left out: line 1: sentence 1 of field 'partner's persona'",
    ),
    "empty persona": (xpersona(persona=[]), "record 2: field 'persona' is an empty persona"),
    "blank fact": (xpersona(persona=["i row", ""]), "record 2: sentence 2 of field 'persona'"),
    "no dialogue": (xpersona(dialogue=[]), "record 2: no dialogue of at least two turns"),
    "half a pair": (xpersona(dialogue=[["a", "b"], ["c"]]), "record 2: column 'dialogue': pair 2"),
    "silence only": (
        xpersona(dialogue=[["__SILENCE__", "a"]]),
        "record 2: no dialogue of at least",
    ),
    "columns missing": (
        SYNTHETIC + '"I bake."\r\n',
        "3 of 5 left out: 1 × such as record 2: a placeholder",
    ),
    "empty cell": (
        SYNTHETIC.replace('"I row."', '""', 1),
        "such as record 1: field 'user 2 personas' is an empty persona",
    ),
    "CSV amiss": (
        'persona,dialogue\nI,"Hi.\nHo."\nI,"He "said" so.\n"\nI,"Ha.\nHe."\n',
        "record 2 (line 4): not valid CSV",
    ),
    "line amiss": (ours() + "{oops\n", "1 of 2 left out: line 2, column 2: not valid JSON"),
    "too many digits": (ours() + f"{'9' * 5000}\n", "line 2: a number of more than 4,000 digits"),
    "too deep": (ours() + "[" * 60_000 + "]" * 60_000 + "\n", "line 2: JSON nested too deeply"),
    "a key twice": (
        ours() + '{"personas": [], "turns": [{"speaker": "A", "text": "a", "text": "b"}]}\n',
        "line 2: turn 1 of field 'turns' is not",
    ),
    "half a character": (ours() + ours(premise="\ud83d"), "line 2: field 'premise' is no text"),
    "the same again": (ours() * 2, "1 of 2 left out: the same turns as another dialogue"),
}


@pytest.mark.parametrize("case", TOLD)
def test_one_bad_record_is_left_out_and_told(tmp_path: Path, case: str) -> None:
    content, told = TOLD[case]
    path = tmp_path / "file"
    path.write_bytes(content.encode())
    read = read_material(str(path))
    assert read.demonstrations
    assert told in read.left_out
    assert read.left_out.startswith(f"{path}: ") and read.left_out.endswith(".")
    assert "\n" not in read.left_out


def test_reasons_are_counted_and_the_most_frequent_come_first(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    rows: list[dict[str, object]] = [{"dialogue": [f"Number {at}.", "Yes."]} for at in range(1200)]
    rows[5:8] = [{"dialogue": ["Alone."]}] * 3
    rows[9] = {"dialogue": ["One.", None]}
    rows[11] = {"title": "none"}
    rows[13] = {"dialogue": [{"speaker": who, "text": who} for who in "abcde"]}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_material(str(path)).left_out == (
        f"{path}: 6 of 1,200 left out: 3 × such as line 6: no dialogue of at least two turns; "
        "1 × such as line 10: column 'dialogue', turn 2 has no text; 1 × such as line 12: no "
        "column holds a dialogue or a persona (found: title); …."
    )


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
            rest = read_material(str(path))
        except MaterialError:
            continue
        # Only a cut right behind a line of a text format, or one that cost JSON no more than the
        # last line end, goes unseen; of any other that leaves the last line plausible we are told.
        seen = "has no line end, and is read as whole" in rest.left_out
        assert seen or content[length - 1] == "\n" or content[length] == "\n"
        for one, original in zip(rest.demonstrations, whole, strict=False):
            known = one.turns[:-1] if seen else one.turns
            assert known == original.turns[: len(known)]


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
