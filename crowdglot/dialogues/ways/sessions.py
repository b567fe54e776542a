"""The way ``sessions``: the same speakers talk on several days, each with a memory of its own.

The turns of a scenario are spread over its sessions. Turns are asked for one at a time, as in
``self_play``. After each session but the last every speaker notes what it takes away: a summary,
two facts, a mood. On a later day it sees what it has not forgotten (see ``dialogues.memories``) and
says with each turn which of that it used. What it used it remembers longer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Part
from crowdglot.dialogues.draft import read_answer, within
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.memories import Memory, at_hand, faded, noted, used
from crowdglot.dialogues.prompt import SOURCE_LANGUAGE, object_of
from crowdglot.dialogues.ways import WaySettings
from crowdglot.dialogues.ways.speaking import BEGIN, TEXTS, Said, Side, Talk
from crowdglot.draws import Draws
from crowdglot.scenarios.scenario import Scenario

MEMORY = "memory"
KEYS = 'turn (what you say), memory (the name of the one that you speak of, or "" for none)'
LATER = "That was {days} days ago. Today you talk again, and ask what has come of it since."
REMEMBERED = "You remember ({name}): {text}"
# By the key of a note the kind of memory that it becomes.
NOTES = {"summary": "summary", "fact_1": "fact", "fact_2": "fact", "mood": "mood"}
NOTING = (
    f"The talk is over for today. Note for yourself, in {SOURCE_LANGUAGE}, in one sentence each: "
    "summary (what you two talked about and agreed on), fact_1 and fact_2 (what you learnt about "
    'the other person; "" if nothing), mood (how you feel now). Answer with these four keys.'
)
_NOTE_TOKENS = 240
_MOST_DAYS = 14  # between two sessions
_MOST_AT_HAND = 6  # memories that a speaker sees
_MOST_CHARACTERS = 240  # of a memory


class _Step(NamedTuple):
    """One answer: turn ``number`` of a session, or what a speaker notes after it (None)."""

    session: int
    speaker: str
    number: int | None


@dataclass(frozen=True, slots=True)
class _State:
    """All that was said and noted so far. ``at_hand``: by speaker what it remembers in the
    ``session`` that goes on; that stays the same all day, whatever is used of it."""

    session: int = 0
    said: tuple[Said, ...] = ()
    memories: tuple[Memory, ...] = ()
    at_hand: Mapping[str, Sequence[Memory]] = field(default_factory=dict)
    fault: str = ""

    def on(self, session: int, day: int, speakers: str) -> "_State":
        """The state when a turn of this session is due: on a new day some is forgotten."""
        if session == self.session:
            return self
        left = faded(self.memories, day)
        hand = {speaker: at_hand(left, speaker, day, _MOST_AT_HAND) for speaker in speakers}
        return replace(self, session=session, memories=left, at_hand=hand)


class Sessions:
    """Asks for a turn and the memory it used, or for what a speaker notes."""

    texts: tuple[str, ...] = (*TEXTS, KEYS, LATER, REMEMBERED, NOTING)

    def __init__(self, settings: WaySettings) -> None:
        self._form = settings.prompt
        self._sessions = settings.sessions
        self.least_turns = 2 * settings.sessions

    def next(
        self, scenario: Scenario, shown: Sequence[Demonstration], answers: Sequence[str]
    ) -> Asked | Dialogue:
        parts, talk = parts_of(scenario, self._sessions), Talk(scenario, shown, self._form)
        steps, state = [*_steps(scenario, parts)], _State()
        for step, answer in zip(steps, answers, strict=False):
            day = parts[step.session].day
            state = state.on(step.session, day, scenario.speakers)
            state = _after(state, step, answer, day, talk.keys(step.speaker, MEMORY))
            if state.fault:
                return Dialogue(scenario, (), shown, state.fault)
        if len(answers) < len(steps):
            step = steps[len(answers)]
            state = state.on(step.session, parts[step.session].day, scenario.speakers)
            return _ask(talk, state, step, parts)
        return talk.dialogue(state.said, parts=parts, memories=state.memories)

    def told(self, scenario: Scenario) -> tuple[str, ...]:
        return Talk(scenario, (), self._form).told()

    def most_calls(self, scenario: Scenario) -> int:
        """One a turn, and one a speaker after each session but the last."""
        return len([*_steps(scenario, parts_of(scenario, self._sessions))])


def _ask(talk: Talk, state: _State, step: _Step, parts: Sequence[Part]) -> Asked:
    first = sum(part.turns for part in parts[: step.session])
    said = [one for one in state.said if one.number >= first]
    hand = state.at_hand.get(step.speaker, ())
    told: list[str] = []
    if step.session:
        days = parts[step.session].day - parts[step.session - 1].day
        told = [LATER.format(days=days)]
        told += [REMEMBERED.format(name=one.id, text=one.text) for one in hand]
    known, beside = talk.known(step.speaker), {MEMORY: ("", *(memory.id for memory in hand))}
    side = Side(step.speaker, known, told, {first: BEGIN}, KEYS, beside)
    if step.number is not None:
        return talk.ask(side, said, step.number)
    messages = talk.chat(side, said, NOTING)
    how = {"max_tokens": _NOTE_TOKENS}
    return Asked(messages, object_of(dict.fromkeys(NOTES)), how, side=talk.place(step.speaker))


def parts_of(scenario: Scenario, sessions: int) -> tuple[Part, ...]:
    """The sessions of a scenario: as many turns each as can be, some days from one to the next."""
    turns, draws, day = len(scenario.order), Draws("sessions", scenario.id, *scenario.names), 0
    count = max(1, min(sessions, turns // 2))
    parts: list[Part] = []
    for number in range(count):
        ends = (turns * number // count, turns * (number + 1) // count)
        parts.append(Part("session", ends[1] - ends[0], day))
        day += 1 + draws.below(_MOST_DAYS)
    return tuple(parts)


def _steps(scenario: Scenario, parts: Sequence[Part]) -> Iterator[_Step]:
    numbers = iter(range(len(scenario.order)))
    for session, part in enumerate(parts):
        for number in islice(numbers, part.turns):
            yield _Step(session, scenario.order[number], number)
        if session < len(parts) - 1:
            yield from (_Step(session, speaker, None) for speaker in scenario.speakers)


def _after(state: _State, step: _Step, answer: str, day: int, keys: Sequence[str]) -> _State:
    """The state with one answer more, of a turn with these ``keys``, or with its fault."""
    if step.number is None:
        return _noted(state, step, answer, day)
    told, fault = read_answer(answer, keys)
    where = f"turn {step.number + 1}"
    if not fault and any(
        one.id == told[MEMORY] for one in state.memories if one.speaker != step.speaker
    ):
        fault = f"foreign_memory: {step.speaker} speaks of {told[MEMORY]}"
    if fault:
        return replace(state, fault=within(fault, where))
    memories = state.memories
    if any(one.id == told[MEMORY] for one in state.at_hand.get(step.speaker, ())):
        memories = used(memories, told[MEMORY], day, step.number + 1)
    said = (*state.said, Said(step.number, step.speaker, told))
    return replace(state, said=said, memories=memories)


def _noted(state: _State, step: _Step, answer: str, day: int) -> _State:
    told, fault = read_answer(answer, tuple(NOTES))
    notes = [(NOTES[key], " ".join(text.split())) for key, text in told.items() if text.strip()]
    if not fault and not notes:
        fault = "empty_memory: nothing is noted"
    if fault:
        where = f"{step.speaker} after session {step.session + 1}"
        return replace(state, fault=within(fault, where))
    notes = [(kind, text[:_MOST_CHARACTERS]) for kind, text in notes]
    return replace(state, memories=noted(state.memories, step.speaker, day, notes))
