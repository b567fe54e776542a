"""The contract of an engine: what is asked of a language model, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from crowdglot.dialogues.message import Message, Role

__all__ = ["Completion", "Engine", "Message", "Request", "Role", "Sampling"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. ``max_tokens``: tokens of the answer, at most."""

    temperature: float = 0.8
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.1
    max_tokens: int = 768


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model.

    ``schema``: the JSON schema that the answer shall follow, empty for plain text. ``logprobs``:
    how many of the likeliest first tokens to tell; 0 for none. ``scored``: whether to tell, in
    place of an answer, how likely the messages are: each is a text of its own, read as it is
    without a chat template, of which every line ends with a line break. ``side``: a hint which
    earlier requests this one continues, and no part of the question: those of the same side.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    sampling: Sampling
    seed: int
    logprobs: int = 0
    scored: bool = False
    side: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer, as the model gave it.

    ``finish_reason``: "stop", or "length" where ``max_tokens`` cut it. Token counts are the
    server's own; 0 where it gives none. ``seconds``: from the request to the last token.
    ``logprobs``: the likeliest first tokens with their natural-log probabilities, the likeliest
    first, before the schema and the sampling change them; empty where the engine gives none. Where
    the request is ``scored``: each line but the first of each message, with the mean natural-log
    probability of its tokens, each after those before it. ``prompt_logprob``: that of all these
    lines together; None where it was not asked for, or the engine does not give it.
    ``dropped``: fields of the request that the server does not take, so that it was asked without;
    "system" where the system message went to the head of the user's.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    logprobs: tuple[tuple[str, float], ...] = ()
    prompt_logprob: float | None = None
    dropped: tuple[str, ...] = ()


class Engine(Protocol):
    """A language model behind one awaitable call.

    ``kind``: its key in the recipe. ``model`` and ``revision`` go into every row; ``revision`` is
    "" where the server does not tell. ``concurrency``: how many calls it takes at a time.
    ``complete`` raises EngineUnavailable when the same call may work later (after its own
    retries), RequestRefused when this call never will, and EngineError when none will. A refusal
    in words, or bad JSON, is a Completion.
    """

    kind: str
    model: str
    revision: str
    concurrency: int

    async def complete(self, request: Request) -> Completion:
        """Ask once; safe to call ``concurrency`` times at once and to cancel."""
        ...

    async def __aenter__(self) -> Self:
        """Load the model, or check that the server answers."""
        ...

    async def __aexit__(self, *error: object) -> None:
        """Free the model or close the connections."""
        ...
