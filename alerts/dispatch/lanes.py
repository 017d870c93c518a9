"""A lane: one job that moves one alert's messages to the provider for a bounded time, then makes room and queues up again.

Several threads work at once. A stream to each provider keeps hundreds of requests under way; meanwhile one clerk claims the
next batch and another records results, each over its own connection, so that neither makes a stream wait.
Several lanes of one alert may run in several workers: they claim different rows.
The order that makes a crash harmless: the attempt is committed, then the request leaves, then the result is recorded. What
was between the first and the last when the process died is looked up at the provider (see `doubt`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import psycopg
import structlog

from alerts.dispatch import ending
from alerts.dispatch.batches import batches_of
from alerts.dispatch.choice import Choice
from alerts.dispatch.claims import Looked, Taken, claim, claim_by_route
from alerts.dispatch.outlets import Outlets
from alerts.dispatch.recheck import Agreed, Halt, Halted, recheck
from alerts.dispatch.results import Settlement, record, settle
from alerts.dispatch.severity import OTHERS_WAITING
from alerts.dispatch.stopping import stopping_early
from alerts.dispatch.terms import Terms
from alerts.replies.bodies import with_links
from alerts.states import DISPATCHING
from alerts.text_tables import write_leaving
from hotline.core import jobs, live
from hotline.core.services import Services
from hotline.providers import faults, health
from hotline.providers.carriers import NotConfigured, sms_provider, sms_providers
from hotline.providers.health import Pulse
from hotline.providers.pacing import Budget, lock_budgets, spend
from hotline.providers.routing import RouteTable, Way, load
from hotline.providers.sms import SmsProvider, SmsResult

log = structlog.get_logger(__name__)

JOB = "alerts.dispatch"
WINDOWS_OUTSTANDING = 4
"""Claimed and not yet recorded, in windows: one under way, one at hand, two answered and waiting for their record."""
RECORD_AT_ONCE = 512
TICK_S = 0.02
HINT_EVERY_S = 0.3
LOOK_ROUND_EVERY_S = 1.0
TURN_S = 3.0
"""After this time a lane lets an equally severe alert have its turn, so that a giant one does not hold up a small one."""
TABLE_EVERY_S = 1.0
NO_SLOT_S = 0.1
"""Wait before the next look at the rows when no sender had a free slot; slots are given further ahead than that."""
TELL_HEALTH_EVERY_S = 2.0
NOTICE_STOP_WITHIN_S = 0.05
"""Texts at hand are claimed already: a stop is looked for this often, so that they go back instead of out."""
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
        provider, providers = sms_provider(services), sms_providers(services)
    except NotConfigured as fault:
        with services.db.connection() as connection:
            faults.raise_fault(connection, services.clock.now(), "twilio", faults.NOT_CONFIGURED, str(fault))
        log.warning("dispatch.not_configured", missing=str(fault))
        return None
    lane = Lane(services, provider, alert_id, others=providers)
    with stopping_early(lane):
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
    elif report.ended in ("time", "turn"):
        jobs.enqueue(services, JOB, report.alert_id)
    elif report.ended == "yield":
        # Queued again at once it would only yield again; the sweeper brings it round when the more severe one is done.
        log.info("dispatch.yielded", alert=report.alert_id)
    else:
        ending.finish(services, report.alert_id)
    _hint(services, report.alert_id)


def _hint(services: Services, alert_id: int) -> None:
    live.notify(services.redis, f"alert:{alert_id}")
    live.notify(services.redis, "alerts")


class Lane:
    """One lane's state; `run` may be called once.

    `provider` is the default one; `others` are further ones that routes may lead to, by name.
    """

    def __init__(
        self,
        services: Services,
        provider: SmsProvider,
        alert_id: int,
        *,
        others: Mapping[str, SmsProvider] | None = None,
    ) -> None:
        self._services, self._provider, self._alert_id = services, provider, alert_id
        self._terms = Terms.of(services.settings)
        every = dict(others or {}) | {provider.name: provider}
        self._outlets = Outlets(every, self._terms.in_flight, self._fail, partial(write_leaving, services))
        self._table = RouteTable(Way(None, provider.name, provider.sender, False))
        self._agreed: Agreed | None = None
        self._after_id = 0
        self._started_at = time.monotonic()
        self._stop_at = self._started_at + self._terms.lane_s
        self._hinted_at = self._state_read_at = self._told_at = self._started_at
        self._looked_at = self._table_read_at = self._claim_again_at = float("-inf")
        self._stream_over = False
        self._failure: BaseException | None = None
        self.stop_requested = False
        self.report = LaneReport(alert_id)

    def run(self) -> LaneReport:
        """Work until nothing is due, the time is over, or something forbids going on; raises what broke any of the threads."""
        claiming, recording = (
            threading.Thread(target=self._guarded, args=(work,), name=f"{work.__name__}-{self._alert_id}", daemon=True)
            for work in (self._keep_claiming, self._keep_recording)
        )
        claiming.start()
        recording.start()
        try:
            claiming.join()
        except BaseException as failure:
            self._fail(failure)
            raise
        finally:
            claiming.join()
            self._outlets.give_back()
            self._outlets.join()
            self._stream_over = True
            recording.join()
        if self._failure is not None:
            raise self._failure
        return self.report

    def _fail(self, failure: BaseException) -> None:
        """Remember what broke a thread, for the job's own thread to raise; the other threads come to their end."""
        self._failure = self._failure or failure

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run a clerk's work; when it breaks, the other threads come to their end as well."""
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - handed to the job's own thread, which raises it
            self._fail(failure)
            self._outlets.give_back()

    def _keep_claiming(self) -> None:
        while True:
            self._end_where_due()
            if not self.report.ended:
                self._claim_if_low()
            elif not self._outlets.ready:
                return
            self._outlets.nudge()
            self._outlets.wait_for_room(TICK_S)

    def _keep_recording(self) -> None:
        while True:
            over = self._stream_over  # read first: what the streams gave before they ended must still be recorded
            results = self._outlets.collect(RECORD_AT_ONCE)
            self._record(results)
            if over and not results:
                self._tell_health()
                return
            if len(results) < RECORD_AT_ONCE:
                self._outlets.wait_for_results(TICK_S)

    def _claim_if_low(self) -> None:
        window, now = self._terms.in_flight, time.monotonic()
        if now < self._claim_again_at or self._outlets.ready >= max(1, window // 2):
            return
        if now - self._table_read_at >= TABLE_EVERY_S:
            self._read_table(now)
        room = min(self._outlets.breaker_room(self._names()), WINDOWS_OUTSTANDING * window - self._outlets.outstanding)
        if room > 0:
            self._claim(min(room, window))

    def _read_table(self, now: float) -> None:
        self._table_read_at = now
        with self._services.db.connection() as connection:
            self._table = load(connection, self._outlets.names, self._provider.name, self._provider.sender)

    def _names(self) -> list[str]:
        """The providers that texts may go to by the present table."""
        return list(dict.fromkeys(way.provider for way in self._table.ways))

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
        if self.stop_requested or self._failure is not None:
            return "stopped"
        for outlet, refusal in self._outlets.shut_where_needed():
            self._raise_fault(outlet.provider.name, refusal)
        if not any(self._outlets.is_usable(way) for way in self._table.ways):
            return "blocked" if self._outlets.any_blocked else "provider away"
        if time.monotonic() - self._state_read_at >= NOTICE_STOP_WITHIN_S and not self._still_sending():
            return str(Halt.NOT_SENDING)
        return None

    def _reason_to_make_room(self) -> str | None:
        now = time.monotonic()
        if now >= self._stop_at:
            return "time"
        if now - self._looked_at >= LOOK_ROUND_EVERY_S:
            self._looked_at = now
            more_severe, as_severe = self._others_waiting()
            if more_severe:
                return "yield"
            if as_severe and now - self._started_at >= TURN_S:
                return "turn"
        return None

    def _end(self, reason: str) -> None:
        """Claim no more. Texts at hand are still sent when only the time is over, and go back otherwise."""
        self.report.ended = reason
        if reason in STOPPED:
            self._outlets.give_back()
        else:
            self._outlets.close()

    def _claim(self, most: int) -> None:
        services, now = self._services, self._services.clock.now()
        claimed_at = time.monotonic()
        try:
            with services.db.connection() as connection:
                # The senders' rows before the alert's: whoever waits for a slot does not hold up an officer's stop.
                paced = [way.sender_id for way in self._table.ways if way.paced and way.sender_id is not None]
                budgets = lock_budgets(connection, paced) if paced else {}
                agreed = recheck(connection, now, self._names(), self._alert_id, self._agreed)
                # While a fault stands a single text tries, and what came of it is awaited before the next one may.
                tried = agreed.faulty and self._outlets.outstanding > 0
                looked = self._claim_from(connection, agreed, budgets, 0 if tried else 1 if agreed.faulty else most)
                spend(connection, budgets)
        except Halted as halted:
            self.report.halted = halted
            self._end(str(halted.halt))
            return
        self._agreed, self._state_read_at = agreed, time.monotonic()
        if looked.taken:
            self._offer(looked.taken, agreed, claimed_at)
        elif looked.rows or tried:
            self._claim_again_at = time.monotonic() + NO_SLOT_S
        elif self._outlets.outstanding == 0 or not agreed.faulty:
            self._end("nothing due")

    def _claim_from(
        self, connection: psycopg.Connection[object], agreed: Agreed, budgets: Mapping[int, Budget], most: int
    ) -> Looked:
        """Claim after the last id; at the end begin once more from the start, for what has come back meanwhile."""
        looked = Looked(0, 0, [])
        for after_id in dict.fromkeys((self._after_id, 0)) if most else ():
            looked = self._claim_after(connection, agreed, budgets, after_id, most)
            if looked.rows:
                self._after_id = looked.last_id
                break
        return looked

    def _claim_after(
        self,
        connection: psycopg.Connection[object],
        agreed: Agreed,
        budgets: Mapping[int, Budget],
        after_id: int,
        most: int,
    ) -> Looked:
        now, way = self._services.clock.now(), self._table.default
        if not self._table.plain:
            choice = Choice(
                self._table, budgets, agreed, takes=self._outlets.is_usable,
                idle=lambda name: self._outlets[name].hand_over.outstanding == 0,
            )  # fmt: skip
            return claim_by_route(
                connection, now, self._terms, choice, self._alert_id,
                drill=agreed.drill, after_id=after_id, most=most,
            )  # fmt: skip
        claimed = claim(
            connection, now, self._terms, way.provider, self._alert_id,
            drill=agreed.drill, after_id=after_id, most=most, sender=way.address,
        )  # fmt: skip
        return Looked(
            len(claimed), claimed[-1].id if claimed else after_id, [Taken(message, way) for message in claimed]
        )

    def _offer(self, taken: list[Taken], agreed: Agreed, claimed_at: float) -> None:
        self.report.claimed += len(taken)
        batches, textless = batches_of(taken, agreed, self._terms, self._services.clock.now(), self._alert_id)
        for provider, (requests, leaves_s) in batches.items():
            leave_at = [claimed_at + each for each in leaves_s]
            with_own_links = with_links(self._services, requests)
            self._outlets.offer(provider, with_own_links, claimed_at + self._terms.hand_over_s, leave_at)
        if textless:
            log.error("dispatch.no_text_in_language", alert=self._alert_id, messages=len(textless))
            self._write(textless)

    def _record(self, results: list[SmsResult]) -> None:
        if results:
            self._write([settle(self._alert_id, result) for result in results])
        now = time.monotonic()
        if now - self._hinted_at >= HINT_EVERY_S:
            self._hinted_at = now
            _hint(self._services, self._alert_id)
        if now - self._told_at >= TELL_HEALTH_EVERY_S:
            self._told_at = now
            self._tell_health()

    def _write(self, settlements: list[Settlement]) -> None:
        probing = self._agreed.probing if self._agreed is not None else frozenset()
        with self._services.db.transaction() as session:
            record(session, self._services.clock, settlements)
            for provider in sorted(probing):
                if self._outlets[provider].hand_over.accepted:
                    connection = session.connection().connection.driver_connection
                    assert isinstance(connection, psycopg.Connection)
                    faults.clear(connection, provider)
        self.report.recorded += len(settlements)

    def _tell_health(self) -> None:
        """Add what the providers did to what all lanes have seen."""
        pulses, away = self._outlets.pulses(), self._outlets.away()
        if not pulses and not away:
            return
        seen = [Pulse(name, each.answered, each.failed, each.throttled, each.answer_s) for name, each in pulses.items()]
        with self._services.db.connection() as connection:
            health.note(connection, self._services.clock.now(), seen, away)

    def _raise_fault(self, provider: str, result: SmsResult) -> None:
        code = result.error_code or "unknown"
        detail = (
            f"The provider refuses our account or sender (code {code}): mend the settings; sending goes on by itself."
        )
        log.error("dispatch.provider_fault", provider=provider, code=code, alert=self._alert_id)
        with self._services.db.connection() as connection:
            faults.raise_fault(connection, self._services.clock.now(), provider, code, detail)

    def _still_sending(self) -> bool:
        self._state_read_at = time.monotonic()
        with self._services.db.connection() as connection:
            row = connection.execute("SELECT state FROM alerts WHERE id = %s", (self._alert_id,)).fetchone()
        if row is not None and row[0] == DISPATCHING:
            return True
        self.report.halted = Halted(Halt.NOT_SENDING, "The alert was stopped while it was being sent.")
        return False

    def _others_waiting(self) -> tuple[bool, bool]:
        """Whether a more severe alert has texts due, and whether another one that is as severe has."""
        values = {"alert_id": self._alert_id, "now": self._services.clock.now()}
        with self._services.db.connection() as connection:
            row = connection.execute(OTHERS_WAITING, values).fetchone()
        return (bool(row[0]), bool(row[1])) if row else (False, False)


__all__ = ["JOB", "Halt", "Lane", "LaneReport", "dispatch_alert"]
