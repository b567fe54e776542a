"""The record schema: one typed row a draft, the same for accepted and rejected ones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from crowdglot import __version__
from crowdglot.critics import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.engines.calls import WRITE, Call, Draft, Key
from crowdglot.engines.chat import MOST_REASON
from crowdglot.engines.engine import Completion, Sampling
from crowdglot.personas.lines import ROW
from crowdglot.printable import MOST_LABEL, label, whole
from crowdglot.scenarios.scenario import GROUND

_text, _whole, _real = pa.string(), pa.int64(), pa.float64()
_moment = pa.timestamp("us", tz="UTC")

# Fields that have the same names in the columns and in our own classes.
_SAMPLING = {
    "temperature": _real, "top_p": _real, "min_p": _real, "repeat_penalty": _real,
    "max_tokens": _whole,
}  # fmt: skip
_CALL = {
    "prompt_hash": _text, "seed": _whole, "engine": _text, "model": _text, "revision": _text,
}  # fmt: skip
_COMPLETION = {
    "text": _text, "finish_reason": _text, "prompt_tokens": _whole, "completion_tokens": _whole,
    "seconds": _real, "prompt_logprob": _real,
}  # fmt: skip
_CALLS = {
    "role": _text, "step": _whole, **_CALL, **_COMPLETION,
    "logprobs": pa.list_(pa.struct({"token": _text, "logprob": _real})),
    "dropped": pa.list_(_text), "created_at": _moment,
}  # fmt: skip
_VERDICT = {"critic": _text, "reason": _text, "evidence": _text, "score": _real}
_PART = {"name": _text, "day": _whole, "turns": _whole}
_MEMORY = {
    "id": _text, "speaker": _text, "kind": _text, "text": _text, "day": _whole,
    "strength": _whole, "recalled": _whole, "forgotten": _whole,
}  # fmt: skip
_DEBATE = {"proposition": _text, "in_favour": _text, "known": pa.bool_()}
_TRAIT = dict.fromkeys(("speaker", *ROW), _text)
_SCENE = dict.fromkeys(("speaker", "emotion"), _text)
_THOUGHT = {"turn": _whole, "text": _text}
_PERSONA = {"speaker": _text, "name": _text, "id": _text, "facts": pa.list_(_text)}
_MOST_NAME = 1000  # characters of an engine's kind, a revision
_LABELS = {"model": MOST_LABEL, "finish_reason": MOST_REASON}

SCHEMA = pa.schema(
    {
        "id": _text,
        "index": _whole,
        "language": _text,
        "speech_event": _text,
        "common_ground": pa.struct(dict.fromkeys(GROUND, _text)),
        "personas": pa.list_(pa.struct(_PERSONA)),
        "turns": pa.list_(pa.struct({"speaker": _text, "text": _text})),
        "ended": _text,
        "parts": pa.list_(pa.struct(_PART)),
        "memories": pa.list_(pa.struct(_MEMORY | {"turns": pa.list_(_whole)})),
        "debate": pa.struct(_DEBATE),
        "traits": pa.list_(pa.struct(_TRAIT)),
        "scene": pa.struct(_SCENE),
        "thoughts": pa.list_(pa.struct(_THOUGHT)),
        "told": pa.list_(_text),
        "messages": pa.list_(pa.struct({"role": _text, "content": _text})),
        "model": _text,
        "seed": _whole,
        "attempt": _whole,
        "sampling": pa.struct(_SAMPLING),
        "demonstrations": pa.list_(_text),
        "prompt_tokens": _whole,
        "completion_tokens": _whole,
        "seconds": _real,
        "calls": pa.list_(pa.struct(_CALLS)),
        "reason": _text,
        "verdicts": pa.list_(pa.struct(_VERDICT)),
        "created_at": _moment,
        "crowdglot_version": _text,
    }
)


def to_row(
    draft: Draft, dialogue: Dialogue, sampling: Sampling, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """The row of one draft, for ``SCHEMA``.

    ``reason`` is "" for one that passes, else "critic.reason" of the first critic that rejects it.
    """
    scenario, ground = dialogue.scenario, dialogue.scenario.common_ground
    failed = next((verdict for verdict in verdicts if verdict.reason is not None), None)
    reason = f"{failed.critic}.{failed.reason}" if failed else ""
    calls = [_call_fields(call) for call in draft.calls]
    return {
        "id": scenario.id,
        "index": draft.index,
        "language": scenario.language.tag,
        "speech_event": scenario.event.name,
        "common_ground": {name: getattr(ground, name) for name in GROUND},
        "personas": [
            {"speaker": speaker, "name": name, "id": persona.id, "facts": list(persona.facts)}
            for speaker, name, persona in zip(
                scenario.speakers, scenario.names, scenario.personas, strict=True
            )
        ],
        "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in dialogue.turns],
        "ended": dialogue.ended or None,
        "parts": [_fields(part, _PART) for part in dialogue.parts] or None,
        "memories": [
            _fields(one, _MEMORY) | {"turns": list(one.turns)} for one in dialogue.memories
        ]
        or None,
        "debate": _fields(scenario.debate, _DEBATE) if scenario.debate else None,
        "traits": [
            {"speaker": speaker} | _fields(trait, ROW)
            for speaker, persona in zip(scenario.speakers, scenario.personas, strict=True)
            for trait in persona.traits
        ]
        or None,
        "scene": _fields(scenario.scene, _SCENE) if scenario.scene else None,
        "thoughts": [_fields(one, _THOUGHT) for one in dialogue.thoughts] or None,
        "told": None if dialogue.told is None else list(dialogue.told),
        "messages": _messages(dialogue),
        "model": calls[0]["model"],
        "seed": calls[0]["seed"],
        "attempt": draft.attempt,
        "sampling": {name: getattr(sampling, name) for name in _SAMPLING},
        "demonstrations": [shown.id for shown in dialogue.demonstrations],
        "prompt_tokens": sum([call["prompt_tokens"] for call in calls]),
        "completion_tokens": sum([call["completion_tokens"] for call in calls]),
        "seconds": sum([call["seconds"] for call in calls]),
        "calls": calls,
        "reason": reason,
        "verdicts": [
            {"critic": v.critic, "reason": v.reason, "evidence": v.evidence, "score": v.score}
            for v in verdicts
        ],
        "created_at": calls[-1]["created_at"],
        "crowdglot_version": __version__,
    }


def _fields(told: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(told, name) for name in names}


def _call_fields(call: Call) -> dict[str, Any]:
    # Cleaned once more: a journal may be of a version that did not clean what servers say.
    made = call.completion
    return {
        "role": call.key.role,
        "step": call.key.step,
        **{name: _kept(name, getattr(call, name)) for name in _CALL},
        **{name: _kept(name, getattr(made, name)) for name in _COMPLETION},
        "logprobs": [{"token": whole(token), "logprob": value} for token, value in made.logprobs],
        "dropped": [whole(name) for name in made.dropped],
        "created_at": datetime.fromtimestamp(call.created_at, UTC),
    }


def _kept(name: str, value: Any) -> Any:
    """A value as a file can hold it, and short where the server chose what it says."""
    if not isinstance(value, str):
        return value
    if name in _LABELS:
        return label(value, _LABELS[name])
    return whole(value if name == "text" else value[:_MOST_NAME])


def to_calls(row: Mapping[str, Any]) -> list[Call]:
    """The calls behind a row, to judge it anew: columns "index", "attempt" and "calls"."""
    return [
        Call(
            key=Key(row["index"], row["attempt"], one["role"], one["step"]),
            completion=Completion(
                **{name: one[name] for name in _COMPLETION},
                logprobs=tuple((told["token"], told["logprob"]) for told in one["logprobs"]),
                dropped=tuple(one["dropped"] or ()),
            ),
            created_at=one["created_at"].timestamp(),
            **{name: one[name] for name in _CALL},
        )
        for one in row["calls"]
    ]


def as_rejected(rows: pa.Table) -> pa.Table:
    """Rows that are not kept: the reason of one that passes is that another was."""
    reasons = [reason or "surplus" for reason in rows["reason"].to_pylist()]
    at = SCHEMA.get_field_index("reason")
    return rows.set_column(at, SCHEMA.field(at), pa.array(reasons, _text))


def draft_text(row: Mapping[str, Any]) -> str:
    """What the model wrote last for a row, as it came: column "calls"; "" without it."""
    written = [call["text"] for call in row.get("calls") or () if call["role"] == WRITE]
    return written[-1] if written else ""


def _messages(dialogue: Dialogue) -> list[dict[str, str]]:
    """The turns as fine-tuning tools read them: A asks, B answers; none for larger groups."""
    if len(dialogue.scenario.speakers) != 2:
        return []
    roles = {"A": "user", "B": "assistant"}
    return [{"role": roles[turn.speaker], "content": turn.text} for turn in dialogue.turns]
