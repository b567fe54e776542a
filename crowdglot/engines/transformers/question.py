"""One request as the batch sees it: what is drawn for it so far, and its answer."""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy

from crowdglot.draws import Draws
from crowdglot.engines.engine import Sampling
from crowdglot.engines.transformers.chat import Prompt
from crowdglot.engines.transformers.sampling import WINDOW


@dataclass(slots=True, eq=False)
class Question:
    """``matcher``: see ``Grammars``; ``most``: tokens of the answer; ``logprobs``: how many of the
    likeliest first tokens to tell.

    ``answer``: the finish reason, once ``tokens`` are complete; it may be cancelled at any time.
    ``first``: the likeliest first tokens with their log-probabilities.
    """

    prompt: Prompt
    sampling: Sampling
    seed: int
    matcher: Any
    most: int
    logprobs: int = 0
    answer: Future[str] = field(default_factory=Future)
    tokens: list[int] = field(default_factory=list)
    first: tuple[tuple[int, float], ...] = ()
    draws: Draws = field(init=False)
    recent: Any = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """From the first token on, also after a batch that was given up."""
        self.tokens.clear()
        self.draws = Draws(self.seed, "crowdglot.engines.transformers.engine")
        self.recent = numpy.resize(numpy.array(self.prompt.tokens[-WINDOW:]), WINDOW)
        if self.matcher is not None:
            self.matcher.reset()

    def see(self, logits: Any) -> None:
        """Note the likeliest first tokens; ``logits``: of the first step, (vocabulary,)."""
        if self.logprobs:
            most = min(self.logprobs, logits.shape[-1])
            best, tokens = logits.float().log_softmax(-1).topk(most)
            self.first = tuple(zip(tokens.tolist(), best.tolist(), strict=True))

    def take(self, token: int, ends: frozenset[int]) -> bool:
        """Add a token; whether the answer is complete."""
        stop = self.matcher is None and token in ends
        if not stop:
            self.tokens.append(token)
            self.recent[len(self.tokens) % WINDOW] = token
        if self.matcher is not None:
            if not self.matcher.accept_token(token):
                raise RuntimeError(f"token {token} was drawn against the grammar")
            stop = self.matcher.is_terminated()
        done = stop or len(self.tokens) >= self.most
        if done:
            give(self.answer, "stop" if stop else "length")
        return done


def give(future: "Future[Any]", value: Any) -> None:
    """Set a result or an exception, unless the future was cancelled or set before."""
    with suppress(InvalidStateError):
        if isinstance(value, BaseException):
            future.set_exception(value)
        else:
            future.set_result(value)
