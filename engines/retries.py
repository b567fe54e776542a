"""How long to wait before a server is asked again."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def backoff(attempt: int, first: float, most: float) -> float:
    """Seconds before try number ``attempt`` (from 1): exponential, with full jitter.

    Uniform in [0, min(most, first * 2**(attempt - 1))], so that callers who failed together do not
    come back together (M. Brooker, "Exponential Backoff And Jitter", 2015). The ``random`` module
    is right here: nothing in a row depends on it.
    """
    return random.uniform(0, min(most, first * 2.0 ** min(attempt - 1, 30)))


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for; None where it is missing or not readable.

    It holds seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        seconds = (date - (now or datetime.now(UTC))).total_seconds()
    if seconds != seconds:  # a header may well say "nan"
        return None
    return max(0.0, seconds)
