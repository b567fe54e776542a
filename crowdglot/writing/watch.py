"""What can be watched of a run while it goes on, and the wish to stop it."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from crowdglot.engines.calls import REFUSED
from crowdglot.engines.engine import Completion
from crowdglot.errors import CrowdglotError


@dataclass(slots=True)
class Progress:
    """Counts of this run; tokens are of its own calls only.

    ``refused``: questions that were refused since the last answer. ``outdated``: stored answers
    that were asked for anew, because their prompt is another one now. ``under_way``: questions
    that the engine has not answered yet, and other work that must not be cut off. ``reasons``: how
    many drafts of this run failed, by "critic.reason"; ``last_failure``: what was found in the last
    of them. ``answered``: whether any question was; ``proven``: whether a draft of the dataset is
    known to have passed.
    """

    accepted: int = 0
    rejected: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refused: int = 0
    outdated: int = 0
    under_way: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    last_failure: str = ""
    answered: bool = False
    proven: bool = False

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count something as under way."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def count(self, completion: Completion) -> None:
        """Count what an answer cost, or that it was a refusal."""
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens
        refused = completion.finish_reason == REFUSED
        self.refused = self.refused + 1 if refused else 0
        self.answered = self.answered or not refused

    def take_in(self, other: "Progress") -> None:
        for name in ("accepted", "rejected", "prompt_tokens", "completion_tokens", "outdated"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.reasons.update(other.reasons)
        self.last_failure = other.last_failure or self.last_failure
        self.proven = self.proven or other.proven

    def add(self, *, accepted: bool) -> None:
        self.accepted += accepted
        self.rejected += not accepted

    def fail(self, reason: str, found: str) -> None:
        self.reasons[reason] += 1
        self.last_failure = found


@dataclass(slots=True)
class Stop:
    """A wish to stop, looked at between two questions; calls under way are waited for.

    ``cause``: the error that makes going on pointless; ``spent``: which budget is, as a sentence;
    neither if somebody just asked to stop.
    """

    wanted: bool = False
    cause: CrowdglotError | None = None
    spent: str = ""

    def because(self, cause: CrowdglotError) -> None:
        """Stop on account of an error; the first one is kept."""
        self.cause = self.cause or cause
        self.wanted = True

    def take_back(self) -> None:
        """Forget a wish that came when nothing was left to do."""
        self.wanted, self.spent = False, ""


@dataclass(slots=True)
class Watch:
    """Handed to ``write_dataset`` by whoever wants to see its progress, or may stop it.

    ``warn``: what is done with a sentence that the user should read before the first call, such as
    on a language that nobody can verify; by default it is logged. ``told``: those so far.
    """

    progress: Progress = field(default_factory=Progress)
    stop: Stop = field(default_factory=Stop)
    warn: Callable[[str], object] = logging.getLogger(__name__).warning
    told: list[str] = field(default_factory=list)

    def tell(self, sentences: Iterable[str]) -> None:
        """Warn of each of them once."""
        for sentence in sentences:
            if sentence not in self.told:
                self.told.append(sentence)
                self.warn(sentence)
