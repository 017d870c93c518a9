"""How the silent of one alert stand: figures by step, and the people behind each figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.models import Alert
from alerts.silent import policies
from alerts.silent.models import Outreach, SilentPlan
from alerts.silent.plan import Step, policy_for, read_steps
from alerts.silent.states import STATES
from hotline.core.errors import InvalidInput
from hotline.people.models import Traveller

PAGE = 50


@dataclass(frozen=True)
class StepFigures:
    """One step and how many people are in which state of it; `said` counts the keys."""

    number: int
    step: Step
    by_state: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Return how many people were due."""
        return sum(self.by_state.values())


@dataclass(frozen=True)
class Figures:
    """The plan of one alert and its steps; `frozen` once the alert is approved."""

    severity: str
    version: int
    frozen: bool
    stopped_at: datetime | None
    steps: list[StepFigures]

    @property
    def open(self) -> int:
        """Return how many calls wait or are under way."""
        return sum(
            each.by_state[state] for each in self.steps for state in STATES[:5]
        )  # fmt: skip


def figures(session: Session, alert: Alert, now: datetime) -> Figures:
    """Return the figures of an alert; before it is sent, the plan that it would have."""
    plan = session.get(SilentPlan, alert.id)
    if plan is None:
        version, steps = policies.plan_of(session, alert, now)
    else:
        version, steps = plan.version, read_steps(plan.steps)
    found = [StepFigures(number, step) for number, step in enumerate(steps)]
    if plan is not None:
        counted = select(Outreach.step, Outreach.state, Outreach.answer, func.count()).where(
            Outreach.alert_id == alert.id
        )
        rows = session.execute(counted.group_by(Outreach.step, Outreach.state, Outreach.answer))
        for number, state, answer, count in rows:
            found[number].by_state[state] += count
            if answer:
                found[number].said[answer] += count
    return Figures(
        plan.severity if plan else policy_for(alert.severity), version, alert.approval is not None,
        plan.stopped_at if plan else None, found,
    )  # fmt: skip


class Person(NamedTuple):
    """One row of the list behind a figure."""

    row: Outreach
    name: str


def people(
    session: Session, alert_id: int, *, step: int, state: str, after: int = 0
) -> tuple[Sequence[Person], int | None]:
    """Return one page of the people of a step in a state, and where the next one begins; raises InvalidInput."""
    if state not in STATES:
        raise InvalidInput("state", state, f"use one of {', '.join(STATES)}")
    rows = session.execute(
        select(Outreach, Traveller.name)
        .join(Traveller, Traveller.id == Outreach.traveller_id)
        .where(Outreach.alert_id == alert_id, Outreach.step == step, Outreach.state == state, Outreach.id > after)
        .order_by(Outreach.id)
        .limit(PAGE + 1)
    ).all()
    shown = [Person(row, name) for row, name in rows[:PAGE]]
    return shown, shown[-1].row.id if len(rows) > PAGE else None
