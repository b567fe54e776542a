"""The prompt: scenario and demonstrations in, chat messages and answer schema out.

Two Jinja templates beside this file are its whole text. The demonstrations stand as earlier
exchanges in the source language; only the last request names the target language. What is
written in the target language is its name, the speakers' names and places, and the pack's one
line that orders the language; never a dialogue.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from crowdglot.dialogues.dialogue import Demonstration
from crowdglot.dialogues.message import Message
from crowdglot.scenarios.event import read_event
from crowdglot.scenarios.scenario import Scenario

SOURCE_LANGUAGE = "English"
_FOLDER = Path(__file__).parent
_RELATIONS = {
    "strangers": "strangers who have never met",
    "acquaintances": "acquaintances",
    "colleagues": "colleagues",
    "classmates": "classmates",
    "neighbours": "neighbours",
    "friends": "friends",
    "siblings": "siblings",
    "parent_and_child": "parent (A) and child (B)",
    "couple": "a couple",
    "client_and_provider": "client (A) and provider (B)",
}
_KNOWLEDGE = {
    "none": "They know nothing of each other yet.",
    "some": "They know a little of each other.",
    "most": "They know each other well: nobody introduces themselves or explains what both know.",
}
_FORMAL = frozenset({"strangers", "acquaintances", "client_and_provider", "neighbours"})


@lru_cache(maxsize=1)
def _templates() -> dict[str, str]:
    return {name: (_FOLDER / f"{name}.jinja").read_text("utf-8") for name in ("system", "request")}


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    # Nothing here becomes HTML: the text goes to a model, so escaping would only corrupt it.
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@lru_cache(maxsize=1)
def template_hash() -> str:
    """The first 16 hexadecimal digits of the SHA-256 of both templates."""
    return _digits(_templates().values())


def prompt_hash(messages: Sequence[Message]) -> str:
    """The same of all roles and contents of a prompt: equal for equal prompts."""
    return _digits(part for message in messages for part in (message.role, message.content))


def _digits(parts: Iterable[str]) -> str:
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@lru_cache(maxsize=4096)
def turn_keys(order: str) -> Sequence[str]:
    """The keys of the answer, one a turn: "ABA" becomes A1, B1, A2."""
    return [f"{speaker}{order[: at + 1].count(speaker)}" for at, speaker in enumerate(order)]


@lru_cache(maxsize=4096)
def answer_schema(order: str) -> Mapping[str, Any]:
    """A JSON schema with one required string a turn, so that speakers alternate by construction."""
    keys = list(turn_keys(order))
    return {
        "type": "object",
        "properties": {key: {"type": "string"} for key in keys},
        "required": keys,
        "additionalProperties": False,
    }


def render(scenario: Scenario, demonstrations: Sequence[Demonstration] = ()) -> tuple[Message, ...]:
    """The chat: system line, k demonstrations as earlier exchanges, then the request.

    Everything before the last message is the same for scenarios with the same demonstrations, so
    an engine with a prefix cache reads it once.
    """
    return (*_prefix(tuple(demonstrations)), Message("user", _ask(_scenario_fields(scenario))))


@lru_cache(maxsize=64)
def _prefix(demonstrations: tuple[Demonstration, ...]) -> tuple[Message, ...]:
    messages = [Message("system", _templates()["system"].strip())]
    for demonstration in demonstrations:
        messages.append(Message("user", _ask(_demonstration_fields(demonstration))))
        messages.append(Message("assistant", _answer(demonstration)))
    return tuple(messages)


@lru_cache(maxsize=1)
def _request_template() -> Any:
    return _environment().from_string(_templates()["request"])


def _ask(fields: dict[str, Any]) -> str:
    return str(_request_template().render(fields)).strip()


def _answer(demonstration: Demonstration) -> str:
    keys = turn_keys("".join(turn.speaker for turn in demonstration.turns))
    texts = [turn.text for turn in demonstration.turns]
    return json.dumps(dict(zip(keys, texts, strict=True)), ensure_ascii=False)


def _scenario_fields(scenario: Scenario) -> dict[str, Any]:
    language, event, ground = scenario.language, scenario.event, scenario.common_ground
    pack = language.pack
    address = ""
    if pack:
        address = pack.address.formal if ground.relation in _FORMAL else pack.address.familiar
    named = language.name if language.autonym == language.name else (
        f"{language.name} ({language.autonym})"
    )  # fmt: skip
    return {
        "language": named,
        "title": event.title,
        "definition": event.definition,
        "tone": event.tone,
        "speakers": list(_speakers(scenario)),
        "relation": _RELATIONS[ground.relation],
        "knowledge": _KNOWLEDGE[ground.knows],
        "place": ground.place,
        "time": ground.time,
        "channel": ground.channel,
        "communal": ground.communal,
        "personal": ground.personal,
        "premise": ground.premise,
        "address": address,
        "keys": turn_keys(scenario.order),
        "instruction": pack.instruction if pack else f"Write every turn in {named}.",
    }


def _speakers(scenario: Scenario) -> Iterator[dict[str, Any]]:
    for letter, name, persona in zip(
        scenario.speakers, scenario.names, scenario.personas, strict=True
    ):
        known = "" if name.startswith("speaker ") else name
        yield {"letter": letter, "name": known, "facts": persona.facts}


def _demonstration_fields(demonstration: Demonstration) -> dict[str, Any]:
    event = read_event(demonstration.event) if demonstration.event else None
    order = "".join(turn.speaker for turn in demonstration.turns)
    speakers = [
        {"letter": letter, "name": "", "facts": persona.facts if persona else ()}
        for letter, persona in zip("ABCD", demonstration.personas, strict=False)
    ]
    return {
        "language": SOURCE_LANGUAGE,
        "title": event.title if event else "",
        "definition": "",
        "tone": "",
        "speakers": speakers,
        "relation": "",
        "premise": demonstration.premise,
        "address": "",
        "keys": turn_keys(order),
        "instruction": "",
    }
