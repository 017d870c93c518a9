"""Calls of which no answer or no last word came are looked up at the provider, before anything else happens to that telephone.

A call is known by its number and time, and each found call belongs to one row only. Absence counts only when the record was
read to its end and late enough.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.calls.models import Leg
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.providers.carriers import NotConfigured
from hotline.providers.twilio_calls import call_control
from hotline.providers.twilio_voice import voice_provider
from hotline.providers.voice import CallQuery, CallsFound
from overflow.surge import reports
from overflow.surge.models import CalloutCall
from overflow.surge.states import DOUBT, OPEN_CALLS, PLACING, RINGING, TALKING, TELEPHONE

log = structlog.get_logger(__name__)

JOB = "surge.doubt"
BATCH = 20
HELD, SKEW = timedelta(seconds=30), timedelta(seconds=60)
LOOK_AGAIN = timedelta(seconds=5)
GIVE_UP_AFTER = timedelta(minutes=30)
"""What cannot be found out by then is taken as rung: the person may still answer by the link."""
_LOCK = 0x48_4F_54_46


def clear(services: Services) -> int:
    """Look up what is due; the job. How many calls were cleared up."""
    try:
        return _by_number(services) + _by_name(services)
    except NotConfigured as fault:
        log.warning("surge.calls_not_configured", fault=str(fault))
        return 0


def _by_number(services: Services) -> int:
    """Look for calls whose name the provider never told us."""
    now = services.clock.now()
    with services.db.transaction() as session:
        rows = session.scalars(
            select(CalloutCall)
            .where(
                CalloutCall.state.in_((PLACING, DOUBT)), CalloutCall.look_at <= now, CalloutCall.provider_sid.is_(None)
            )
            .order_by(CalloutCall.look_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()  # fmt: skip
        queries = [CallQuery(row.id, row.phone, row.started_at - SKEW, row.sender) for row in rows]
        for row in rows:
            row.look_at = now + HELD
            if row.state == PLACING:
                row.state = TELEPHONE.next_state(row.state, "lose", SYSTEM)
    if not queries:
        return 0
    cleared = 0
    for answer in voice_provider(services).lookup(queries):
        with services.db.transaction() as session:
            cleared += _found(session, services, answer)
    return cleared


def _found(session: Session, services: Services, answer: CallsFound) -> bool:
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})  # two doubts, one found call
    found, now = reports.lock_call(session, answer.query.message_id), services.clock.now()
    if found is None:
        return False
    callout, person, row = found
    if row.state != DOUBT or row.provider_sid is not None:
        return False
    sids = [each.provider_sid for each in answer.found]
    taken = {
        *session.scalars(select(CalloutCall.provider_sid).where(CalloutCall.provider_sid.in_(sids))),
        *session.scalars(select(Leg.provider_sid).where(Leg.provider_sid.in_(sids))),
    }
    ours = next((each for each in answer.found if each.provider_sid not in taken), None)
    if ours is not None:
        row.outcome = "found"
        reports.heard(session, services, row.id, ours.provider_sid, ours.status)
        return True
    settled_at = row.started_at + timedelta(
        seconds=services.settings.dispatch_timeout_s + services.settings.dispatch_settle_s
    )
    if answer.complete and now >= settled_at:
        row.outcome = "absent"
        reports.not_placed(session, services, callout, person, row, 0.0)
        return True
    if now - row.started_at > GIVE_UP_AFTER:
        row.outcome = "lost"
        reports.over(session, services, callout, person, row, "no-answer")
        return True
    row.look_at = now + LOOK_AGAIN
    return False


def _by_name(services: Services) -> int:
    """Ask for the present word about calls whose last word did not come."""
    now = services.clock.now()
    with services.db.transaction() as session:
        rows = session.scalars(
            select(CalloutCall)
            .where(
                CalloutCall.state.in_((DOUBT, RINGING, TALKING)), CalloutCall.look_at <= now,
                CalloutCall.provider_sid.is_not(None),
            )
            .order_by(CalloutCall.look_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()  # fmt: skip
        named = [(row.id, row.provider_sid or "") for row in rows]
        for row in rows:
            row.look_at = now + HELD
    if not named:
        return 0
    words = call_control(services).fetch([sid for _, sid in named])
    cleared = 0
    for call_id, sid in named:
        with services.db.transaction() as session:
            if sid in words:
                cleared += reports.heard(session, services, call_id, sid, words[sid]) is not None
            _give_up(session, services, call_id)
    return cleared


def _give_up(session: Session, services: Services, call_id: int) -> None:
    found = reports.lock_call(session, call_id)
    if found is None:
        return
    callout, person, row = found
    if row.state in OPEN_CALLS and services.clock.now() - row.started_at > GIVE_UP_AFTER:
        row.outcome = "lost"
        reports.over(session, services, callout, person, row, "no-answer")
