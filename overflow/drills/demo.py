"""A finished round with one line that fails, and two training calls, so that the pages look alive; made once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions.models import MissionLine, MissionStaff
from overflow.drills import reporting, scenarios, training
from overflow.drills.models import LineAlarm, LineTest, LineTestRound, TrainingScenario
from overflow.drills.training import Planned, Sheet
from overflow.drills.weeks import week_of

TRAINER, TRAINEE = "senior-agent", "mission-officer"
_SENDER = "+82232100404"
_SCORES = {"reachability": 5, "greeting": 4, "attitude": 5, "competence": 3, "closing": 4}
_NOTES = {
    "competence": "여권 재발급 서류 안내에서 사진 규격이 빠짐",
    "greeting": "공관명은 밝혔으나 본인 성명은 밝히지 않음",
}


def load(services: Services, _actor: Actor) -> None:
    """Add them where there are none; lines and accounts are those of the other rooms' demo."""
    with services.db.transaction() as session:
        scenarios.begin(session, services)
        if session.scalar(select(LineTestRound.id).limit(1)) is None:
            _round(session, services.clock.now())
    with services.db.transaction() as session:
        if not training.anybody(session):
            _trainings(session, services)


def _round(session: Session, now: datetime) -> None:
    lines = session.scalars(
        select(MissionLine).where(MissionLine.closed_at.is_(None)).order_by(MissionLine.id).limit(50)
    ).all()
    if not lines:
        return
    week = week_of(now, "Asia/Seoul") - timedelta(days=7)
    each = LineTestRound(week=week, state="open", report={}, started_at=now - timedelta(days=6))
    session.add(each)
    session.flush()
    for nth, line in enumerate(lines):
        at = now - timedelta(days=5, minutes=7 * nth)
        failing = nth == len(lines) - 1
        first = _test(session, line, each.id, at, passed=not failing, seconds=6 + nth % 5)
        if failing:
            again = at + timedelta(minutes=12)
            second = _test(session, line, each.id, again, passed=False, seconds=0, repeat_of_id=first.id)
            session.add(LineAlarm(line_id=line.id, test_id=second.id, raised_at=again + timedelta(seconds=90)))
    session.flush()
    each.report = reporting.totals(reporting.outcomes(session, each.id)).as_json()
    each.state, each.finished_at = "finished", now - timedelta(days=1)


def _test(
    session: Session,
    line: MissionLine,
    round_id: int,
    at: datetime,
    *,
    passed: bool,
    seconds: int,
    repeat_of_id: int | None = None,
) -> LineTest:
    test = LineTest(
        line_id=line.id, round_id=round_id, repeat_of_id=repeat_of_id, state="passed" if passed else "failed",
        reason="" if passed else "no_answer", attempts=1, sender=_SENDER, leg_word="completed" if passed else "no-answer",
        placed_at=at, arrived_at=at + timedelta(seconds=seconds) if passed else None,
        recognised_how="called" if passed else "", greeted_mission_id=line.mission_id if passed else None,
        created_at=at - timedelta(hours=20), finished_at=at + timedelta(seconds=seconds + 12 if passed else 90),
    )  # fmt: skip
    session.add(test)
    session.flush()
    return test


def _trainings(session: Session, services: Services) -> None:
    trainer, trainee = find_by_name(session, TRAINER), find_by_name(session, TRAINEE)
    line = session.scalar(select(MissionLine).where(MissionLine.closed_at.is_(None)).order_by(MissionLine.id).limit(1))
    offered = session.scalars(select(TrainingScenario).order_by(TrainingScenario.id).limit(2)).all()
    if trainer is None or trainee is None or line is None or len(offered) < 2:
        return
    at_home = session.scalar(select(MissionStaff.mission_id).where(MissionStaff.officer_id == trainee.id).limit(1))
    if at_home is None:
        at_home = line.mission_id
        session.add(MissionStaff(officer_id=trainee.id, mission_id=at_home, since=services.clock.now()))
        session.flush()
    now, who = services.clock.now(), actor_of(trainer, "cli")
    for scenario, when in zip(offered, (now - timedelta(days=6), now + timedelta(days=2)), strict=True):
        made = training.plan(session, services, who, Planned(at_home, trainee.id, scenario.id, line.number, when))
        if when < now:
            follow_up = "긴급여권 구비서류 안내문을 다시 읽고 다음 달에 같은 상황으로 한 번 더 연습합니다."
            training.score(session, services, who, made.id, Sheet(_SCORES, _NOTES, follow_up))
            made.held_at = when
