"""Calls: one question to a model and its answer, under a key that never changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from crowdglot.engines.engine import Completion

# The finish reason of a question that the engine refused; its text is the engine's sentence.
REFUSED = "refused"
WRITE = "write"
_JUDGE = "judge."


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Names one call for ever.

    ``index``: of the scenario. ``attempt``: the draft of it, from 0. ``role``: "write", or
    "judge." and the judge's name. ``step``: the answers that came before it in its interview.
    """

    index: int
    attempt: int
    role: str = WRITE
    step: int = 0

    @classmethod
    def of_judge(cls, index: int, attempt: int, name: str) -> "Key":
        """The key of the first question of this judge on a draft."""
        return cls(index, attempt, f"{_JUDGE}{name}")


@dataclass(frozen=True, slots=True)
class Call:
    """One completion that was paid for.

    ``prompt_hash``: of the prompt as it was sent. ``engine``, ``model``, ``revision``: who
    answered. ``created_at``: seconds since the epoch.
    """

    key: Key
    prompt_hash: str
    seed: int
    engine: str
    model: str
    revision: str
    completion: Completion
    created_at: float

    @property
    def refused(self) -> bool:
        """Whether the engine refused the question, so that there is no answer."""
        return self.completion.finish_reason == REFUSED


@dataclass(frozen=True, slots=True)
class Draft:
    """The calls that made one draft of a scenario, in their order, at least one; those of the
    judges that were asked about it come after them."""

    index: int
    attempt: int
    calls: tuple[Call, ...]

    @property
    def written(self) -> list[Call]:
        """The calls that made it."""
        return [call for call in self.calls if call.key.role == WRITE]

    @property
    def refused(self) -> bool:
        """Whether the engine refused the last question of those that made it."""
        return self.written[-1].refused

    @property
    def answers(self) -> list[str]:
        """The texts of the answers that made it."""
        return [call.completion.text for call in self.written]

    def judged(self, name: str) -> list[Call]:
        """The calls of the judge of this name, in their order."""
        return [call for call in self.calls if call.key.role == f"{_JUDGE}{name}"]

    @classmethod
    def of(cls, calls: Iterable[Call]) -> "Draft":
        """The draft that these calls of one scenario and attempt make."""
        ordered = sorted(calls, key=lambda call: (call.key.role != WRITE, call.key))
        return cls(ordered[0].key.index, ordered[0].key.attempt, tuple(ordered))
