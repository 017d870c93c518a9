"""Whole weeks at once: a week copied into another, and patterns of weeks that repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from overflow.shifts.models import Shift, ShiftPattern, ShiftPatternLine
from overflow.shifts.people import people
from overflow.shifts.planning import MAX_WANTED, Outcome, Wanted, make_many
from overflow.shifts.states import LIVE, WRITE
from overflow.shifts.wall import Wall, check_zone, monday_of, place

MAX_WEEKS = 26
MAX_LINES = 56
MAX_PATTERNS = 200


@dataclass(frozen=True)
class PatternLine:
    """One shift of a pattern: week from 0, weekday 0 Monday, minutes after local midnight."""

    week: int
    weekday: int
    starts: int
    ends: int


def copy_week(session: Session, clock: Clock, actor: Actor, source: date, target: date) -> Outcome:
    """Plan the shifts of one week again in another, as drafts, at the same local times; both weeks by any of their days.

    Raises Forbidden, InvalidInput for a week onto itself or one with too many shifts.
    """
    _may(actor)
    first, wanted_from = monday_of(source), monday_of(target)
    if first == wanted_from:
        raise InvalidInput("target", target.isoformat(), "choose another week")
    rows = session.scalars(
        select(Shift)
        .where(Shift.state.in_(LIVE), Shift.day >= first, Shift.day < first + timedelta(days=7))
        .order_by(Shift.starts_at, Shift.id)
        .limit(MAX_WANTED + 1)
    ).all()
    later = wanted_from - first
    wanted = [
        Wanted(row.agent_id, Wall(row.zone, row.day + later, row.starts, row.ends), row.pattern_id, line)
        for line, row in enumerate(rows, 1)
    ]
    return make_many(session, clock, actor, wanted)


def keep_pattern(
    session: Session, clock: Clock, actor: Actor, name: str, zone: str, lines: Sequence[PatternLine]
) -> ShiftPattern:
    """Keep a pattern under a new name; raises Forbidden, InvalidInput, Refused when the name is taken."""
    _may(actor)
    given = name.strip()
    if not 1 <= len(given) <= 80:
        raise InvalidInput("name", given, "write 1 to 80 characters")
    if zone:
        check_zone(zone)
    if not 1 <= len(lines) <= MAX_LINES:
        raise InvalidInput("lines", len(lines), f"give 1 to {MAX_LINES} shifts")
    for line in lines:
        if not (0 <= line.week <= 7 and 0 <= line.weekday <= 6):
            raise InvalidInput("lines", f"week {line.week + 1}, weekday {line.weekday}", "weeks are 1 to 8")
        place(Wall("UTC", date(2027, 1, 4), line.starts, line.ends))
    if len(list(session.scalars(select(ShiftPattern.id).limit(MAX_PATTERNS)))) >= MAX_PATTERNS:
        raise Refused(f"There are at most {MAX_PATTERNS} patterns.", code="shift-patterns-full")
    pattern = ShiftPattern(
        name=given,
        zone=zone,
        weeks=max(line.week for line in lines) + 1,
        created_at=clock.now(),
        created_by_id=actor.id,
    )
    try:
        with session.begin_nested():
            session.add(pattern)
    except IntegrityError:
        raise Refused("There is a pattern of this name.", code="shift-pattern-name") from None
    session.add_all(
        ShiftPatternLine(
            pattern_id=pattern.id, week=line.week, weekday=line.weekday, starts=line.starts, ends=line.ends
        )
        for line in lines
    )
    audit.record(session, clock, actor, "shift.pattern_kept", "shift_pattern", pattern.id, after={"name": given})
    return pattern


def apply(
    session: Session, clock: Clock, actor: Actor, pattern_id: int, agent_ids: Sequence[int], first: date, weeks: int
) -> Outcome:
    """Plan a pattern for people from the week of a day on, repeated over so many weeks, as drafts.

    Times are those of the pattern's zone, or of each person's own. Raises Forbidden, NotFound, InvalidInput.
    """
    _may(actor)
    pattern = session.get(ShiftPattern, pattern_id)
    if pattern is None:
        raise NotFound("pattern", pattern_id)
    if not 1 <= weeks <= MAX_WEEKS:
        raise InvalidInput("weeks", weeks, f"give 1 to {MAX_WEEKS} weeks")
    lines = session.scalars(select(ShiftPatternLine).where(ShiftPatternLine.pattern_id == pattern_id)).all()
    known, monday = people(session, agent_ids), monday_of(first)
    wanted: list[Wanted] = []
    for agent_id in dict.fromkeys(agent_ids):
        person = known.get(agent_id)
        if person is None:
            raise NotFound("agent", agent_id)
        for week in range(weeks):
            for line in (each for each in lines if each.week == week % pattern.weeks):
                day = monday + timedelta(days=7 * week + line.weekday)
                wall = Wall(pattern.zone or person.zone, day, line.starts, line.ends)
                wanted.append(Wanted(agent_id, wall, pattern_id, len(wanted) + 1))
    return make_many(session, clock, actor, wanted)


def remove_pattern(session: Session, clock: Clock, actor: Actor, pattern_id: int) -> None:
    """Forget a pattern; shifts that were made from it stay. Raises Forbidden, NotFound."""
    _may(actor)
    pattern = session.get(ShiftPattern, pattern_id)
    if pattern is None:
        raise NotFound("pattern", pattern_id)
    name = pattern.name
    session.delete(pattern)
    audit.record(session, clock, actor, "shift.pattern_removed", "shift_pattern", pattern_id, before={"name": name})


def patterns(session: Session) -> list[tuple[ShiftPattern, list[ShiftPatternLine]]]:
    """Return every pattern with its shifts, by name."""
    rows = session.scalars(select(ShiftPattern).order_by(ShiftPattern.name).limit(MAX_PATTERNS)).all()
    order = (ShiftPatternLine.week, ShiftPatternLine.weekday, ShiftPatternLine.starts)
    lines = session.scalars(select(ShiftPatternLine).order_by(*order).limit(MAX_PATTERNS * MAX_LINES)).all()
    return [(row, [line for line in lines if line.pattern_id == row.id]) for row in rows]


def _may(actor: Actor) -> None:
    if not actor.may(WRITE):
        raise Forbidden(f"This needs the permission {WRITE}.")
