"""How often a request is sent again, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from crowdglot.engines.openai.exchange import Fault
from crowdglot.engines.openai.retries import Patience, backoff, retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0), ("", 0), ("7", 7), ("0.5", 0.5), ("-3", 0), ("nan", 0), ("soon", 0),
        ("Fri, 99 Jan 2026 04:05:05 GMT", 0), ("Fri, 02 Jan 2026 04:05:05 GMT", 0),
    ],
)  # fmt: skip
def test_what_a_retry_after_asks_for(header: str | None, seconds: float) -> None:
    assert retry_after(header) == seconds


@pytest.mark.parametrize(
    "header",
    [
        "9" * 400, "1e400", "Fri, 02 Jan 99999999999999999999 04:05:05 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359",
    ],
)  # fmt: skip
def test_an_absurd_retry_after_ends_no_run(header: str) -> None:
    assert retry_after(header) >= 0.0


@pytest.mark.parametrize(("minutes", "zone"), [(0, "GMT"), (0, "-0000"), (60, "+0100")])
def test_a_retry_after_may_be_a_date(minutes: int, zone: str) -> None:
    date = datetime.now(UTC) + timedelta(minutes=minutes, seconds=90)
    header = date.strftime(f"%a, %d %b %Y %H:%M:%S {zone}")
    assert retry_after(header) == pytest.approx(90, abs=2)


def test_waits_grow_up_to_a_bound_and_differ() -> None:
    for attempt, most in [(1, 0.5), (2, 1), (5, 8), (12, 60), (10_000, 60)]:
        waits = [backoff(attempt, 0.5, 60) for _ in range(200)]
        assert most / 2 <= min(waits) < max(waits) <= most


@pytest.mark.parametrize("fault", list(Fault))
def test_a_request_has_so_many_tries(fault: Fault) -> None:
    patience = Patience(tries=3, answers=5)
    assert [patience.spend(fault, 5) for _ in range(3)] == [True, True, False]


def test_refusals_beside_answers_are_free_for_long_but_not_for_ever() -> None:
    patience, sent = Patience(tries=3, answers=0), 1
    while patience.spend(Fault.REFUSED, answers=sent):
        sent += 1
    assert sent == 33
    late = Patience(tries=3, answers=0)
    assert [late.spend(Fault.LATE, answers) for answers in (1, 2, 3)] == [True, True, False]


def test_each_server_is_tried_once_at_no_cost() -> None:
    patience = Patience(tries=1, answers=0)
    assert not patience.moves_on(Fault.ODD, 2) and not patience.moves_on(Fault.LATE, 2)
    assert patience.moves_on(Fault.GONE, 2) and patience.moves_on(Fault.REFUSED, 2)
    assert not patience.moves_on(Fault.GONE, 2)


@pytest.mark.parametrize(
    "header",
    [
        "Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "Wed, 21 Oct 2015 07:28:00 +9999999999",
        "Thu, 01 Jan 0001 00:00:00 +2300", "Wed, 99999999999999999999 Oct 2015", "1" * 5000,
        "1e999", "\u0661", "", "-",
    ],
)  # fmt: skip
def test_an_absurd_retry_after_is_a_number_all_the_same(header: str) -> None:
    assert retry_after(header) >= 0
