"""Calls whose answer was lost, or of which no last word came, are looked up at the provider before anything else happens.

A call bears no text, so it is recognised by its number and time, and each found call belongs to one attempt only. Absence
counts only when the record was read to its end, late enough; only then may the telephone ring again.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.silent import reports
from alerts.silent.claiming import BACK_OFF_S, Settlement, record
from alerts.silent.looking import DOUBT_JOB
from alerts.silent.models import CallAttempt, Outreach
from alerts.silent.states import IN_DOUBT
from hotline.core.services import Services
from hotline.providers.carriers import NotConfigured
from hotline.providers.twilio_voice import voice_provider
from hotline.providers.voice import CallQuery, CallsFound, FoundCall

log = structlog.get_logger(__name__)

JOB = DOUBT_JOB
BATCH, RUN_S = 50, 10.0
CLOCK_SKEW_S = 60.0
LOOK_AGAIN_S, STILL_ON_S = 5.0, 60.0
GIVE_UP_AFTER = timedelta(hours=2)
MAX_ABSENT = 3
_ASSIGN_LOCK = 0x48_4F_54_10
_PICK = """
WITH due AS MATERIALIZED (
    SELECT id FROM outreach WHERE state = 'in_doubt' AND channel = 'voice' AND lease_until <= %(now)s
     ORDER BY lease_until LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
), held AS (
    UPDATE outreach o SET lease_until = %(held_until)s WHERE o.id = ANY (ARRAY(SELECT id FROM due))
    RETURNING o.id, o.phone, o.attempts
)
SELECT h.id, h.phone, h.attempts, a.started_at, a.finished_at, a.provider_sid,
       (SELECT count(*) FROM call_attempts b WHERE b.outreach_id = h.id AND b.outcome = 'absent')
  FROM held h JOIN call_attempts a ON a.outreach_id = h.id AND a.number = h.attempts ORDER BY h.id
"""


class Doubt(NamedTuple):
    """One call in doubt: its present attempt, and how many earlier ones were proved never to have been made."""

    id: int
    phone: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    sid: str | None
    absent: int


def clear_doubt(services: Services) -> int:
    """Look up what is in doubt and due; the job `silent.doubt`. How many left their doubt."""
    try:
        provider = voice_provider(services)
    except NotConfigured:
        return 0  # the calling job has raised the fault
    cleared, stop_at = 0, time.monotonic() + RUN_S
    while time.monotonic() < stop_at:
        now = services.clock.now()
        held_until = now + timedelta(seconds=RUN_S + 4 * services.settings.dispatch_timeout_s)
        with services.db.connection() as connection:
            rows = connection.execute(_PICK, {"now": now, "most": BATCH, "held_until": held_until}).fetchall()
        if not rows:
            break
        doubts = [Doubt(*row) for row in rows]
        since = timedelta(seconds=CLOCK_SKEW_S)
        answers = provider.lookup([CallQuery(each.id, each.phone, each.started_at - since) for each in doubts])
        cleared += _settle_all(services, doubts, {answer.query.message_id: answer for answer in answers})
    return cleared


def _settle_all(services: Services, doubts: list[Doubt], answers: dict[int, CallsFound]) -> int:
    now, cleared, settlements = services.clock.now(), 0, []
    with services.db.transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ASSIGN_LOCK})
        for doubt in doubts:
            answer = answers[doubt.id]
            found = _own(session, doubt, answer.found)
            if found is not None:
                cleared += _found(session, now, doubt, found)
            else:
                settlements.append(_decide(services, doubt, answer.complete, now))
    record(services, settlements)
    return cleared + sum(each.state != IN_DOUBT for each in settlements)


def _own(session: Session, doubt: Doubt, found: tuple[FoundCall, ...]) -> FoundCall | None:
    """Return the found call that is this attempt's: the one it knows by name, else the first that nobody else has."""
    if doubt.sid is not None:
        return next((each for each in found if each.provider_sid == doubt.sid), None)
    sids = [each.provider_sid for each in found]
    taken = set(session.scalars(select(CallAttempt.provider_sid).where(CallAttempt.provider_sid.in_(sids))))
    return next((each for each in found if each.provider_sid not in taken), None)


def _found(session: Session, now: datetime, doubt: Doubt, found: FoundCall) -> bool:
    """Take over what the record says; a call that is still on is looked at again later."""
    attempt = reports.find_attempt(session, doubt.id, doubt.attempt)
    row = session.get(Outreach, doubt.id, with_for_update=True, populate_existing=True)
    if attempt is None or row is None or row.attempts != doubt.attempt or row.state != IN_DOUBT:
        return False
    attempt.provider_sid, attempt.status = found.provider_sid, found.status
    attempt.outcome, attempt.finished_at = "found", attempt.finished_at or now
    row.provider_sid = found.provider_sid
    reports.move(row, now, found.status)
    if row.lease_until is not None:
        row.lease_until = now + timedelta(seconds=STILL_ON_S)
    session.flush()
    return True


def _decide(services: Services, doubt: Doubt, complete: bool, now: datetime) -> Settlement:
    settings = services.settings
    last_possible = doubt.finished_at or doubt.started_at + timedelta(seconds=settings.dispatch_lease_s)
    absent_from = last_possible + timedelta(seconds=settings.dispatch_settle_s)
    if complete and doubt.sid is None and now >= absent_from:
        if doubt.absent + 1 >= MAX_ABSENT:
            return Settlement(doubt.id, doubt.attempt, "absent", "failed", code="attempts")
        return Settlement(doubt.id, doubt.attempt, "absent", "queued", wait_s=BACK_OFF_S)
    if now - doubt.started_at > GIVE_UP_AFTER:
        return Settlement(doubt.id, doubt.attempt, "lost", "failed", code="lost")
    return Settlement(doubt.id, doubt.attempt, None, IN_DOUBT, wait_s=LOOK_AGAIN_S)
