"""Requests for tests."""

from collections.abc import Sequence

from crowdglot.engines.engine import Message, Request, Sampling

SYSTEM = Message("system", "You write short dialogues as JSON. Each turn is one short sentence.")
DEMONSTRATION = (
    Message("user", "Write 2 turns about the garden."),
    Message("assistant", '{"A1": "My tomatoes want rain.", "B1": "Mine too, and so do I."}'),
)


def question(
    topic: str = "a lost key",
    *,
    keys: Sequence[str] = ("A1", "B1"),
    seed: int = 1,
    max_tokens: int = 160,
) -> Request:
    """A request as the pipeline makes them, only smaller: each turn is at most 16 characters."""
    schema = {
        "type": "object",
        "properties": {key: {"type": "string", "maxLength": 16} for key in keys},
        "required": list(keys),
        "additionalProperties": False,
    }
    asked = Message("user", f"Write {len(keys)} turns about {topic}.")
    sampling = Sampling(max_tokens=max_tokens)
    return Request((SYSTEM, *DEMONSTRATION, asked), schema, sampling, seed)
