"""A lane: one job that moves waiting notices to the provider, batch by batch, for a bounded time.

The order that makes a crash harmless is the alerts': the attempt is committed, then the request leaves, then the result is
recorded. What was between the first and the last when the process died is looked up (see `doubt`).

Alerts go first by the order of the job queues. The lane for everything runs on the last queue, which workers serve only
when no lane of an alert waits, and makes room as soon as one does. What somebody stands and waits for (a code, a ring) runs
on the alerts' own queue, but only a small batch at a time.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import FrameType

import structlog
from redis.exceptions import RedisError

from hotline.core import jobs
from hotline.core.services import Services
from hotline.notices import claims, results
from hotline.notices.claims import Claimed
from hotline.notices.states import Priority
from hotline.notices.terms import BATCH, Terms
from hotline.providers import faults
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.carriers import NotConfigured, sms_provider
from hotline.providers.sms import VALIDITY_MAX_S, Outcome, SmsProvider, SmsRequest, SmsResult

log = structlog.get_logger(__name__)

JOB, URGENT_JOB = "notices.dispatch", "notices.urgent"
URGENT_BATCH = 100
URGENT_BATCHES = 3
"""A lane on the alerts' queue sends at most this much and then waits its turn."""
_FAULT_OF = "SELECT retry_at FROM provider_faults WHERE provider = %s"


@dataclass
class LaneReport:
    """What a lane did, and why it ended."""

    claimed: int = 0
    recorded: int = 0
    ended: str = ""


def dispatch(services: Services) -> LaneReport | None:
    """Send what waits, the most urgent first; the job `notices.dispatch`. None when no provider is configured."""
    return _run(services, lowest=Priority.WHENEVER, most=BATCH, batches=None)


def dispatch_urgent(services: Services) -> LaneReport | None:
    """Send a little of what somebody waits for; the job `notices.urgent`. None when no provider is configured."""
    return _run(services, lowest=Priority.AT_ONCE, most=URGENT_BATCH, batches=URGENT_BATCHES)


def hurry(services: Services) -> None:
    """Have urgent notices sent now instead of with the next sweep; called after the commit that wrote one."""
    jobs.enqueue(services, URGENT_JOB)


def _run(services: Services, *, lowest: int, most: int, batches: int | None) -> LaneReport | None:
    try:
        provider = sms_provider(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(connection, services.clock.now(), "twilio", faults.NOT_CONFIGURED, str(fault))
        log.warning("notices.not_configured", missing=str(fault))
        return None
    lane = _Lane(services, provider, lowest)
    with _stopping_early(lane):
        lane.run(most, batches)
    report = lane.report
    if report.claimed:
        log.info("notices.lane", claimed=report.claimed, recorded=report.recorded, ended=report.ended)
    if report.ended in ("time", "made room", "its share is sent"):
        jobs.enqueue(services, JOB if batches is None else URGENT_JOB)
    return report


class _Lane:
    """One lane's state."""

    def __init__(self, services: Services, provider: SmsProvider, lowest: int) -> None:
        self._services, self._provider, self._lowest = services, provider, lowest
        self._terms = Terms.of(services.settings)
        self.report = LaneReport()
        self.stop_requested = False

    def run(self, most: int, batches: int | None) -> None:
        """Work until nothing is due, the time or share is over, or something forbids going on."""
        stop_at, done = time.monotonic() + self._terms.lane_s, 0
        while not self.report.ended:
            room = self._provider.breaker.room(most)
            if room == 0:
                self.report.ended = "provider away"
            elif self.stop_requested:
                self.report.ended = "stopped"
            elif time.monotonic() >= stop_at:
                self.report.ended = "time"
            elif batches is not None and done >= batches:
                self.report.ended = "its share is sent"
            elif batches is None and done and _alerts_wait(self._services):
                self.report.ended = "made room"
            else:
                self._one_batch(room)
                done += 1

    def _one_batch(self, most: int) -> None:
        services, now = self._services, self._services.clock.now()
        claimed_at = time.monotonic()
        with services.db.connection() as connection:
            row = connection.execute(_FAULT_OF, (self._provider.name,)).fetchone()
            if row is not None and row[0] > now:
                self.report.ended = "provider fault"
                return
            faulty = row is not None
            batch = claims.claim(
                connection, now, self._terms, self._provider.name, lowest=self._lowest, most=1 if faulty else most
            )
        self.report.claimed += len(batch.notices)
        if not batch.seen:
            self.report.ended = "nothing due"
        if batch.notices:
            self._send(batch.notices, now, claimed_at + self._terms.hand_over_s, faulty=faulty)

    def _send(self, notices: list[Claimed], now: datetime, send_before: float, *, faulty: bool) -> None:
        """Hand a batch over and record it; whatever happens, each claimed notice gets the result that is known of it."""
        feed = _BatchFeed(
            [self._request(each, now) for each in notices],
            self._provider.breaker,
            send_before,
            lambda: self.stop_requested,
        )
        try:
            self._provider.stream(feed, in_flight=self._terms.in_flight)
        finally:
            outcome = feed.close()
            settlements = [results.settle(each) for each in outcome]
            with self._services.db.transaction() as session:
                results.record(session, self._services.clock, settlements)
            self.report.recorded += len(settlements)
        if feed.blocked is not None:
            self._raise_fault(feed.blocked)
        elif faulty and any(each.outcome is Outcome.ACCEPTED for each in outcome):
            with self._services.db.connection() as connection:
                faults.clear(connection, self._provider.name)

    def _request(self, notice: Claimed, now: datetime) -> SmsRequest:
        return SmsRequest(
            notice.id,
            notice.attempt,
            notice.phone,
            self._provider.sender,
            notice.body,
            self._terms.callback_url(notice.id),
            max(1, int(min(VALIDITY_MAX_S, (notice.expires_at - now).total_seconds()))),
        )

    def _raise_fault(self, result: SmsResult) -> None:
        self.report.ended = "blocked"
        code = result.error_code or "unknown"
        detail = (
            f"The provider refuses our account or sender (code {code}): mend the settings; sending goes on by itself."
        )
        log.error("notices.provider_fault", provider=self._provider.name, code=code)
        with self._services.db.connection() as connection:
            faults.raise_fault(connection, self._services.clock.now(), self._provider.name, code, detail)


class _BatchFeed:
    """Feeds one claimed batch to a stream and keeps its results; used by the stream's thread only."""

    def __init__(
        self, requests: Sequence[SmsRequest], breaker: CircuitBreaker, send_before: float, stopped: Callable[[], bool]
    ) -> None:
        self._ready = deque(requests)
        self._under_way: dict[int, SmsRequest] = {}
        self._results: list[SmsResult] = []
        self._breaker, self._send_before, self._stopped = breaker, send_before, stopped
        self.blocked: SmsResult | None = None

    def take(self, most: int) -> list[SmsRequest]:
        """Return texts to send now; none any more once the lane must stop or the claim is too old."""
        if self.blocked is not None or self._stopped() or time.monotonic() > self._send_before:
            self._give_back()
        allowed = self._breaker.room(len(self._under_way) + most) - len(self._under_way)
        if allowed <= 0 and not self._under_way:
            self._give_back()
        taken = [self._ready.popleft() for _ in range(min(most, max(0, allowed), len(self._ready)))]
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
        """Nothing is ever added to a batch, so nobody needs waking."""

    def close(self) -> list[SmsResult]:
        """Return a result for each text of the batch: given back where it never left, unanswered where the stream broke."""
        self._give_back()
        broken = [SmsResult(each.message_id, each.attempt, Outcome.UNANSWERED) for each in self._under_way.values()]
        return [*self._results, *broken]

    def _give_back(self) -> None:
        while self._ready:
            request = self._ready.popleft()
            self._results.append(SmsResult(request.message_id, request.attempt, Outcome.UNSENT))


def _alerts_wait(services: Services) -> bool:
    """Whether anything more urgent than notices waits for a worker; a Redis that is away holds nobody up."""
    try:
        waiting = jobs.waiting(services.redis)
    except RedisError:
        return False
    return waiting["urgent"] + waiting["default"] > 0


@contextmanager
def _stopping_early(lane: _Lane) -> Iterator[None]:
    """Let SIGTERM end the lane within a request's time; the worker's own handler still runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        lane.stop_requested = True
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
