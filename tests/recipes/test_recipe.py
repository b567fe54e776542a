"""Recipes: every key, every way to write a range, every mistake in one sentence."""

from pathlib import Path

import pytest

from crowdglot.datasets.folder import store_recipe
from crowdglot.errors import ConfigurationError
from crowdglot.recipes import build_recipe, read_recipe, trust_dataset
from crowdglot.recipes.reading import RECIPES

LEAST = {"name": "x", "languages": ["fr"], "dialogues_per_language": 1}


def recipe(*changes):
    return build_recipe(dict(LEAST), changes, "x.toml")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_bundled_recipes_are_valid(path):
    assert read_recipe(path.stem).name


@pytest.mark.parametrize(
    ("written", "turns"),
    [("[6, 8]", (6, 8)), ("6-8", (6, 8)), ("6,8", (6, 8)), ("7", (7, 7))],
)
def test_ranges(written, turns):
    assert recipe(f"turns={written}").turns == turns


def test_changes_reach_every_key_that_scripts_rely_on(tmp_path):
    changed = recipe(
        "name=n",
        "languages=es, zh",
        "dialogues_per_language=5",
        "turns=[4,6]",
        "seed=9",
        "max_attempts=2",
        "demonstrations.source=x.json",
        "demonstrations.count=1",
        "personas.source=y.json",
        "engine.kind=openai",
        "engine.model=Qwen/Qwen3-8B",
        "engine.base_url=http://localhost:8000/v1",
        "engine.concurrency=8",
        f"output={tmp_path}",
    )
    assert changed.languages == ("es", "zh")
    assert changed.engine.model == "Qwen/Qwen3-8B"
    assert changed.engine.concurrency == 8
    assert changed.demonstrations.source == "x.json"
    assert changed.folder == tmp_path


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("languages=zz", "x.toml: languages: 'zz' is not a language tag"),
        ("languages=fr,fr", "a language stands twice"),
        ("events=chitchat", "no speech event 'chitchat'"),
        ("dialogs_per_language=3", "'dialogs_per_language' is not a known key"),
        ("engine.modle=x", r"'engine.modle' is not a known key \(known here: .*model"),
        ("turns=[8,6]", "'turns' is 8 to 6; give a range within 2 to 60"),
        ("turns=many", "'turns'"),
        ("dialogues_per_language=0", "'dialogues_per_language': input should be greater"),
        ("name=../up", "'name'"),
        ("seed", "write it as key=value"),
        ("seed.x.y=1", "'seed"),
    ],
)
def test_mistakes(change, complaint):
    with pytest.raises(ConfigurationError, match=complaint) as error:
        recipe(change)
    assert "\n" not in str(error.value)


def test_missing_recipe():
    with pytest.raises(ConfigurationError, match=r"nowhere.toml: no such recipe; .* demo"):
        read_recipe("nowhere.toml")


def test_a_dataset_stands_for_itself_wherever_it_lies(tmp_path):
    made = recipe("output=outputs/datasets/elsewhere")
    store_recipe(tmp_path, made.model_dump(mode="json"), made.identity())
    assert read_recipe(str(tmp_path)).folder == tmp_path
    assert read_recipe(str(tmp_path), ["output=other"]).folder == Path("other")
    trust_dataset(tmp_path)
    assert read_recipe(str(tmp_path / "recipe.toml")).folder == made.folder


def test_identity_leaves_out_where_and_how_fast():
    base = recipe().identity()
    assert recipe("output=/x", "engine.concurrency=7", "engine.base_url=y").identity() == base
    for change in (
        "seed=1",
        "engine.model=m",
        "turns=4",
        "critics.length.most_characters=9",
    ):
        assert recipe(change).identity() != base
