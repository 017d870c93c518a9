"""Answers: now, in two hours, no, by any channel. What was agreed is written to them in the same transaction."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM, Actor
from hotline.core.errors import InvalidInput, Refused
from hotline.core.services import Services
from overflow.surge import texting
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.moving import get_person, move, note
from overflow.surge.reading import people_here, standing_of
from overflow.surge.states import (
    ANSWERS,
    CHANNELS,
    CONFIRMED,
    DECLINED,
    IN_TWO_HOURS,
    LATER,
    NO,
    ON_IT,
    OPEN_CALLOUTS,
    OVER,
    RELEASED,
    RESERVE,
)
from overflow.surge.waves import filled
from overflow.volunteers.models import Volunteer
from overflow.volunteers.states import APPROVED

READY_WITHIN = timedelta(minutes=15)
"""Whoever says "now" should be ready within this time."""
LATER_BY = timedelta(hours=2)
WORTH_IT = timedelta(minutes=30)
"""Nobody is asked to come for less."""
SURE = 0.9
"""While those coming fill the call-out with this probability, the next one is put on reserve."""

TOLD = (CONFIRMED, LATER, RESERVE, DECLINED, "over", "noted")
"""What somebody is told about their answer; `noted` where it was known already or they are on it."""


def answer(
    session: Session, services: Services, person_id: int, given: str, channel: str, *, actor: Actor = SYSTEM
) -> str:
    """Take an answer; one of TOLD. The same answer again changes nothing; another one counts in its place.

    Raises NotFound, InvalidInput for an unknown answer, Refused (`volunteer-not-approved`) for somebody who may not come any
    more.
    """
    if given not in ANSWERS:
        raise InvalidInput("answer", given, f"use one of {', '.join(ANSWERS)}")
    if channel not in CHANNELS:
        raise InvalidInput("channel", channel, f"use one of {', '.join(CHANNELS)}")
    callout, person = get_person(session, person_id)
    if person.state in (*ON_IT, RELEASED):
        return "noted"
    if callout.state in OVER or callout.state not in OPEN_CALLOUTS:
        return _too_late(session, services, person, given, channel)
    if given == NO:
        return _declines(session, services, person, channel, actor)
    volunteer = session.get_one(Volunteer, person.volunteer_id)
    if volunteer.state != APPROVED or volunteer.agent_id != person.agent_id:
        raise Refused("This volunteer is not called out any more.", code="volunteer-not-approved")
    if (given == IN_TWO_HOURS and person.state == LATER) or (given != IN_TWO_HOURS and person.state == CONFIRMED):
        return "noted"
    if person.state in (RESERVE, "briefed"):
        return RESERVE if person.state == RESERVE else "noted"
    return _agrees(session, services, callout, person, given, channel, actor)


def _kept(services: Services, person: AskedPerson, given: str, channel: str) -> None:
    person.answer, person.answered_by, person.answered_at = given, channel, services.clock.now()
    person.call_at = None


def _too_late(session: Session, services: Services, person: AskedPerson, given: str, channel: str) -> str:
    if person.answer != given:
        _kept(services, person, given, channel)
        note(session, services.clock.now(), person.callout_id, "too_late", person_id=person.id, answer=given)
    return DECLINED if given == NO else "over"


def _declines(session: Session, services: Services, person: AskedPerson, channel: str, actor: Actor) -> str:
    if person.state == DECLINED:
        return "noted"
    _kept(services, person, NO, channel)
    if person.state == "dropped":
        return DECLINED
    person.left_at = services.clock.now() if person.state in (CONFIRMED, LATER, "briefed") else person.left_at
    move(session, services.clock, person, "say_no", actor=actor, channel=channel)
    return DECLINED


def _agrees(  # an answer with everything that decides about it
    session: Session, services: Services, callout: Callout, person: AskedPerson, given: str, channel: str, actor: Actor
) -> str:
    now = services.clock.now()
    _kept(services, person, given, channel)
    comes_at = now + (LATER_BY if given == IN_TWO_HOURS else READY_WITHIN)
    if enough_without(session, services, callout, person.id) or comes_at > callout.until_at - WORTH_IT:
        event, key = "keep", "reserve"
        person.comes_at = None
    elif given == IN_TWO_HOURS:
        event, key = "say_later", "later"
        person.comes_at = comes_at
    else:
        event, key = "say_now", "confirmed"
        person.comes_at = comes_at
    person.reminded_at = person.left_at = person.away_since = None
    if person.state == RESERVE and event == "keep":
        return RESERVE
    move(session, services.clock, person, event, actor=actor, channel=channel)
    session.flush()
    texting.write(session, services, callout, person, key)
    return person.state


def enough_without(session: Session, services: Services, callout: Callout, person_id: int) -> bool:
    """Say whether the others who are coming or there will do, so that this person can be kept on reserve."""
    others = [each for each in people_here(session, callout.id) if each.person.id != person_id]
    return filled(callout.needed, standing_of(callout, others, services.clock.now()).chances) >= SURE


def open_ask(session: Session, volunteer_id: int) -> AskedPerson | None:
    """Return the person's place in the latest call-out they were asked in, if it is not over."""
    return session.scalar(
        select(AskedPerson)
        .join(Callout, Callout.id == AskedPerson.callout_id)
        .where(AskedPerson.volunteer_id == volunteer_id, Callout.state.not_in(OVER))
        .order_by(AskedPerson.id.desc())
        .limit(1)
    )
