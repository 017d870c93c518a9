"""Hours, exceptions and one tap of a mission: changed by those who may, each change on the trail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.missions import missions, staff
from hotline.missions.models import Mission, MissionException, MissionHours, MissionOverride
from hotline.missions.notation import Hours, read_day, read_hours

MAX_NOTE = 200
MAX_OVERRIDE = timedelta(days=31)
MAX_EXCEPTIONS = 400
MAX_AHEAD = timedelta(days=3 * 366)
MAX_RANGE = 92
"""Days that can be given hours of their own at once."""


def set_hours(
    session: Session, clock: Clock, actor: Actor, mission_id: int, text: str, holiday_text: str | None = None
) -> Hours:
    """Keep a mission's hours (OSM notation) and those of its holidays; None takes them from `PH` in the text, else `off`.

    Raises NotFound, Forbidden, and InvalidInput naming what cannot be read.
    """
    staff.demand(session, actor, mission_id, change=True)
    missions.get(session, mission_id, lock=True)
    hours = read_hours(text)
    if holiday_text is not None and holiday_text.strip():
        hours = Hours(hours.ordinary, read_day(holiday_text, field="holiday_hours"))
    kept = session.get(MissionHours, mission_id)
    before = None if kept is None else {"hours": kept.hours, "holiday_hours": kept.holiday_hours}
    after = {"hours": hours.ordinary, "holiday_hours": hours.holiday}
    if before == after:
        return hours
    values = {**after, "updated_at": clock.now(), "updated_by_id": officer_id(actor)}
    if kept is None:
        session.add(MissionHours(mission_id=mission_id, **values))
    else:
        for name, value in values.items():
            setattr(kept, name, value)
    session.flush()
    audit.record(session, clock, actor, "mission.hours_changed", "mission", mission_id, before=before, after=after)
    return hours


def hours_of(session: Session, mission_id: int) -> MissionHours | None:
    """Return a mission's hours as kept; None while nobody has given them."""
    return session.get(MissionHours, mission_id)


def set_exceptions(
    session: Session, clock: Clock, actor: Actor, mission_id: int, first: date, last: date | None, text: str, note: str
) -> int:
    """Give each local day from `first` to `last` (both count, None for one day) hours of its own (`off`, or times).

    A second time replaces them. Returns how many days were changed. Raises NotFound, Forbidden, InvalidInput for hours, note or
    days that are past, years away, in the wrong order or more than 92, and Refused beyond 400 days ahead.
    """
    staff.demand(session, actor, mission_id, change=True)
    mission = missions.get(session, mission_id, lock=True)
    today, last = local_day(mission, clock.now()), last or first
    if not today <= first <= today + MAX_AHEAD:
        raise InvalidInput("day", first.isoformat(), "choose a day from today on, at most three years ahead")
    if not first <= last <= min(first + timedelta(days=MAX_RANGE - 1), today + MAX_AHEAD):
        mend = f"choose the first day or a later one; at most {MAX_RANGE} days at once, and three years ahead"
        raise InvalidInput("last_day", last.isoformat(), mend)
    hours, note = read_day(text), read_note("note", note, needed=False)
    kept = {one.day: one for one in _exceptions_between(session, mission_id, first, last)}
    days = [first + timedelta(days=more) for more in range((last - first).days + 1)]
    if len(exceptions_of(session, mission_id, today)) + len(days) - len(kept) > MAX_EXCEPTIONS:
        raise Refused(f"A mission has at most {MAX_EXCEPTIONS} exceptions ahead.", code="too-many-exceptions")
    before = {day.isoformat(): {"hours": one.hours, "note": one.note} for day, one in kept.items()}
    after = {"hours": hours, "note": note}
    changed = [day for day in days if before.get(day.isoformat()) != after]
    for day in changed:
        row = kept.get(day) or MissionException(mission_id=mission_id, day=day)
        row.hours, row.note = hours, note
        session.add(row)
    session.flush()
    if changed:
        audit.record(
            session, clock, actor, "mission.exception_set", "mission", mission_id,
            before=before or None, after={**_days(first, last), **after},
        )  # fmt: skip
    return len(changed)


def remove_exceptions(
    session: Session, clock: Clock, actor: Actor, mission_id: int, first: date, last: date | None = None
) -> int:
    """Take the exceptions of these days back and return how many; the days are ordinary ones again.

    Raises NotFound where there are none, Forbidden, and InvalidInput for days in the wrong order or more than 92.
    """
    staff.demand(session, actor, mission_id, change=True)
    missions.get(session, mission_id, lock=True)
    last = last or first
    if not first <= last <= first + timedelta(days=MAX_RANGE - 1):
        raise InvalidInput("last_day", last.isoformat(), f"choose the first day or one of the {MAX_RANGE - 1} after it")
    kept = _exceptions_between(session, mission_id, first, last)
    if not kept:
        raise NotFound("exception", first.isoformat())
    for one in kept:
        session.delete(one)
    session.flush()
    audit.record(
        session, clock, actor, "mission.exception_removed", "mission", mission_id,
        before=_days(first, last) | {"hours": kept[0].hours, "note": kept[0].note},
    )  # fmt: skip
    return len(kept)


def _days(first: date, last: date) -> dict[str, str]:
    return {"day": first.isoformat()} | ({"last_day": last.isoformat()} if last != first else {})


def _exceptions_between(session: Session, mission_id: int, first: date, last: date) -> list[MissionException]:
    days = select(MissionException).where(MissionException.day.between(first, last))
    return list(session.scalars(days.where(MissionException.mission_id == mission_id).order_by(MissionException.day)))


@dataclass(frozen=True)
class Spell:
    """Days in a row with the same hours of their own, for people to read; both ends count."""

    first: date
    last: date
    hours: str
    note: str


def spells_of(session: Session, mission_id: int, first_day: date) -> list[Spell]:
    """Return the exceptions from a local day on, days in a row that are alike as one, at most 92 days in each."""
    found: list[Spell] = []
    for one in exceptions_of(session, mission_id, first_day):
        before = found[-1] if found else None
        follows = before is not None and before.last + timedelta(days=1) == one.day
        short = before is not None and (one.day - before.first).days < MAX_RANGE
        if before is not None and follows and short and (before.hours, before.note) == (one.hours, one.note):
            found[-1] = replace(before, last=one.day)
        else:
            found.append(Spell(one.day, one.day, one.hours, one.note))
    return found


def exceptions_of(session: Session, mission_id: int, first_day: date) -> list[MissionException]:
    """Return the exceptions from a local day on, in order."""
    return list(
        session.scalars(
            select(MissionException)
            .where(MissionException.mission_id == mission_id, MissionException.day >= first_day)
            .order_by(MissionException.day)
        )
    )


def tap(
    session: Session, clock: Clock, actor: Actor, mission_id: int, kind: str, reason: str, ends_at: datetime
) -> MissionOverride:
    """Open or close a mission from now until `ends_at` (aware), whatever its hours say; ends an earlier one.

    Raises NotFound, Forbidden, and InvalidInput for the kind, a missing reason, or an end that is past or over 31 days away.
    """
    staff.demand(session, actor, mission_id, change=True)
    missions.get(session, mission_id, lock=True)
    now = clock.now()
    if kind not in ("closed_now", "open_now"):
        raise InvalidInput("kind", kind, "use closed_now or open_now")
    reason = read_note("reason", reason, needed=True)
    if not now < ends_at <= now + MAX_OVERRIDE:
        raise InvalidInput("ends_at", ends_at.isoformat(), "choose an end from now on, at most 31 days ahead")
    before = live_override(session, mission_id, now)
    if before is not None:
        before.ended_at, before.ended_by_id = now, officer_id(actor)
    session.execute(
        update(MissionOverride).where(MissionOverride.mission_id == mission_id, MissionOverride.last).values(last=False)
    )
    session.flush()
    made = MissionOverride(
        mission_id=mission_id, kind=kind, starts_at=now, ends_at=ends_at, reason=reason, officer_id=officer_id(actor)
    )
    session.add(made)
    session.flush()
    audit.record(
        session, clock, actor, f"mission.{kind}", "mission", mission_id,
        after={"reason": reason, "ends_at": ends_at.isoformat()},
    )  # fmt: skip
    return made


def undo(session: Session, clock: Clock, actor: Actor, mission_id: int) -> None:
    """End what was opened or closed by one tap: the hours count again. Raises NotFound, Forbidden, and Refused without one."""
    staff.demand(session, actor, mission_id, change=True)
    missions.get(session, mission_id, lock=True)
    live = live_override(session, mission_id, clock.now())
    if live is None:
        raise Refused("The mission follows its hours already.", code="follows-its-hours")
    live.ended_at, live.ended_by_id = clock.now(), officer_id(actor)
    session.flush()
    audit.record(session, clock, actor, "mission.hours_again", "mission", mission_id, before={"kind": live.kind})


def live_override(session: Session, mission_id: int, now: datetime) -> MissionOverride | None:
    """Return what is open or closed by one tap at an instant (now or earlier); None when the hours count."""
    found = session.scalar(
        select(MissionOverride).where(
            MissionOverride.mission_id == mission_id,
            MissionOverride.starts_at <= now,
            MissionOverride.ends_at > now,
            MissionOverride.ended_at.is_(None),
        )
    )
    return found


def local_day(mission: Mission, now: datetime) -> date:
    """Return the day it is at the mission."""
    return now.astimezone(ZoneInfo(mission.zone)).date()


def officer_id(actor: Actor) -> int | None:
    """Return the officer behind an actor; None for the system."""
    return actor.id if actor.kind == "officer" else None


def read_note(field: str, text: str, *, needed: bool) -> str:
    """Return a line of text as kept; raises InvalidInput when it is too long, unprintable, or missing though needed."""
    tidy = " ".join(text.split())
    if (needed and not tidy) or len(tidy) > MAX_NOTE or not tidy.isprintable():
        raise InvalidInput(field, text, f"write {1 if needed else 0} to {MAX_NOTE} characters")
    return tidy
