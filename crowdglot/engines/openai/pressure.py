"""How many questions one server gets at a time: as many as it answers well, up to a ceiling."""

import math
import statistics

_LEAST_CUT = 0.85  # what is left of the limit after one refusal
_MOST_CUT = 0.5  # and after many of the same flight
_SLOWER = 0.75  # and after a window of answers that came much slower
_STEPS = 32  # flights from nothing to the ceiling
_NEAR = 1.25  # times the limit that was refused last, up to which the limit grows by one a flight
_TOLERANCE = 2.0  # times slower than usual
_WINDOW = 32  # answers, at least, that one look at the latency takes in
_MEMORY = 0.1  # weight of the newest window in what is usual
_QUEUE = 1 / 16  # of the running requests may wait in the server


class Pressure:
    """The limit of one server; it asks no clock and no network, its owner tells it what happens.

    Additive increase, multiplicative decrease, as TCP does it: it converges, and callers who share
    a server end with fair shares (D.-M. Chiu and R. Jain, "Analysis of the Increase and Decrease
    Algorithms for Congestion Avoidance in Computer Networks", 1989). Three things lower the limit:

    - A refusal (429, 503), a cut connection, a time-out. One in a flight (the questions that were
      under way together) cuts the limit by 15%, many cut it by what was refused, half at most.
    - Answers that take more than twice their usual time, two windows in a row. A window is as many
      answers as are under way; its median is compared with a slow average of earlier medians, as
      the limiter "Gradient2" of Netflix's concurrency-limits does it. Time is told per token where
      the server counts them, else per answer. A model answers slower the more it is asked, and
      yet gives more in all, so the rise must be steep, and long in seconds (``least_seconds``).
    - The server's own waiting queue, where it tells: it shall be short and never empty. This is
      exact, so latency is not looked at then.

    The limit begins at ``ceiling``: a server that takes all loses no time to a slow start. It grows
    by one a flight near where it was refused last, and faster beyond, as in CUBIC (RFC 9438).
    """

    def __init__(self, ceiling: int, *, least_seconds: float = 1.0) -> None:
        self.ceiling = ceiling
        self.limit = float(ceiling)
        self.running = 0
        self._least_seconds = least_seconds
        self._lowered = -math.inf
        self._flight = 0.0  # the limit that was refused last
        self._refusals = 0  # of that flight
        self._queue_tells = False
        self._waited = 0.0
        self._seconds: list[float] = []
        self._costs: list[float] = []
        self._usual = 0.0
        self._slow_windows = 0

    @property
    def room(self) -> bool:
        """Whether one more question may be asked now."""
        return self.running < int(self.limit)

    def answered(self, seconds: float, tokens: int) -> None:
        """An answer of ``tokens`` (0: not told) came after ``seconds``; it still counts as running.

        The limit grows only while it is what holds back: a limit that nobody reaches says nothing
        about the server.
        """
        if self._queue_tells:
            return
        if not self.room and self.limit < self.ceiling:
            near = self.limit < _NEAR * self._flight
            self._raise((1.0 if near else max(1.0, self.ceiling / _STEPS)) / self.limit)
        self._seconds.append(seconds)
        self._costs.append(seconds / tokens if tokens else seconds)
        if len(self._costs) >= max(_WINDOW, self.running):
            self._look_at_latency()

    def refused(self, sent: float, now: float) -> None:
        """A question sent at ``sent`` was refused, cut off or not answered in time."""
        if sent >= self._lowered:
            self._lowered = now
            self._flight = min(self.limit, self.running)
            self._refusals = 0
        self._refusals += 1
        left = max(self._flight - self._refusals, _MOST_CUT * self._flight)
        self._lower(min(left, _LEAST_CUT * self._flight))

    def queued(self, running: float, waiting: float) -> None:
        """The server works on ``running`` questions, whoever's they are, and ``waiting`` wait.

        What was too much in two readings, since a burst passes, is taken off at once, and off ours
        in proportion to our share.
        """
        self._queue_tells = True
        wanted = max(1.0, running * _QUEUE)
        lasting, self._waited = min(waiting, self._waited), waiting
        if lasting > 2 * wanted:
            self._lower(self.running * (running + wanted) / (running + lasting))
        elif waiting < wanted and not self.room:
            self._raise(2 * wanted)

    def queue_unknown(self) -> None:
        """The server no longer tells its queue."""
        self._queue_tells = False
        self._waited = 0.0

    def _look_at_latency(self) -> None:
        seconds, cost = statistics.median(self._seconds), statistics.median(self._costs)
        self._seconds.clear()
        self._costs.clear()
        slow = bool(self._usual) and cost > _TOLERANCE * self._usual
        if slow and seconds > self._least_seconds:
            # One such window may be a pause of ours, say while a shard is written.
            self._slow_windows += 1
            if self._slow_windows > 1:
                self._lower(_SLOWER * min(self.limit, self.running))
        else:
            self._slow_windows = 0
        self._usual = cost if not self._usual else self._usual + _MEMORY * (cost - self._usual)

    def _raise(self, by: float) -> None:
        self.limit = min(self.limit + by, self.ceiling)

    def _lower(self, to: float) -> None:
        self.limit = max(min(self.limit, to), 1.0)
