"""The limit of one server, without a server: what lowers it, what raises it, and how far."""

from crowdglot.engines.openai.pressure import Pressure


def full(pressure: Pressure) -> Pressure:
    """As many questions under way as may be."""
    pressure.running = max(pressure.running, int(pressure.limit))
    return pressure


def answers(pressure: Pressure, times: int) -> None:
    """So many answers, with every free place taken again at once."""
    for _ in range(times):
        pressure.running = int(pressure.limit)
        pressure.answered()


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
        pressure.answered()
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
