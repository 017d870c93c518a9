"""What pages show of lines and their tests: each line with its last test and its alarm, and the rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.missions import staff
from hotline.missions.models import Mission, MissionLine
from overflow.drills.models import LineAlarm, LineTest, LineTestRound
from overflow.drills.states import FAILED, OPEN, PASSED, PLANNED

MAX_LINES, MAX_ROUNDS = 2_000, 60


@dataclass(frozen=True)
class LineStanding:
    """One line: its last test that has ended, the one that comes or is under way, and the alarm that stands."""

    line: MissionLine
    mission: Mission
    last: LineTest | None
    coming: LineTest | None
    alarm: LineAlarm | None


def visible(session: Session, actor: Actor) -> list[int] | None:
    """Return the missions whose lines an actor sees, None for all: an officer of missions sees those where they work."""
    if actor.may(staff.OWN) and not actor.may(staff.WRITE):
        return staff.missions_of(session, actor.id or 0)
    return None


def changeable(session: Session, actor: Actor) -> list[int] | None:
    """Return the missions whose lines an actor may test, None for all."""
    if actor.may(staff.WRITE):
        return None
    return staff.missions_of(session, actor.id or 0) if actor.may(staff.OWN) else []


def lines(session: Session, mission_ids: Sequence[int] | None = None, *, alarmed: bool = False) -> list[LineStanding]:
    """Return open lines of open missions, those with an alarm first; `alarmed` leaves out the others."""
    last, coming = _newest(PASSED, FAILED), _newest(*OPEN)
    statement = (
        select(MissionLine, Mission, LineTest, LineAlarm)
        .join(Mission, Mission.id == MissionLine.mission_id)
        .outerjoin(last, last.c.line_id == MissionLine.id)
        .outerjoin(LineTest, LineTest.id == last.c.id)
        .outerjoin(LineAlarm, (LineAlarm.line_id == MissionLine.id) & LineAlarm.resolved_at.is_(None))
        .where(MissionLine.closed_at.is_(None), Mission.closed_at.is_(None))
        .order_by(LineAlarm.raised_at, Mission.country, Mission.code, MissionLine.number)
        .limit(MAX_LINES)
    )
    if mission_ids is not None:
        statement = statement.where(Mission.id.in_(mission_ids))
    if alarmed:
        statement = statement.where(LineAlarm.id.is_not(None))
    rows = session.execute(statement).tuples().all()
    ids = [line.id for line, *_ in rows]
    under_way = select(LineTest).join(coming, coming.c.id == LineTest.id).where(LineTest.line_id.in_(ids))
    next_of = {each.line_id: each for each in session.scalars(under_way)}
    return [LineStanding(line, mission, test, next_of.get(line.id), alarm) for line, mission, test, alarm in rows]


def _newest(*states: str) -> Subquery:
    """One test for each line: the latest that has ended, or the next to come."""
    which = func.min(LineTest.id) if PLANNED in states else func.max(LineTest.id)
    newest = select(LineTest.line_id, which.label("id")).where(LineTest.state.in_(states))
    return newest.group_by(LineTest.line_id).subquery()


def rounds(session: Session) -> list[LineTestRound]:
    """Return the rounds, the latest first."""
    return list(session.scalars(select(LineTestRound).order_by(LineTestRound.week.desc()).limit(MAX_ROUNDS)))


def tests_of(
    session: Session, mission_ids: Sequence[int] | None, before: int | None, most: int
) -> list[tuple[LineTest, MissionLine]]:
    """Return tests, the latest first, of these missions or of all, before an id."""
    statement = (
        select(LineTest, MissionLine)
        .join(MissionLine, MissionLine.id == LineTest.line_id)
        .order_by(LineTest.id.desc())
        .limit(most)
    )
    if mission_ids is not None:
        statement = statement.where(MissionLine.mission_id.in_(mission_ids))
    if before is not None:
        statement = statement.where(LineTest.id < before)
    return list(session.execute(statement).tuples())
