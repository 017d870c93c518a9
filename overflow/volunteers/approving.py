"""Yes, no and not now to a volunteer: approval makes the officer and the agent, through whom they answer calls."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.agents.keeping import AgentFacts, keep_agent, keep_group
from hotline.agents.models import Agent, AgentGroup
from hotline.agents.presence import choose, get_agent
from hotline.agents.states import OFFLINE
from hotline.auth.models import Officer
from hotline.auth.officers import add_officer, get_officer, shut_out
from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused
from hotline.people.fields import checked_note
from overflow.volunteers.models import Volunteer
from overflow.volunteers.reading import get
from overflow.volunteers.states import APPROVED, VOLUNTEER

GROUP, SITE = "Volunteers", "Elsewhere"
FIRST_LEVEL = 1
"""Volunteers get calls of the first level; hard ones they pass on."""
ROLE = "volunteer"
MAX_REASON_CHARS = 500
LEAST_DUTY_MINUTES, MOST_DUTY_MINUTES = 15, 24 * 60
_GROUP_LOCK = 0x48_4F_54_25
"""Key of the advisory lock under which the group is made once."""


def approve(
    session: Session, clock: Clock, actor: Actor, volunteer_id: int, reason: str = "", *, tell: bool = True
) -> Volunteer:
    """Take somebody on: from now on they can be called out, and are told so by text unless `tell` is false.

    Raises NotFound, Refused (`wrong-state`, `volunteer-not-verified`, `volunteer-no-consent`), Forbidden.
    """
    volunteer = get(session, volunteer_id, lock=True)
    target = VOLUNTEER.next_state(volunteer.state, "approve", actor)
    demand_proofs(volunteer)
    officer = add_officer(
        session, clock, actor, name=f"volunteer-{volunteer.id}", display_name=f"Volunteer {volunteer.id}", roles=[ROLE],
        password=None, language=volunteer.speaks,
    )  # fmt: skip
    # Not before the trail's line about the officer is written: nothing there may outlive the person's erasure.
    officer.display_name, officer.zone = volunteer.name, volunteer.zone
    volunteer.officer_id = officer.id
    keep_as_agent(session, clock, actor, volunteer, active=True)
    _decide(session, clock, actor, volunteer, "approved", target, checked_note("reason", reason, MAX_REASON_CHARS))
    if tell:
        fact = {"volunteer_id": volunteer.id, "agent_id": volunteer.agent_id}
        outbox.publish(session, clock, "VolunteerApproved", fact)
    return volunteer


def refuse(session: Session, clock: Clock, actor: Actor, volunteer_id: int, reason: str) -> Volunteer:
    """Say no, for a reason that is kept; raises NotFound, Refused, Forbidden, InvalidInput."""
    volunteer = get(session, volunteer_id, lock=True)
    target = VOLUNTEER.next_state(volunteer.state, "refuse", actor)
    _decide(session, clock, actor, volunteer, "refused", target, demanded(reason))
    return volunteer


def suspend(session: Session, clock: Clock, actor: Actor, volunteer_id: int, reason: str) -> Volunteer:
    """Have them not asked and not called until they are reinstated; a call they are in goes on to its end."""
    volunteer = get(session, volunteer_id, lock=True)
    target = VOLUNTEER.next_state(volunteer.state, "suspend", actor)
    end_duty(session, clock, volunteer)
    _decide(session, clock, actor, volunteer, "suspended", target, demanded(reason))
    return volunteer


def reinstate(session: Session, clock: Clock, actor: Actor, volunteer_id: int, reason: str) -> Volunteer:
    """Take somebody back who was suspended; the same proofs are asked for as at the first time."""
    volunteer = get(session, volunteer_id, lock=True)
    target = VOLUNTEER.next_state(volunteer.state, "reinstate", actor)
    demand_proofs(volunteer)
    if volunteer.officer_id is not None:
        get_officer(session, volunteer.officer_id).disabled_at = None
    keep_as_agent(session, clock, actor, volunteer, active=True)
    _decide(session, clock, actor, volunteer, "reinstated", target, demanded(reason))
    return volunteer


def demand_proofs(volunteer: Volunteer) -> None:
    """Raise Refused unless their number is verified and they consented."""
    if volunteer.phone_verified_at is None:
        raise Refused(
            "The number is not verified yet: nobody has shown that they hold it.", code="volunteer-not-verified"
        )
    if volunteer.consent_at is None:
        raise Refused("They have not agreed to the words about their data yet.", code="volunteer-no-consent")


def keep_as_agent(session: Session, clock: Clock, actor: Actor, volunteer: Volunteer, *, active: bool) -> None:
    """Make or renew the agent that a volunteer is: skills of the first level only, calls of their own kind.

    Calls ring on their telephone until they choose the browser at their desk.
    """
    assert volunteer.officer_id is not None
    known = session.get(Agent, volunteer.agent_id) if volunteer.agent_id is not None else None
    duty = min(MOST_DUTY_MINUTES, max(LEAST_DUTY_MINUTES, volunteer.max_hours_day * 60))
    agent = keep_agent(
        session, clock, actor, volunteer.officer_id,
        AgentFacts(
            group_id=_group(session, clock, actor).id, via=known.via if known is not None else "phone",
            phone=volunteer.phone, languages=volunteer.languages, skills=dict.fromkeys(volunteer.skills, FIRST_LEVEL),
            max_duty_minutes=duty, active=active, first_level=True, drill=volunteer.drill,
        ),
    )  # fmt: skip
    volunteer.agent_id = agent.id


def end_duty(session: Session, clock: Clock, volunteer: Volunteer) -> None:
    """Have them take no more calls: off now, or after the call they are in; sessions and tokens of theirs end."""
    if volunteer.agent_id is None or volunteer.officer_id is None:
        return
    agent = get_agent(session, volunteer.agent_id, lock=True)
    agent.active = False
    if agent.state != OFFLINE:
        choose(session, clock, agent.id, OFFLINE, actor=SYSTEM)
    session.get_one(Officer, volunteer.officer_id).disabled_at = clock.now()
    shut_out(session, clock, volunteer.officer_id)


def demanded(reason: str) -> str:
    """Return a reason as it is kept; raises InvalidInput when there is none or it is too long."""
    given = checked_note("reason", reason, MAX_REASON_CHARS)
    if not given:
        raise InvalidInput("reason", reason, f"give the reason in 1 to {MAX_REASON_CHARS} characters")
    return given


def _decide(
    session: Session, clock: Clock, actor: Actor, volunteer: Volunteer, event: str, target: str, reason: str
) -> None:
    before, now = volunteer.state, clock.now()
    volunteer.state, volunteer.updated_at, volunteer.decided_at, volunteer.decided_by_id = target, now, now, actor.id
    after: dict[str, Any] = {"state": target}
    if reason:
        after["reason"] = reason
    assert target != APPROVED or volunteer.agent_id is not None
    audit.record(
        session, clock, actor, f"volunteer.{event}", "volunteer", volunteer.id, before={"state": before}, after=after
    )


def _group(session: Session, clock: Clock, actor: Actor) -> AgentGroup:
    found = session.scalar(select(AgentGroup).where(AgentGroup.name == GROUP))
    if found is not None:
        return found
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _GROUP_LOCK})
    found = session.scalar(select(AgentGroup).where(AgentGroup.name == GROUP))
    return found or keep_group(session, clock, actor, GROUP, SITE, outsourced=False)
