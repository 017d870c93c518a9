"""Clearing up doubt: texts whose answer was lost, or whose worker died, are looked up at the provider before anything else.

A text that is found is recorded under its name there. One that is not found counts as absent only when the provider's record
was read to its end, after the last moment at which it could have been accepted plus the time the record may lag behind; only
then may it be sent again. The number of absences is bounded, and so is the time a doubt may stand.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog
from sqlalchemy.orm import Session

from alerts import tallies
from alerts.dispatch.results import UNKNOWN, Settlement, back_off_s, record
from alerts.dispatch.terms import Terms
from alerts.replies.bodies import with_links
from alerts.states import FAILED, IN_DOUBT, QUEUED, SENDING
from alerts.text_tables import MESSAGES
from hotline.core import live
from hotline.core.services import Services
from hotline.providers.carriers import NotConfigured, sms_providers
from hotline.providers.lookups import names_of_earlier_attempts
from hotline.providers.ranks import word
from hotline.providers.recordless import Verdict, judge
from hotline.providers.sms import FoundMessage, LookedUp, SmsProvider, SmsQuery

log = structlog.get_logger(__name__)

JOB = "alerts.doubt"
BATCH = 200
RUN_S = 15.0
CLOCK_SKEW_S = 300.0
"""How far the provider's clock may stand behind ours."""
LOOK_AGAIN_S = 3.0
GIVE_UP_AFTER_S = 24 * 3600.0
ATTEMPTS_USED_UP, NEVER_CLEARED = "attempts", "lost"
"""Reasons of our own for a failure, beside the provider's codes; the alert's page explains them."""
_ASSIGN_LOCK = 0x48_4F_54_05
"""Key of the advisory lock under which names found at the provider are given to messages, each to one."""

_LEASES_OVER = """
WITH over AS MATERIALIZED (
    SELECT id FROM messages WHERE state = 'sending' AND lease_until < %(now)s
     ORDER BY lease_until LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE messages m SET state = 'in_doubt', lease_until = %(now)s WHERE m.id = ANY (ARRAY(SELECT id FROM over))
RETURNING m.alert_id, m.country, m.provider
"""
_PICK = """
WITH due AS MATERIALIZED (
    SELECT id FROM messages WHERE state = 'in_doubt' AND lease_until <= %(now)s
     ORDER BY lease_until LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
), held AS (
    UPDATE messages m SET lease_until = %(held_until)s WHERE m.id = ANY (ARRAY(SELECT id FROM due))
    RETURNING m.id, m.alert_id, m.phone, m.variant, m.language, m.attempts
)
SELECT h.id, h.alert_id, h.phone, h.attempts, p.texts -> h.variant ->> h.language, tried.first_at, tried.absent,
       last.started_at, last.finished_at, last.provider, last.left_at
  FROM held h
  JOIN attempts last ON last.message_id = h.id AND last.number = h.attempts
  LEFT JOIN approvals p ON p.alert_id = h.alert_id
  CROSS JOIN LATERAL (SELECT min(a.started_at) AS first_at, count(*) FILTER (WHERE a.outcome = 'absent') AS absent
                        FROM attempts a WHERE a.message_id = h.id) tried
 ORDER BY h.id
"""
_TAKEN = """
SELECT provider_sid, id FROM messages WHERE provider_sid = ANY(%(sids)s)
 UNION ALL
SELECT provider_sid, 0 FROM call_attempts WHERE provider_sid = ANY(%(sids)s)
"""
"""Names that belong to a message, and those of second texts, which belong to none."""


class Doubt(NamedTuple):
    """One message in doubt; `absent` is how often it has been looked up in vain to the end. Times are aware UTC."""

    id: int
    alert_id: int
    phone: str
    attempt: int
    body: str | None
    first_at: datetime
    absent: int
    started_at: datetime
    finished_at: datetime | None
    provider: str = "twilio"
    left_at: datetime | None = None

    def absent_from(self, terms: Terms) -> datetime:
        """Return the moment from which on a text that is not in the record was never accepted."""
        last_possible = self.finished_at or self.started_at + timedelta(seconds=terms.lease_s)
        return last_possible + timedelta(seconds=terms.settle_s)

    def query(self) -> SmsQuery:
        """Return the question to the provider: any attempt of this message, for clocks that differ."""
        return SmsQuery(self.id, self.phone, self.body or "", self.first_at - timedelta(seconds=CLOCK_SKEW_S))


def end_leases(services: Services) -> int:
    """Put messages whose claim ran out without a result in doubt; how many there were."""
    total = 0
    for _ in range(100):
        with services.db.connection() as connection:
            rows = connection.execute(_LEASES_OVER, {"now": services.clock.now(), "most": 2_000}).fetchall()
            deltas: Counter[tallies.TallyKey] = Counter()
            for (alert_id, country, provider), count in Counter(rows).items():
                deltas[alert_id, country, SENDING, "", provider] -= count
                deltas[alert_id, country, IN_DOUBT, "", provider] += count
            tallies.add(connection, deltas)
        total += len(rows)
        if len(rows) < 2_000:
            break
    if total:
        log.warning("dispatch.leases_over", messages=total)
    return total


def clear_doubt(services: Services) -> int:
    """Look up what is in doubt and due, batch by batch, for a bounded time; how many messages left their doubt."""
    try:
        providers = sms_providers(services)
    except NotConfigured:
        return 0  # the lane has raised the fault; nothing can be looked up before it is mended
    terms, cleared, stop_at = Terms.of(services.settings), 0, time.monotonic() + RUN_S
    while time.monotonic() < stop_at:
        with services.db.connection() as connection:
            doubts = pick(connection, services.clock.now(), hold_s=RUN_S + 4 * terms.timeout_s)
        if not doubts:
            break
        answers = _look_up(services, providers, doubts)
        with services.db.transaction() as session:
            recordless = frozenset(name for name, each in providers.items() if not each.keeps_record)
            settlements = _decide_all(services, session, terms, doubts, answers, recordless)
            record(session, services.clock, settlements)
        cleared += sum(each.state != IN_DOUBT for each in settlements)
        for alert_id in sorted({doubt.alert_id for doubt in doubts}):
            live.notify(services.redis, f"alert:{alert_id}")
    return cleared


def _look_up(services: Services, providers: Mapping[str, SmsProvider], doubts: Sequence[Doubt]) -> list[LookedUp]:
    """Ask every provider about the texts that went to it; nothing is known of one that is not configured any more."""
    answers: list[LookedUp] = []
    for name, provider in providers.items():
        queries = [doubt.query() for doubt in doubts if doubt.body and doubt.provider == name]
        if queries and provider.keeps_record:
            answers += provider.lookup(with_links(services, queries))
    return answers


def pick(connection: psycopg.Connection[Any], now: datetime, *, hold_s: float) -> list[Doubt]:
    """Take a batch of due doubts, and keep other workers off them for `hold_s` seconds."""
    rows = connection.execute(
        _PICK, {"now": now, "most": BATCH, "held_until": now + timedelta(seconds=hold_s)}
    ).fetchall()
    return [Doubt(*row) for row in rows]


def _decide_all(
    services: Services,
    session: Session,
    terms: Terms,
    doubts: list[Doubt],
    answers: list[LookedUp],
    recordless: frozenset[str],
) -> list[Settlement]:
    """Give each found text to one message only: two alerts with the same words may go to one handset."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ASSIGN_LOCK,))
    by_id = {answer.query.message_id: answer for answer in answers}
    sids = [found.provider_sid for answer in answers for found in answer.found]
    taken: dict[str, int] = dict(connection.execute(_TAKEN, {"sids": sids}).fetchall()) if sids else {}
    earlier = names_of_earlier_attempts(connection, [doubt.id for doubt in doubts], MESSAGES)
    settlements = []
    for doubt in doubts:
        answer = by_id.get(doubt.id)
        found = [each for each in answer.found if taken.get(each.provider_sid, doubt.id) == doubt.id] if answer else []
        found = [each for each in found if each.provider_sid not in earlier]
        if found:
            taken[found[0].provider_sid] = doubt.id
        if len(found) > 1:
            log.error("dispatch.found_more_than_one", message=doubt.id, found=len(found))
        complete = answer is not None and answer.complete
        if doubt.provider in recordless:
            settlements.append(decide_without_record(doubt, terms, services.clock.now()))
            continue
        settlements.append(decide(doubt, found[0] if found else None, complete, terms, services.clock.now()))
    return settlements


def decide_without_record(doubt: Doubt, terms: Terms, now: datetime) -> Settlement:
    """Say what becomes of a doubt at a provider that cannot be asked; pure. See `hotline.providers.recordless`."""
    match judge(started_at=doubt.started_at, left_at=doubt.left_at, lease_s=terms.lease_s, now=now):
        case Verdict.NEVER_LEFT:
            return Settlement(doubt.id, doubt.attempt, doubt.alert_id, "absent", QUEUED, wait_s=0.0)
        case Verdict.LOST:
            return Settlement(doubt.id, doubt.attempt, doubt.alert_id, "lost", FAILED, code=NEVER_CLEARED)
        case Verdict.WAIT:
            return Settlement(doubt.id, doubt.attempt, doubt.alert_id, None, IN_DOUBT, wait_s=LOOK_AGAIN_S)


def decide(doubt: Doubt, found: FoundMessage | None, complete: bool, terms: Terms, now: datetime) -> Settlement:
    """Say what becomes of one doubt; pure. `complete` is whether the provider's record was read to its end."""
    if found is not None:
        known = word(found.provider_status, found.error_code)
        code = found.error_code if known.state == FAILED else None
        return Settlement(
            doubt.id,
            doubt.attempt,
            doubt.alert_id,
            "found",
            known.state,
            found.provider_sid,
            found.provider_status,
            (code or UNKNOWN) if known.state == FAILED else None,
        )
    if complete and now >= doubt.absent_from(terms):
        if doubt.absent + 1 >= terms.max_attempts:
            return Settlement(doubt.id, doubt.attempt, doubt.alert_id, "absent", FAILED, code=ATTEMPTS_USED_UP)
        wait_s = back_off_s(doubt.absent + 1, doubt.id)
        return Settlement(doubt.id, doubt.attempt, doubt.alert_id, "absent", QUEUED, wait_s=wait_s)
    if now - doubt.started_at > timedelta(seconds=GIVE_UP_AFTER_S):
        return Settlement(doubt.id, doubt.attempt, doubt.alert_id, "lost", FAILED, code=NEVER_CLEARED)
    wait_s = LOOK_AGAIN_S
    if complete:
        wait_s = min(wait_s, max(0.1, (doubt.absent_from(terms) - now).total_seconds()))
    return Settlement(doubt.id, doubt.attempt, doubt.alert_id, None, IN_DOUBT, wait_s=wait_s)
