"""The prompt: scenario and demonstrations in, chat messages and answer schema out.

Two Jinja templates in this folder hold the whole text of a form. The demonstrations are earlier
exchanges in the source language; only the last request names the target language. A prompt holds in
the target language its name, names of speakers and places, and the pack's one line that orders the
language, but never a dialogue.

The form "full" tells all that is planned. The form "short" tells the situation alone, in plain
words where the event has them, calls the speakers A and B, and shows demonstrations of as many
turns as are asked for: a small model recites what it is told of personas, narrates a premise that
names its people, and mixes them up. Where a turn calls a speaker by the letter, the name is put
there (see ``letters``). Three more forms are the full one without the speech event, without the
common ground, or without both, to measure what each is worth.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.message import Message
from crowdglot.dialogues.prompt.letters import lettered
from crowdglot.dialogues.scene import THINKS, scene_lines, thinker
from crowdglot.scenarios.event import read_event
from crowdglot.scenarios.scenario import GROUND, Scenario

SOURCE_LANGUAGE = "English"
_PARTS = ("system", "request")
_FOLDER = Path(__file__).parent
# By form the text of the system message, and the template of a request.
FORMS = {
    form: tuple((_FOLDER / f"{prefix}{name}.jinja").read_text("utf-8") for name in _PARTS)
    for form, prefix in (("full", ""), ("short", "short_"))
}
# By the name that a row has for a part of the plan the field of the templates that tells it.
PARTS = {"personas": "speakers", "speech_event": "title"} | {
    name: "knowledge" if name == "knows" else name for name in GROUND if name != "region"
}
# By form the fields that it leaves empty, and how its system message names what it tells. The form
# of address follows from the common ground.
_EVENT = ("title", "definition", "tone")
_SHARED = ("knowledge", "place", "time", "communal", "personal")
_GROUND = ("relation", "channel", "premise", "address", *_SHARED)
_WITHOUT: dict[str, tuple[tuple[str, ...], str]] = {
    "personas": ((*_EVENT, *_GROUND), "a language and the speakers."),
    "personas_and_event": (_GROUND, "a language, the speakers and the kind of talk."),
    "personas_and_ground": (_EVENT, "a language, the speakers and the situation."),
}
_SHORT = ("speakers", "facts", *_EVENT, *_SHARED)
_ALL_TOLD = "a language, the speakers, the kind of talk and the situation."
FORMS |= {
    form: (FORMS["full"][0].replace(_ALL_TOLD, told), FORMS["full"][1])
    for form, (_, told) in _WITHOUT.items()
}
# The relations that the prompt does not call by their names.
_RELATIONS = {
    "strangers": "strangers who have never met",
    "parent_and_child": "parent (A) and child (B)",
    "couple": "a couple",
    "client_and_provider": "client (A) and provider (B)",
}
# How they talk, where the short form says it in a sentence.
_CHANNELS = {"phone": "on the phone", "chat": "in a chat", "video call": "in a video call"}
_KNOWLEDGE = {
    "none": "They know nothing of each other yet.",
    "some": "They know a little of each other.",
    "most": "They know each other well: nobody introduces themselves or explains what both know.",
}
_FORMAL = frozenset({"strangers", "acquaintances", "client_and_provider", "neighbours"})


@lru_cache(maxsize=64)
def template(text: str) -> Template:
    """A prompt's template; a field that it names and that is not given is an error."""
    # Nothing here becomes HTML: the text goes to a model, so escaping would only corrupt it.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    return environment.from_string(text)


def template_hash(form: str = "full") -> str:
    """The first 16 hexadecimal digits of the SHA-256 of both templates of a form."""
    return text_hash(FORMS[form])


def prompt_hash(messages: Sequence[Message]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a prompt's roles and contents."""
    return text_hash(part for message in messages for part in (message.role, message.content))


def text_hash(parts: Iterable[str]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of texts."""
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@lru_cache(maxsize=4096)
def turn_keys(order: str, thinker: str = "") -> Sequence[str]:
    """The keys of the answer, one a turn: "ABA" becomes A1, B1, A2.

    Before each turn of the ``thinker`` comes the key of a thought: A1_thinks.
    """
    keys = [f"{speaker}{order[: at + 1].count(speaker)}" for at, speaker in enumerate(order)]
    return [
        key
        for turn in keys
        for key in ((f"{turn}{THINKS}", turn) if turn[0] == thinker else (turn,))
    ]


@lru_cache(maxsize=4096)
def answer_schema(order: str, thinker: str = "") -> Mapping[str, Any]:
    """A JSON schema with one required string a key, which also fixes the speakers' order."""
    return object_of(dict.fromkeys(turn_keys(order, thinker)))


def object_of(keys: Mapping[str, Sequence[str] | None]) -> dict[str, Any]:
    """The JSON schema of an object of texts; of each key the values it may have, None for any."""
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            key: text if of is None else text | {"enum": [*of]} for key, of in keys.items()
        },
        "required": [*keys],
        "additionalProperties": False,
    }


def render(
    scenario: Scenario, demonstrations: Sequence[Demonstration] = (), form: str = "full"
) -> tuple[Message, ...]:
    """The chat: system line, k demonstrations as earlier exchanges, then the request.

    ``form``: see ``FORMS``. All messages but the last are the same for scenarios with the same
    demonstrations (and in the short form as many turns), so an engine with a prefix cache reads
    them once.
    """
    turns = len(scenario.order) if form == "short" else None
    return (*_prefix(tuple(demonstrations), form, turns), request(scenario, form))


def request(
    scenario: Scenario, form: str = "full", *, thinking: bool = True, **changed: str
) -> Message:
    """The request for a scenario, with other texts for the template's fields ``changed``.

    ``thinking``: whether a character's thoughts are asked for beside the turns.
    """
    fields = told_in(form, scenario_fields(scenario) | changed)
    if form == "short":
        fields["premise"] = lettered(fields["premise"], scenario.names)
        fields["channel"] = _CHANNELS.get(fields["channel"], fields["channel"])
    if thinking:
        fields["keys"] = turn_keys(scenario.order, thinker(scenario))
    lines = scene_lines(scenario, thinking=thinking)
    fields["instruction"] = "\n".join((*lines, fields["instruction"]))
    return _ask(fields, form)


def told_of(scenario: Scenario, form: str) -> tuple[str, ...]:
    """What a request of this form tells of a scenario; see ``names_told``."""
    return names_told(scenario, told_in(form, scenario_fields(scenario)))


def names_told(scenario: Scenario, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """What a template tells of a scenario by these ``fields``, as a row names it.

    Those of ``PARTS`` that it tells, "personas" for anybody's facts; then "words" and "scene",
    which every form tells where the scenario has any.
    """
    personas = any(one["facts"] for one in fields["speakers"])
    told = {name: fields[field] for name, field in PARTS.items()} | {"personas": personas}
    told |= {"words": any(one.words for one in scenario.personas), "scene": scenario.scene}
    return tuple(name for name, there in told.items() if there)


@lru_cache(maxsize=64)
def _prefix(
    demonstrations: tuple[Demonstration, ...], form: str, turns: int | None
) -> tuple[Message, ...]:
    messages = [Message("system", FORMS[form][0].strip())]
    for whole in demonstrations:
        demonstration = replace(whole, turns=whole.turns[:turns])
        fields = demonstration_fields(demonstration)
        texts = [turn.text for turn in demonstration.turns]
        answer = dict(zip(fields["keys"], texts, strict=True))
        messages += [
            _ask(fields, form),
            Message("assistant", json.dumps(answer, ensure_ascii=False)),
        ]
    return tuple(messages)


def _ask(fields: dict[str, Any], form: str) -> Message:
    return Message("user", template(FORMS[form][1]).render(told_in(form, fields)).strip())


def told_in(form: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a template, those empty that this form does not tell."""
    untold = _SHORT if form == "short" else _WITHOUT.get(form, ((),))[0]
    return {**fields, **dict.fromkeys(untold, "")}


def scenario_fields(scenario: Scenario) -> dict[str, Any]:
    """All that the templates may tell of a scenario."""
    language, event, ground = scenario.language, scenario.event, scenario.common_ground
    own = "" if language.autonym == language.name else f" ({language.autonym})"
    address, instruction = "", f"Write every turn in {language.name}{own}."
    if pack := language.pack:
        address = pack.address.formal if ground.relation in _FORMAL else pack.address.familiar
        instruction = pack.instruction
    people = zip(scenario.speakers, scenario.names, scenario.personas, strict=True)
    return {name: getattr(ground, name) for name in GROUND} | {
        "language": language.name + own,
        "title": event.title,
        "definition": event.definition,
        "tone": event.tone,
        "speakers": [
            {"letter": letter, "name": name.removeprefix(f"speaker {letter}"), "facts": who.facts}
            for letter, name, who in people
        ],
        "relation": _RELATIONS.get(ground.relation, ground.relation),
        "knowledge": _KNOWLEDGE[ground.knows],
        "address": address,
        "keys": turn_keys(scenario.order),
        "instruction": instruction,
    }


def demonstration_fields(demonstration: Demonstration) -> dict[str, Any]:
    """The same for a demonstration; empty where it does not say."""
    return {
        **dict.fromkeys(
            ("definition", "tone", "relation", "address", "instruction", "channel"), ""
        ),
        "language": SOURCE_LANGUAGE,
        "title": read_event(demonstration.event).title if demonstration.event else "",
        "speakers": [
            {"letter": letter, "name": "", "facts": persona.facts if persona else ()}
            for letter, persona in zip("ABCD", demonstration.personas, strict=False)
        ],
        "premise": demonstration.premise,
        "keys": turn_keys("".join(turn.speaker for turn in demonstration.turns)),
    }
