"""Who did not come: a shift began, a quarter of an hour went by, and its person has not signed on.

The person is asked once by text, the duty chief sees it on the overview. Somebody who comes later disappears from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent, PresenceChange
from hotline.agents.states import OFFLINE
from hotline.core import audit, live
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from overflow.shifts import telling
from overflow.shifts.models import Shift, ShiftTelling
from overflow.shifts.people import Person, people
from overflow.shifts.states import DECLINED, NEWS, PUBLISHED, UNREACHABLE

JOB = "shifts.missing"
EVERY_S = 30
TOPIC = "shifts"
GRACE = timedelta(minutes=15)
EARLY = timedelta(hours=2)
"""Somebody who signed on so long before and went again has been there for another shift, not for this one."""
BATCH = 200
PANEL_ROWS = 20


@dataclass(frozen=True)
class Absent:
    """A shift that nobody is on, and whose it is; `declined`: they said so themselves."""

    shift: Shift
    person: Person
    declined: bool


def look(services: Services) -> int:
    """Mark the shifts that nobody came to and have their people asked, once each; the job `shifts.missing`."""
    now = services.clock.now()
    with services.db.transaction() as session:
        late = session.scalars(
            select(Shift)
            .where(
                Shift.state == PUBLISHED, Shift.missed_at.is_(None), Shift.starts_at <= now - GRACE, Shift.ends_at > now,
                Shift.starts_at > now - timedelta(hours=24), ~_came(),
            )
            .order_by(Shift.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()  # fmt: skip
        known = people(session, {shift.agent_id for shift in late})
        for shift in late:
            shift.missed_at = now  # The duty chief sees it, also where there is nobody to be asked any more.
            if known[shift.agent_id].active:
                telling.missed(session, services.clock, shift)
        for shift in late:
            audit.record(
                session, services.clock, SYSTEM, "shift.missed", "shift", shift.id, after={"agent_id": shift.agent_id}
            )
    if late:
        live.notify(services.redis, TOPIC)
    return len(late)


def _came() -> ColumnElement[bool]:
    """Say in SQL whether a shift's person is here now, or signed on for it and has gone again."""
    here = exists().where(Agent.id == Shift.agent_id, Agent.state != OFFLINE)
    signed_on = exists().where(
        and_(
            PresenceChange.agent_id == Shift.agent_id, PresenceChange.after != OFFLINE,
            PresenceChange.at >= Shift.starts_at - EARLY, PresenceChange.at < Shift.ends_at,
        )
    )  # fmt: skip
    return here | signed_on


def absent(session: Session, now: datetime) -> list[Absent]:
    """Return who is missing now, and who said for a shift that still lies ahead (two days) that they cannot come."""
    missed = session.scalars(
        select(Shift)
        .where(Shift.state == PUBLISHED, Shift.missed_at.is_not(None), Shift.ends_at > now, ~_came())
        .order_by(Shift.starts_at)
        .limit(PANEL_ROWS)
    ).all()
    declined = session.scalars(
        select(Shift)
        .where(Shift.state == DECLINED, Shift.ends_at > now, Shift.starts_at < now + timedelta(days=2))
        .order_by(Shift.starts_at)
        .limit(PANEL_ROWS)
    ).all()
    known = people(session, {shift.agent_id for shift in (*missed, *declined)})
    return [Absent(shift, known[shift.agent_id], shift.state == DECLINED) for shift in (*missed, *declined)]


def untold(session: Session, now: datetime) -> int:
    """Return of how many coming shifts somebody could not be told, because no number of theirs is known."""
    wanted = (
        select(func.count(ShiftTelling.shift_id.distinct()))
        .join(Shift, Shift.id == ShiftTelling.shift_id)
        .where(ShiftTelling.state == UNREACHABLE, ShiftTelling.kind.in_(NEWS), Shift.starts_at > now)
    )
    return session.scalar(wanted) or 0
