"""Whoever reads a dataset learns of each row what the model was told, and takes no more as told."""

import asyncio
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from crowdglot.command.app import app
from crowdglot.datasets.browse.room import Chosen, Room
from crowdglot.datasets.exports.making.exporting import export_dataset
from crowdglot.datasets.report import gather
from crowdglot.datasets.report.page import render
from crowdglot.datasets.tables import read_table
from crowdglot.datasets.told import as_told, told_before, untold
from crowdglot.dialogues.readers import read_material
from crowdglot.evidence.audit import audit_dataset
from crowdglot.evidence.audit.groups import people_of
from crowdglot.evidence.traits.measure import measure
from crowdglot.evidence.traits.members import members
from tests.builders import FRENCH, NURSE
from tests.datasets.report.dataset import row, write_dataset
from tests.writing.builders import Canned, good, make_opened, rows_of, write

SAID = "The model was not told"
FACT = NURSE.facts[0]


@pytest.fixture
def mixed(tmp_path):
    """One row of each of three forms; the recipe says nothing of any."""
    forms = ("full", "short", "personas")
    rows = [row(at, form=form) for at, form in enumerate(forms)]
    return write_dataset(tmp_path / "mixed", rows, prompt="full")


def command(*words):
    done = CliRunner().invoke(app, [*map(str, words)])
    said = f"{done.output} {done.exception if done.exit_code else ''}"
    return done.exit_code, " ".join(said.replace("│", " ").split())


def test_an_export_holds_of_each_row_what_was_told(mixed, tmp_path):
    made = export_dataset(mixed, "messages", str(tmp_path / "out"))
    read = [json.loads(line) for path in made.folder.glob("*.jsonl") if path.name != "export.json"
            for line in path.read_text("utf-8").splitlines()]  # fmt: skip
    system = {one["id"]: one["messages"][0]["content"] for one in read}
    there = {name[:4]: (FACT in text, "is back in town" in text) for name, text in system.items()
             if name.endswith("A")}  # fmt: skip
    assert there == {"fr-0": (True, True), "fr-1": (False, True), "fr-2": (True, False)}
    assert made.noted["personas that the model was not told"] == 2


def test_browse_and_show_tell_of_each_row_what_was_not_told(mixed):
    room = Room(mixed, withdraw=False)
    drafts = [room.scenario(Chosen(row=at))["candidates"][0] for at in range(3)]
    assert [any(one["facts"] for one in draft["personas"]) for draft in drafts] == [1, 0, 1]
    grounds = [draft["common_ground"] for draft in drafts]
    assert [bool(ground["place"]) for ground in grounds] == [True, False, False]
    assert [bool(ground["premise"]) for ground in grounds] == [True, True, False]
    full, short, people = (draft["untold"] for draft in drafts)
    assert not full and short.startswith(f"{SAID}: personas, speech_event, place, time,")
    assert people.startswith(f"{SAID}: speech_event, relation,") and "personas" not in people
    code, said = command("show", mixed, "--count", 3)
    assert code == 0 and said.count(SAID) == 2 and short in said


def test_report_and_figures_tell_it_in_one_sentence(mixed, tmp_path):
    facts = gather(mixed, "d")
    (sentence,) = facts.untold
    assert (
        "of 3 dialogues the model was not told: personas, relation, channel, premise (in 1); s"
        in sentence
    )
    assert sentence in render(facts)
    assert "persona_coverage" in {one.metric for one in facts.figures}
    assert [bool(one["premise"]) for one in facts.accepted] == [True, True, False]
    short = gather(write_dataset(tmp_path / "s", [row(0, form="short")]), "s")
    assert "persona_coverage" not in {one.metric for one in short.figures}
    assert not gather(write_dataset(tmp_path / "f", [row(0)]), "f").untold


def test_no_group_and_no_trait_is_of_a_persona_that_was_not_told(tmp_path):
    traits = [{"speaker": who, "key": "attitude", "value": "optimistic", "language": ""}
              for who in "AB"]  # fmt: skip
    people = [one | {"facts": ["I am 70 years old."]} for one in row(0)["personas"]]
    rows = [row(at, form=form, traits=traits, personas=people)
            for at, form in enumerate(("full", "short"))]  # fmt: skip
    folder = write_dataset(tmp_path / "d", rows)
    assert [bool(people_of(one)[0]["traits"]) for one in rows] == [True, False]
    report = asyncio.run(audit_dataset(folder))
    (old,) = [one for one in report.groups["abstention"] if one.name == "old"]
    assert old.rate.of == 1
    assert any("In 1 of 2 drafts the model was told no persona" in one for one in report.doubts)
    found = members(folder, ["attitude"], 9)
    assert [one.told for one in found["fr", "attitude"]] == [True, True, False, False]
    lines = asyncio.run(measure(found, [], "judge", None))
    untold = [one for one in lines if one.why == "the model was not told it of these speakers"]
    assert [(one.count, one.rate) for one in untold] == [(2, None)]


def test_own_rows_as_demonstrations_have_no_persona_that_was_not_told(tmp_path):
    folder = tmp_path / "d"
    rows = [row(at, form=form, texts=[f"{text} {at}" for text in FRENCH])
            for at, form in enumerate(("full", "short", "personas"))]  # fmt: skip
    [path] = (write_dataset(folder, rows) / "data").glob("*/*.parquet")
    shown = read_material(str(path)).demonstrations
    assert [bool(one.personas[0]) for one in shown] == [True, False, True]


@pytest.mark.parametrize("form", ["full", "short"])
def test_a_run_notes_it(form, tmp_path):
    opened = make_opened(tmp_path / "d", f'prompt="{form}"', "dialogues_per_language=1")
    write(opened, Canned(good))
    told = {tuple(one) for one in rows_of(opened.folder)["told"].to_list()}
    if form == "short":
        assert told == {("relation", "channel", "premise")}
    else:
        assert all({"personas", "speech_event", "knows"} <= {*one} for one in told)
    card = (opened.folder / "README.md").read_text("utf-8")
    assert (SAID[4:] in card) == (form == "short")


def test_of_a_dataset_of_before_it_is_read_from_the_recipe(tmp_path):
    forms = {"short": ("whole", False), "full": ("whole", True), "personas": ("self_play", True)}
    for form, (way, there) in forms.items():
        folder = write_dataset(tmp_path / form, [row(1, form=form)], prompt=form, way=way)
        (path,) = folder.glob("data/*/*.parquet")
        noted, (shown,) = read_table(path)["told"].to_pylist(), gather(folder, "d").untold or ("",)
        pq.write_table(pq.read_table(path).drop_columns(["told"]), path)
        assert read_table(path)["told"].to_pylist() == noted
        assert (gather(folder, "d").untold or ("",)) == (shown,)
        made = export_dataset(folder, "messages", str(tmp_path / "out" / form))
        text = "".join(one.read_text("utf-8") for one in made.folder.glob("*.jsonl"))
        assert (FACT in text) == there
    debate = write_dataset(tmp_path / "debate", [row(1)], prompt="short", way="debate")
    (path,) = debate.glob("data/*/*.parquet")
    assert told_before(path) == ("relation", "premise", "personas")
    assert told_before(tmp_path / "x.parquet") is None is told_before(Path("x.parquet"))


def test_a_row_that_does_not_say_is_as_it_was_planned():
    unknown = row(1) | {"told": None}
    assert as_told(unknown) == unknown and not untold(unknown)
