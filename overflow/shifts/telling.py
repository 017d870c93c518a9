"""What people have to be told about their shifts, written down with the change that makes it true, to be told once.

News and reminders are rows with the moment at which they are due; `sending` hands them to the texts. A row that is no longer true
is dropped, and what a text says is decided when it leaves, by what the person was told before.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from overflow.shifts.models import Shift, ShiftSwap, ShiftTelling
from overflow.shifts.people import Person, person
from overflow.shifts.states import (
    DROPPED,
    LAPSED,
    MISSED,
    OPEN_SWAPS,
    PUBLISHED,
    REMIND_DAY,
    REMIND_HOUR,
    WAITING,
)
from overflow.shifts.wall import instant

DAY_BEFORE, HOUR_BEFORE = timedelta(hours=24), timedelta(hours=1)
ENOUGH = timedelta(hours=2)
"""A day's reminder that quiet times would push closer to the shift than this is left out: the hour's follows at once."""


def news(session: Session, clock: Clock, shift: Shift, kind: str, *, to: int | None = None, about: str = "") -> None:
    """Have somebody told about a shift as it now is: the one whose it is, unless another is named.

    `about` makes it another piece of news than the shift's version does.
    """
    agent_id = to or shift.agent_id
    now = clock.now()
    quiet_over = quiet_until(person(session, agent_id), now)
    due = quiet_over if quiet_over is not None and quiet_over <= shift.starts_at - ENOUGH else now
    _keep(
        session,
        shift,
        agent_id,
        kind,
        about or str(shift.version),
        due,
        shift.starts_at if shift.starts_at > now else shift.ends_at,
    )


def reminders(session: Session, clock: Clock, shift: Shift) -> None:
    """Have the person of a published shift reminded, as far as the moments still lie ahead."""
    if shift.state != PUBLISHED:
        return
    now, about = clock.now(), shift.starts_at.astimezone(UTC).isoformat()
    due = day_reminder(person(session, shift.agent_id), shift.starts_at)
    if due is not None and due > now:
        _keep(session, shift, shift.agent_id, REMIND_DAY, about, due, shift.starts_at - HOUR_BEFORE)
    if shift.starts_at - HOUR_BEFORE > now:
        _keep(session, shift, shift.agent_id, REMIND_HOUR, about, shift.starts_at - HOUR_BEFORE, shift.starts_at)


def day_reminder(whom: Person, starts_at: datetime) -> datetime | None:
    """Return when somebody is reminded the day before; None where their quiet time leaves no good moment."""
    due = starts_at - DAY_BEFORE
    due = quiet_until(whom, due) or due
    return due if due <= starts_at - ENOUGH else None


def quiet_until(whom: Person, at: datetime) -> datetime | None:
    """Return when the quiet time that holds a moment ends (UTC); None when the moment lies in none."""
    since, until = whom.quiet
    if since == until:
        return None
    zone = ZoneInfo(whom.zone)
    today = at.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        start, end = quiet_of(zone, day, since, until)
        if start <= at < end:
            return end
    return None


def quiet_of(zone: ZoneInfo, day: date, since: int, until: int) -> tuple[datetime, datetime]:
    """Return the quiet time that begins on a local day, as instants."""
    later = 1440 if until <= since else 0
    return instant(zone, day, since).at, instant(zone, day, until + later).at


def _keep(  # the whole row
    session: Session, shift: Shift, agent_id: int, kind: str, about: str, due: datetime, expires: datetime
) -> None:
    values = {
        "shift_id": shift.id, "agent_id": agent_id, "kind": kind, "about": about, "starts_at": shift.starts_at,
        "ends_at": shift.ends_at, "due_at": due, "expires_at": expires, "state": WAITING,
    }  # fmt: skip
    row = insert(ShiftTelling).values(**values)
    again = {name: row.excluded[name] for name in ("starts_at", "ends_at", "due_at", "expires_at", "state")}
    session.execute(
        row.on_conflict_do_update(
            index_elements=["shift_id", "agent_id", "kind", "about"],
            set_=again | {"settled_at": None},
            where=ShiftTelling.state == DROPPED,
        )
    )


def drop(session: Session, clock: Clock, shift_id: int) -> None:
    """Leave untold what still waits about a shift."""
    session.execute(
        update(ShiftTelling)
        .where(ShiftTelling.shift_id == shift_id, ShiftTelling.state == WAITING)
        .values(state=DROPPED, settled_at=clock.now())
    )


def lapse_swaps(session: Session, clock: Clock, shift_id: int) -> None:
    """End the open offer of a shift that is no longer what was offered."""
    session.execute(
        update(ShiftSwap)
        .where(ShiftSwap.shift_id == shift_id, ShiftSwap.state.in_(OPEN_SWAPS))
        .values(state=LAPSED, settled_at=clock.now())
    )


def missed(session: Session, clock: Clock, shift: Shift) -> None:
    """Have the person of a shift that has begun asked where they are."""
    about = shift.starts_at.astimezone(UTC).isoformat()
    _keep(session, shift, shift.agent_id, MISSED, about, clock.now(), shift.ends_at)
