"""What is planned: who is on shift at a moment, a period's shifts, one person's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound
from overflow.shifts.models import Shift
from overflow.shifts.states import LIVE, PUBLISHED
from overflow.volunteers.models import Volunteer

MAX_ROWS = 10_000
"""Shifts that one page or one round looks at: five hundred people with twenty shifts each."""


def on_shift(session: Session, at: datetime) -> set[int]:
    """Return the agents (volunteers too) whose published shift holds the moment `at` (aware), its end not included."""
    wanted = select(Shift.agent_id).where(Shift.state == PUBLISHED, Shift.starts_at <= at, Shift.ends_at > at)
    return set(session.scalars(wanted))


EARLY = timedelta(minutes=30)
"""So long before a shift somebody may come to their desk."""


def duty_until(session: Session, clock: Clock, volunteer_id: int) -> datetime | None:
    """Return the end of the published shift that a volunteer is on, or that begins within EARLY; None when there is none."""
    now = clock.now()
    return session.scalar(
        select(func.max(Shift.ends_at))
        .join(Volunteer, Volunteer.agent_id == Shift.agent_id)
        .where(
            Volunteer.id == volunteer_id, Shift.state == PUBLISHED, Shift.starts_at <= now + EARLY, Shift.ends_at > now
        )
    )  # fmt: skip


def get(session: Session, shift_id: int, *, lock: bool = False) -> Shift:
    """Return one shift; raises NotFound."""
    found = session.get(Shift, shift_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("shift", shift_id)
    return found


def between(
    session: Session,
    since: datetime,
    until: datetime,
    *,
    states: Collection[str] = LIVE,
    agent_ids: Collection[int] = (),
) -> Sequence[Shift]:
    """Return shifts that touch a period (UTC), the earliest first; of some people only, where any are named."""
    wanted = select(Shift).where(Shift.state.in_(states), Shift.starts_at < until, Shift.ends_at > since)
    if agent_ids:
        wanted = wanted.where(Shift.agent_id.in_(agent_ids))
    return session.scalars(wanted.order_by(Shift.starts_at, Shift.id).limit(MAX_ROWS)).all()


def of_person(session: Session, agent_id: int, since: datetime, *, states: Collection[str], limit: int) -> list[Shift]:
    """Return a person's shifts that end after a moment, the earliest first."""
    wanted = select(Shift).where(Shift.agent_id == agent_id, Shift.state.in_(states), Shift.ends_at > since)
    return list(session.scalars(wanted.order_by(Shift.starts_at, Shift.id).limit(limit)))


def page(  # what a list may be narrowed by, all by name
    session: Session, since: datetime, until: datetime, *, states: Collection[str], agent_id: int | None, after: int | None,
    limit: int,
) -> list[Shift]:  # fmt: skip
    """Return shifts that touch a period (UTC), by their beginning; those after one that the reader has seen."""
    wanted = select(Shift).where(Shift.state.in_(states), Shift.starts_at < until, Shift.ends_at > since)
    if agent_id is not None:
        wanted = wanted.where(Shift.agent_id == agent_id)
    if after is not None:
        seen = session.get(Shift, after)
        if seen is None:
            raise InvalidInput("after", after, "give the id of a shift that was on the page before")
        wanted = wanted.where(tuple_(Shift.starts_at, Shift.id) > (seen.starts_at, seen.id))
    return list(session.scalars(wanted.order_by(Shift.starts_at, Shift.id).limit(limit)))
