"""Between the threads that talk SQL and the thread that talks to the provider: texts one way, results the other.

All sides work at the same time, so that the provider is never idle while rows are claimed and results are written. Deques
are safe for one thread appending and another popping; nothing else is shared but a few flags.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from alerts.dispatch.pace import Pace
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome, SmsRequest, SmsResult


class HandOver:
    """A feed of claimed texts for one stream.

    `low_water` is the number of texts at hand below which the claiming clerk is called; `batch` the number of results from
    which on the recording clerk is.
    """

    def __init__(self, pace: Pace, breaker: CircuitBreaker, *, low_water: int, batch: int) -> None:
        self._pace, self._breaker = pace, breaker
        self._low_water, self._batch = low_water, batch
        self._ready: deque[tuple[float, SmsRequest]] = deque()
        self._results: deque[SmsResult] = deque()
        self._in_flight = 0
        self._closed = False
        self._room = threading.Event()
        self._gathered = threading.Event()
        self._wake: Callable[[], None] = lambda: None
        self.blocked: SmsResult | None = None

    # The provider's side

    def take(self, most: int) -> Sequence[SmsRequest]:
        """Return texts to send now; one that waited longer than its claim allows goes back unsent."""
        ready = self._ready
        if not ready or self.blocked is not None:
            return ()
        allowed = self._breaker.room(self._in_flight + most) - self._in_flight
        most = min(most, allowed, self._pace.room(self._in_flight))
        taken: list[SmsRequest] = []
        now = time.monotonic()
        while len(taken) < most and ready:
            send_before, request = ready.popleft()
            if now > send_before:
                self._results.append(_unsent(request))
            else:
                taken.append(request)
        self._in_flight += len(taken)
        if len(ready) < self._low_water and not self._closed:
            self._room.set()
        return taken

    def give(self, result: SmsResult) -> None:
        """Take one result back."""
        self._in_flight -= 1
        if result.outcome is Outcome.ACCEPTED:
            self._pace.accepted()
        elif result.outcome is Outcome.RETRY_LATER:
            self._pace.throttled(result.retry_after_s)
        elif result.outcome is Outcome.BLOCKED:
            self.blocked = result
        self._results.append(result)
        if len(self._results) >= self._batch or self._closed:
            self._gathered.set()

    def finished(self) -> bool:
        """Say whether nothing more will come."""
        return self._closed and not self._ready

    def on_more(self, wake: Callable[[], None]) -> None:
        """Receive the stream's wake-up."""
        self._wake = wake

    # The clerks' side

    def offer(self, requests: Sequence[SmsRequest], *, send_before: float) -> None:
        """Put claimed texts at hand; `send_before` is on the monotonic clock."""
        self._ready.extend((send_before, request) for request in requests)
        self._wake()

    def wait_for_room(self, timeout_s: float) -> None:
        """Sleep until texts run low or the time is up."""
        self._room.wait(timeout_s)
        self._room.clear()

    def wait_for_results(self, timeout_s: float) -> None:
        """Sleep until results have gathered or the time is up."""
        self._gathered.wait(timeout_s)
        self._gathered.clear()

    def collect(self, most: int) -> list[SmsResult]:
        """Return up to `most` results that have not been recorded yet."""
        results = self._results
        return [results.popleft() for _ in range(min(most, len(results)))]

    def close(self) -> None:
        """Say that no more texts will be offered; those at hand are still sent."""
        self._closed = True
        self._room.set()
        self._gathered.set()
        self._wake()

    def give_back(self) -> None:
        """Close, and return the texts that have not been handed over as unsent."""
        self._closed = True
        while self._ready:
            try:
                _, request = self._ready.popleft()
            except IndexError:  # the stream took the last one in between
                break
            self._results.append(_unsent(request))
        self.close()

    @property
    def ready(self) -> int:
        """Texts at hand."""
        return len(self._ready)

    @property
    def outstanding(self) -> int:
        """Texts claimed and not yet recorded: at hand, under way, or answered."""
        return len(self._ready) + self._in_flight + len(self._results)


def _unsent(request: SmsRequest) -> SmsResult:
    return SmsResult(request.message_id, request.attempt, Outcome.UNSENT)
