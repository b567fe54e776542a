"""What is remembered: retention by its formula, no chance, nothing deleted."""

from math import exp

from hypothesis import given
from hypothesis import strategies as st

from crowdglot.dialogues.memories import (
    KINDS,
    LEAST_RETENTION,
    at_hand,
    faded,
    noted,
    retention,
    used,
)

NOTES = [("summary", "We met."), ("fact", "He sings."), ("mood", "I feel well.")]


@given(st.integers(1, 300), st.integers(1, 20))
def test_retention_falls_with_time_and_rises_with_strength(days, strength):
    kept = retention(days, strength)
    assert kept == exp(-days / 7 / strength)
    assert 0 < retention(days + 1, strength) < kept < retention(days, strength + 1) < 1
    assert retention(0, strength) == 1


def test_a_memory_has_an_owner_a_name_and_a_strength_of_its_kind():
    memories = noted(noted((), "A", 0, NOTES), "B", 0, NOTES[:1])
    memories = noted(memories, "A", 5, NOTES[1:2])
    assert [one.id for one in memories] == ["A1", "A2", "A3", "B1", "A4"]
    assert [one.strength for one in memories[:3]] == [KINDS[kind] for kind, _ in NOTES]
    assert {one.speaker for one in at_hand(memories, "A", 5, 9)} == {"A"}


def test_use_makes_stronger_and_the_time_begin_anew():
    (first, second, _) = used(noted((), "A", 0, NOTES), "A1", 10, 7)
    assert (first.strength, first.recalled, first.turns) == (3, 10, (7,))
    assert first.retention(14) > second.retention(14)


def test_what_is_forgotten_stays_with_its_day_and_never_comes_back():
    memories = noted((), "A", 0, NOTES)
    day = next(day for day in range(99) if retention(day, KINDS["mood"]) < LEAST_RETENTION)
    later = faded(memories, day)
    assert [one.forgotten for one in later] == [None, None, day]
    assert [one.kind for one in at_hand(later, "A", day, 9)] == ["summary", "fact"]
    last = faded(later, 365)
    assert [one.forgotten for one in last] == [365, 365, day]
    assert [one.text for one in last] == [one.text for one in memories]
    assert at_hand(last, "A", 365, 9) == ()


def test_of_many_the_best_remembered_are_at_hand_in_their_order():
    memories = used(noted((), "A", 0, NOTES * 3), "A9", 3, 1)
    assert [one.id for one in at_hand(memories, "A", 6, 3)] == ["A1", "A2", "A9"]
