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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import FrameType

import structlog
from redis.exceptions import RedisError

from hotline.core import jobs
from hotline.core.services import Services
from hotline.notices import claims, results
from hotline.notices.choice import Choice
from hotline.notices.claims import Taken
from hotline.notices.feed import BatchFeed
from hotline.notices.states import Priority
from hotline.notices.terms import BATCH, Terms
from hotline.notices.text_tables import NOTICES
from hotline.providers import faults
from hotline.providers.carriers import NotConfigured, sms_providers
from hotline.providers.pacing import spend
from hotline.providers.recordless import write_leaving
from hotline.providers.routing import load
from hotline.providers.sms import VALIDITY_MAX_S, Outcome, SmsProvider, SmsRequest, SmsResult

log = structlog.get_logger(__name__)

JOB, URGENT_JOB = "notices.dispatch", "notices.urgent"
URGENT_BATCH = 100
URGENT_BATCHES = 3
"""A lane on the alerts' queue sends at most this much and then waits its turn."""
NO_SLOT_S = 0.1
"""Sleep while every sender's slots are taken; slots are given at most half a second ahead."""


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
        providers = sms_providers(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(connection, services.clock.now(), "twilio", faults.NOT_CONFIGURED, str(fault))
        log.warning("notices.not_configured", missing=str(fault))
        return None
    lane = _Lane(services, providers, lowest)
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

    def __init__(self, services: Services, providers: Mapping[str, SmsProvider], lowest: int) -> None:
        self._services, self._providers, self._lowest = services, providers, lowest
        self._default = next(iter(providers.values()))
        self._terms = Terms.of(services.settings)
        self.report = LaneReport()
        self.stop_requested = False

    def run(self, most: int, batches: int | None) -> None:
        """Work until nothing is due, the time or share is over, or something forbids going on."""
        stop_at, done = time.monotonic() + self._terms.lane_s, 0
        while not self.report.ended:
            if not any(provider.breaker.room(1) for provider in self._providers.values()):
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
                self._one_batch(most)
                done += 1

    def _one_batch(self, most: int) -> None:
        services, now = self._services, self._services.clock.now()
        claimed_at = time.monotonic()
        with services.db.connection() as connection:
            table = load(connection, self._providers, self._default.name, self._default.sender)
            choice = Choice(connection, now, table, self._providers)
            batch = claims.claim(connection, now, self._terms, choice, lowest=self._lowest, most=most)
            spend(connection, choice.budgets)
        self.report.claimed += len(batch.taken)
        if batch.taken:
            self._send(batch.taken, now, claimed_at, choice.probing)
        elif choice.waiting and batch.without_room:
            self.report.ended = "provider fault"
        elif batch.without_room:
            time.sleep(NO_SLOT_S)
        elif not batch.withheld:
            self.report.ended = "nothing due"

    def _send(self, taken: list[Taken], now: datetime, claimed_at: float, probing: set[str]) -> None:
        """Hand a batch over, provider by provider; a provider's failure does not keep the others' texts."""
        failures: list[BaseException] = []
        for name in sorted({each.way.provider for each in taken}):
            own = [each for each in taken if each.way.provider == name]
            try:
                self._send_through(self._providers[name], own, now, claimed_at, probing=name in probing)
            except Exception as failure:  # noqa: BLE001 - recorded for its texts already; raised below for the job
                failures.append(failure)
        if failures:
            raise failures[0]

    def _send_through(
        self, provider: SmsProvider, taken: list[Taken], now: datetime, claimed_at: float, *, probing: bool
    ) -> None:
        """Stream and record; whatever happens, each claimed notice gets the result that is known of it."""
        feed = BatchFeed(
            sorted((claimed_at + each.leaves_s, self._request(each, now)) for each in taken),
            provider.breaker,
            claimed_at + self._terms.hand_over_s,
            lambda: self.stop_requested,
            None if provider.keeps_record else partial(write_leaving, self._services, NOTICES),
        )
        try:
            provider.stream(feed, in_flight=self._terms.in_flight)
        finally:
            outcome = feed.close()
            with self._services.db.transaction() as session:
                results.record(session, self._services.clock, [results.settle(each) for each in outcome])
            self.report.recorded += len(outcome)
        if feed.blocked is not None:
            self._raise_fault(provider.name, feed.blocked)
        elif probing and any(each.outcome is Outcome.ACCEPTED for each in outcome):
            with self._services.db.connection() as connection:
                faults.clear(connection, provider.name)

    def _request(self, taken: Taken, now: datetime) -> SmsRequest:
        notice = taken.notice
        return SmsRequest(
            notice.id,
            notice.attempt,
            notice.phone,
            taken.way.address,
            notice.body,
            self._terms.callback_url(notice.id, notice.attempt),
            max(1, int(min(VALIDITY_MAX_S, (notice.expires_at - now).total_seconds()))),
        )

    def _raise_fault(self, provider: str, result: SmsResult) -> None:
        self.report.ended = "blocked"
        code = result.error_code or "unknown"
        detail = (
            f"The provider refuses our account or sender (code {code}): mend the settings; sending goes on by itself."
        )
        log.error("notices.provider_fault", provider=provider, code=code)
        with self._services.db.connection() as connection:
            faults.raise_fault(connection, self._services.clock.now(), provider, code, detail)


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
