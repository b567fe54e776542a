"""The record schema: one typed row a draft, the same for accepted and rejected ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from crowdglot import __version__
from crowdglot.critics import CRITICS, Verdict
from crowdglot.dialogues.dialogue import Dialogue
from crowdglot.engines.engine import Completion, Sampling

_text, _whole, _real = pa.string(), pa.int64(), pa.float64()

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
        ("engine", _text),
        ("model", _text),
        ("model_revision", _text),
        (
            "sampling",
            pa.struct(
                [
                    ("temperature", _real), ("top_p", _real), ("min_p", _real),
                    ("repeat_penalty", _real), ("max_tokens", _whole),
                ]
            ),
        ),
        ("seed", _whole),
        ("attempt", _whole),
        ("demonstrations", pa.list_(_text)),
        ("prompt_hash", _text),
        ("prompt_tokens", _whole),
        ("completion_tokens", _whole),
        ("seconds", _real),
        ("finish_reason", _text),
        ("draft", _text),
        ("scores", pa.struct([(name, _real) for name in CRITICS])),
        ("reason", _text),
        (
            "rejections",
            pa.list_(pa.struct([("critic", _text), ("reason", _text), ("evidence", _text)])),
        ),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("crowdglot_version", _text),
    ]
)  # fmt: skip

_GROUND, _SAMPLING = (
    tuple(field.name for field in SCHEMA.field(name).type) for name in ("common_ground", "sampling")
)

SURPLUS = "surplus"
# The finish reason of a question that the engine refused; its text is the engine's sentence.
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One completion that was paid for: which question, and the raw answer.

    ``created_at``: seconds since the epoch. ``engine``, ``model``, ``revision``: who answered.
    ``prompt_hash``: of the prompt as it was sent.
    """

    index: int
    attempt: int
    seed: int
    engine: str
    model: str
    revision: str
    completion: Completion
    created_at: float
    prompt_hash: str = ""


def to_row(
    entry: Entry, dialogue: Dialogue, sampling: Sampling, verdicts: Sequence[Verdict], *, keep: bool
) -> dict[str, Any]:
    """The row of one draft, for ``SCHEMA``.

    ``keep``: whether the plan takes it. ``reason`` is "" for a row that is kept, the first
    critic's "critic.reason" for one that fails, and "surplus" for one that passes but whose
    place is taken, as happens when critics are changed afterwards.
    """
    scenario, ground = dialogue.scenario, dialogue.scenario.common_ground
    failed = [verdict for verdict in verdicts if not verdict.passed]
    reason = f"{failed[0].critic}.{failed[0].reason}" if failed else "" if keep else SURPLUS
    return {
        "id": scenario.id,
        "index": entry.index,
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
        "engine": entry.engine,
        "model": entry.model,
        "model_revision": entry.revision,
        "sampling": {name: getattr(sampling, name) for name in _SAMPLING},
        "seed": entry.seed,
        "attempt": entry.attempt,
        "demonstrations": [shown.id for shown in dialogue.demonstrations],
        "prompt_hash": entry.prompt_hash,
        "prompt_tokens": entry.completion.prompt_tokens,
        "completion_tokens": entry.completion.completion_tokens,
        "seconds": entry.completion.seconds,
        "finish_reason": entry.completion.finish_reason,
        "draft": entry.completion.text,
        "scores": {verdict.critic: verdict.score for verdict in verdicts},
        "reason": reason,
        "rejections": [
            {"critic": v.critic, "reason": v.reason, "evidence": v.evidence} for v in failed
        ],
        "created_at": datetime.fromtimestamp(entry.created_at, UTC),
        "crowdglot_version": __version__,
    }


def to_entry(row: dict[str, Any]) -> Entry:
    """The completion behind a row, to judge it anew."""
    return Entry(
        index=row["index"],
        attempt=row["attempt"],
        seed=row["seed"],
        engine=row["engine"],
        model=row["model"],
        revision=row["model_revision"],
        completion=Completion(
            text=row["draft"],
            finish_reason=row["finish_reason"],
            prompt_tokens=row["prompt_tokens"],
            completion_tokens=row["completion_tokens"],
            seconds=row["seconds"],
        ),
        created_at=row["created_at"].timestamp(),
        prompt_hash=row["prompt_hash"],
    )


def _messages(dialogue: Dialogue) -> list[dict[str, str]]:
    """The turns as fine-tuning tools read them: A asks, B answers; none for larger groups."""
    if len(dialogue.scenario.speakers) != 2:
        return []
    roles = {"A": "user", "B": "assistant"}
    return [{"role": roles[turn.speaker], "content": turn.text} for turn in dialogue.turns]
