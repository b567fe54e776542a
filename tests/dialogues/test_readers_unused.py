"""A persona that a record holds and nobody is given is counted and told; the dialogue is read."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crowdglot.dialogues.readers import read_material
from crowdglot.errors import MaterialError

T = ["Hi, I am back.", "Any fish?", "Only two.", "My dog likes fish."]
ANNA, BOB, CAROL = ["I am Anna."], ["I am Bob."], ["I am Carol."]
THREE = [ANNA, BOB, CAROL]
TURNS = [{"speaker": "AB"[at % 2], "text": text} for at, text in enumerate(T)]
NAMED = [{"speaker": ("anna", "bob")[at % 2], "text": text} for at, text in enumerate(T)]
SYNTHETIC = {
    "user 1 personas": ANNA[0],
    "user 2 personas": BOB[0],
    "Best Generated Conversation": "User 1: Hi.\nUser 2: Hello.",
}


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(*rows: dict[str, str]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def rows_of_turns(**more: tuple[str, ...]) -> str:
    own = [{"conv_id": "7", "turn": str(at), **turn} for at, turn in enumerate(TURNS)]
    names = more.items()
    return table(*(row | {name: some[at] for name, some in names} for at, row in enumerate(own)))


# The file, and what is told of what it holds for nobody.
CASES = {
    "ours": (lines({"personas": THREE, "turns": TURNS}), "'personas.C', for 'C' says nothing"),
    "a list": (lines({"personas": THREE, "dialogue": T}), "'personas', for only 2 speak"),
    "XPersona": (json.dumps([{"personas": THREE, "dialogue": [T[:2], T[2:]]}]), "only 2 speak"),
    "one more column": (
        lines({"persona_a": ANNA, "persona_b": BOB, "persona_c": CAROL, "dialogue": T}),
        "'persona_c', for only 2 speak",
    ),
    "a column of another": (
        lines({"anna_persona": ANNA, "bob_persona": BOB, "carol_persona": CAROL, "turns": NAMED}),
        "'carol_persona', for 'carol' does not speak",
    ),
    "two of one": (
        lines({"persona": BOB, "persona_b": CAROL, "dialogue": T}),
        "'persona', for its speaker has another persona",
    ),
    "two alone": (
        lines({"persona": BOB, "personality": CAROL, "dialogue": T}),
        "'personality', for its speaker has another persona",
    ),
    "nobody's": (
        lines({"profile": CAROL, "dialogue": T}),
        "'profile', for it does not say whose it is",
    ),
    "who is silent": (
        lines({
            "anna_persona": ANNA, "carol_persona": CAROL,
            "dialogue": [*NAMED, {"speaker": "carol", "text": "__SILENCE__"}],
        }),
        "'carol_persona', for 'carol' says nothing",
    ),
    "beside those of turns": (
        lines({"carol_persona": CAROL, "dialogue": [{**NAMED[0], "persona": ANNA}, *NAMED[1:]]}),
        "'carol_persona', for 'carol' does not speak",
    ),
    "a second of a turn": (
        lines({"dialogue": [{**NAMED[0], "persona": ANNA, "personality": CAROL}, *NAMED[1:]]}),
        "'personality', for it is not known whose it is",
    ),
    "CSV": (
        table({"persona_a": ANNA[0], "persona_c": CAROL[0], "dialogue": "A: Hi.\nB: Hello."}),
        "'persona_c', for only 2 speak",
    ),
    "Synthetic-Persona-Chat": (
        table(SYNTHETIC | {"user 3 personas": CAROL[0]}),
        "'user_3_personas', for it is not known whose it is",
    ),
    "ParlAI's fields": (
        f"text:hi .\tlabels:ho .\tpartner_persona:{CAROL[0]}\tepisode_done:True\n",
        "'partner_persona', for it is not known whose it is",
    ),
    "a row a turn": (
        rows_of_turns(persona_c=tuple(CAROL * 4)),
        "'persona_c', for only 2 speak",
    ),
    "that changes": (
        rows_of_turns(persona_b=("I am Bob.", "I am Carol.", "", "")),
        "'persona_b', for it changes from turn to turn",
    ),
    "traits of nobody": (
        lines({
            "persona_a": ANNA, "dialogue": TURNS,
            "traits": [{"speaker": "B", "key": "age", "value": "34", "language": ""}],
        }),
        "'traits', for 'b' has no persona",
    ),
    "beside the records": (
        json.dumps({"version": 1, "personas": THREE, "dialogues": [{"dialogue": T}]}),
        "'personas', for no row has these personas",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_persona_of_nobody_is_told_and_its_dialogue_is_read(tmp_path: Path, case: str) -> None:
    content, why = CASES[case]
    path = tmp_path / "file"
    path.write_text(content)
    material = read_material(str(path))
    (one,) = material.demonstrations
    assert len(one.turns) >= 2 and one.lost == ()
    assert not any(persona and persona.facts == tuple(CAROL) for persona in one.personas[:1])
    assert material.left_out.startswith(f"{path}, ")
    assert material.left_out.endswith(f"{why}.")


def test_parquet_and_how_many(tmp_path: Path) -> None:
    rows = [{"personas": THREE, "dialogue": [f"Number {at}.", "Yes."]} for at in range(1200)]
    rows[7] = {"personas": THREE[:2], "dialogue": ["Alone."]}
    pl.DataFrame(rows).write_parquet(path := tmp_path / "t.parquet")
    material = read_material(str(path))
    assert len(material.demonstrations) == 1199
    assert material.left_out == (
        f"{path}: 1 of 1,200 left out: record 8: no dialogue of at least two turns; 1,199 × such "
        "as record 1: left out of it 'personas', for only 2 speak."
    )


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"persona": ANNA, "personality": CAROL}, "personality"),
        ({"anna_persona": ANNA, "carol_persona": CAROL}, "carol_persona"),
        ({"user 1 personas": ANNA, "profile": CAROL}, "profile"),
    ],
)
def test_a_record_of_personas_alone(tmp_path: Path, row: dict[str, Any], column: str) -> None:
    path = tmp_path / "file"
    path.write_text(lines(row, {"persona": BOB}))
    material = read_material(str(path), personas=True)
    assert [list(persona.facts) for persona in material.personas] == [ANNA, BOB]
    assert f"left out of it '{column}', for it is not known whose it is" in material.left_out


def test_what_is_nothing_lost_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(lines(
        {"persona": BOB, "personality": BOB, "persona_id": 3, "profile": "x17", "dialogue": T},
        {"personas": [ANNA, BOB, []], "persona_c": None, "dialogue": T[2:]},
        {"persona_b": BOB, "persona_source": "", "dialogue": T[1:]},
    ))  # fmt: skip
    assert read_material(str(path)).left_out == ""
    # Who speaks for one row is told at one of them, and is no loss.
    path.write_text(rows_of_turns(persona_b=("I am Bob.", "", "", "")))
    material = read_material(str(path))
    (_, bob) = material.demonstrations[0].personas
    assert (bob and bob.facts, material.left_out) == (tuple(BOB), "")


def test_three_speakers_do_not_become_two_who_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(lines({"speakers": ["Ann", "Bob", "Carol"], "dialogue": T}))
    with pytest.raises(MaterialError, match="3 speakers, and no turn says whose it is"):
        read_material(str(path))
    said = [f"{who}: {text}" for who, text in zip(("Ann", "Bob", "Carol", "Ann"), T, strict=True)]
    path.write_text(lines({"speakers": ["Ann", "Bob", "Carol"], "dialogue": said}))
    (one,) = read_material(str(path)).demonstrations
    assert "".join(turn.speaker for turn in one.turns) == "ABCA"
