"""The sweep: every few seconds each open call-out is looked at under its lock, and moved on.

Everything it does follows from rows, so it may run twice, late or on another machine: presence and briefings are taken over,
who does not come is replaced, the next wave is asked when it is needed, and a call-out that has enough stops by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from hotline.core import jobs, live
from hotline.core.services import Services
from hotline.notices import lanes
from hotline.notices.models import Notice
from overflow.surge import arriving, asking, texting
from overflow.surge.answering import READY_WITHIN, SURE
from overflow.surge.calling import JOB as CALL_JOB
from overflow.surge.doubt import JOB as DOUBT_JOB
from overflow.surge.models import AskedPerson, Callout, CalloutCall, CalloutSample
from overflow.surge.moving import TOPIC, get_callout, move, move_callout, topic_of
from overflow.surge.reading import Here, Standing, people_here, standing_of
from overflow.surge.standing_down import finish_leaving, release, spare_everybody
from overflow.surge.states import (
    ASKED,
    ASKING,
    COMING,
    ENDING,
    EXHAUSTED,
    OPEN_CALLS,
    OVER,
    PENDING,
    RESERVE,
    SATISFIED,
)
from overflow.surge.waves import filled

log = structlog.get_logger(__name__)

JOB = "surge.sweep"
MAX_CALLOUTS = 50
SILENT_AFTER = timedelta(minutes=15)
"""Whoever was due to be called so long ago, and was not, could not be: they count as silent."""
WAITED_FOR = timedelta(hours=1)
"""So long after the question nobody is waited for any more, whatever kept us from calling."""
FAILED_NOTICE = "failed"


def sweep(services: Services) -> int:
    """Look at every open call-out; the job. How many were looked at."""
    with services.db.transaction() as session:
        ids = session.scalars(
            select(Callout.id).where(Callout.state.not_in(OVER)).order_by(Callout.id).limit(MAX_CALLOUTS)
        ).all()
    for callout_id in ids:
        look_at(services, callout_id)
    _enqueue_due(services)
    return len(ids)


def look_at(services: Services, callout_id: int) -> None:
    """Move one call-out on, in one transaction; open pages are told when a number changed."""
    with services.db.transaction() as session:
        callout = get_callout(session, callout_id, lock=True)
        before = callout.state
        if callout.state in OVER:
            return
        people = people_here(session, callout.id, lock=True)
        arriving.follow(session, services, callout, people)
        left = finish_leaving(session, services, callout, people)
        if callout.state in ENDING:
            spare_everybody(session, services, callout, people)
            release(session, services, callout, None)
            if not left and not _anybody_leaves(session, callout):
                move_callout(session, services.clock, callout, "close")
        else:
            _go_on(session, services, callout, people)
        session.flush()
        changed = _sample(session, services.clock.now(), callout) or callout.state != before
    lanes.hurry(services)
    if changed:
        for topic in (topic_of(callout_id), TOPIC):
            live.notify(services.redis, topic)


def _anybody_leaves(session: Session, callout: Callout) -> bool:
    session.flush()
    leaving = select(AskedPerson.id).where(AskedPerson.callout_id == callout.id, AskedPerson.state == "leaving")
    return session.scalar(leaving.limit(1)) is not None


def _go_on(session: Session, services: Services, callout: Callout, people: Sequence[Here]) -> None:
    """A call-out that is not ending: its time, its state, reserves, and the next wave."""
    now = services.clock.now()
    if now >= callout.until_at:
        move_callout(session, services.clock, callout, "stand_down")
        spare_everybody(session, services, callout, people)
        release(session, services, callout, None)
        return
    _fall_silent(session, services, people, now)
    _call_sooner(session, people, now)
    standing = standing_of(callout, people, now)
    there = standing.ready + standing.away
    if callout.state in (ASKING, EXHAUSTED) and there >= callout.needed:
        move_callout(session, services.clock, callout, "satisfy")
    elif callout.state == SATISFIED and there < callout.needed:
        move_callout(session, services.clock, callout, "go_on")
    if callout.state == SATISFIED:
        _stop_asking(session, services, callout, people)
    elif callout.state in (ASKING, EXHAUSTED):
        _promote(session, services, callout, people)
        _ask_next(session, services, callout, people)


def _stop_asking(session: Session, services: Services, callout: Callout, people: Sequence[Here]) -> None:
    """Enough are there: nobody else is rung, and whoever is still on the way is thanked and kept on reserve."""
    for each in people:
        person = each.person
        if person.state in PENDING:
            person.call_at = None
            move(session, services.clock, person, "spare")
        elif person.state in COMING:
            person.comes_at = None
            move(session, services.clock, person, "keep")
            texting.write(session, services, callout, person, "reserve")


def _promote(session: Session, services: Services, callout: Callout, people: Sequence[Here]) -> None:
    """Call on those on reserve, longest first, before anybody new is asked."""
    now = services.clock.now()
    waiting = sorted(
        (each for each in people if each.person.state == RESERVE),
        key=lambda each: (each.person.answered_at or now, each.person.id),
    )
    for each in waiting:
        if filled(callout.needed, standing_of(callout, people, now).chances) >= SURE:
            return
        move(session, services.clock, each.person, "promote")
        each.person.comes_at, each.person.reminded_at = now + READY_WITHIN, None
        texting.write(session, services, callout, each.person, "promoted")


def _ask_next(session: Session, services: Services, callout: Callout, people: Sequence[Here]) -> None:
    now = services.clock.now()
    if callout.waved_at is not None and now - callout.waved_at < asking.BETWEEN_WAVES:
        return
    wave, found = asking.next_people(session, services, callout, standing_of(callout, people, now))
    if wave.volunteer_ids:
        asking.ask(session, services, callout, wave, found)
        if callout.state == EXHAUSTED:
            move_callout(session, services.clock, callout, "go_on")
    elif callout.state == ASKING and not found:
        callout.more = 0
        if not any(each.person.state in (*PENDING, *COMING) for each in people):
            move_callout(session, services.clock, callout, "exhaust")


def _fall_silent(session: Session, services: Services, people: Sequence[Here], now: datetime) -> None:
    for each in people:
        person = each.person
        if person.state not in PENDING or person.call_at is None:
            continue
        if now - person.call_at >= SILENT_AFTER or now - person.asked_at >= WAITED_FOR:
            person.call_at = None
            move(session, services.clock, person, "fall_silent")


def _call_sooner(session: Session, people: Sequence[Here], now: datetime) -> None:
    """Whoever's text has failed is called at once."""
    waiting = {
        texting.ask_key(each.person): each.person
        for each in people
        if each.person.state == ASKED and each.person.call_at is not None and each.person.call_at > now
    }
    if not waiting:
        return
    failed = select(Notice.dedupe_key).where(
        Notice.dedupe_key.in_(waiting), Notice.state == FAILED_NOTICE, Notice.retry_at.is_(None)
    )
    for key in session.scalars(failed):
        waiting[key].call_at = now


def _sample(session: Session, now: datetime, callout: Callout) -> bool:
    """Write down how the call-out stands when it has changed since the last time."""
    found: Standing = standing_of(callout, people_here(session, callout.id), now)
    last = session.scalar(
        select(CalloutSample).where(CalloutSample.callout_id == callout.id).order_by(CalloutSample.at.desc()).limit(1)
    )
    values = {
        "needed": callout.needed, "asked": found.asked, "accepted": found.accepted, "briefed": found.briefed,
        "ready": found.ready,
    }  # fmt: skip
    if last is not None and (last.at >= now or all(getattr(last, name) == value for name, value in values.items())):
        return False
    session.add(CalloutSample(callout_id=callout.id, at=now, **values))
    return True


def _enqueue_due(services: Services) -> None:
    now = services.clock.now()
    with services.db.transaction() as session:
        calls = session.scalar(
            select(
                exists().where(
                    AskedPerson.call_at <= now, AskedPerson.state.in_(PENDING), AskedPerson.callout_id == Callout.id,
                    Callout.state == ASKING,
                )
            )
        )  # fmt: skip
        doubts = session.scalar(
            select(func.count())
            .select_from(CalloutCall)
            .where(CalloutCall.state.in_(OPEN_CALLS), CalloutCall.look_at <= now)
        )
    if calls:
        jobs.enqueue(services, CALL_JOB)
    if doubts:
        jobs.enqueue(services, DOUBT_JOB)
