"""Standing down: nobody new is asked, whoever is there finishes their call, is thanked, and their hours are counted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.agents import presence
from hotline.agents.states import NOT_READY, OFFLINE, READY
from hotline.core.actor import SYSTEM, Actor
from hotline.core.services import Services
from overflow.surge import hours, texting
from overflow.surge.models import Callout
from overflow.surge.moving import move
from overflow.surge.reading import Here, people_here
from overflow.surge.states import COMING, LEAVING, PENDING, RESERVE
from overflow.surge.states import READY as PERSON_READY


def spare_everybody(session: Session, services: Services, callout: Callout, people: Sequence[Here]) -> None:
    """Let go of everybody who is not there yet; whoever had agreed to come is told that they need not."""
    for each in people:
        person = each.person
        if person.state not in (*PENDING, *COMING, RESERVE):
            continue
        agreed = person.state not in PENDING
        person.call_at = None
        move(session, services.clock, person, "spare")
        if agreed:
            texting.write(session, services, callout, person, "not_needed")


def release(session: Session, services: Services, callout: Callout, count: int | None, *, actor: Actor = SYSTEM) -> int:
    """Ask `count` people (None: everybody) to finish, of a locked call-out; how many were.

    Those who are not in a call go first, then those who have been there longest. Whoever is in a call finishes it.
    """
    there = people_here(session, callout.id, (PERSON_READY,), lock=True)
    there.sort(key=lambda each: (each.agent.state not in (READY, NOT_READY), each.person.ready_at, each.person.id))
    chosen = there if count is None else there[:count]
    now = services.clock.now()
    for each in chosen:
        each.person.left_at = now
        move(session, services.clock, each.person, "drain", actor=actor)
        texting.write(session, services, callout, each.person, "leaving")
        _sign_off(session, services, each)
    session.flush()
    return len(chosen)


def _sign_off(session: Session, services: Services, each: Here) -> None:
    """Have their agent go offline, at once or after the call; said again where a choice was lost on the way."""
    agent = each.agent
    if OFFLINE not in (agent.state, agent.next_state):
        presence.choose(session, services.clock, agent.id, OFFLINE, actor=SYSTEM)


def finish_leaving(session: Session, services: Services, callout: Callout, people: Sequence[Here]) -> int:
    """Release whoever has finished: hours counted, thanked, asked for a word. How many are still leaving."""
    now, left = services.clock.now(), 0
    for each in people:
        if each.person.state != LEAVING:
            continue
        _sign_off(session, services, each)
        if each.agent.state == OFFLINE:
            _released(session, services, callout, each, now)
        else:
            left += 1
    return left


def _released(session: Session, services: Services, callout: Callout, each: Here, now: datetime) -> None:
    person = each.person
    person.released_at, person.minutes = now, hours.on_duty(session, person, now)
    move(session, services.clock, person, "release", minutes=person.minutes)
    texting.write(session, services, callout, person, "thanks")
