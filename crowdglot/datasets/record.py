"""The record schema: one typed row a draft, the same for accepted and rejected ones."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from crowdglot import __version__
from crowdglot.critics import Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.engines.calls import WRITE, Call, Draft, Key
from crowdglot.engines.engine import Completion, Sampling

_text, _whole, _real = pa.string(), pa.int64(), pa.float64()
_moment = pa.timestamp("us", tz="UTC")

SCHEMA = pa.schema(
    [
        ("id", _text),
        ("index", _whole),
        ("language", _text),
        ("speech_event", _text),
        (
            "common_ground",
            pa.struct(
                [
                    (name, _text)
                    for name in (
                        "relation", "place", "time", "channel", "region", "communal", "personal",
                        "premise", "knows",
                    )
                ]
            ),
        ),
        (
            "personas",
            pa.list_(
                pa.struct(
                    [("speaker", _text), ("name", _text), ("id", _text), ("facts", pa.list_(_text))]
                )
            ),
        ),
        ("turns", pa.list_(pa.struct([("speaker", _text), ("text", _text)]))),
        ("messages", pa.list_(pa.struct([("role", _text), ("content", _text)]))),
        ("model", _text),
        ("seed", _whole),
        ("attempt", _whole),
        (
            "sampling",
            pa.struct(
                [
                    ("temperature", _real), ("top_p", _real), ("min_p", _real),
                    ("repeat_penalty", _real), ("max_tokens", _whole),
                ]
            ),
        ),
        ("demonstrations", pa.list_(_text)),
        ("prompt_tokens", _whole),
        ("completion_tokens", _whole),
        ("seconds", _real),
        (
            "calls",
            pa.list_(
                pa.struct(
                    [
                        ("role", _text), ("step", _whole), ("prompt_hash", _text), ("seed", _whole),
                        ("engine", _text), ("model", _text), ("revision", _text),
                        ("text", _text), ("finish_reason", _text), ("prompt_tokens", _whole),
                        ("completion_tokens", _whole), ("seconds", _real),
                        (
                            "logprobs",
                            pa.list_(pa.struct([("token", _text), ("logprob", _real)])),
                        ),
                        ("created_at", _moment),
                    ]
                )
            ),
        ),
        ("reason", _text),
        (
            "verdicts",
            pa.list_(
                pa.struct(
                    [
                        ("critic", _text), ("reason", _text), ("evidence", _text),
                        ("score", _real),
                    ]
                )
            ),
        ),
        ("created_at", _moment),
        ("crowdglot_version", _text),
    ]
)  # fmt: skip

_GROUND, _SAMPLING = (
    tuple(field.name for field in SCHEMA.field(name).type) for name in ("common_ground", "sampling")
)

SURPLUS = "surplus"


def to_row(
    draft: Draft, dialogue: Dialogue, sampling: Sampling, verdicts: Sequence[Verdict], *, keep: bool
) -> dict[str, Any]:
    """The row of one draft, for ``SCHEMA``.

    ``keep``: whether the plan takes it. ``reason`` is "" for a row that is kept, the first
    critic's "critic.reason" for one that fails, and "surplus" for one that passes but whose
    place is taken, as happens when critics are changed afterwards.
    """
    scenario, ground = dialogue.scenario, dialogue.scenario.common_ground
    failed = next((verdict for verdict in verdicts if not verdict.passed), None)
    reason = f"{failed.critic}.{failed.reason}" if failed else "" if keep else SURPLUS
    made = [call.completion for call in draft.calls]
    return {
        "id": scenario.id,
        "index": draft.index,
        "language": scenario.language.tag,
        "speech_event": scenario.event.name,
        "common_ground": {name: getattr(ground, name) for name in _GROUND},
        "personas": [
            {"speaker": speaker, "name": name, "id": persona.id, "facts": list(persona.facts)}
            for speaker, name, persona in zip(
                scenario.speakers, scenario.names, scenario.personas, strict=True
            )
        ],
        "turns": [{"speaker": turn.speaker, "text": turn.text} for turn in dialogue.turns],
        "messages": _messages(dialogue),
        "model": draft.calls[0].model,
        "seed": draft.calls[0].seed,
        "attempt": draft.attempt,
        "sampling": {name: getattr(sampling, name) for name in _SAMPLING},
        "demonstrations": [shown.id for shown in dialogue.demonstrations],
        "prompt_tokens": sum(one.prompt_tokens for one in made),
        "completion_tokens": sum(one.completion_tokens for one in made),
        "seconds": sum(one.seconds for one in made),
        "calls": [_call_fields(call) for call in draft.calls],
        "reason": reason,
        "verdicts": [
            {"critic": v.critic, "reason": v.reason, "evidence": v.evidence, "score": v.score}
            for v in verdicts
        ],
        "created_at": _moment_of(draft.calls[-1]),
        "crowdglot_version": __version__,
    }


def _call_fields(call: Call) -> dict[str, Any]:
    made = call.completion
    return {
        "role": call.key.role,
        "step": call.key.step,
        "prompt_hash": call.prompt_hash,
        "seed": call.seed,
        "engine": call.engine,
        "model": call.model,
        "revision": call.revision,
        "text": made.text,
        "finish_reason": made.finish_reason,
        "prompt_tokens": made.prompt_tokens,
        "completion_tokens": made.completion_tokens,
        "seconds": made.seconds,
        "logprobs": [{"token": token, "logprob": value} for token, value in made.logprobs],
        "created_at": _moment_of(call),
    }


def _moment_of(call: Call) -> datetime:
    return datetime.fromtimestamp(call.created_at, UTC)


def to_calls(row: Mapping[str, Any]) -> list[Call]:
    """The calls behind a row, to judge it anew: columns "index", "attempt" and "calls"."""
    return [
        Call(
            key=Key(row["index"], row["attempt"], one["role"], one["step"]),
            prompt_hash=one["prompt_hash"],
            seed=one["seed"],
            engine=one["engine"],
            model=one["model"],
            revision=one["revision"],
            completion=Completion(
                text=one["text"],
                finish_reason=one["finish_reason"],
                prompt_tokens=one["prompt_tokens"],
                completion_tokens=one["completion_tokens"],
                seconds=one["seconds"],
                logprobs=tuple((told["token"], told["logprob"]) for told in one["logprobs"]),
            ),
            created_at=one["created_at"].timestamp(),
        )
        for one in row["calls"]
    ]


def draft_text(row: Mapping[str, Any]) -> str:
    """What the model wrote last for a row, as it came: column "calls"."""
    written = [call["text"] for call in row["calls"] or () if call["role"] == WRITE]
    return written[-1] if written else ""


def _messages(dialogue: Dialogue) -> list[dict[str, str]]:
    """The turns as fine-tuning tools read them: A asks, B answers; none for larger groups."""
    if len(dialogue.scenario.speakers) != 2:
        return []
    roles = {"A": "user", "B": "assistant"}
    return [{"role": roles[turn.speaker], "content": turn.text} for turn in dialogue.turns]
