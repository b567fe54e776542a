"""A run whose first drafts all fail for one reason stops; one good draft, and it never does."""

import json

import pytest

from crowdglot.datasets.journal import read_journal
from crowdglot.errors import ContextTooSmall, CrowdglotError, EngineUnavailable, RequestRefused
from crowdglot.writing.shards.beginning import FIRST_DRAFTS
from crowdglot.writing.watch import Watch
from tests.writing.builders import Canned, good, make_opened, rows_of, seed_of, write

SIZE = ("dialogues_per_language=16", "shard_size=6")
THINKS = "<think>D'abord, il faut"


def stopped(opened, engine, **options):
    """The sentence with which a run stops."""
    with pytest.raises(CrowdglotError) as told:
        write(opened, engine, **options)
    return str(told.value)


def answering(count):
    """An answer to so many questions; then the engine is gone."""
    left = iter(range(count))

    def write(request):
        if next(left, None) is None:
            raise EngineUnavailable("gone.")
        return good(request)

    return write


def journalled(opened):
    paths = (opened.folder / "journal").glob("*/*.jsonl")
    return sum(len(read_journal(path)) for path in paths)


@pytest.mark.parametrize("concurrency", [1, 9])
def test_it_stops_with_the_reason_and_the_words(tmp_path, concurrency):
    opened = make_opened(tmp_path / "d", *SIZE)
    engine = Canned(lambda request: THINKS, concurrency)
    sentence = stopped(opened, engine)
    assert "(format.only_thinking 24)" in sentence or concurrency > 1
    assert "all failed for one reason (format.only_thinking 2" in sentence
    assert f"the model's last answer (stop): {THINKS}" in sentence
    assert "\n" not in sentence and len(sentence) < 900
    assert FIRST_DRAFTS <= len(engine.asked) <= FIRST_DRAFTS + 3 * concurrency
    # What was paid for is kept.
    assert journalled(opened) == len(engine.asked)


def test_drafts_that_cannot_be_read_are_one_reason(tmp_path):
    opened = make_opened(tmp_path / "d", *SIZE)
    odd = iter([THINKS, "Non.", '{"A": "x"}', "[1]"] * 100)
    sentence = stopped(opened, Canned(lambda request: next(odd), 1))
    for reason in ("only_thinking", "not_json", "wrong_keys", "not_an_object"):
        assert f"format.{reason} 6" in sentence


def english(request):
    keys = request.schema["required"]
    return json.dumps(
        {key: f"I saw number {n} of the blue birds today." for n, key in enumerate(keys)}
    )


def test_any_critics_reason_is_one(tmp_path):
    opened = make_opened(tmp_path / "d", *SIZE)
    reasons = {stopped(opened, Canned(english)).partition("reason (")[2].split(" ")[0]}
    assert reasons in ({"language.whole_language"}, {"repetition.same_openings"})


def test_different_reasons_stop_nothing(tmp_path):
    opened = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=10", "max_attempts=2",
        "max_replacements=1",
    )  # fmt: skip
    engine = Canned(lambda request: "Non." if request.seed % 2 else english(request))
    outcome = write(opened, engine)
    assert (outcome.state, outcome.funnel.accepted, outcome.funnel.rejected) == ("short", 0, 40)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_one_good_draft_and_it_goes_on(tmp_path, concurrency):
    opened = make_opened(tmp_path / "d", *SIZE, "max_replacements=0", "max_attempts=2")
    chosen = seed_of(opened, 0)
    engine = Canned(
        lambda request: good(request) if request.seed == chosen else THINKS, concurrency
    )
    outcome = write(opened, engine)
    assert (outcome.state, outcome.funnel.accepted) == ("short", 1)


def test_once_mended_it_goes_on_and_asks_nothing_twice(tmp_path):
    opened = make_opened(tmp_path / "d", *SIZE)
    broken, again, mended = Canned(lambda _: THINKS), Canned(lambda _: THINKS), Canned(good)
    stopped(opened, broken)
    stopped(opened, again)  # still broken: as many drafts again, and no more
    assert len(again.asked) <= FIRST_DRAFTS + 3 * again.concurrency
    outcome = write(opened, mended)
    assert (outcome.state, outcome.funnel.accepted) == ("complete", 32)
    asked = [*broken.asked, *again.asked, *mended.asked]
    assert len(asked) == len(set(asked))
    assert outcome.funnel.rejected == len(broken.asked) + len(again.asked)


def test_a_draft_that_passed_before_counts_wherever_it_lies(tmp_path):
    changes = (*SIZE, "max_replacements=0", "max_attempts=1", "languages=fr",
        "dialogues_per_language=30",
    )  # fmt: skip
    # In a journal: the shard was not finished.
    opened = make_opened(tmp_path / "journal", *changes)
    assert stopped(opened, Canned(answering(3), 1)) == "gone."
    assert write(opened, Canned(lambda _: THINKS)).funnel.accepted == 3
    # In a file, of a version that left no mark.
    opened = make_opened(tmp_path / "files", *changes)
    stopped(opened, Canned(answering(8), 1))
    (opened.folder / "journal" / "passed").unlink()
    for path in (opened.folder / "journal").glob("*/*.jsonl"):
        path.unlink()
    assert write(opened, Canned(lambda _: THINKS)).funnel.accepted == 6
    assert rows_of(opened.folder).height == 6


def test_a_short_run_is_none_that_stops(tmp_path):
    opened = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=5", "max_attempts=2",
        "max_replacements=1",
    )  # fmt: skip
    assert write(opened, Canned(lambda _: THINKS)).funnel.rejected == 20


def test_a_dry_run_ends_when_its_plan_does(tmp_path):
    opened = make_opened(tmp_path / "d", "dialogues_per_language=9", "engine.kind=scripted")
    assert write(opened, Canned(lambda _: THINKS)).state == "short"


def test_a_threshold_that_the_recipe_sets_may_reject_them_all(tmp_path):
    opened = make_opened(
        tmp_path / "d", "languages=fr", "dialogues_per_language=3",
        "critics.length.most_characters=5",
    )  # fmt: skip
    outcome = write(opened, Canned(good))
    assert (outcome.state, outcome.funnel.reasons) == ("short", {"length.long_turn": 3 * 12})


# A context that is too small


def too_long(request):
    raise ContextTooSmall("The context is too small (400: 1024 tokens).")


@pytest.mark.parametrize("concurrency", [1, 9])
def test_where_no_question_fits_it_stops_at_once(tmp_path, concurrency):
    opened = make_opened(tmp_path / "d", *SIZE)
    engine = Canned(too_long, concurrency)
    assert stopped(opened, engine) == "The context is too small (400: 1024 tokens)."
    assert len(engine.asked) <= concurrency
    # No question was refused for good: with a larger context all are asked.
    assert journalled(opened) == 0
    outcome = write(opened, Canned(good))
    assert (outcome.funnel.accepted, outcome.funnel.rejected) == (32, 0)


def test_where_others_fit_one_question_is_refused(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=4")
    longest = seed_of(opened, 2)
    engine = Canned(lambda request: (too_long if request.seed == longest else good)(request), 1)
    outcome = write(opened, engine)
    assert (outcome.funnel.accepted, outcome.funnel.reasons) == (4, {"engine.refused": 1})


def test_a_run_that_goes_on_knows_that_others_fit(tmp_path):
    opened = make_opened(tmp_path / "d", "languages=fr", "dialogues_per_language=4")
    longest = seed_of(opened, 1)
    stopped(opened, Canned(answering(1), 1))
    engine = Canned(lambda request: (too_long if request.seed == longest else good)(request), 1)
    assert write(opened, engine).funnel.reasons == {"engine.refused": 1}


def test_questions_that_are_all_refused_stop_it_too(tmp_path):
    opened = make_opened(tmp_path / "d", *SIZE)

    def refuse(request):
        raise RequestRefused("http://x: the server refuses the request (400: content filter).")

    assert "content filter" in stopped(opened, Canned(refuse))


def test_counts_of_several_processes_are_one(tmp_path):
    whole, part = Watch().progress, Watch().progress
    part.fail("format.not_json", "one")
    part.fail("format.not_json", "two")
    whole.take_in(part)
    whole.take_in(part)
    assert (whole.reasons, whole.last_failure, whole.proven) == (
        {"format.not_json": 4},
        "two",
        False,
    )
    part.proven = True
    whole.take_in(part)
    assert whole.proven
