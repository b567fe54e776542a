"""The limit of one server, without a server: what lowers it, what raises it, and how far."""

import pytest

from crowdglot.engines.openai.pressure import Pressure


def full(pressure: Pressure) -> Pressure:
    """As many questions under way as may be."""
    pressure.running = max(pressure.running, int(pressure.limit))
    return pressure


def answers(pressure: Pressure, times: int, seconds: float = 0.1, tokens: int = 0) -> None:
    """So many answers, with every free place taken again at once."""
    for _ in range(times):
        pressure.running = int(pressure.limit)
        pressure.answered(seconds, tokens)


def test_it_begins_at_the_ceiling_and_stays_there() -> None:
    pressure = Pressure(64)
    assert pressure.limit == 64 and pressure.room
    answers(pressure, 500)
    assert pressure.limit == 64
    assert not full(pressure).room


def test_refusals_of_one_flight_cut_by_what_was_refused_and_half_at_most() -> None:
    for refused, least, most in [(1, 54, 55), (10, 54, 54.5), (20, 44, 44), (60, 32, 32)]:
        pressure = full(Pressure(64))
        for _ in range(refused):
            pressure.refused(sent=1.0, now=2.0)
        assert least <= pressure.limit <= most, refused


def test_each_flight_cuts_again_down_to_one_and_no_further() -> None:
    pressure = Pressure(64)
    for flight in range(20):
        full(pressure)
        for _ in range(pressure.running):
            pressure.refused(sent=flight, now=flight + 0.5)
        pressure.running = 0
    assert pressure.limit == 1
    assert pressure.room


def test_what_was_under_way_counts_and_not_what_was_allowed() -> None:
    pressure = Pressure(64)
    pressure.running = 10
    pressure.refused(sent=0, now=1)
    assert pressure.limit == 8.5


def test_it_recovers_by_addition_and_only_while_it_holds_back() -> None:
    pressure = full(Pressure(64))
    for _ in range(60):
        pressure.refused(sent=0, now=1)
    assert pressure.limit == 32
    pressure.running = 5
    for _ in range(100):
        pressure.answered(0.1, 0)
    assert pressure.limit == 32
    answers(pressure, 32)
    assert 32.9 < pressure.limit < 33.1  # near the refused limit: one a flight
    answers(pressure, 3000)
    assert pressure.limit == 64


def test_far_from_where_it_was_refused_it_grows_faster() -> None:
    pressure = Pressure(512)
    pressure.running = 9
    pressure.refused(sent=0, now=1)
    flights = 0
    while pressure.limit < 512:
        answers(pressure, int(pressure.limit))
        flights += 1
    assert flights < 50


@pytest.mark.parametrize("tokens", [0, 100])
def test_answers_that_take_much_longer_lower_it(tokens: int) -> None:
    pressure = Pressure(64)
    answers(pressure, 256, 2.0, tokens)
    answers(pressure, 64, 5.0, tokens)
    assert pressure.limit == 64  # one such window may be a pause of ours
    answers(pressure, 64, 5.0, tokens)
    assert 40 < pressure.limit < 55
    answers(pressure, 2000, 2.0, tokens)
    assert pressure.limit == 64


def test_longer_answers_are_no_slower_ones() -> None:
    pressure = Pressure(64)
    answers(pressure, 256, 2.0, tokens=100)
    answers(pressure, 256, 8.0, tokens=400)
    assert pressure.limit == 64


def test_what_is_quick_in_seconds_or_slow_in_few_answers_is_let_be() -> None:
    quick, tail = Pressure(64), Pressure(64)
    answers(quick, 256, 0.05)
    answers(quick, 256, 0.5)
    assert quick.limit == 64
    for at in range(2000):
        answers(tail, 1, 30.0 if at % 10 == 0 else 2.0)
    assert tail.limit == 64


def test_the_servers_queue_is_kept_short_and_never_empty() -> None:
    pressure = full(Pressure(256))
    pressure.queued(running=32, waiting=224)
    assert pressure.limit == 256  # a burst passes
    pressure.queued(running=32, waiting=224)
    assert pressure.limit == 34
    # Until they have gone, the same reading says the same.
    pressure.running = 200
    pressure.queued(running=32, waiting=168)
    assert pressure.limit == 34
    pressure.running = 34
    pressure.queued(running=32, waiting=2)
    assert pressure.limit == 34
    pressure.queued(running=34, waiting=0)
    assert 36 < pressure.limit < 40
    answers(pressure, 100)
    assert pressure.limit < 40  # the queue alone tells now


def test_of_a_queue_of_others_we_take_our_share_back() -> None:
    pressure = Pressure(64)
    pressure.running = 40
    for _ in range(2):
        pressure.queued(running=100, waiting=300)
    assert 9 < pressure.limit < 12


def test_where_the_queue_is_told_no_more_answers_count_again() -> None:
    pressure = full(Pressure(64))
    for _ in range(2):
        pressure.queued(running=8, waiting=56)
    low = pressure.limit
    pressure.queue_unknown()
    answers(pressure, 100)
    assert pressure.limit > low + 3
