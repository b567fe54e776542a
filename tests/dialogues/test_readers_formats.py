"""Small files of every format, read as they should be."""

import gzip
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.readers import (
    READERS,
    personas_of,
    read_demonstrations,
    read_material,
    sniff,
)
from crowdglot.errors import MaterialError

PARLAI = (
    "1 your persona: i bake bread.\n"
    "2 partner's persona: i row .\n"
    "3 partner's persona: i have two dogs.\n"
    "4 hi ! how are you ?\tgood , just baking .\t\tno .|good , just baking .\n"
    "5 i was rowing\tin this rain ?\t\tno .|in this rain ?\n"
    "1 your persona: i sing .\n"
    "2 __SILENCE__\thello .\n"
    "3 hey . who is this ?\tit is me .\n"
)
XPERSONA = [
    {
        "persona": ["i bake bread.", "i sing ."],
        "dialogue": [
            ["__SILENCE__", "hi ."],
            ["hi !", "__SILENCE__"],
            ["are you there ?", "yes , i 'm here ."],
        ],
    },
    {"persona": ["i row"], "dialogue": [["hello .", "hello , is it raining ?"]]},
]
SYNTHETIC = (
    "user 1 personas,user 2 personas,Best Generated Conversation\r\n"
    '"I bake bread.\nI sing.","I row.","User 1: Hi!\nUser 2: Hello, ""you""!\nUser 1: Bye."\r\n'
    '"I bake.","I row.","User 1: Hi, [name]!\nUser 2: Hello!"\r\n'
    '"I bake.","I row.","User 1: Hi!\nUser 2: Hello!\n(They leave.)"\r\n'
    '"I bake.","I row.","* * *\n*User 2:* Late again.\n\n**User 1:** So are you."\r\n'
)
OURS: dict[str, Any] = {
    "event": "small_talk",
    "premise": "The tram is late.",
    "personas": [["I bake."], None, ["I row."]],
    "turns": [
        {"speaker": "C", "text": "Late again."},
        {"speaker": "C", "text": "As always."},
        {"speaker": "A", "text": "Is it?"},
        {"speaker": "B", "text": "It is."},
    ],
}
UTTERANCES = [
    {"history": ["hi ."], "candidates": ["no .", "hello !"]},
    {"history": ["hi .", "hello !", "who is it ?"], "candidates": ["no .", "it is me ."]},
]


def said(demonstration: Demonstration) -> list[str]:
    return [f"{turn.speaker}: {turn.text}" for turn in demonstration.turns]


def facts(demonstration: Demonstration) -> list[tuple[str, ...] | None]:
    return [persona.facts if persona else None for persona in demonstration.personas]


def write(path: Path, text: str) -> str:
    path.write_bytes(text.encode())
    return str(path)


def recognised(path: Path, text: str, reader: str) -> tuple[Demonstration, ...]:
    """What is read of a file with this text, which is recognised as one for ``reader``."""
    write(path, text)
    assert sniff(path) == reader
    return read_demonstrations(str(path))


def test_parlai(tmp_path: Path) -> None:
    both, own = recognised(tmp_path / "dialogues.txt", PARLAI, "parlai")
    assert said(both) == [
        "A: Hi! How are you?", "B: Good, just baking.", "A: I was rowing", "B: In this rain?",
    ]  # fmt: skip
    assert facts(both) == [("I row.", "I have two dogs."), ("I bake bread.",)]
    assert said(own) == ["A: Hello.", "B: Hey. Who is this?", "A: It is me."]
    assert facts(own) == [("I sing.",), None]
    assert both.source == "dialogues.txt"


def test_xpersona(tmp_path: Path) -> None:
    first, second = recognised(tmp_path / "English.json", json.dumps(XPERSONA), "xpersona")
    assert said(first) == ["A: Hi.", "B: Hi! Are you there?", "A: Yes, I'm here."]
    assert facts(first) == [("I bake bread.", "I sing."), None]
    assert said(second) == ["A: Hello.", "B: Hello, is it raining?"]
    assert facts(second) == [None, ("I row.",)]


def test_synthetic_persona_chat(tmp_path: Path) -> None:
    first, last = recognised(tmp_path / "table.csv", SYNTHETIC, "synthetic_persona_chat")
    assert said(first) == ["A: Hi!", 'B: Hello, "you"!', "A: Bye."]
    assert facts(first) == [("I bake bread.", "I sing."), ("I row.",)]
    assert said(last) == ["A: Late again.", "B: So are you."]
    assert facts(last) == [("I row.",), ("I bake.",)]


def test_our_own_lines(tmp_path: Path) -> None:
    text = "\ufeff" + json.dumps(OURS) + "\n\n"
    (one,) = recognised(tmp_path / "mine.jsonl", text, "jsonl")
    assert said(one) == ["A: Late again. As always.", "B: Is it?", "C: It is."]
    assert facts(one) == [("I row.",), ("I bake.",), None]
    assert (one.event, one.premise) == ("small_talk", "The tram is late.")
    assert [p.facts for p in personas_of([one, one])] == [("I row.",), ("I bake.",)]


LAYOUTS: dict[str, list[dict[str, object]]] = {
    "history and candidates inside": [
        {"personality": ["i bake bread ."], "utterances": UTTERANCES}
    ],
    "a row an utterance": [
        {"conv_id": 7, "personality": ["i bake bread ."], **utterance} for utterance in UTTERANCES
    ],
    "dialogue and reference": [
        {
            "conv_id": "7",
            "persona_b": ["i bake bread ."],
            "dialogue": ["Persona A: hi .", "Persona B: hello !", "Persona A: who is it ?"],
            "reference": "Persona B: it is me .",
        }
    ],
    "messages": [
        {
            "Persona": "i bake bread .",
            "messages": [
                {"role": "system", "content": "You bake bread."},
                {"role": "user", "content": "hi ."},
                {"role": "assistant", "content": "hello !"},
                {"role": "user", "content": "who is it ?"},
                {"role": "assistant", "content": "it is me ."},
            ],
        }
    ],
    "lines of text": [
        {
            "Persona": '["i bake bread ."]',
            "Conversation": "hi .\n\nhello !\nwho is it ?\nit is me .",
        }
    ],
    "pairs": [
        {
            "persona": ["i bake bread ."],
            "utterances": [["hi .", "hello !"], ["who is it ?", "it is me ."]],
        }
    ],
    "ours": [
        {
            "personas": [None, ["i bake bread ."]],
            "turns": [
                {"speaker": "A", "text": "hi ."},
                {"speaker": "B", "text": "hello !"},
                {"speaker": "A", "text": "who is it ?"},
                {"speaker": "B", "text": "it is me ."},
            ],
        }
    ],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("suffix", ["json", "jsonl", "parquet", "splits"])
def test_tables_of_the_hub(tmp_path: Path, layout: str, suffix: str) -> None:
    rows = LAYOUTS[layout]
    path = tmp_path / f"table.{suffix}"
    if suffix == "parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        path.write_text(json.dumps({"train": rows} if suffix == "splits" else rows))
    (one,) = read_demonstrations(str(path))
    assert said(one) == ["A: Hi.", "B: Hello!", "A: Who is it?", "B: It is me."]
    assert facts(one) == [None, ("I bake bread.",)]


def test_a_csv_with_columns_of_its_own(tmp_path: Path) -> None:
    text = 'id,User 1 Persona,User 2 Persona,Dialogue\n1,I row.,I sing.,"hi .\nhello !"\n'
    (one,) = read_demonstrations(write(tmp_path / "table.csv", text))
    assert said(one) == ["A: Hi.", "B: Hello!"]
    assert facts(one) == [("I row.",), ("I sing.",)]


def test_every_reader_is_in_the_list_and_keeps_its_contract() -> None:
    package = import_module("crowdglot.dialogues.readers")
    modules = {path.stem for path in Path(str(package.__file__)).parent.glob("*.py")}
    loaded = {name: import_module(f"{package.__name__}.{name}") for name in modules - {"__init__"}}
    assert {name for name, module in loaded.items() if hasattr(module, "read")} == {*READERS}
    for name, module in READERS.items():
        assert module == f"{package.__name__}.{name}"
        assert loaded[name].HEAD.match("Once upon a time\n") is None


@pytest.mark.parametrize(
    ("name", "head"),
    {
        "jsonl": json.dumps(OURS),
        "xpersona": json.dumps(XPERSONA),
        "parlai": PARLAI,
        "synthetic_persona_chat": SYNTHETIC,
        "parquet_table": "PAR1\x15\x04,Best Generated Conversation,",
        "json_table": '[{"Best Generated Conversation": "User 1: Hi!"}]',
        "csv_table": "dialogue,id\n",
    }.items(),
)
def test_each_file_is_recognised_first_by_its_own_reader(name: str, head: str) -> None:
    fitting = (other for other, module in READERS.items() if import_module(module).HEAD.match(head))
    assert next(fitting) == name


def test_identical_dialogues_are_kept_once(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", (json.dumps(OURS) + "\n") * 3)
    assert len(read_demonstrations(path)) == 1


@pytest.mark.parametrize(
    ("names", "letters"), [("XYX", "ABA"), ("XYZ", "ABC"), ((1, 2, 1), "ABA"), ("ABA", "ABA")]
)
def test_turns_of_others_are_not_held_to_our_own_form(
    names: Any, letters: str, tmp_path: Path
) -> None:
    turns = [{"speaker": who, "text": f"I say {number}."} for number, who in enumerate(names)]
    nobody = {"personas": [None, None]} if "B" not in names else {}
    for record in ({"turns": turns}, {"turns": turns, "id": 7}, nobody | {"turns": turns}):
        (one,) = read_demonstrations(write(tmp_path / "t.jsonl", json.dumps(record) + "\n"))
        assert "".join(turn.speaker for turn in one.turns) == letters


def test_rows_that_stand_twice_are_counted(tmp_path: Path) -> None:
    rows = ["conv_id,turn,speaker,text", "1,1,A,hi there", "1,2,B,hello you", "1,1,A,hi there"]
    material = read_material(write(tmp_path / "t.csv", "\n".join(rows) + "\n"))
    assert [said(one) for one in material.demonstrations] == [["A: Hi there", "B: Hello you"]]
    assert "record 1: 1 rows of its dialogue stand twice, and count once" in material.left_out


def test_no_dialogue_has_millions_of_turns(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", json.dumps({"dialogue": ["x"] * 10_001}) + "\n")
    with pytest.raises(MaterialError, match="record 1: more than 10,000 turns"):
        read_demonstrations(path)


def test_what_gzip_packed_twice_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(gzip.compress(json.dumps(OURS).encode())))
    with pytest.raises(MaterialError, match="packed by gzip more than once; unpack it"):
        read_demonstrations(str(path))
