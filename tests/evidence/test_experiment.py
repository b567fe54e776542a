"""Experiments: arms out of one recipe, written and gone on with, and mistakes in the file."""

import json

import pytest

from crowdglot.command.experiments import compare_arms, write_arms
from crowdglot.errors import ConfigurationError
from crowdglot.evidence.experiment import read_experiment
from crowdglot.writing.opened import open_recipe
from tests.stub_server import serving

BASE = """
name = "trial"
[recipe]
languages = ["fr"]
dialogues_per_language = 3
turns = [4, 4]
seed = 3
[recipe.critics.length]
most_characters = 400
[recipe.duplicates]
rounds = 0
[arms.short]
prompt = "personas"
[arms.strict]
critics.length.least_characters = 2
"""


def written(folder, text=BASE):
    path = folder / "experiment.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_an_arm_changes_keys_and_keeps_the_others(tmp_path):
    read = read_experiment(written(tmp_path), ["seed=5"], str(tmp_path / "out"))
    short, strict = read.arms["short"], read.arms["strict"]
    assert (short.name, short.prompt, strict.prompt, short.seed) == (
        "trial-short",
        "personas",
        "full",
        5,
    )
    assert strict.critics["length"] == {"most_characters": 400, "least_characters": 2}
    assert (short.folder, strict.folder) == (tmp_path / "out/short", tmp_path / "out/strict")
    assert not read.notes


def test_arms_of_another_plan_are_told(tmp_path):
    path = written(tmp_path, BASE + "[arms.other]\nseed = 9\n")
    assert [note.split(":")[0] for note in read_experiment(path).notes] == ["arms.other"]
    assert "not compared in pairs" in read_experiment(path).notes[0]


def test_the_base_may_be_a_recipe_of_its_own(tmp_path):
    (tmp_path / "base.toml").write_text(
        'name = "b"\nlanguages = ["it"]\ndialogues_per_language = 1'
    )
    text = 'name = "t"\nrecipe = "base.toml"\n[arms.a]\n[arms.b]\nway = "self_play"\n'
    assert read_experiment(written(tmp_path, text)).arms["b"].languages == ("it",)
    text = text.replace("base.toml", "demo")
    assert read_experiment(written(tmp_path, text)).arms["a"].prompt == "short"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BASE.replace("[arms.strict]\ncritics", "#"), "'arms'"),
        (BASE + '[arms.bad]\nname = "x"\n', "arms.bad: 'name' is the experiment's to give"),
        (BASE + "[arms.bad]\nturn = 3\n", "arms.bad: 'turn' is not a known key"),
        (BASE + '[arms."a b/c"]\n', "arms.a b/c: 'name'"),
        (BASE.replace('"fr"', '"xx-nowhere"'), "recipe"),
        (BASE + "[more]\n", "'more' is not a known key"),
        ("name = 3", "'name'"),
        ("=", "not valid TOML"),
    ],
)
def test_a_mistake_names_file_and_key(text, told, tmp_path):
    with pytest.raises(ConfigurationError) as error:
        read_experiment(written(tmp_path, text))
    assert told in str(error.value) and "experiment.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_one_names_those_that_come_along():
    with pytest.raises(
        ConfigurationError, match="give the path of a TOML file or one of: ablation"
    ):
        read_experiment("nothing")


def test_the_ablation_tells_more_from_arm_to_arm_of_one_plan():
    read = read_experiment("ablation")
    prompts = {}
    for name, recipe in read.arms.items():
        opened = open_recipe(recipe)
        prompts[name] = "\n".join(message.content for message in opened.prompt(0))
    assert list(prompts) == ["personas", "event", "ground", "both"] and not read.notes
    told = {
        name: ("Kind of talk" in text, "What happens" in text) for name, text in prompts.items()
    }
    assert told == {
        "personas": (False, False), "event": (True, False), "ground": (False, True),
        "both": (True, True),
    }  # fmt: skip
    assert all("Facts: " in text for text in prompts.values())
    opened = [open_recipe(recipe).plan.scenario(1) for recipe in read.arms.values()]
    assert all(scenario == opened[0] for scenario in opened)


def test_arms_are_written_compared_and_gone_on_with(tmp_path, capsys, caplog):
    with serving() as stub:
        changes = ["engine.kind=openai", "engine.model=stub", f"engine.base_url={stub.base_url}"]
        changes.append("judges=harm")
        read = read_experiment(written(tmp_path), changes, str(tmp_path / "out"))
        assert write_arms(read) == 0
        asked = len(stub.bodies)
        assert asked and write_arms(read) == 0
        assert len(stub.bodies) == asked
    shown = capsys.readouterr().out
    assert shown.count("all is there") == 2
    assert shown.count("judge 'harm' in fr") == 2 and not caplog.records, "a doubt is told once"
    compare_arms(read, "")
    told = json.loads((tmp_path / "out/compare.json").read_text("utf-8"))
    assert [arm["name"] for arm in told["arms"]] == ["short", "strict"]
    assert (tmp_path / "out/compare.html").exists()
