"""How the silent of one alert stand: figures by step, and the people behind each figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from alerts.models import Alert
from alerts.replies.models import Standing
from alerts.silent import policies
from alerts.silent.models import Outreach, SilentPlan
from alerts.silent.plan import VOICE, Step, policy_for, read_steps
from alerts.silent.states import DELIVERED, OPEN_STATES, SENT, STATES
from hotline.core.errors import InvalidInput
from hotline.people.models import Traveller

PAGE = 50


@dataclass(frozen=True)
class StepFigures:
    """One step and how many people are in which state of it; `said` counts keys, or answers given after a text or mail."""

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
        """Return how many steps wait or are under way."""
        return sum(
            each.by_state[state] for each in self.steps for state in OPEN_STATES
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
        for number, status, count in session.execute(_said_afterwards(alert.id)):
            found[number].said[status] += count
    return Figures(
        plan.severity if plan else policy_for(alert.severity), version, alert.approval is not None,
        plan.stopped_at if plan else None, found,
    )  # fmt: skip


def _said_afterwards(alert_id: int) -> Select[tuple[int, str, int]]:
    """Return the question who answered after a second text or a mail had gone out to them, by step and answer."""
    return (
        select(Outreach.step, Standing.status, func.count())
        .join(Standing, (Standing.traveller_id == Outreach.traveller_id) & (Standing.alert_id == Outreach.alert_id))
        .where(
            Outreach.alert_id == alert_id, Outreach.channel != VOICE, Outreach.state.in_((SENT, DELIVERED)),
            Standing.said_at >= Outreach.settled_at,
        )
        .group_by(Outreach.step, Standing.status)
    )  # fmt: skip


def of_people(session: Session, alert_id: int, traveller_ids: Collection[int]) -> dict[int, list[Outreach]]:
    """Return what was tried beside the first text for each of these people, in the order in which it came due."""
    found: dict[int, list[Outreach]] = {}
    rows = session.scalars(
        select(Outreach)
        .where(Outreach.alert_id == alert_id, Outreach.traveller_id.in_(traveller_ids))
        .order_by(Outreach.id)
    )
    for row in rows:
        found.setdefault(row.traveller_id, []).append(row)
    return found


def of_traveller(session: Session, traveller_id: int, limit: int) -> Sequence[Outreach]:
    """Return the latest that was tried for one person, over all alerts, the latest first."""
    return session.scalars(
        select(Outreach).where(Outreach.traveller_id == traveller_id).order_by(Outreach.id.desc()).limit(limit)
    ).all()


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
