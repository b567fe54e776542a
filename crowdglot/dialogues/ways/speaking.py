"""One speaker's side of a talk: what it is told, what it hears, and what it is asked.

Each speaker is asked as if it were alone with the others: its own turns are the assistant's, those
of the others the user's. It reads its own persona, and of theirs what the common ground says it
knows. The system message and the demonstrations are the same for all, and what a speaker is asked
later begins with all it was asked before. So an engine with a prefix cache reads everything once.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

from crowdglot.dialogues.dialogue import Demonstration, Dialogue, Turn
from crowdglot.dialogues.draft import read_answer, within
from crowdglot.dialogues.interview import Asked
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt import (
    SOURCE_LANGUAGE,
    demonstration_fields,
    names_told,
    object_of,
    scenario_fields,
    template,
    told_in,
)
from crowdglot.dialogues.scene import THOUGHT, THOUGHT_KEY, Thought, own_lines, thinker
from crowdglot.scenarios.scenario import Scenario

_FOLDER = Path(__file__).parent
# The system message, the template of what a speaker is told, and what comes just before a turn.
# It orders an answer: after "says:" or "say it in French" small models repeat what was just said.
_SYSTEM, _VIEW = (
    (_FOLDER / f"{name}.jinja").read_text("utf-8") for name in ("speaker_system", "speaker")
)
ANSWER, BEGIN = "Answer in {language}.", "You speak first, in {language}."
_CUE = "(You are {name}. {cue})"
TEXTS = (_SYSTEM, _VIEW, ANSWER, BEGIN, _CUE)
TURN = "turn"  # the key of what is said
TURN_TOKENS = 160  # that one answer may have, by the rule of ``Recipe.max_tokens``
_SHARE_KNOWN = {"none": 0.0, "some": 0.5, "most": 1.0}
_STRANGER = "the other person"


@dataclass(frozen=True, slots=True)
class Said:
    """Turn number ``number``, from 0: the speaker's letter and its answer as it was read."""

    number: int
    speaker: str
    answer: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Side:
    """What one speaker is told before the talk begins, and how it answers.

    ``known``: by the other speakers' letters the facts that this one knows. ``told``: more lines.
    ``cues``: by the number of a turn what is said to the speaker just before it, "{language}" for
    the language. ``keys``: how the answer's keys are explained. ``beside``: the keys beside the
    turn, each with its values, the one that says nothing first.
    """

    speaker: str
    known: Mapping[str, Sequence[str]]
    told: Sequence[str] = ()
    cues: Mapping[int, str] = field(default_factory=dict)
    keys: str = "turn (what you say)"
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Talk:
    """What all speakers' questions have in common; ``form``: that of the prompt."""

    scenario: Scenario
    shown: Sequence[Demonstration]
    form: str

    def heard(self, answers: Sequence[str], *beside: str) -> tuple[list[Said], str]:
        """What answers of a turn each say, and the fault of the first that is none, or ""."""
        said: list[Said] = []
        for number, (speaker, answer) in enumerate(zip(self.scenario.order, answers, strict=False)):
            told, fault = read_answer(answer, self.keys(speaker, *beside))
            if fault:
                return said, within(fault, f"turn {number + 1}")
            said.append(Said(number, speaker, told))
        return said, ""

    def dialogue(self, said: Sequence[Said], **more: Any) -> Dialogue:
        """The dialogue of what was said, with what was thought before each turn."""
        turns = tuple(Turn(one.speaker, one.answer[TURN]) for one in said)
        told = [(one.number + 1, one.answer.get(THOUGHT, "")) for one in said]
        thoughts = tuple(Thought(number, text) for number, text in told if text)
        return Dialogue(self.scenario, turns, self.shown, thoughts=thoughts, **more)

    def known(self, speaker: str, share: float | None = None) -> dict[str, Sequence[str]]:
        """By the others' letters the first facts of each that a speaker knows, so large a share.

        By default what the common ground lets it know: none, half or all; none where the form of
        the prompt does not tell that.
        """
        if share is None:
            ground = self.scenario.common_ground
            share = 0 if "knowledge" in told_in(self.form, {}) else _SHARE_KNOWN[ground.knows]
        people = zip(self.scenario.speakers, self.scenario.personas, strict=True)
        return {
            letter: persona.facts[: ceil(share * len(persona.facts))]
            for letter, persona in people
            if letter != speaker
        }

    def told(self, share: float | None = None) -> tuple[str, ...]:
        """What the speakers together are told; see ``names_told``, and ``known`` for ``share``."""
        sides = (Side(who, self.known(who, share)) for who in self.scenario.speakers)
        told = (names_told(self.scenario, self._fields(side)) for side in sides)
        return tuple(dict.fromkeys(name for own in told for name in own))

    def keys(self, speaker: str, *beside: str) -> tuple[str, ...]:
        """Those of a speaker's answer: a thought where the speaker's are asked for, the turn, and
        ``beside``."""
        return (*((THOUGHT,) if thinker(self.scenario) == speaker else ()), TURN, *beside)

    def ask(self, side: Side, said: Sequence[Said], number: int) -> Asked:
        """The question for turn ``number``, after ``said`` was said."""
        messages = self.chat(side, said, self._cue(side, number))
        keys = self.keys(side.speaker)
        asked = dict.fromkeys(keys) | dict(side.beside)
        how = {"max_tokens": len(keys) * TURN_TOKENS}
        return Asked(messages, object_of(asked), how, side=self.place(side.speaker))

    def place(self, speaker: str) -> int:
        """A speaker's among the speakers, from 0."""
        return self.scenario.speakers.index(speaker)

    def chat(self, side: Side, said: Sequence[Said], last: str) -> tuple[Message, ...]:
        """All that a speaker was told and heard so far, and what it is told ``last``."""
        names = _called(self.scenario, side.speaker)
        heard = [_rendered(self._fields(side), self.form)]
        messages: list[Message] = []
        for one in said:
            if one.speaker == side.speaker:
                heard.append(self._cue(side, one.number))
                messages += _exchange(heard, one.answer)
                heard = []
            else:
                heard.append(f"{_capital(names[one.speaker])}: {one.answer[TURN]}")
        nothing = tuple((key, values[0]) for key, values in side.beside.items())
        before = _prefix(tuple(self.shown), self.form, nothing)
        return (*before, *messages, Message("user", _joined([*heard, last])))

    def _cue(self, side: Side, number: int) -> str:
        """What is said to a speaker just before a turn: small models forget who they are, where."""
        names = dict(zip(self.scenario.speakers, self.scenario.names, strict=True))
        cue = side.cues.get(number, ANSWER).format(language=self.scenario.language.name)
        return _CUE.format(name=names[side.speaker].removeprefix("speaker "), cue=cue)

    def _fields(self, side: Side) -> dict[str, Any]:
        """What the template of a speaker's side tells."""
        scenario, fields = self.scenario, scenario_fields(self.scenario)
        names = _called(scenario, side.speaker)
        own = scenario.personas[self.place(side.speaker)].facts
        thinks, others = thinker(scenario) == side.speaker, side.known.items()
        told: dict[str, Any] = {
            "me": names[side.speaker],
            "facts": own,
            "others": [{"name": names[letter], "facts": facts} for letter, facts in others],
            "told": (*side.told, *own_lines(scenario, side.speaker)),
            "keys": f"{THOUGHT_KEY}, {side.keys}" if thinks else side.keys,
            "premise": _hidden(scenario.common_ground.premise, scenario, names),
            "relation": _lettered_out(fields["relation"], names),
        }
        return _told_in(self.form, fields | told)


def _exchange(heard: Sequence[str], answer: Mapping[str, str]) -> Iterator[Message]:
    yield Message("user", _joined(heard))
    yield Message("assistant", json.dumps(dict(answer), ensure_ascii=False))


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


@lru_cache(maxsize=64)
def _prefix(
    demonstrations: tuple[Demonstration, ...], form: str, beside: tuple[tuple[str, str], ...]
) -> tuple[Message, ...]:
    """The system message, and each demonstration as its first speaker was asked for it."""
    messages = [Message("system", _SYSTEM.strip())]
    for shown in demonstrations:
        me = shown.turns[0].speaker
        heard = [_view_of(shown, form, me)]
        for number, turn in enumerate(shown.turns):
            if turn.speaker == me:
                cue = ANSWER if number else BEGIN
                heard.append(_CUE.format(name=me, cue=cue.format(language=SOURCE_LANGUAGE)))
                messages += _exchange(heard, {TURN: turn.text, **dict(beside)})
                heard = []
            else:
                heard.append(f"{turn.speaker}: {turn.text}")
    return tuple(messages)


def _view_of(shown: Demonstration, form: str, me: str) -> str:
    fields = demonstration_fields(shown)
    others = [one for one in fields["speakers"] if one["letter"] != me]
    own = next((one["facts"] for one in fields["speakers"] if one["letter"] == me), ())
    told: dict[str, Any] = {
        "me": me,
        "facts": own,
        "others": [{"name": one["letter"], "facts": ()} for one in others],
        "told": (),
        "keys": "as below",
    }
    return _rendered(_told_in(form, fields | told), form)


def _told_in(form: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the template, those empty that this form does not tell a speaker."""
    told = told_in(form, fields) | ({"channel": ""} if form == "short" else {})
    return told | {"speakers": [{"facts": told["facts"]}, *told["others"]]}


def _rendered(fields: Mapping[str, Any], form: str) -> str:
    return template(_VIEW).render(fields, full=form != "short").strip()


def _called(scenario: Scenario, listener: str) -> dict[str, str]:
    """What a speaker calls itself and the others; a stranger's name it does not know."""
    names = {
        letter: name.removeprefix("speaker ")
        for letter, name in zip(scenario.speakers, scenario.names, strict=True)
    }
    if scenario.common_ground.knows == "none" and len(names) == 2:
        return names | {letter: _STRANGER for letter in names if letter != listener}
    return names


def _hidden(text: str, scenario: Scenario, names: Mapping[str, str]) -> str:
    """``text`` with the names that a speaker does not know replaced."""
    for letter, name in zip(scenario.speakers, scenario.names, strict=True):
        if names[letter] == _STRANGER:
            word = rf"\b{re.escape(name)}\b"
            text = re.sub(rf"(\A|[.!?] ){word}", rf"\g<1>{_capital(_STRANGER)}", text)
            text = re.sub(word, _STRANGER, text)
    return text


def _lettered_out(text: str, names: Mapping[str, str]) -> str:
    """ "parent (A) and child (B)" with the names in the place of the letters."""
    for letter, name in names.items():
        text = text.replace(f"({letter})", f"({name})")
    return text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text == _STRANGER else text
