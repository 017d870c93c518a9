"""Between the threads that talk SQL and the thread that talks to the provider: texts one way, results the other.

All sides work at the same time, so that the provider is never idle while rows are claimed and results are written. Deques
are safe for one thread appending and another popping; nothing else is shared but a few flags.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from alerts.dispatch.pace import Pace
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome, SmsRequest, SmsResult


@dataclass
class Answers:
    """What a provider did with the texts of one lane since it was last asked; written by the stream's thread alone."""

    answered: int = 0
    failed: int = 0
    throttled: int = 0
    answer_s: float = 0.0

    def note(self, result: SmsResult) -> None:
        """Count one result."""
        if result.outcome in (Outcome.UNANSWERED, Outcome.UNSENT):
            self.failed += 1
            return
        self.answered += 1
        self.answer_s += result.took_s
        self.throttled += result.outcome is Outcome.RETRY_LATER


class HandOver:
    """A feed of claimed texts for one stream.

    `low_water` is the number of texts at hand below which the claiming clerk is called; `batch` the number of results from
    which on the recording clerk is.
    """

    def __init__(
        self,
        pace: Pace,
        breaker: CircuitBreaker,
        *,
        low_water: int,
        batch: int,
        room: threading.Event | None = None,
        gathered: threading.Event | None = None,
        leaving: Callable[[Sequence[SmsRequest]], Sequence[SmsRequest]] | None = None,
    ) -> None:
        """`room` and `gathered` may be shared, so that the clerks of several streams wait for any of them.

        `leaving` is told of texts before they leave and returns those that may; for providers that keep no record.
        """
        self._leaving = leaving
        self._pace, self._breaker = pace, breaker
        self._low_water, self._batch = low_water, batch
        self._ready: deque[tuple[float, float, SmsRequest]] = deque()
        self._results: deque[SmsResult] = deque()
        self._in_flight = 0
        self._closed = False
        self._room = room or threading.Event()
        self._gathered = gathered or threading.Event()
        self._wake: Callable[[], None] = lambda: None
        self.blocked: SmsResult | None = None
        self.accepted = False
        """Whether the provider has accepted anything."""
        self.answers = Answers()

    # The provider's side

    def take(self, most: int) -> Sequence[SmsRequest]:
        """Return texts to send now, each not before its time; one that waited longer than its claim allows goes back."""
        ready = self._ready
        if not ready or self.blocked is not None:
            return ()
        allowed = self._breaker.room(self._in_flight + most) - self._in_flight
        most = min(most, allowed, self._pace.room(self._in_flight))
        taken: list[SmsRequest] = []
        now = time.monotonic()
        while len(taken) < most and ready and ready[0][0] <= now:
            _, send_before, request = ready.popleft()
            if now > send_before:
                self._results.append(_unsent(request))
            else:
                taken.append(request)
        if taken and self._leaving is not None:
            taken = list(self._leaving(taken))
        self._in_flight += len(taken)
        if len(ready) < self._low_water and not self._closed:
            self._room.set()
        return taken

    def give(self, result: SmsResult) -> None:
        """Take one result back."""
        self._in_flight -= 1
        self.answers.note(result)
        if result.outcome is Outcome.ACCEPTED:
            self.accepted = True
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

    def offer(
        self, requests: Sequence[SmsRequest], *, send_before: float, leave_at: Sequence[float] | None = None
    ) -> None:
        """Put claimed texts at hand, in the order in which they may leave; times are on the monotonic clock."""
        times = leave_at if leave_at is not None else [0.0] * len(requests)
        self._ready.extend((at, send_before, request) for at, request in zip(times, requests, strict=True))
        self._wake()

    def nudge(self) -> None:
        """Wake the stream when the first text at hand may leave now."""
        with suppress(IndexError):  # the stream took the last one in between
            if self._ready and 0.0 < self._ready[0][0] <= time.monotonic():
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
                *_, request = self._ready.popleft()
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
