"""From a yes to the telephone: briefed, signed on, ready; reminders, and what becomes of those who do not come or go again.

An agent's presence is the truth of who takes calls; this only follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hotline.agents.states import NOT_READY, OFFLINE
from hotline.core.services import Services
from overflow.briefing.passing import passed
from overflow.surge import hours, texting
from overflow.surge.answering import READY_WITHIN
from overflow.surge.briefed import published_at
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.moving import move
from overflow.surge.reading import Here
from overflow.surge.states import BRIEFED, COMING, CONFIRMED, LATER, MAY_COME, READY, RESERVE

REMIND_BEFORE = timedelta(minutes=10)
"""Whoever said "later" is reminded so long before; the others when half of their time to get ready has passed."""
GRACE = timedelta(minutes=10)
"""Whoever is not there so long after the agreed moment did not come."""
AWAY_MOST = {"misses": timedelta(minutes=5), "dead_number": timedelta(minutes=1)}
AWAY_USUAL = timedelta(minutes=30)
"""A break is no leaving; somebody whose telephone is not answered any more has left sooner."""


def follow(session: Session, services: Services, callout: Callout, people: Sequence[Here]) -> None:
    """Bring everybody's state in line with briefing and presence; the call-out is locked, `people` are its rows."""
    now = services.clock.now()
    briefed, readable_since = (
        _briefed(session, services, callout, people, now),
        published_at(session, callout.incident_id),
    )
    for each in people:
        person = each.person
        if person.state in MAY_COME and each.takes_calls:
            if person.volunteer_id in briefed:
                _is_ready(session, services, person, now)
        elif person.state == READY:
            _stays(session, services, each, now)
        elif person.state == LATER:
            _comes_later(session, services, callout, person, now)
        elif person.state in (CONFIRMED, BRIEFED):
            _waited_for(session, services, callout, each, readable_since)


def _briefed(session: Session, services: Services, callout: Callout, people: Sequence[Here], now: datetime) -> set[int]:
    """Take over who has passed the briefing; the volunteers who have, of those coming or on duty."""
    asked_about = {
        each.person.volunteer_id: each.person
        for each in people
        if each.person.state in (*COMING, RESERVE) or (each.person.state in MAY_COME and each.takes_calls)
    }
    found = passed(session, callout.incident_id, list(asked_about)) if asked_about else set[int]()
    for volunteer_id in found:
        person = asked_about[volunteer_id]
        person.briefed_at = person.briefed_at or now
        if person.state == CONFIRMED:
            move(session, services.clock, person, "pass_briefing")
    return found


def _is_ready(session: Session, services: Services, person: AskedPerson, now: datetime) -> None:
    move(session, services.clock, person, "be_ready")
    person.ready_at = person.ready_at or now
    person.away_since = person.left_at = person.call_at = None


def _stays(session: Session, services: Services, each: Here, now: datetime) -> None:
    """Somebody who was ready: still there, resting, or gone."""
    person, agent = each.person, each.agent
    if each.takes_calls:
        person.away_since = None
        return
    person.away_since = person.away_since or max(agent.state_since, person.ready_at or agent.state_since)
    if agent.state == OFFLINE:
        _drop(session, services, person, now, "left")
    elif agent.state == NOT_READY and now - person.away_since >= AWAY_MOST.get(agent.reason, AWAY_USUAL):
        _drop(session, services, person, now, agent.reason if agent.reason in AWAY_MOST else "away")


def _drop(session: Session, services: Services, person: AskedPerson, now: datetime, reason: str) -> None:
    person.left_at = now
    person.minutes = hours.on_duty(session, person, now)
    move(session, services.clock, person, "drop", reason=reason)


def _comes_later(session: Session, services: Services, callout: Callout, person: AskedPerson, now: datetime) -> None:
    assert person.comes_at is not None, "whoever comes later has a moment"
    if now >= person.comes_at:
        move(session, services.clock, person, "come")
        person.comes_at, person.reminded_at = person.comes_at + READY_WITHIN, None
    elif now >= person.comes_at - REMIND_BEFORE and person.reminded_at is None:
        person.reminded_at = now
        texting.write(session, services, callout, person, "begins")


def _waited_for(
    session: Session, services: Services, callout: Callout, each: Here, readable_since: datetime | None
) -> None:  # fmt: skip
    person, now = each.person, services.clock.now()
    assert person.comes_at is not None, "whoever was confirmed has a moment"
    if readable_since is None:
        return  # Nobody can get ready before there is a briefing: they are waited for, and told once it is published.
    if person.state == CONFIRMED and person.comes_at < readable_since + READY_WITHIN:
        person.comes_at, person.reminded_at = readable_since + READY_WITHIN, None
        texting.write(session, services, callout, person, "briefing")
    if now >= person.comes_at + GRACE:
        # Somebody who has signed on and reads the briefing is on their way.
        if each.agent.state == NOT_READY and now < person.comes_at + 2 * GRACE:
            return
        person.left_at = now
        move(session, services.clock, person, "drop", reason="no_show")
        texting.write(session, services, callout, person, "no_show")
    elif now >= person.comes_at - READY_WITHIN / 2 and person.reminded_at is None:
        person.reminded_at = now
        texting.write(session, services, callout, person, "remind")
