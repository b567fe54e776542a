"""Calls: one question to a model and its answer, under a key that never changes."""

from dataclasses import dataclass

from crowdglot.engines.engine import Completion

# The finish reason of a question that the engine refused; its text is the engine's sentence.
REFUSED = "refused"
WRITE = "write"


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
    """The calls that made one draft of a scenario, in their order; at least one."""

    index: int
    attempt: int
    calls: tuple[Call, ...]

    @property
    def refused(self) -> bool:
        """Whether the engine refused its last question."""
        return self.calls[-1].refused

    @property
    def answers(self) -> list[str]:
        """The texts of all answers."""
        return [call.completion.text for call in self.calls]
