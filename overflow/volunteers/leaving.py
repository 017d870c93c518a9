"""Leaving the roster, by their own word or an officer's, and being erased.

What the law demands: who leaves is asked and called no more at once; what names them goes with their wish, or by itself when the
time is over in which they may want a statement of their hours. Hours stay as changes of presence of an agent without a name.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.agents.skills import own_mark
from hotline.auth.models import Officer
from hotline.core import audit, outbox
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Refused
from hotline.core.services import Services
from overflow.volunteers.approving import demanded, end_duty
from overflow.volunteers.models import AvailableHours, AwayDays, Certificate, Volunteer
from overflow.volunteers.reading import get
from overflow.volunteers.states import LEFT, REFUSED, VOLUNTEER

JOB = "volunteers.erase_gone"
EVERY_S = 3600
LEFT_KEPT_FOR = timedelta(days=365)
"""So long somebody who left may ask for a statement of their hours."""
REFUSED_KEPT_FOR = timedelta(days=90)
"""So long somebody who was not taken may ask why."""
BATCH = 200
NO_NAME = "Former volunteer"


def leave(session: Session, clock: Clock, actor: Actor, volunteer_id: int) -> Volunteer:
    """Take somebody off by their own word; a call they are in goes on to its end. Raises NotFound, Refused."""
    volunteer = get(session, volunteer_id, lock=True)
    # The table lets nobody but the person themselves leave; their link is what makes them so.
    _go(session, clock, actor, volunteer, VOLUNTEER.next_state(volunteer.state, "leave", SYSTEM), "left", "")
    return volunteer


def remove(session: Session, clock: Clock, actor: Actor, volunteer_id: int, reason: str) -> Volunteer:
    """Take somebody off by an officer's word, for a reason that is kept. Raises NotFound, Refused, Forbidden, InvalidInput."""
    volunteer = get(session, volunteer_id, lock=True)
    target = VOLUNTEER.next_state(volunteer.state, "remove", actor)
    _go(session, clock, actor, volunteer, target, "removed", demanded(reason))
    return volunteer


def _go(
    session: Session, clock: Clock, actor: Actor, volunteer: Volunteer, target: str, event: str, reason: str
) -> None:
    end_duty(session, clock, volunteer)
    before, now = volunteer.state, clock.now()
    volunteer.state, volunteer.left_at, volunteer.updated_at = target, now, now
    outbox.publish(session, clock, "VolunteerLeft", {"volunteer_id": volunteer.id, "agent_id": volunteer.agent_id or 0})
    audit.record(
        session, clock, actor, f"volunteer.{event}", "volunteer", volunteer.id, before={"state": before},
        after={"state": target} | ({"reason": reason} if reason else {}),
    )  # fmt: skip


def erase(session: Session, clock: Clock, actor: Actor, volunteer_id: int) -> Volunteer:
    """Remove for good what names somebody who left or was not taken; may be repeated.

    Raises NotFound, Refused (`volunteer-still-there`) for somebody on the roster, who leaves first.
    """
    volunteer = get(session, volunteer_id, lock=True)
    if volunteer.state not in (LEFT, REFUSED):
        raise Refused("Somebody on the roster leaves it first.", code="volunteer-still-there")
    if volunteer.erased_at is not None:
        return volunteer
    # Texts to the number that are still under way are settled by it; they are forgotten with all old ones.
    session.execute(
        text(
            "UPDATE notices SET phone = '', body = '', retry_at = NULL WHERE phone = :phone AND phone <> ''"
            " AND purpose IN ('volunteer', 'callout', 'shift') AND state NOT IN ('queued', 'sending', 'in_doubt')"
        ),
        {"phone": volunteer.phone},
    )
    for table in (AvailableHours, AwayDays, Certificate):
        session.execute(delete(table).where(table.volunteer_id == volunteer.id))
    volunteer.name = volunteer.phone = volunteer.email = volunteer.note = volunteer.site = ""
    volunteer.languages, volunteer.skills, volunteer.erased_at = [], {}, clock.now()
    _strip_agent(session, volunteer)
    outbox.publish(
        session, clock, "VolunteerErased", {"volunteer_id": volunteer.id, "agent_id": volunteer.agent_id or 0}
    )
    audit.record(session, clock, actor, "volunteer.erased", "volunteer", volunteer.id)
    return volunteer


def _strip_agent(session: Session, volunteer: Volunteer) -> None:
    if volunteer.officer_id is None or volunteer.agent_id is None:
        return
    session.execute(
        update(Officer)
        .where(Officer.id == volunteer.officer_id)
        .values(display_name=NO_NAME, password_hash=None, second_factor_secret=None)
    )
    session.execute(
        update(Agent)
        .where(Agent.id == volunteer.agent_id)
        .values(phone="", skills={}, languages=[], marks=[own_mark(volunteer.agent_id)])
    )


def erase_gone(services: Services) -> int:
    """Erase whose time is over; the job `volunteers.erase_gone`, at most BATCH at once, each in its own transaction."""
    now = services.clock.now()
    with services.db.transaction() as session:
        due = list(
            session.scalars(
                select(Volunteer.id)
                .where(
                    Volunteer.erased_at.is_(None),
                    or_(
                        (Volunteer.state == LEFT) & (Volunteer.left_at < now - LEFT_KEPT_FOR),
                        (Volunteer.state == REFUSED) & (Volunteer.decided_at < now - REFUSED_KEPT_FOR),
                    ),
                )
                .order_by(Volunteer.id)
                .limit(BATCH)
            )
        )
    for volunteer_id in due:
        with services.db.transaction() as session:
            erase(session, services.clock, SYSTEM, volunteer_id)
    return len(due)
