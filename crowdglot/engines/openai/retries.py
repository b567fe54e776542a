"""How often, and how long after, a server is asked again."""

import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from crowdglot.engines.openai.exchange import Fault

_REFUSALS = 10  # times its tries that an overloaded server may refuse one request


@dataclass(slots=True)
class Patience:
    """What one request may still be sent: ``tries`` times.

    Free are: to go on at once to another server, once for each, when one is dead or overloaded; and
    refusals of an overloaded server that answers others meanwhile, up to ten times ``tries``.
    ``answers``: how many answers the engine had when the request was last sent.
    """

    tries: int
    answers: int
    tried: int = 0
    moved: int = 0
    refused: int = 0

    def moves_on(self, fault: Fault, others: int) -> bool:
        """Whether to ask one of ``others`` servers at once."""
        moves = fault in (Fault.GONE, Fault.REFUSED) and self.moved < others
        self.moved += moves
        return moves

    def spend(self, fault: Fault, answers: int) -> bool:
        """Count a fault; whether there is a try left. ``answers``: of the engine until now."""
        refused = fault is Fault.REFUSED
        self.refused += refused
        others_served = refused and answers > self.answers
        self.tried += not others_served or self.refused > _REFUSALS * self.tries
        self.answers = answers
        return self.tried < self.tries


def backoff(attempt: int, first: float, most: float) -> float:
    """Seconds before try number ``attempt`` (from 1): exponential, with equal jitter.

    Uniform in the upper half of [0, min(most, first * 2**(attempt - 1))] (M. Brooker, "Exponential
    Backoff And Jitter", 2015): with full jitter all tries of a question may fall into one short
    trouble. The ``random`` module is right here: nothing in a row depends on it.
    """
    longest = min(most, first * 2.0 ** min(attempt - 1, 30))
    return random.uniform(longest / 2, longest)


def retry_after(header: str | None) -> float:
    """Seconds that a Retry-After header asks for; 0 where it is missing or not readable.

    It holds seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    header = header or "0"
    with suppress(ValueError):
        return max(0.0, float(header))
    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(header)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, (date - datetime.now(UTC)).total_seconds())
    return 0.0
