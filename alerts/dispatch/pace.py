"""How many texts may be under way at once: as many as the settings allow, fewer while the provider says "too many".

This is also the place for a pace in parts per second, should a sender need one: `room` is asked before every hand-over.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SMALLEST_WINDOW = 4
HALVE_AT_MOST_EVERY_S = 0.5
GROW_BY = 16


class Pace:
    """A window that halves when the provider throttles and grows again with what it accepts.

    One halving answers one burst: the refusals of texts that were already under way do not halve it again.
    """

    def __init__(self, largest: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._largest = largest
        self._smallest = min(SMALLEST_WINDOW, largest)
        self._monotonic = monotonic
        self._window = largest
        self._accepted = 0
        self._halved_at = float("-inf")
        self._wait_until = float("-inf")

    def room(self, in_flight: int) -> int:
        """Return how many more texts may be handed over now."""
        if self._window < self._largest and self._monotonic() < self._wait_until:
            return 0
        return max(0, self._window - in_flight)

    def accepted(self) -> None:
        """Note that a text was accepted; a whole window of them lets the window grow."""
        if self._window == self._largest:
            return
        self._accepted += 1
        if self._accepted >= self._window:
            self._accepted = 0
            self._window = min(self._largest, self._window + GROW_BY)

    def throttled(self, retry_after_s: float | None) -> None:
        """Note that the provider asked for fewer; `retry_after_s` is the pause it asked for, held to 30 seconds."""
        now = self._monotonic()
        if retry_after_s:
            self._wait_until = max(self._wait_until, now + min(retry_after_s, 30.0))
        if now - self._halved_at < HALVE_AT_MOST_EVERY_S:
            return
        self._halved_at = now
        self._accepted = 0
        self._window = max(self._smallest, self._window // 2)
