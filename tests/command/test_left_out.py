"""What was left out of a source reaches whoever uses it: on the screen, or as a warning."""

import json

import pytest

import crowdglot
from crowdglot.dialogues.readers import read_material
from tests.command.test_command import recipe, run
from tests.writing.builders import Canned, fill, good, make_opened

TURNS = ["Hi there, I am back.", "Any fish today?", "Only two.", "My dog likes fish.", "Good."]


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """Three files of which records cannot be used."""
    monkeypatch.setenv("COLUMNS", "40")
    rows = [
        {"persona": [f"I bake loaf {at}."], "dialogue": [f"{t} {at}" for t in TURNS]}
        for at in range(9)
    ]
    rows[2]["dialogue"][1] = None
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "shown[red].jsonl").write_text(lines)
    people = [{"facts": [f"I row number {at}."]} for at in range(30)] + [{"facts": []}] * 1200
    (tmp_path / "people.jsonl").write_text("".join(json.dumps(row) + "\n" for row in people))
    (tmp_path / "Fr_human.jsonl").write_text(lines)
    return tmp_path


def changes(folder):
    return (f"demonstrations.source={folder / 'shown[red].jsonl'}", "demonstrations.count=1",
            f"personas.source={folder / 'people.jsonl'}")  # fmt: skip


SAID = (
    "shown[red].jsonl: 1 of 9 left out: line 3: column 'dialogue', turn 2 has no text.\n",
    "people.jsonl: 1,200 of 1,230 left out: 1,200 × such as line 31: field 'facts' is an empty ",
)


@pytest.mark.parametrize("more", [[], ["--estimate"]])
def test_preview_tells_it_first(sources, more, capsys, monkeypatch):
    options = [part for change in changes(sources) for part in ("--set", change)]
    code, out, _ = run(["preview", recipe(sources), *options, *more], capsys, monkeypatch)
    assert code == 0
    for said in SAID:
        assert said in out
    assert out.index(SAID[0]) < out.index("In all " if more else "Language: French")


def test_synthesize_tells_it_even_where_all_is_written(sources, capsys, monkeypatch):
    opened = make_opened(
        sources / "d", *changes(sources), f"reference={sources / 'Fr_human.jsonl'}"
    )
    assert len(opened.left_out) == 2
    fill(opened, Canned(good))
    code, out, _ = run(["synthesize", sources / "d", "--trust"], capsys, monkeypatch)
    assert code == 0
    for said in (*SAID, "Fr_human.jsonl: 1 of 9 left out"):
        assert said in out
    assert out.index(SAID[0]) < out.index("Acceptance")


@pytest.mark.parametrize("command", ["calibrate", "report"])
def test_of_human_dialogues_too(sources, command, capsys, monkeypatch):
    fill(make_opened(sources / "d"), Canned(good))
    arguments = {"calibrate": [sources / "Fr_human.jsonl"],
                 "report": [sources / "d", "--human", sources / "Fr_human.jsonl"]}  # fmt: skip
    _, out, _ = run([command, *arguments[command]], capsys, monkeypatch)
    assert "Fr_human.jsonl: 1 of 9 left out: line 3: column 'dialogue', turn 2 has no text." in out


def test_programs_are_warned(sources):
    opened = make_opened(sources / "d", *changes(sources))
    with pytest.warns(UserWarning, match="left out") as warned:
        assert crowdglot.prompt(opened.recipe)
    assert warned[0].filename == __file__
    assert {str(each.message) for each in warned} == {*opened.left_out}


def test_what_is_too_short_to_be_shown_is_told(sources):
    path = sources / "short.jsonl"
    rows = [{"dialogue": TURNS}, {"dialogue": TURNS[:3]}, {"dialogue": TURNS[1:3]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    opened = make_opened(sources / "d", f"demonstrations.source={path}", "demonstrations.count=1")
    said = "2 of 3 dialogues are never shown, for they have fewer than 4 turns."
    assert opened.left_out == (f"{path}: {said}",)


def test_a_source_of_both_is_told_once(sources):
    path = sources / "shown[red].jsonl"
    opened = make_opened(sources / "d", f"demonstrations.source={path}", f"personas.source={path}",
                         "demonstrations.count=1")  # fmt: skip
    assert opened.left_out == (read_material(str(path)).left_out,)
    assert make_opened(sources / "e").left_out == ()
