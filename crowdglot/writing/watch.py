"""What can be watched of a run while it goes on, and the wish to stop it."""

from collections.abc import Iterator
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
    that the engine has not answered yet, and other work that must not be cut off.
    """

    accepted: int = 0
    rejected: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refused: int = 0
    outdated: int = 0
    under_way: int = 0

    @property
    def tokens(self) -> int:
        """Of prompts and answers together."""
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
        self.refused = self.refused + 1 if completion.finish_reason == REFUSED else 0

    def take_in(self, other: "Progress") -> None:
        """Add the counts of another process."""
        for name in ("accepted", "rejected", "prompt_tokens", "completion_tokens", "outdated"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def add(self, *, accepted: bool) -> None:
        """Count one judged draft."""
        self.accepted += accepted
        self.rejected += not accepted


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
    """Handed to ``write_dataset`` by whoever wants to see its progress, or may stop it."""

    progress: Progress = field(default_factory=Progress)
    stop: Stop = field(default_factory=Stop)
