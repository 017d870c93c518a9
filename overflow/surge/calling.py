"""Calling those who have not answered the text: each call is on record before it is placed, and no telephone is rung blind twice.

Calls of alerts go first (`hotline.providers.call_starts`). Everything is judged again in the claim: the call-out still asks,
the volunteer is still one, is off duty, and the people who are coming will not do without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.states import OFFLINE
from hotline.calls import callers
from hotline.calls.models import Call
from hotline.calls.states import ENDED
from hotline.core import jobs, live
from hotline.core.actor import SYSTEM
from hotline.core.db import psycopg_of
from hotline.core.registry import CallStarts
from hotline.core.services import Services
from hotline.providers import faults
from hotline.providers.call_starts import room
from hotline.providers.carriers import NotConfigured
from hotline.providers.sms import Outcome
from hotline.providers.twilio_voice import TwilioVoice, voice_provider
from hotline.providers.voice import CallRequest, CallResult
from overflow.surge import reading, reports
from overflow.surge.asking import URGENT
from overflow.surge.models import AskedPerson, Callout, CalloutCall
from overflow.surge.moving import get_callout, move, topic_of
from overflow.surge.states import ASKING, OPEN_CALLS, PENDING, TELEPHONE
from overflow.surge.waves import CERTAINTY, filled
from overflow.volunteers.models import AwayDays, Volunteer
from overflow.volunteers.states import APPROVED

log = structlog.get_logger(__name__)

JOB = "surge.call"
PATH = "/webhooks/twilio/voice/callout"
MAX_AT_ONCE = 20
LEASE, DOUBT_WAIT = timedelta(seconds=60), timedelta(seconds=4)
BUSY_WAIT = timedelta(seconds=60)
ENOUGH_WAIT = timedelta(seconds=30)
"""While those coming are likely to be enough nobody is rung; somebody who drops out changes that."""
BLOCKED_WAIT_S = 20.0
_LOCK = 0x48_4F_54_45
"""Key of the advisory lock under which calls are claimed: the pace is then a matter of counting rows."""
OWN = CallStarts(
    "callout",
    "SELECT count(*) FROM callout_calls WHERE started_at > %(since)s AND started_at <= %(now)s",
    "SELECT EXISTS (SELECT 1 FROM callout_people WHERE call_at <= %(now)s AND state IN ('asked', 'calling'))",
)


def call(services: Services) -> int:
    """Place the calls that are due and may begin now; the job. Returns how many."""
    try:
        provider = voice_provider(services)
    except NotConfigured as fault:
        log.warning("surge.calls_not_configured", fault=str(fault))
        return 0
    with services.db.transaction() as session:
        requests = _claim(session, services, provider)
    if not requests:
        return 0
    for result in provider.place(requests):
        with services.db.transaction() as session:
            callout_id = placed(session, services, result)
        if callout_id is not None:
            live.notify(services.redis, topic_of(callout_id))
        _tell_of_fault(services, provider, result)
    jobs.enqueue(services, JOB)
    return len(requests)


def _tell_of_fault(services: Services, provider: TwilioVoice, result: CallResult) -> None:
    if result.outcome is not Outcome.BLOCKED:
        return
    code = result.error_code or "unknown"
    detail = f"The provider refuses calls of our account (code {code}): mend the settings; calling goes on by itself."
    with services.db.connection() as connection:
        faults.raise_fault(connection, services.clock.now(), provider.name, code, detail)


def _claim(session: Session, services: Services, provider: TwilioVoice) -> list[CallRequest]:
    now = services.clock.now()
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = jobs.registry().call_starts
    most = min(
        room(psycopg_of(session), now, services.settings.voice_calls_per_s, before, OWN),
        provider.breaker.room(MAX_AT_ONCE),
        MAX_AT_ONCE,
    )
    if most <= 0:
        return []
    due = session.execute(
        select(AskedPerson.id, AskedPerson.callout_id)
        .join(Callout, Callout.id == AskedPerson.callout_id)
        .where(AskedPerson.call_at <= now, AskedPerson.state.in_(PENDING), Callout.state == ASKING)
        .order_by(AskedPerson.callout_id, AskedPerson.call_at, AskedPerson.id)
        .limit(4 * MAX_AT_ONCE)
    ).all()
    requests: list[CallRequest] = []
    for callout_id in dict.fromkeys(row.callout_id for row in due):
        callout = get_callout(session, callout_id, lock=True)
        ids = [row.id for row in due if row.callout_id == callout_id]
        requests += _claim_of(session, services, callout, ids, most - len(requests))
    return requests


def _claim_of(
    session: Session, services: Services, callout: Callout, ids: Sequence[int], most: int
) -> list[CallRequest]:
    """Judge the due people of one locked call-out again, and write down the calls to those who are still to be rung."""
    if callout.state != ASKING or most <= 0:
        return []
    now = services.clock.now()
    standing = reading.standing(session, callout, now)
    enough = filled(callout.needed, standing.chances) >= CERTAINTY
    requests: list[CallRequest] = []
    rows = session.execute(
        select(AskedPerson, Agent, Volunteer)
        .join(Agent, Agent.id == AskedPerson.agent_id)
        .join(Volunteer, Volunteer.id == AskedPerson.volunteer_id)
        .where(AskedPerson.id.in_(ids))
        .order_by(AskedPerson.call_at, AskedPerson.id)
        .with_for_update(of=AskedPerson)
        .execution_options(populate_existing=True)
    ).tuples()
    for person, agent, volunteer in rows:
        if person.state not in PENDING or person.call_at is None or person.call_at > now:
            continue
        if enough:
            person.call_at = now + ENOUGH_WAIT
        elif not _may_be_rung(volunteer, person, services):
            person.call_at = None
            move(session, services.clock, person, "lose", reason="no_volunteer")
        elif _is_resting(session, volunteer, now, urgent=callout.by_at - now <= URGENT):
            person.call_at = None
            move(session, services.clock, person, "fall_silent")
        elif agent.state != OFFLINE or _is_rung(session, person.phone):
            person.call_at = now + BUSY_WAIT
        elif len(requests) < most:
            requests.append(_request(session, services, person))
    return requests


def _may_be_rung(volunteer: Volunteer, person: AskedPerson, services: Services) -> bool:
    now = services.clock.now()
    later = volunteer.not_before is not None and volunteer.not_before > now
    return volunteer.state == APPROVED and volunteer.phone == person.phone and bool(person.phone) and not later


def _is_resting(session: Session, volunteer: Volunteer, now: datetime, *, urgent: bool) -> bool:
    """Say whether a volunteer is not to be rung by their own clock: a day away, or a quiet hour unless it is urgent."""
    local = now.astimezone(ZoneInfo(volunteer.zone))
    away = select(AwayDays.id).where(
        AwayDays.volunteer_id == volunteer.id, AwayDays.first <= local.date(), AwayDays.last >= local.date()
    )
    if session.scalar(away.limit(1)) is not None:
        return True
    minute, begins, ends = local.hour * 60 + local.minute, volunteer.quiet_from, volunteer.quiet_to
    quiet = begins <= minute < ends if begins <= ends else minute >= begins or minute < ends
    return quiet and not urgent


def _is_rung(session: Session, phone: str) -> bool:
    """Say whether this telephone is in a call of ours already."""
    ringing = select(CalloutCall.id).where(CalloutCall.phone == phone, CalloutCall.state.in_(OPEN_CALLS))
    if session.scalar(ringing) is not None:
        return True
    on_with_us = select(Call.id).where(Call.phone == phone, Call.state != ENDED).limit(1)
    return session.scalar(on_with_us) is not None


def _request(session: Session, services: Services, person: AskedPerson) -> CallRequest:
    now, base = services.clock.now(), f"{services.settings.public_url}{PATH}"
    person.calls, person.call_at = person.calls + 1, None
    move(session, services.clock, person, "call")
    sender = callers.shown_to(session, services.settings, person.phone)
    row = CalloutCall(
        person_id=person.id, number=person.calls, phone=person.phone, state="placing", sender=sender, started_at=now,
        look_at=now + LEASE, word="", error_code="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    return CallRequest(
        row.id, 1, person.phone, sender, f"{base}/say?call={row.id}", f"{base}/status?call={row.id}",
        services.settings.voice_ring_s,
    )  # fmt: skip


def placed(session: Session, services: Services, result: CallResult) -> int | None:
    """Write down what came of placing a call; a webhook may have been faster and is then right. The call-out's id."""
    found = reports.lock_call(session, result.message_id)
    if found is None:
        return None
    callout, person, row = found
    now = services.clock.now()
    row.outcome = row.outcome or str(result.outcome)
    row.error_code = (result.error_code or "")[:10]
    if result.outcome is Outcome.ACCEPTED:
        row.provider_sid = row.provider_sid or result.provider_sid
        if row.state in ("placing", "doubt"):
            row.state, row.look_at = TELEPHONE.next_state(row.state, "ring", SYSTEM), now + reports.TALK_MAX
    elif row.state != "placing":
        return callout.id
    elif result.outcome is Outcome.UNANSWERED:
        row.state, row.look_at = TELEPHONE.next_state(row.state, "lose", SYSTEM), now + DOUBT_WAIT
    elif result.outcome is Outcome.REFUSED:
        reports.over(session, services, callout, person, row, "failed")
    else:
        wait_s = max(BLOCKED_WAIT_S, min(result.retry_after_s or 0.0, 600.0))
        reports.not_placed(session, services, callout, person, row, wait_s)
    return callout.id
