"""A lane: one job that moves one alert's messages to the provider for a bounded time, then makes room and queues up again.

Three threads work at once. The stream (the job's own thread) keeps hundreds of requests under way; meanwhile one clerk
claims the next batch and another records results, each over its own connection, so that neither makes the stream wait.
Several lanes of one alert may run in several workers: they claim different rows.
The order that makes a crash harmless: the attempt is committed, then the request leaves, then the result is recorded. What
was between the first and the last when the process died is looked up at the provider (see `doubt`).
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import psycopg
import structlog

from alerts.dispatch import ending
from alerts.dispatch.claims import Claimed, claim
from alerts.dispatch.hand_over import HandOver
from alerts.dispatch.pace import Pace
from alerts.dispatch.recheck import Agreed, Halt, Halted, recheck
from alerts.dispatch.results import Settlement, record, settle
from alerts.dispatch.severity import MORE_SEVERE_WAITING
from alerts.dispatch.terms import Terms
from alerts.replies.bodies import with_links
from alerts.states import DISPATCHING, FAILED
from hotline.core import jobs, live
from hotline.core.services import Services
from hotline.providers import faults
from hotline.providers.carriers import NotConfigured, sms_provider
from hotline.providers.sms import VALIDITY_MAX_S, SmsProvider, SmsRequest, SmsResult

log = structlog.get_logger(__name__)

JOB = "alerts.dispatch"
WINDOWS_OUTSTANDING = 4
"""Claimed and not yet recorded, in windows: one under way, one at hand, two answered and waiting for their record."""
RECORD_AT_ONCE = 512
TICK_S = 0.02
HINT_EVERY_S = 0.3
LOOK_ROUND_EVERY_S = 1.0
NOTICE_STOP_WITHIN_S = 0.05
"""Texts at hand are claimed already: a stop is looked for this often, so that they go back instead of out."""
NO_TEXT = "no_text"
STOPPED = ("blocked", "stopped", "provider away", *map(str, Halt))
"""Ends after which not even the texts at hand may go out."""


@dataclass
class LaneReport:
    """What a lane did: texts claimed, results recorded, and why it ended."""

    alert_id: int
    claimed: int = 0
    recorded: int = 0
    ended: str = ""
    halted: Halted | None = None
    seconds: float = field(default=0.0)


def dispatch_alert(services: Services, alert_id: int) -> LaneReport | None:
    """Run one lane of an alert; the job `alerts.dispatch`. None when no provider is configured."""
    started = time.monotonic()
    try:
        provider = sms_provider(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(connection, services.clock.now(), "twilio", faults.NOT_CONFIGURED, str(fault))
        log.warning("dispatch.not_configured", missing=str(fault))
        return None
    lane = Lane(services, provider, alert_id)
    with _stopping_early(lane):
        report = lane.run()
    report.seconds = time.monotonic() - started
    log.info(
        "dispatch.lane",
        alert=alert_id,
        claimed=report.claimed,
        recorded=report.recorded,
        ended=report.ended,
        seconds=round(report.seconds, 3),
    )
    _afterwards(services, report)
    return report


def _afterwards(services: Services, report: LaneReport) -> None:
    """End the alert where that is due, and queue up again where work is left."""
    if report.halted is not None:
        ending.halt(services, report.alert_id, report.halted)
    elif report.ended in ("time", "yield"):
        jobs.enqueue(services, JOB, report.alert_id)
    else:
        ending.finish(services, report.alert_id)
    _hint(services, report.alert_id)


def _hint(services: Services, alert_id: int) -> None:
    live.notify(services.redis, f"alert:{alert_id}")
    live.notify(services.redis, "alerts")


class Lane:
    """One lane's state; `run` may be called once."""

    def __init__(self, services: Services, provider: SmsProvider, alert_id: int) -> None:
        self._services, self._provider, self._alert_id = services, provider, alert_id
        self._terms = Terms.of(services.settings)
        window = self._terms.in_flight
        self._hand_over = HandOver(
            Pace(window), provider.breaker, low_water=max(1, window // 2), batch=max(1, window // 2)
        )
        self._agreed: Agreed | None = None
        self._after_id = 0
        self._stop_at = time.monotonic() + self._terms.lane_s
        self._hinted_at = self._looked_at = self._state_read_at = time.monotonic()
        self._stream_over = False
        self._failure: BaseException | None = None
        self.stop_requested = False
        self.report = LaneReport(alert_id)

    def run(self) -> LaneReport:
        """Work until nothing is due, the time is over, or something forbids going on; raises what broke any of the threads."""
        clerks = [
            threading.Thread(target=self._guarded, args=(work,), name=f"{work.__name__}-{self._alert_id}", daemon=True)
            for work in (self._keep_claiming, self._keep_recording)
        ]
        for clerk in clerks:
            clerk.start()
        try:
            self._provider.stream(self._hand_over, in_flight=self._terms.in_flight)
        finally:
            self._stream_over = True
            self._hand_over.give_back()
            for clerk in clerks:
                clerk.join()
        if self._failure is not None:
            raise self._failure
        return self.report

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run a clerk's work; when it breaks, the other threads come to their end as well."""
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - handed to the job's own thread, which raises it
            self._failure = self._failure or failure
            self._hand_over.give_back()

    def _keep_claiming(self) -> None:
        while not self._stream_over:
            self._end_where_due()
            if not self.report.ended:
                self._claim_if_low()
            elif not self._hand_over.ready:
                return
            self._hand_over.wait_for_room(TICK_S)

    def _keep_recording(self) -> None:
        while True:
            over = self._stream_over  # read first: what the stream gave before it ended must still be recorded
            results = self._hand_over.collect(RECORD_AT_ONCE)
            self._record(results)
            if over and not results:
                return
            if len(results) < RECORD_AT_ONCE:
                self._hand_over.wait_for_results(TICK_S)

    def _claim_if_low(self) -> None:
        window = self._terms.in_flight
        room = min(self._provider.breaker.room(window), WINDOWS_OUTSTANDING * window - self._hand_over.outstanding)
        if self._hand_over.ready < max(1, window // 2) and room > 0:
            self._claim(min(room, window))

    def _end_where_due(self) -> None:
        """Stop at once where sending must stop, also while the last texts at hand are going out; else at the right time."""
        if self.report.ended in STOPPED:
            return
        reason = self._reason_to_stop()
        if reason is None and not self.report.ended:
            reason = self._reason_to_make_room()
        if reason is not None:
            self._end(reason)

    def _reason_to_stop(self) -> str | None:
        if self._hand_over.blocked is not None:
            self._raise_fault(self._hand_over.blocked)
            return "blocked"
        if self.stop_requested or self._failure is not None:
            return "stopped"
        if self._provider.breaker.room(1) == 0:
            return "provider away"
        if time.monotonic() - self._state_read_at >= NOTICE_STOP_WITHIN_S and not self._still_sending():
            return str(Halt.NOT_SENDING)
        return None

    def _reason_to_make_room(self) -> str | None:
        now = time.monotonic()
        if now >= self._stop_at:
            return "time"
        if now - self._looked_at >= LOOK_ROUND_EVERY_S:
            self._looked_at = now
            if self._more_severe_waits():
                return "yield"
        return None

    def _end(self, reason: str) -> None:
        """Claim no more. Texts at hand are still sent when only the time is over, and go back otherwise."""
        self.report.ended = reason
        if reason in STOPPED:
            self._hand_over.give_back()
        else:
            self._hand_over.close()

    def _claim(self, most: int) -> None:
        services, now = self._services, self._services.clock.now()
        claimed_at = time.monotonic()
        try:
            with services.db.connection() as connection:
                agreed = recheck(connection, now, self._provider.name, self._alert_id, self._agreed)
                most = 1 if agreed.faulty else most
                claimed = self._claim_from(connection, agreed, most)
        except Halted as halted:
            self.report.halted = halted
            self._end(str(halted.halt))
            return
        self._agreed, self._state_read_at = agreed, time.monotonic()
        if claimed:
            self._offer(claimed, agreed, claimed_at)
        elif self._hand_over.outstanding == 0 or not agreed.faulty:
            self._end("nothing due")

    def _claim_from(self, connection: psycopg.Connection[object], agreed: Agreed, most: int) -> list[Claimed]:
        """Claim after the last id; at the end begin once more from the start, for what has come back meanwhile."""
        for after_id in dict.fromkeys((self._after_id, 0)):
            claimed = claim(
                connection,
                self._services.clock.now(),
                self._terms,
                self._provider.name,
                self._alert_id,
                drill=agreed.drill,
                after_id=after_id,
                most=most,
            )
            if claimed:
                self._after_id = claimed[-1].id
                return claimed
        return []

    def _offer(self, claimed: list[Claimed], agreed: Agreed, claimed_at: float) -> None:
        self.report.claimed += len(claimed)
        validity_s = int(min(VALIDITY_MAX_S, (agreed.expires - self._services.clock.now()).total_seconds()))
        requests, textless = [], []
        for message in claimed:
            body = agreed.texts.get(message.variant, {}).get(message.language)
            if body is None:
                textless.append(
                    Settlement(message.id, message.attempt, self._alert_id, "refused", FAILED, code=NO_TEXT)
                )
                continue
            requests.append(
                SmsRequest(
                    message.id,
                    message.attempt,
                    message.phone,
                    self._provider.sender,
                    body,
                    self._terms.callback_url(message.id),
                    validity_s,
                )
            )
        if textless:
            log.error("dispatch.no_text_in_language", alert=self._alert_id, messages=len(textless))
            self._write(textless)
        self._hand_over.offer(with_links(self._services, requests), send_before=claimed_at + self._terms.hand_over_s)

    def _record(self, results: list[SmsResult]) -> None:
        if results:
            self._write([settle(self._alert_id, result) for result in results])
        now = time.monotonic()
        if now - self._hinted_at >= HINT_EVERY_S:
            self._hinted_at = now
            _hint(self._services, self._alert_id)

    def _write(self, settlements: list[Settlement]) -> None:
        with self._services.db.transaction() as session:
            record(session, self._services.clock, settlements)
            if self._agreed is not None and self._agreed.faulty and any(each.state == "sent" for each in settlements):
                connection = session.connection().connection.driver_connection
                assert isinstance(connection, psycopg.Connection)
                faults.clear(connection, self._provider.name)
        self.report.recorded += len(settlements)

    def _raise_fault(self, result: SmsResult) -> None:
        code = result.error_code or "unknown"
        detail = (
            f"The provider refuses our account or sender (code {code}): mend the settings; sending goes on by itself."
        )
        log.error("dispatch.provider_fault", provider=self._provider.name, code=code, alert=self._alert_id)
        with self._services.db.connection() as connection:
            faults.raise_fault(connection, self._services.clock.now(), self._provider.name, code, detail)

    def _still_sending(self) -> bool:
        self._state_read_at = time.monotonic()
        with self._services.db.connection() as connection:
            row = connection.execute("SELECT state FROM alerts WHERE id = %s", (self._alert_id,)).fetchone()
        if row is not None and row[0] == DISPATCHING:
            return True
        self.report.halted = Halted(Halt.NOT_SENDING, "The alert was stopped while it was being sent.")
        return False

    def _more_severe_waits(self) -> bool:
        with self._services.db.connection() as connection:
            row = connection.execute(
                MORE_SEVERE_WAITING, {"alert_id": self._alert_id, "now": self._services.clock.now()}
            ).fetchone()
        return bool(row and row[0])


@contextmanager
def _stopping_early(lane: Lane) -> Iterator[None]:
    """Let SIGTERM end the lane within a request's time, so that a planned stop leaves nothing in doubt.

    The worker's own handler still runs; it lets the job finish first.
    """
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


__all__ = ["JOB", "Halt", "Lane", "LaneReport", "dispatch_alert"]
