"""Files as people have them: who speaks is what the file says, and nothing is lost in silence."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crowdglot.dialogues.readers import Material, read_material
from crowdglot.errors import MaterialError
from tests.dialogues.test_readers_formats import facts, said

T = ("Hi, I am back.", "Any fish?", "Only two.", "My dog likes fish.")
IN_TURN = ["A: Hi, I am back.", "B: Any fish?", "A: Only two.", "B: My dog likes fish."]
ONE, TWO = ("I am the first.",), ("I am the second.",)
SECOND = [None, ("I fish.",)]


def by(names: Any, speaker: str = "speaker", text: str = "text") -> list[dict[str, Any]]:
    """Objects for the turns, whose speakers take turns."""
    return [{speaker: names[at % len(names)], text: turn} for at, turn in enumerate(T)]


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(*rows: dict[str, str], delimiter: str = ",") -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def read(path: Path, content: str | bytes, *, personas: bool = False) -> Material:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_material(str(path), personas=personas)


def labelled(first: str, second: str) -> str:
    return "\n".join(f"{(first, second)[at % 2]}{turn}" for at, turn in enumerate(T))


def turns_of(*dialogues: str) -> str:
    """A row a turn, in a CSV file."""
    rows = [
        {
            "conv_id": name,
            "turn": str(at),
            "speaker": "AB"[at % 2],
            "utterance": f"So {name}, {turn}",
        }
        for name in dialogues
        for at, turn in enumerate(T)
    ]
    return table(*rows)


ROW = {"persona": "I fish.", "dialogue": "\n".join(T)}
NAMED = [json.dumps(turn) for turn in T]
# Each holds the one dialogue in which two people take turns.
SHAPES: dict[str, str | bytes] = {
    "pairs of objects": lines(
        {
            "dialog": [
                by(("partner", "self"), "id")[:2],
                by("xy", "id")[:0],
                by(("partner", "self"), "id")[2:],
            ]
        }
    ),
    "id beside text": lines({"dialogue": by(("model1", "model2"), "id")}),
    "numbers of turns beside text": lines(
        {"dialogue": [{"id": at, "text": turn} for at, turn in enumerate(T)]}
    ),
    "sessions of sender and text": json.dumps(
        [{"messages": [by(("P1", "P2"), "sender")[:2], by(("P1", "P2"), "sender")[2:]]}]
    ),
    "parts of content": lines(
        {
            "messages": [
                {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
                *(
                    {**turn, "content": [{"type": "text", "text": turn["content"]}]}
                    for turn in by(("user", "assistant"), "role", "content")
                ),
            ]
        }
    ),
    "names for the same two": lines(
        {
            "conversations": [
                {"from": who, "value": turn}
                for who, turn in zip(("human", "gpt", "user", "chatgpt"), T, strict=True)
            ]
        }
    ),
    "names in other letters": lines(
        {
            "dialogue": [
                {"speaker": who, "text": turn}
                for who, turn in zip(["Ann", "Bo", "ann ", "BO"], T, strict=True)
            ]
        }
    ),
    "speaker and text in pairs": lines(
        {"dialogue": [["Ann", T[0]], ["Bo", T[1]], ["Ann", T[2]], ["Bo", T[3]]]}
    ),
    "names as keys": lines(
        {"dialogue": [{"ann": T[0]}, {"bo": T[1]}, {"ann": T[2]}, {"bo": T[3]}]}
    ),
    "roles as keys": lines(
        {
            "conversation": [
                {"human": T[0], "assistant": T[1]},
                {"human": T[2], "assistant": T[3]},
            ]
        }
    ),
    "lists in an object": lines({"dialogue": {"speaker": ["x", "y", "x", "y"], "text": T}}),
    "labels with a number": lines({"dialogue": labelled("Speaker 1: ", "Speaker 2: ").split("\n")}),
    "labels of one letter": lines({"dialogue": labelled("A: ", "B: ")}),
    "labels in bold": lines({"dialogue": labelled("**User:** ", "**Assistant:** ")}),
    "labels in brackets": lines({"dialogue": labelled("[Anna] ", "[Jakob] ")}),
    "labels of the East": lines({"dialogue": labelled("田中：", "鈴木：")}),
    "labels before tabs": lines({"dialogue": labelled("Anna\t", "Jakob\t")}),
    "labels before dashes": lines({"dialogue": labelled("Anna - ", "Jakob – ")}),
    "labels with rulers": lines({"dialogue": labelled("### Human: ", "### Assistant: ")}),
    "names as labels": table({"dialogue": labelled("Anna: ", "Jakob: "), "id": "1"}),
    "other letters of columns": table({"Persona": "", "chat": "\n".join(T) + "\n"}),
    "list of Python": table({"dialogue": repr(list(T)), "id": "1"}),
    "objects of Python": table({"conversations": repr(by(("human", "gpt"), "from")), "id": "1"}),
    "tuples of Python": table({"dialogue": repr([*zip("xyxy", T, strict=True)]), "id": "1"}),
    "array of NumPy": table(
        {"dialogue": f"[{' '.join(map(repr, T[:2]))}\n {' '.join(map(repr, T[2:]))}]", "id": "1"}
    ),
    "tabs": table({"id": "1", "dialogue": json.dumps(T)}, delimiter="\t"),
    "tabs without quotes": f"id\tdialogue\n1\t{json.dumps(T)}\n",
    "semicolons": table({"id": "1", "dialogue": "\n".join(T)}, delimiter=";"),
    "bars": table({"id": "1", "dialogue": "\n".join(T)}, delimiter="|"),
    "first line of Excel": "sep=;\n" + table({"id": "1", "dialogue": "\n".join(T)}, delimiter=";"),
    "one column": table({"dialogue": "\n".join(T)}),
    "blank rows": table({"id": "", "dialogue": ""}, {"id": "1", "dialogue": "\n".join(T)}),
    "mark, and line ends of Windows": "\ufeff" + table({"id": "1", "dialogue": "\r\n".join(T)}),
    "gzip": gzip.compress(lines({"dialogue": T}).encode()),
    "UTF-16": table({"id": "1", "dialogue": "\n".join(T)}).encode("utf-16"),
    "UTF-32": table({"id": "1", "dialogue": "\n".join(T)}).encode("utf-32"),
    "by id": json.dumps({"d1": {"dialogue": T}}),
    "texts by id": json.dumps({"d1": T}),
    "objects by id": json.dumps({"d1": by("xy")}),
    "by split and id": json.dumps({"train": {"d1": {"dialogue": T}}, "valid": {}}),
    "below facts of the file": json.dumps({"version": "1", "data": [{"dialogue": T}]}),
    "below a column's name": json.dumps({"dialogues": [{"id": 3, "dialogue": T}]}),
    "by columns": json.dumps({"id": {"0": 5}, "dialogue": {"0": T}}),
    "bare lists": json.dumps([T]),
    "NaN": '{"persona": NaN, "dialogue": ' + json.dumps(T) + "}\n",
    "history and response": lines({"history": T[:3], "response": T[3]}),
    "context and answer": lines({"context": T[:3], "answer": T[3]}),
    "history that grows": lines(*({"history": T[:at], "response": T[at]} for at in range(4))),
    "history, question and answer": lines(
        {"history": [T[:2]], "instruction": T[2], "input": "", "output": T[3]}
    ),
    "sessions": lines(
        {"sessions": [{"id": 1, "dialogue": by("xy")[:2]}, {"id": 2, "dialogue": by("xy")[2:]}]}
    ),
    "sessions by number": lines(
        {"dialogue": {"session_10": by("xy")[3:], "session_2": by("xy")[:3], "session_2_date": "x"}}
    ),
    "a user and a system": lines({"turns": by(("USER", "SYSTEM"), text="utterance")}),
    "roles of a user and a system": lines({"messages": by(("user", "system"), "role")}),
    "a list of turns": json.dumps(by("xy")),
    "line breaks written out": table({"id": "1", "dialogue": "\\n".join(T)}),
    "line ends of old Macs": lines({"dialogue": T}).replace("\n", "\r"),
    "numbers and labels": lines(
        {"dialogue": [f"{at}. {'AB'[at % 2]}nn: {turn}" for at, turn in enumerate(T)]}
    ),
    "times and labels": lines(
        {"dialogue": [f"[10:3{at}] {'AB'[at % 2]}nn: {turn}" for at, turn in enumerate(T)]}
    ),
    "dates and labels": lines(
        {"dialogue": [f"12/03/21, 9:0{at} - {'AB'[at % 2]}nn: {t}" for at, t in enumerate(T)]}
    ),
    "a row a turn, and a word of context": table(
        *(
            {
                "conv_id": "x:1",
                "utterance_idx": str(at + 1),
                "context": "sad",
                "prompt": "I was",
                "speaker_idx": str(1 - at % 2),
                "utterance": turn,
            }
            for at, turn in enumerate(T)
        )
    ),
    "history in another order": lines(
        *({"conv_id": 1, "history": T[:at], "response": T[at]} for at in (2, 3, 1))
    ),
    "named fields": f"text:{T[0]}\tlabels:{T[1]}\ntext:{T[2]}\tlabels:{T[3]}\tepisode_done:True\n",
    "two that speak twice": lines(
        {
            "dialogue": ["Hi,", "I am back.", *T[1:]],
            "speaker": ["a", "a", "b", "a", "b"],
        }
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(tmp_path: Path, shape: str) -> None:
    material = read(tmp_path / "file", SHAPES[shape])
    (one,) = material.demonstrations
    assert said(one) == IN_TURN
    assert facts(one) == [None, None]
    assert material.left_out == ""


# Whose persona is whose: the columns, and the personas of A and B, of whom A speaks first.
PERSONAS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "by the order of names": (
        {"user 1 personas": ONE, "user 2 personas": TWO, "dialogue": by(("Jakob", "Anna"))},
        [ONE, TWO],
    ),
    "by the number of a label": (
        {
            "user 1 personas": ONE,
            "user 2 personas": TWO,
            "dialogue": labelled("User 2: ", "User 1: "),
        },
        [TWO, ONE],
    ),
    "by letters": ({"personas": [ONE, TWO], "dialogue": labelled("B: ", "A: ")}, [TWO, ONE]),
    "by numbers from 0": (
        {"persona_0": ONE, "persona_1": TWO, "dialogue": by((1, 0), "speaker_id")},
        [TWO, ONE],
    ),
    "by numbers from 1": (
        {"personas": [ONE, TWO], "dialogue": by((2, 1), "speaker_id")},
        [TWO, ONE],
    ),
    "of MSC": (
        {
            "personas": [ONE, TWO],
            "dialog": by(("Speaker 1", "Speaker 2"), "id"),
            "init_personas": [TWO, ONE],
            "previous_dialogs": [{"dialog": [{"text": "Old."}]}],
        },
        [ONE, TWO],
    ),
    "by role": (
        {"user_profile": ONE, "bot_profile": TWO, "turns": by(("bot", "user"))},
        [TWO, ONE],
    ),
    "by a role's other name": (
        {"assistant_persona": ONE, "turns": by(("gpt", "human"))},
        [ONE, None],
    ),
    "by self and partner": (
        {"your_persona": ONE, "partner_persona": TWO, "dialog": by(("partner", "self"), "id")},
        [TWO, ONE],
    ),
    "one alone is self's": ({"persona": ONE, "dialog": by(("self", "partner"), "id")}, [ONE, None]),
    "one alone is the second's": ({"persona": ONE, "dialogue": T}, [None, ONE]),
    "one that is called the first": ({"persona_a": ONE, "dialogue": T}, [ONE, None]),
    "by name": (
        {"personas": {"Anna": ONE, "Jakob": TWO}, "dialogue": by(("Jakob", "Anna"))},
        [TWO, ONE],
    ),
    "by name in a list": (
        {
            "personas": [{"name": "Anna", "facts": ONE}, {"name": "Jakob", "facts": TWO}],
            "dialogue": by(("Jakob", "Anna")),
        },
        [TWO, ONE],
    ),
    "by name in a column": (
        {"Anna's persona": ONE, "jakob_persona": TWO, "dialogue": by(("Jakob", "Anna"))},
        [TWO, ONE],
    ),
    "in names with humps": (
        {"userPersona": ONE, "botPersona": TWO, "turns": by(("Bot", "User"))},
        [TWO, ONE],
    ),
    "a text for each": (
        {"personas": [ONE[0], TWO[0]], "dialogue": labelled("B: ", "A: ")},
        [TWO, ONE],
    ),
    "with every turn": (
        {"dialogue": [{**turn, "persona": [ONE, TWO][at % 2]} for at, turn in enumerate(by("xy"))]},
        [ONE, TWO],
    ),
}


@pytest.mark.parametrize("case", PERSONAS)
def test_personas_go_to_whom_the_file_says(tmp_path: Path, case: str) -> None:
    row, wanted = PERSONAS[case]
    (one,) = read(tmp_path / "file", lines(row)).demonstrations
    assert said(one) == IN_TURN
    assert facts(one) == wanted


GOOD = {"dialogue": ["Good.", "Indeed."]}
# Beside a good record: what is wrong with another.
LEFT_OUT: dict[str, tuple[dict[str, Any], str]] = {
    "null in pairs": ({"persona": ONE, "dialogue": [T[:2], [T[2], None]]}, "turn 4 has no text"),
    "null in texts": ({"utterances": [T[0], None, T[2]]}, "turn 2 has no text"),
    "nothing in texts": ({"dialogue": [T[0], "", T[2]]}, "turn 2 has no text"),
    "null in objects": (
        {"dialogue": [*by("xy")[:1], {"speaker": "y", "text": None}]},
        "turn 2 has no",
    ),
    "null for a turn": ({"dialogue": [*by("xy"), None]}, "turn 5 has no text"),
    "no speaker": (
        {"dialogue": [*by("xy"), {"speaker": None, "text": "a"}]},
        "turn 5 names no speaker",
    ),
    "no label": ({"dialogue": ["User 1: a", "and b", "User 2: c", "User 1: d"]}, "turn 2 names no"),
    "sentence for a speaker": (
        {"dialogue": [*by("xy"), {"speaker": T[0], "text": "x"}]},
        "is no name of a speaker",
    ),
    "five speakers": ({"dialogue": by("vwxyz") + by("z")}, "more than 4 speakers"),
    "too short": ({"dialogue": T[:1]}, "no dialogue of at least two turns"),
    "fewer speakers than turns": (
        {"dialogue": T, "speaker": ["a", "b", "a"]},
        "4 turns but 3 speakers",
    ),
    "lists of two lengths": (
        {"dialogue": {"speaker": ["a", "b"], "text": T}},
        "of different lengths",
    ),
    "instruction between turns": (
        {"messages": [*by(("user", "bot"), "role"), {"role": "system", "text": "x"}]},
        "turn 5 is of the role 'system'",
    ),
    "what a tool says": (
        {"messages": [*by(("user", "bot"), "role"), {"role": "tool", "text": "42"}]},
        "turn 5 is of the role 'tool'",
    ),
    "a picture": (
        {"messages": [{"role": "user", "content": [{"type": "image", "image": "x"}]}]},
        "turn 1 is more than text",
    ),
    "another history": (
        {
            "utterances": [
                {"history": ["a b"], "candidates": ["c"]},
                {"history": T, "candidates": ["d"]},
            ]
        },
        "entry 1 tells another history",
    ),
    "no reply": ({"history": T[:3], "response": None}, "column 'response' has no reply"),
    "who of three replies": (
        {"history": by("xyz"), "response": "a"},
        "does not say who of 3 speakers",
    ),
    "persona of nobody": (
        {"personas": {"Eve": ONE, "Bob": TWO}, "dialogue": by(("Jakob", "Anna"))},
        "has a persona of 'eve', and nobody of that name speaks (found: jakob, anna)",
    ),
    "two personas of one": (
        {"dialogue": [{**turn, "persona": [f"I am {at}."]} for at, turn in enumerate(by("xy"))]},
        "turn 3: another persona than before",
    ),
    "two columns of one name": (
        {"dialogue": T, "Dialogue": T[:2]},
        "two columns are called 'dialogue'",
    ),
    "control characters": ({"dialogue": ["a \x1b[2J", "b"]}, "turn 1 holds control characters"),
    "half a character": ({"dialogue": ["a \ud83d", "b"]}, "half a character"),
    "control characters in a persona": (
        {"persona": ["\x07 I."], "dialogue": T},
        "holds control char",
    ),
    "a turn without an end": ({"dialogue": ["a" * 100_001, "b"]}, "more than 100,000 characters"),
    "deeper lists": ({"dialogue": [[[["a"]]], [["b"]]]}, "is no list of turns"),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_one_bad_record_is_left_out_and_counted(tmp_path: Path, case: str) -> None:
    row, told = LEFT_OUT[case]
    path = tmp_path / "file"
    for rows in ([row, GOOD], [GOOD, row]):
        material = read(path, lines(*rows))
        assert [said(one) for one in material.demonstrations] == [["A: Good.", "B: Indeed."]]
        assert material.left_out.startswith(f"{path}: 1 of 2 left out: line ")
        assert told in material.left_out
    with pytest.raises(MaterialError) as caught:
        read(path, json.dumps([row]))
    assert told in str(caught.value)
    assert not any("None" in turn for one in material.demonstrations for turn in said(one))


def test_a_turn_that_stands_twice_needs_names(tmp_path: Path) -> None:
    again = "How was the rain last night?"
    dialogues = ([[again, again], T[:2]], labelled("A: ", "B: ").replace(T[1], T[0]).split("\n"),
                 ["How are you doing today?"] * 2)  # fmt: skip
    for dialogue in dialogues:
        material = read(tmp_path / "file", lines({"dialogue": dialogue}))
        assert (len(material.demonstrations), material.left_out) == (1, "")
    with pytest.raises(MaterialError, match="turn 2 repeats the one before, and nothing names"):
        read(tmp_path / "file", lines({"dialogue": [again, again, *T]}))


def test_sessions_that_share_an_id_are_several_dialogues(tmp_path: Path) -> None:
    sessions = [
        {"dialogue_id": 7, "session_id": at, "dialogue": [f"{t} {at}" for t in T]} for at in (1, 2)
    ]
    assert len(read(tmp_path / "file", lines(*sessions)).demonstrations) == 2
    other = [
        {"conv_id": 0, "history": [f"{t} {at}" for t in T], "candidates": ["x", "So."]}
        for at in (1, 2)
    ]
    splits = json.dumps({"train": other[:1], "valid": other[1:]})
    assert len(read(tmp_path / "file", splits).demonstrations) == 2


def test_a_row_a_turn(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first, second = read(path, turns_of("c1", "c2")).demonstrations
    assert said(first) == [f"{'AB'[at % 2]}: So c1, {turn}" for at, turn in enumerate(T)]
    header, *rows = turns_of("c1", "c2").splitlines(keepends=True)
    mixed = read(path, header + "".join(rows[4:0:-1] + rows[:1] + rows[5:] + rows[2:3]))
    assert {said(one)[0] for one in mixed.demonstrations} == {said(first)[0], said(second)[0]}
    assert mixed.left_out.endswith("record 2: 1 rows of its dialogue stand twice, and count once.")
    empty = read(path, header + "".join([rows[0], "c1,1,B,\r\n", *rows[2:]]))
    assert [said(one) for one in empty.demonstrations] == [said(second)]
    assert "1 of 2 left out: record 1: column 'dialogue', turn 2 has no text" in empty.left_out
    clash = read(path, header + "".join([*rows[:2], "c1,1,B,Other.\r\n", *rows[2:]]))
    assert "1 of 2 left out: record 1: two rows are its turn 1" in clash.left_out
    swapped = read(path, header + "".join([f"c1,0,{T[0]!r},A\r\n".replace("'", '"'), *rows[1:]]))
    assert "is no name of a speaker" in swapped.left_out


def test_a_row_a_turn_without_speakers_or_numbers(tmp_path: Path) -> None:
    path = tmp_path / "file"
    rows = [{"dialogue": name, "text": turn + name} for name in "xy" for turn in T]
    unnamed = [{"chat_id": "x", "turn_id": str(at), "text": turn} for at, turn in enumerate(T)]
    assert said(read(path, table(*unnamed)).demonstrations[0]) == IN_TURN
    with pytest.raises(MaterialError, match="a turn of it is missing, and nothing names the speak"):
        read(path, table(*unnamed[:1], *unnamed[2:]))
    named = [{**row, "role": "ab"[at % 2]} for at, row in enumerate(rows)]
    assert len(read(path, lines(*named)).demonstrations) == 2
    personas = [{**row, "persona": f"I am {row['role']}."} for row in named]
    assert facts(read(path, table(*personas)).demonstrations[0]) == [("I am a.",), ("I am b.",)]


def test_parlai_with_line_breaks_written_out(tmp_path: Path) -> None:
    text = (
        "1 your persona: i fish .\\nyour persona: i row .\\nhello , i am back .\tany fish ?\n"
        "2 only two .\tmy dog likes fish .\n"
        "1 your persona: i bake .\\nhi there .\thi , who are you ?\n"
    )
    first, second = read(tmp_path / "file", text).demonstrations
    assert said(first) == ["A: Hello, I am back.", *IN_TURN[1:]]
    assert facts(first) == [None, ("I fish.", "I row.")]
    assert said(second) == ["A: Hi there.", "B: Hi, who are you?"]
    named = "text:your persona: i bake .\\nhi .\teval_labels:ho .|hu .\tepisode_done:True\n"
    (one,) = read(tmp_path / "file", named).demonstrations
    assert (said(one), facts(one)) == (["A: Hi.", "B: Ho."], [None, ("I bake.",)])
    unfinished = read(tmp_path / "file", named + "text:a\tlabels:b\n")
    assert "1 of 2 left out: line 2: no episode_done:True ends it" in unfinished.left_out


def test_a_last_line_without_a_line_end_is_whole_and_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in (table(ROW).rstrip(), turns_of("c").rstrip(), "1 hi .\tho .\n2 ha .\thu ."):
        material = read(path, content)
        assert len(material.demonstrations) == 1
        assert material.left_out.startswith(f"{path}, ")
        assert material.left_out.endswith("the last line has no line end, and is read as whole.")
    with pytest.raises(MaterialError, match="the last line has no line end, so the file seems cut"):
        read(path, "1 hi .\tho .\n2 ha .\thu")
    with pytest.raises(MaterialError, match="record 4: 2 of 4 columns; the file seems cut"):
        read(path, turns_of("c").rstrip()[:-30])
    assert read(path, lines(GOOD).rstrip()).left_out == ""


ALONE: dict[str, str | bytes] = {
    "our own form": lines({"facts": ONE}, {"facts": TWO}),
    "one text": lines({"persona": ONE[0]}, {"persona": TWO[0], "id": 3}),
    "one column": table({"persona": ONE[0]}, {"persona": TWO[0]}),
    "named columns": lines({"user 1 personas": ONE, "user 2 personas": TWO, "persona_id": 3}),
    "lists": json.dumps([{"personas": [ONE, TWO]}]),
    "PersonaHub": lines({"input persona": ONE[0], "description": "x"}, {"input persona": TWO[0]}),
    "by id": json.dumps({"p1": {"persona": ONE}, "p2": {"persona": TWO}}),
    "beside dialogues": lines({"persona": ONE, "dialogue": T}, {"persona": TWO, "dialogue": None}),
}


@pytest.mark.parametrize("case", ALONE)
def test_personas_alone_are_a_source_of_personas(tmp_path: Path, case: str) -> None:
    material = read(tmp_path / "file", ALONE[case], personas=True)
    assert [persona.facts for persona in material.every_persona] == [ONE, TWO]
    assert material.left_out == ""


def test_personas_alone_are_no_source_of_dialogues(tmp_path: Path) -> None:
    with pytest.raises(
        MaterialError, match=r"personas and no dialogue in it; name it in personas\."
    ):
        read(tmp_path / "file", ALONE["our own form"])
    material = read(tmp_path / "file", lines({"persona": ONE}, {"persona": None}), personas=True)
    assert "1 of 2 left out: line 2: no column holds a dialogue or a persona" in material.left_out


def test_parquet_with_names_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    rows = [
        {"messages": by(("user", "assistant"), "role", "content"), "history": None, "score": 0.1},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": None}]},
    ]
    pl.DataFrame(rows).write_parquet(path)
    material = read_material(str(path))
    assert [said(one) for one in material.demonstrations] == [IN_TURN]
    assert "1 of 2 left out: record 2: column 'messages', turn 2 has no text" in material.left_out


def test_a_python_cell_runs_nothing(tmp_path: Path) -> None:
    cell = f"[__import__('pathlib').Path({str(tmp_path / 'ran')!r}).touch()]"
    with pytest.raises(MaterialError, match="begins as a list, and is none in JSON or Python"):
        read(tmp_path / "file", table({"dialogue": cell, "id": "1"}))
    with pytest.raises(MaterialError, match="begins as a list"):  # two texts would become one
        read(tmp_path / "file", table({"dialogue": "['a', 'b' 'c']", "id": "1"}))
    assert not (tmp_path / "ran").exists()
