"""How many questions one server gets at a time: as many as it takes, up to a ceiling."""

import math

_LEAST_CUT = 0.85  # what is left of the limit after one refusal
_MOST_CUT = 0.5  # and after many of the same flight
_STEPS = 32  # flights from nothing to the ceiling
_CAREFUL = 1.25  # times the limit that was refused last, up to which the limit grows by one


class Pressure:
    """The limit of one server; it asks no clock and no network, its owner tells it what happens.

    Additive increase, multiplicative decrease, so that callers who share a server end with fair
    shares (D.-M. Chiu and R. Jain 1989). A refusal (429, 503), a cut connection and a time-out
    lower the limit: one in a flight (the questions under way together) by 15%, many by what was
    refused, half at most; slow answers lower nothing. The limit begins at ``ceiling``, grows by one
    a flight up to a little above where it was refused last, and faster beyond (CUBIC, RFC 9438).
    """

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.limit = float(ceiling)
        self.running = 0
        self._lowered = -math.inf
        self._flight = 0.0  # the limit that was refused last
        self._refusals = 0  # of that flight

    @property
    def room(self) -> bool:
        """Whether one more question may be asked now."""
        return self.running < int(self.limit)

    def answered(self) -> None:
        """An answer came; its question still counts as running.

        The limit grows only while it is what holds back: a limit that nobody reaches says nothing
        about the server.
        """
        if not self.room and self.limit < self.ceiling:
            careful = self.limit < _CAREFUL * self._flight
            step = 1.0 if careful else max(1.0, self.ceiling / _STEPS)
            self.limit = min(self.limit + step / self.limit, self.ceiling)

    def refused(self, sent: float, now: float) -> None:
        """A question sent at ``sent`` was refused, cut off or not answered in time."""
        if sent >= self._lowered:
            self._lowered = now
            self._flight = min(self.limit, self.running)
            self._refusals = 0
        self._refusals += 1
        left = max(self._flight - self._refusals, _MOST_CUT * self._flight)
        self.limit = max(min(self.limit, left, _LEAST_CUT * self._flight), 1.0)
