"""Need and coverage from rows: what is kept, who counts for which skill, and a week's days."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from overflow.shifts import reading
from overflow.shifts.models import CoverageNeed, Shift
from overflow.shifts.needed import Duty, Hour, Need, cover, gaps
from overflow.shifts.people import Person, people
from overflow.shifts.states import LIVE, WRITE
from overflow.shifts.wall import midnight
from overflow.volunteers.models import Certificate

MAX_NEEDS = 300
_MARK = re.compile(r"(lang:[a-z]{2,3}|[a-z][a-z0-9_]{0,29}:[1-5])?")


@dataclass(frozen=True)
class Planned:
    """A shift with its person."""

    shift: Shift
    person: Person


@dataclass(frozen=True)
class Day:
    """A local day: its hours with need and coverage, and the shifts that begin on it."""

    day: date
    hours: list[Hour]
    planned: list[Planned]

    @property
    def gaps(self) -> list[object]:
        """Where people are missing."""
        return list(gaps(self.hours))


def needs(session: Session) -> list[CoverageNeed]:
    """Return every need that is kept: weekdays first, then single days."""
    order = (
        CoverageNeed.day.nulls_first(),
        CoverageNeed.weekday,
        CoverageNeed.hour_from,
        CoverageNeed.mark,
        CoverageNeed.id,
    )
    return list(session.scalars(select(CoverageNeed).order_by(*order).limit(MAX_NEEDS)))


def plain(rows: Sequence[CoverageNeed]) -> list[Need]:
    """Return rows as the pure part reads them."""
    return [Need(row.hour_from, row.hour_to, row.needed, row.mark, row.weekday, row.day) for row in rows]


def keep(session: Session, clock: Clock, actor: Actor, wanted: Sequence[Need]) -> None:
    """Add needs; raises Forbidden, InvalidInput, Refused when there would be too many."""
    if not actor.may(WRITE):
        raise Forbidden(f"This needs the permission {WRITE}.")
    for each in wanted:
        _check(each)
    if (session.scalar(select(func.count()).select_from(CoverageNeed)) or 0) + len(wanted) > MAX_NEEDS:
        raise Refused(f"There are at most {MAX_NEEDS} lines of need; remove some.", code="shift-needs-full")
    for each in wanted:
        session.add(
            CoverageNeed(
                weekday=each.weekday, day=each.day, hour_from=each.hour_from, hour_to=each.hour_to, mark=each.mark,
                needed=each.needed,
            )
        )  # fmt: skip
    after = {
        "lines": [
            f"{each.day or each.weekday} {each.hour_from}-{each.hour_to} {each.mark}: {each.needed}" for each in wanted
        ]
    }
    audit.record(session, clock, actor, "shift.need_kept", "coverage_need", None, after=after)


def _check(need: Need) -> None:
    if not (0 <= need.hour_from < need.hour_to <= 24):
        raise InvalidInput("hour_to", need.hour_to, "give hours from 0 to 24, the end after the start")
    if not 0 <= need.needed <= 999:
        raise InvalidInput("needed", need.needed, "give 0 to 999 people")
    if not _MARK.fullmatch(need.mark):
        raise InvalidInput("mark", need.mark, "write a language as lang:en, a skill as visa:2, or nothing")
    if (need.weekday is None) == (need.day is None) or (need.weekday is not None and not 0 <= need.weekday <= 6):
        raise InvalidInput("weekday", need.weekday, "choose weekdays, or one day")


def remove(session: Session, clock: Clock, actor: Actor, need_id: int) -> None:
    """Take a need away; raises Forbidden, NotFound."""
    if not actor.may(WRITE):
        raise Forbidden(f"This needs the permission {WRITE}.")
    gone = session.scalar(delete(CoverageNeed).where(CoverageNeed.id == need_id).returning(CoverageNeed.id))
    if gone is None:
        raise NotFound("line of need", need_id)
    audit.record(session, clock, actor, "shift.need_removed", "coverage_need", need_id)


def week(session: Session, zone: ZoneInfo, monday: date) -> list[Day]:
    """Return a week of the centre's zone, drafts counted with what people were told."""
    return days(session, zone, monday, 7)


def days(session: Session, zone: ZoneInfo, first: date, count: int, *, states: Sequence[str] = LIVE) -> list[Day]:
    """Return some days of the centre's zone."""
    since, until = midnight(zone, first), midnight(zone, first + timedelta(days=count))
    shifts = reading.between(session, since, until, states=states)
    known = people(session, {shift.agent_id for shift in shifts})
    duties, kept = duties_of(session, shifts, known), plain(needs(session))
    result = []
    for step in range(count):
        day = first + timedelta(days=step)
        start, end = midnight(zone, day), midnight(zone, day + timedelta(days=1))
        planned = [Planned(shift, known[shift.agent_id]) for shift in shifts if start <= shift.starts_at < end]
        result.append(Day(day, cover(zone, day, kept, duties), planned))
    return result


def duties_of(session: Session, shifts: Sequence[Shift], known: dict[int, Person]) -> list[Duty]:
    """Return shifts as the pure part reads them; a volunteer's skill counts while a certificate for it holds."""
    volunteers = {each.volunteer_id for each in known.values() if each.volunteer_id is not None}
    proved: dict[int, list[Certificate]] = defaultdict(list)
    if volunteers:
        rows = session.scalars(
            select(Certificate).where(Certificate.volunteer_id.in_(volunteers), Certificate.withdrawn_at.is_(None))
        )
        for row in rows:
            proved[row.volunteer_id].append(row)
    return [
        Duty(shift.starts_at, shift.ends_at, _marks(known[shift.agent_id], proved, shift.starts_at, shift.ends_at))
        for shift in shifts
    ]


def _marks(person: Person, proved: dict[int, list[Certificate]], since: datetime, until: datetime) -> frozenset[str]:
    if person.volunteer_id is None:
        return person.marks
    holds = [row for row in proved[person.volunteer_id] if row.issued_at <= since and row.expires_at >= until]
    certified = {f"{row.skill}:{level}" for row in holds for level in range(1, row.level + 1)}
    return frozenset(mark for mark in person.marks if mark.startswith(("lang:", "agent:")) or mark in certified)
