"""What came of a round, line by line, against the rounds before, and how training calls went by mission and area."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.missions.models import Mission, MissionLine
from overflow.drills.models import LineTest, LineTestRound, TrainingCall, TrainingScore
from overflow.drills.states import AREAS, FAILED, HELD, PASSED

MAX_LINES = 5_000
TREND_ROUNDS = 8


@dataclass(frozen=True)
class Outcome:
    """One line in a round: its last test decides; `first_reason` is why an earlier one failed. Times are aware UTC."""

    line_id: int
    number: str
    label: str
    mission_id: int
    names: dict[str, str]
    state: str
    reason: str
    first_reason: str
    placed_at: datetime | None
    arrived_at: datetime | None
    due_at: datetime | None
    tests: int

    @property
    def seconds(self) -> float | None:
        """How long the call needed to arrive."""
        if self.placed_at is None or self.arrived_at is None:
            return None
        return (self.arrived_at - self.placed_at).total_seconds()


@dataclass(frozen=True)
class Totals:
    """Figures of a round; `seconds` is the median until a call that passed arrived, None without one."""

    lines: int
    passed: int
    repeated: int
    failed: int
    open: int
    seconds: float | None
    reasons: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as a finished round keeps them."""
        return asdict(self)


@dataclass(frozen=True)
class Scored:
    """How one mission's training calls went: how many, the mean total of 25, and the mean of each area."""

    mission_id: int
    names: dict[str, str]
    calls: int
    total: float
    areas: dict[str, float]


def outcomes(session: Session, round_id: int, mission_ids: Sequence[int] | None = None) -> list[Outcome]:
    """Return a round's lines by mission and number; with `mission_ids` those of these missions only."""
    statement = (
        select(LineTest, MissionLine, Mission)
        .join(MissionLine, MissionLine.id == LineTest.line_id)
        .join(Mission, Mission.id == MissionLine.mission_id)
        .where(LineTest.round_id == round_id)
        .order_by(Mission.country, Mission.code, MissionLine.number, LineTest.id)
        .limit(2 * MAX_LINES)
    )
    if mission_ids is not None:
        statement = statement.where(Mission.id.in_(mission_ids))
    by_line: dict[int, list[tuple[LineTest, MissionLine, Mission]]] = defaultdict(list)
    for test, line, mission in session.execute(statement).tuples():
        by_line[line.id].append((test, line, mission))
    return [_outcome(tests) for tests in by_line.values()]


def _outcome(tests: list[tuple[LineTest, MissionLine, Mission]]) -> Outcome:
    last, line, mission = tests[-1]
    return Outcome(
        line.id, line.number, line.label, mission.id, {"ko": mission.name_ko, "en": mission.name_en}, last.state, last.reason,
        tests[0][0].reason if len(tests) > 1 else "", last.placed_at, last.arrived_at, last.due_at, len(tests),
    )  # fmt: skip


def totals(found: Iterable[Outcome]) -> Totals:
    """Return the figures of a round."""
    rows = list(found)
    passed = [each for each in rows if each.state == PASSED]
    failed = [each for each in rows if each.state == FAILED]
    times = sorted(each.seconds for each in passed if each.seconds is not None)
    return Totals(
        lines=len(rows), passed=len(passed), repeated=sum(each.tests > 1 for each in passed), failed=len(failed),
        open=len(rows) - len(passed) - len(failed), seconds=times[len(times) // 2] if times else None,
        reasons=dict(sorted(Counter(each.reason for each in failed).items())),
    )  # fmt: skip


def trend(session: Session, week: date) -> list[tuple[date, Totals]]:
    """Return the figures of this round's week and the finished ones before it, the latest first, at most eight."""
    rounds = session.scalars(
        select(LineTestRound).where(LineTestRound.week <= week).order_by(LineTestRound.week.desc()).limit(TREND_ROUNDS)
    ).all()
    return [
        (each.week, Totals(**each.report) if each.report else totals(outcomes(session, each.id))) for each in rounds
    ]


def scores(
    session: Session, since: datetime, until: datetime, mission_ids: Sequence[int] | None = None
) -> list[Scored]:
    """Return how training calls held from `since` until before `until` (aware) went, by mission."""
    statement = (
        select(Mission, TrainingScore.area, func.count(), func.avg(TrainingScore.score))
        .join(TrainingCall, TrainingCall.mission_id == Mission.id)
        .join(TrainingScore, TrainingScore.training_id == TrainingCall.id)
        .where(TrainingCall.state == HELD, TrainingCall.held_at >= since, TrainingCall.held_at < until)
        .group_by(Mission.id, TrainingScore.area)
        .order_by(Mission.country, Mission.code)
        .limit(len(AREAS) * MAX_LINES)
    )
    if mission_ids is not None:
        statement = statement.where(Mission.id.in_(mission_ids))
    by_mission: dict[int, tuple[Mission, int, dict[str, float]]] = {}
    for mission, area, count, mean in session.execute(statement).tuples():
        _, _, areas = by_mission.setdefault(mission.id, (mission, count, {}))
        areas[area] = float(mean)
    return [
        Scored(mission.id, {"ko": mission.name_ko, "en": mission.name_en}, calls, sum(areas.values()), areas)
        for mission, calls, areas in by_mission.values()
    ]
