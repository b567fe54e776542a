"""What is read into a slot, without a model: where the reading stops, and what is read anew."""

import pytest

from crowdglot.engines.engine import Message
from crowdglot.engines.prompt_cache import Messages, PromptCache, beginnings
from crowdglot.errors import EngineError, EngineUnavailable

SYSTEM = Message("system", "s")
SHOWN = (SYSTEM, Message("user", "u"), Message("assistant", "a"))
FRENCH = (*SHOWN, Message("user", "Language: French\n"))
BREAD, SEA = (
    (*SHOWN, Message("user", f"Language: French\nTopic: {it}\n")) for it in ("bread", "sea")
)
FAULT = EngineError("this template wants a user first")


class Slot:
    """Notes what is read. ``faults``: raised by the next readings."""

    def __init__(self, *faults: Exception | None) -> None:
        self.cache = PromptCache()
        self.faults = list(faults)
        self.reads: list[tuple[Messages, bool]] = []

    def read(self, messages: Messages, from_nothing: bool) -> None:
        if fault := self.faults.pop(0) if self.faults else None:
            raise fault
        self.reads.append((messages, from_nothing))

    def prepare(self, messages: Messages) -> list[tuple[Messages, bool]]:
        """What is read to prepare ``messages``: up to where, and whether from nothing."""
        self.reads = []
        self.cache.prepare(messages, self.read)
        return self.reads


def test_the_beginnings_of_a_prompt_end_where_others_may_part() -> None:
    assert beginnings(BREAD) == [(SYSTEM,), SHOWN, FRENCH]
    assert beginnings((*SHOWN, Message("user", "French\n\nTopic"))) == [(SYSTEM,), SHOWN]
    assert beginnings(BREAD[-1:]) == [FRENCH[-1:]]
    assert beginnings((Message("user", "One line."),)) == []


def twice(*beginnings: Messages) -> list[tuple[Messages, bool]]:
    """Each beginning is read, and its last token once more, alone."""
    return [(beginning, False) for beginning in beginnings for _ in range(2)]


def test_what_is_behind_the_last_shared_beginning_is_dropped_by_reading_that_again() -> None:
    slot = Slot()
    first = [((SYSTEM,), True), ((SYSTEM,), False), *twice(SHOWN, FRENCH), (BREAD, False)]
    assert slot.prepare(BREAD) == first
    assert slot.prepare(BREAD) == []
    assert slot.prepare(SEA) == [(FRENCH, False), (SEA, False)]
    other = (SYSTEM, Message("user", "v"), Message("assistant", "b"), BREAD[-1])
    line = (*other[:-1], FRENCH[-1])
    assert slot.prepare(other) == [((SYSTEM,), False), *twice(other[:3], line), (other, False)]
    alone = (Message("user", "One line."),)
    assert slot.prepare(alone) == [(alone, True)]
    assert slot.prepare(BREAD) == first


def test_a_reading_that_failed_for_a_moment_begins_anew() -> None:
    slot = Slot(EngineUnavailable("later"))
    with pytest.raises(EngineUnavailable):
        slot.prepare(BREAD)
    assert slot.prepare(BREAD)[0] == ((SYSTEM,), True)


def test_a_beginning_that_the_template_refuses_is_left_out() -> None:
    slot = Slot(FAULT)
    assert slot.prepare(BREAD) == [(SHOWN, True), (SHOWN, False), *twice(FRENCH), (BREAD, False)]
    slot.faults = [None, FAULT]
    assert slot.prepare(SEA) == [(FRENCH, False), (SEA, False)]
