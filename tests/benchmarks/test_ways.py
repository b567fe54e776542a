"""The table of ways counts what the rows say."""

import re
from pathlib import Path

import pytest

from benchmarks.ways import FORMS, figures_of, recipe_of
from crowdglot.dialogues.ways import build_way
from tests.writing.builders import Canned, good, write
from tests.writing.test_ways import OURS, opened_for, some_bad


@pytest.mark.parametrize("way", OURS)
def test_each_way_can_write_the_table_s_scenarios(way):
    recipe = recipe_of(way, 20, Path("d"), ("sessions=3",))
    assert recipe.dialogues_per_language * len(recipe.languages) == 20
    assert recipe.turns[0] >= build_way(way).least_turns
    assert (recipe.max_attempts, recipe.max_replacements) == (1, 0)


def test_a_form_is_written_with_its_own_demonstrations():
    forms = {form: recipe_of(form, 8, Path("d"), ()) for form in FORMS}
    told = {(one.prompt, one.demonstrations.count, one.demonstrations.by) for one in forms.values()}
    assert len(told) == len(FORMS) == 8
    assert {one.critics["premise"]["least"] for one in forms.values()} == {0}
    assert len({one.turns for one in forms.values()}) == 1


def test_figures_are_of_all_drafts_and_scores_of_those_that_were_read(tmp_path):
    opened = opened_for("self_play", tmp_path / "d", "max_attempts=1", "max_replacements=0")
    engine = Canned(some_bad, 1)
    write(opened, engine)
    found = figures_of("self_play", tmp_path / "d")
    assert found.drafts == 4
    assert found.accepted <= found.readable <= 1
    calls = found.calls.value
    assert calls * 4 == len(engine.asked)
    assert (found.prompt_tokens.value, found.answer_tokens.value) == (10 * calls, 5 * calls)
    assert 0 < found.distinct_2.value <= 1
    assert 0 <= found.repetition.value <= 1
    assert found.calls.low is None  # four drafts are too few for an interval
    assert found.coherence is None  # without the embedding model


def test_figures_of_enough_drafts_have_intervals(tmp_path):
    opened = opened_for("whole", tmp_path / "d", "dialogues_per_language=10", "max_attempts=1",
                        "max_replacements=0")  # fmt: skip
    write(opened, Canned(good, 1))
    found = figures_of("whole", tmp_path / "d")
    for one in (found.distinct_2, found.repetition, found.prompt_tokens, found.turns):
        assert one.low <= one.value <= one.high
    assert found.distinct_2.low < found.distinct_2.high
    assert re.fullmatch(r"0\.\d\d \(0\.\d\d–[01]\.\d\d\)", str(found.distinct_2))
