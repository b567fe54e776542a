"""A growing pool of demonstrations: in the source language, sealed, and never of a target."""

import json

import pytest

from crowdglot.datasets.folder import read_stored_recipe
from crowdglot.dialogues.readers import read_demonstrations
from crowdglot.engines.embedding.bundled import missing
from crowdglot.errors import ConfigurationError, StorageError
from crowdglot.writing.opened import open_recipe
from crowdglot.writing.pool import lacking
from crowdglot.writing.watch import Watch
from tests.stub_server import ABOUT_NOTHING
from tests.writing.builders import (
    Canned,
    assert_same,
    good,
    make_opened,
    rows_of,
    stop_anywhere,
    write,
)

# What people wrote, and what the model writes in the first and in the second iteration.
SOURCE = (
    "I walk my two dogs before work.", "Really? I would never get up so early.",
    "You get used to it, and the park is empty.", "Mine is a cat, she lets me sleep.",
    "Cats are clever, I must say.", "She opens every door in the flat.",
)  # fmt: skip
FIRST = (
    "Did you see the weather this morning?", "My neighbour parked in front of the gate again.",
    "We could eat outside if the wind drops a little.", "I cannot find the book you lent me.",
    "The children sang all the way home.", "They say the bakery will close in March.",
    "Last night the train was very late.", "Ask your brother whether he comes on Saturday.",
)  # fmt: skip
SECOND = (
    "The soup was too salty, but nobody said so.", "I slept like a log in spite of the noise.",
    "Do you think we should tell the landlord?", "Bring the old photographs, we will have a laugh.",
    "Somebody has painted the fence bright blue.", "There is no milk left for your coffee.",
    "Grandma wants to learn how to swim.", "It took them three hours to repair the lift.",
)  # fmt: skip
EVENTS = ("gossip", "joking_around")
CHANGES = (
    f"events={','.join(EVENTS)}", "languages=fr", "dialogues_per_language=4", "pool.iterations=2",
    "pool.dialogues=2", "demonstrations.by=event",
)  # fmt: skip


@pytest.fixture
def without_events(tmp_path):
    """A source of demonstrations that tells no events, as PersonaChat does."""
    source = tmp_path / "personachat.jsonl"
    turns = [{"speaker": "AB"[n % 2], "text": text} for n, text in enumerate(SOURCE)]
    lines = [
        {"personas": [["I have a pet."], ["I live in a flat."]], "turns": turns[: 4 + 2 * more]}
        for more in (0, 1)
    ]
    source.write_text("\n".join(map(json.dumps, lines)))
    return f"demonstrations.source={source}"


def say(request):
    """English where it is asked for, as if the model could."""
    if "English" not in request.messages[-1].content.split("Write every turn")[-1]:
        return good(request)
    shown = "".join(message.content for message in request.messages)
    lines = SECOND if any(text in shown for text in FIRST) else FIRST
    keys = request.schema["required"]
    return json.dumps({key: lines[(request.seed + n) % 8] for n, key in enumerate(keys)})


def pool_of(opened, number):
    return read_demonstrations(str(opened.recipe.pool_file(number)))


def test_a_pool_grows_and_its_last_iteration_is_shown(tmp_path, without_events):
    opened = make_opened(tmp_path / "d", *CHANGES, without_events)
    assert lacking(opened.recipe) == list(EVENTS)
    outcome = write(opened, Canned(say))
    assert outcome.state == "complete" and outcome.funnel.accepted == 4
    for number in (1, 2):
        pool = pool_of(opened, number)
        assert [one.event for one in pool] == list(EVENTS)
        rows = rows_of(opened.recipe.pool_folder / f"iteration-{number}")
        assert rows["language"].unique().to_list() == ["en"] and rows.height == 4
    first, last = ({one.id for one in pool_of(opened, number)} for number in (1, 2))
    shown = {id for row in rows_of(opened.folder).to_dicts() for id in row["demonstrations"]}
    assert shown & last and not shown & (first - last)
    second = rows_of(opened.recipe.pool_folder / "iteration-2")["demonstrations"].to_list()
    assert first & {id for ids in second for id in ids}


def test_its_people_are_called_a_and_b(tmp_path, without_events):
    opened = make_opened(tmp_path / "d", *CHANGES, without_events)
    write(opened, Canned(say))
    names = rows_of(opened.recipe.pool_folder / "iteration-2")["personas"].to_list()
    called = {person["name"] for people in names for person in people}
    for one in pool_of(opened, 2):
        assert not called & set(one.premise.replace(",", " ").replace(".", " ").split())


def test_no_text_of_a_target_language_becomes_a_demonstration(tmp_path, without_events):
    """Although the model answers half of the English questions in French."""
    opened = make_opened(tmp_path / "d", *CHANGES, without_events, "max_attempts=8")
    write(opened, Canned(lambda request: good(request) if request.seed % 2 else say(request)))
    refused = rows_of(opened.recipe.pool_folder / "iteration-1", "rejected")
    assert refused.height, "the model was caught"
    for number in (1, 2):
        assert pool_of(opened, number)
        for one in pool_of(opened, number):
            assert all(turn.text in (*FIRST, *SECOND) for turn in one.turns)
    targets = {turn["text"] for row in rows_of(opened.folder).to_dicts() for turn in row["turns"]}
    reopened = open_recipe(opened.recipe)
    for one in reopened.demonstrations.all:
        assert not targets & {turn.text for turn in one.turns}
        assert all(turn.text in (*SOURCE, *SECOND) for turn in one.turns)


@pytest.mark.skipif(bool(missing()), reason=missing() or "the model is here")
@pytest.mark.parametrize("trial", range(2))
def test_two_iterations_of_best_of_four_stopped_anywhere(trial, tmp_path, without_events):
    more = (*CHANGES, without_events, *ABOUT_NOTHING, "meaning=bundled", "choice.candidates=4",
            "max_attempts=4")  # fmt: skip
    calm, opened = (make_opened(tmp_path / name, *more) for name in ("calm", "d"))
    assert stop_anywhere(calm, opened, say, concurrency=2, most=14, trial=trial) > 2
    for number in (1, 2):
        assert pool_of(calm, number) == pool_of(opened, number)


def test_an_empty_pool_is_said_and_the_source_shown_alone(tmp_path, without_events):
    opened = make_opened(
        tmp_path / "d", *CHANGES, without_events, "max_replacements=0", "max_attempts=2"
    )
    outcome = write(opened, Canned(good))  # French, whatever is asked
    assert outcome.funnel.accepted == 4
    assert opened.recipe.pool_file(2).read_text() == ""
    reopened = open_recipe(opened.recipe)
    assert {one.source for one in reopened.demonstrations.all} == {"personachat.jsonl"}
    assert "pool: no dialogue" in reopened.doubts[0]


def test_a_stop_at_the_very_end_of_an_iteration_keeps_the_next_from_beginning(
    tmp_path, without_events
):
    calm, opened = (
        make_opened(tmp_path / name, *CHANGES, without_events) for name in ("calm", "d")
    )
    undisturbed = Canned(say, 1)
    write(calm, undisturbed)
    first = rows_of(calm.recipe.pool_folder / "iteration-1").height
    watch, engine = Watch(), Canned(say, 1)

    def interrupted(request):
        watch.stop.wanted = len(engine.asked) == first  # Ctrl-C while the last answer is awaited
        return say(request)

    engine.write = interrupted
    outcome = write(opened, engine, watch)
    assert outcome.state == "stopped" and len(engine.asked) == first
    assert not (opened.recipe.pool_folder / "iteration-2").exists()
    again = Canned(say, 1)
    assert write(opened, again).state == "complete"
    assert sorted(engine.asked + again.asked) == sorted(undisturbed.asked)
    assert_same(opened, calm)


def test_a_pool_is_part_of_what_the_rows_depend_on(tmp_path, without_events):
    opened = make_opened(tmp_path / "d", *CHANGES, without_events)
    write(opened, Canned(say))
    before = read_stored_recipe(opened.folder)["identity"]["sources"]
    opened.recipe.pool_file(2).write_text("")
    assert open_recipe(opened.recipe).fingerprint != before
    with pytest.raises(StorageError, match="sources"):
        write(opened, Canned(say))


def test_the_pool_of_another_dataset_is_used_as_it_is(tmp_path, without_events):
    first = make_opened(tmp_path / "first", *CHANGES, without_events)
    write(first, Canned(say))
    other = make_opened(tmp_path / "other", *CHANGES, without_events, "languages=es",
                        f"pool.of={tmp_path / 'first' / 'pool'}")  # fmt: skip
    engine = Canned(say)
    write(other, engine)
    assert not (tmp_path / "other" / "pool").exists()
    assert {one.source for one in other.demonstrations.all} >= {"pool"}
    with pytest.raises(ConfigurationError, match="there is no such pool; write that dataset"):
        make_opened(tmp_path / "third", *CHANGES, without_events, f"pool.of={tmp_path / 'no'}")


def test_a_budget_counts_what_the_pool_takes(tmp_path, without_events):
    opened = make_opened(tmp_path / "d", *CHANGES, without_events, "budget.max_tokens_total=100")
    engine = Canned(say, concurrency=1)
    outcome = write(opened, engine)
    assert outcome.state == "budget_spent"
    assert len(engine.asked) == 7  # of 15 tokens each
    again = Canned(say, concurrency=1)
    assert write(opened, again).state == "budget_spent" and not again.asked


def test_where_the_demonstrations_show_all_events_no_pool_is_written(tmp_path):
    opened = make_opened(tmp_path / "d", "events=small_talk", "pool.iterations=1",
                         "dialogues_per_language=1")  # fmt: skip
    assert lacking(opened.recipe) == []
    assert write(opened, Canned(good)).funnel.accepted == 2
    assert not (opened.folder / "pool").exists()
