"""A circuit breaker: after several failures in a row nothing is tried for a while, then a few, then everything again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FAILURES_TO_OPEN = 20
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


class CircuitBreaker:
    """Counts consecutive failures of one provider; shared by every lane of the process, so it is locked.

    Closed: no limit. Open: nothing until the pause is over. Half-open: `probes` requests at once; a success closes it,
    a failure doubles the pause up to `longest_pause_s`.
    """

    def __init__(
        self,
        *,
        failures_to_open: int = FAILURES_TO_OPEN,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
        probes: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_to_open = failures_to_open
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._probes = probes
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._failures = 0
        self._openings = 0
        self._open_until: float | None = None

    @property
    def pause_left_s(self) -> float:
        """Seconds until something may be tried again; 0 when it may."""
        with self._lock:
            return 0.0 if self._open_until is None else max(0.0, self._open_until - self._monotonic())

    def room(self, largest: int) -> int:
        """Return how many requests may be under way now: `largest` when closed, a few when half-open, else 0."""
        with self._lock:
            if self._open_until is None:
                return largest
            return min(self._probes, largest) if self._monotonic() >= self._open_until else 0

    def succeeded(self) -> None:
        """Note that the provider answered."""
        if self._failures == 0 and self._open_until is None:
            return
        with self._lock:
            self._failures = self._openings = 0
            self._open_until = None

    def failed(self) -> None:
        """Note a failure; answers to requests that were under way when it opened do not lengthen the pause."""
        with self._lock:
            now = self._monotonic()
            if self._open_until is not None:
                if now >= self._open_until:
                    self._open(now)
                return
            self._failures += 1
            if self._failures >= self._failures_to_open:
                self._open(now)

    def _open(self, now: float) -> None:
        self._openings += 1
        self._open_until = now + min(self._longest_pause_s, self._first_pause_s * 2.0 ** min(self._openings - 1, 20))
