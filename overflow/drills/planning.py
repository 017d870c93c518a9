"""Each week's round: every open line of every open mission gets its one test, and a week that is over its report."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core import live
from hotline.core.services import Services
from hotline.missions import opening
from hotline.missions.models import Mission, MissionLine
from overflow.drills import reporting, scenarios
from overflow.drills.models import LineTest, LineTestRound
from overflow.drills.settling import TOPIC
from overflow.drills.states import OPEN, PLANNED
from overflow.drills.weeks import due, planned_at, week_of

JOB = "drills.plan"
AHEAD = timedelta(hours=24)
"""Tests are written down so long before, for everybody to see what comes."""
MAX_LINES = 5_000
MAX_ROUNDS = 10
_OVER_EVERYWHERE = timedelta(days=7, hours=12)
"""After a Monday's midnight in UTC: by then that week is over in the westernmost zone, twelve hours behind."""
_LOCK = 0x48_4F_54_45


def plan(services: Services) -> int:
    """Write down the tests that fall due within a day, and close rounds that are over; the job. How many tests were added.

    The scenarios that come with the software are written in with the first run.
    """
    with services.db.transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        scenarios.begin(session, services)
        added = _add(session, services)
        closed = _close(session, services)
    if added or closed:
        live.notify(services.redis, TOPIC)
    return added


def _add(session: Session, services: Services) -> int:
    """Add what is missing; the database takes one first test for each line and round, whoever asks twice."""
    now, settings = services.clock.now(), services.settings
    missing: list[tuple[int, int, date]] = []
    lines = session.execute(
        select(MissionLine.id, MissionLine.mission_id, Mission.zone)
        .join(Mission, Mission.id == MissionLine.mission_id)
        .where(MissionLine.closed_at.is_(None), Mission.closed_at.is_(None))
        .order_by(MissionLine.id)
        .limit(MAX_LINES)
    ).all()
    known = _planned(session, now)
    for line_id, mission_id, zone in lines:
        for week in sorted({week_of(now, zone), week_of(now + AHEAD, zone)}):
            at = planned_at(week, zone, settings.line_test_weekday - 1, settings.line_test_hour)
            if at <= now + AHEAD and (line_id, week) not in known:
                missing.append((line_id, mission_id, week))
    if not missing:
        return 0
    calendars = opening.calendars(session, {mission_id for _, mission_id, _ in missing}, since=now)
    rounds = {week: _round(session, now, week) for week in sorted({week for *_, week in missing})}
    rows = [
        {
            "line_id": line_id, "round_id": rounds[week], "state": PLANNED, "created_at": now,
            "due_at": due(
                week, calendars[mission_id], line_id, now, weekday=settings.line_test_weekday - 1, hour=settings.line_test_hour
            ),
        }
        for line_id, mission_id, week in missing
        if rounds[week] is not None
    ]  # fmt: skip
    if not rows:
        return 0
    added = session.scalars(insert(LineTest).values(rows).on_conflict_do_nothing().returning(LineTest.id)).all()
    return len(added)


def _planned(session: Session, now: datetime) -> set[tuple[int, date]]:
    since = now.date() - timedelta(days=14)
    found = session.execute(
        select(LineTest.line_id, LineTestRound.week)
        .join(LineTestRound, LineTestRound.id == LineTest.round_id)
        .where(LineTestRound.week >= since, LineTest.repeat_of_id.is_(None))
    )
    return {(line_id, week) for line_id, week in found}


def _round(session: Session, now: datetime, week: date) -> int | None:
    """Return the round of a week, made where there is none; None for one that is finished already."""
    made = insert(LineTestRound).values(week=week, state="open", report={}, started_at=now)
    session.execute(made.on_conflict_do_nothing(index_elements=["week"]))
    return session.scalar(select(LineTestRound.id).where(LineTestRound.week == week, LineTestRound.state == "open"))


def _close(session: Session, services: Services) -> int:
    now = services.clock.now()
    unfinished = exists().where(LineTest.round_id == LineTestRound.id, LineTest.state.in_(OPEN))
    rounds = session.scalars(
        select(LineTestRound)
        .where(LineTestRound.state == "open", ~unfinished)
        .order_by(LineTestRound.week)
        .limit(MAX_ROUNDS)
    ).all()
    over = [each for each in rounds if datetime.combine(each.week, time(), UTC) + _OVER_EVERYWHERE <= now]
    for each in over:
        each.report = reporting.totals(reporting.outcomes(session, each.id)).as_json()
        each.state, each.finished_at = "finished", now
    return len(over)
