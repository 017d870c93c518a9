"""One claimed batch on its way to one provider: each text at its time, and a result for each whatever happens."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome, SmsRequest, SmsResult


class BatchFeed:
    """Feeds a batch to a stream and keeps its results; used by the stream's thread only.

    `requests` carry the moment (on the monotonic clock) from which each may leave, in that order; none leaves after
    `send_before`, when its claim is too old, or once `stopped` says so. `leaving` is told of texts before they leave and
    returns those that may; for providers that keep no record.
    """

    def __init__(
        self,
        requests: Sequence[tuple[float, SmsRequest]],
        breaker: CircuitBreaker,
        send_before: float,
        stopped: Callable[[], bool],
        leaving: Callable[[Sequence[SmsRequest]], Sequence[SmsRequest]] | None = None,
    ) -> None:
        self._ready = deque(requests)
        self._under_way: dict[int, SmsRequest] = {}
        self._results: list[SmsResult] = []
        self._breaker, self._send_before, self._stopped, self._leaving = breaker, send_before, stopped, leaving
        self.blocked: SmsResult | None = None

    def take(self, most: int) -> list[SmsRequest]:
        """Return texts to send now."""
        now = time.monotonic()
        if self.blocked is not None or self._stopped() or now > self._send_before:
            self._give_back()
        allowed = self._breaker.room(len(self._under_way) + most) - len(self._under_way)
        if allowed <= 0 and not self._under_way:
            self._give_back()
        taken: list[SmsRequest] = []
        while self._ready and len(taken) < min(most, allowed) and self._ready[0][0] <= now:
            taken.append(self._ready.popleft()[1])
        if taken and self._leaving is not None:
            # What may not leave any more belongs to somebody else by now, and so does its result.
            taken = list(self._leaving(taken))
        self._under_way |= {request.message_id: request for request in taken}
        return taken

    def give(self, result: SmsResult) -> None:
        """Take one result back."""
        self._under_way.pop(result.message_id, None)
        if result.outcome is Outcome.BLOCKED:
            self.blocked = result
        self._results.append(result)

    def finished(self) -> bool:
        """Say whether nothing more will come."""
        return not self._ready

    def on_more(self, wake: Callable[[], None]) -> None:
        """Nothing is added to a batch; the stream looks several times a second whether a text's time has come."""

    def close(self) -> list[SmsResult]:
        """Return a result for each text of the batch: given back where it never left, unanswered where the stream broke."""
        self._give_back()
        broken = [SmsResult(each.message_id, each.attempt, Outcome.UNANSWERED) for each in self._under_way.values()]
        return [*self._results, *broken]

    def _give_back(self) -> None:
        while self._ready:
            _, request = self._ready.popleft()
            self._results.append(SmsResult(request.message_id, request.attempt, Outcome.UNSENT))
