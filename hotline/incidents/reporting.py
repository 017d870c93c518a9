"""An incident's report: figures, what was plotted by the hour, team, disaster mode with its steps, and the whole log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core import jobs
from hotline.core.clock import Clock
from hotline.core.i18n import gettext
from hotline.core.registry import IncidentFigures
from hotline.incidents import log, opening
from hotline.incidents.log import Line
from hotline.incidents.mode_models import ModePlan, ModeRun, ModeRunStep
from hotline.incidents.models import Incident, LogEntry, TeamMember
from hotline.incidents.states import DECLINED

MAX_LINES = 5_000
MAX_BARS = 72
"""A longer incident is plotted by several hours to a bar."""


@dataclass(frozen=True)
class Figures:
    """What one room counts; labels in the reader's language."""

    title: str
    rows: list[tuple[str, int]]


@dataclass(frozen=True)
class Plot:
    """Counts in order; `hours` to each bar, the first beginning at `start` (aware UTC)."""

    title: str
    start: datetime
    hours: int
    bars: list[int]


@dataclass(frozen=True)
class RunShown:
    """Disaster mode once: its plan's names, who switched it, and its steps with their labels."""

    run: ModeRun
    plan: ModePlan
    names: dict[int, str]
    steps: list[tuple[ModeRunStep, str]]


@dataclass(frozen=True)
class Report:
    """All that a report says; `read_at` is aware UTC."""

    incident: Incident
    figures: list[Figures]
    plots: list[Plot]
    team: list[tuple[TeamMember, str]]
    runs: list[RunShown]
    lines: list[Line]
    read_at: datetime


def figures_of(session: Session, incident_id: int) -> list[Figures]:
    """Return what rooms count, in their order and in the reader's language."""
    return [
        Figures(gettext(each.title), [(gettext(label), int(count)) for label, count in each.read(session, incident_id)])
        for each in _known()
    ]


def plots_of(session: Session, incident: Incident, now: datetime) -> list[Plot]:
    """Return what rooms count by the hour, from the opening to the closing or to now; none where nothing was counted."""
    plots = []
    for each in _known():
        counted = each.by_hour(session, incident.id) if each.by_hour is not None else []
        if counted:
            plots.append(_plot(gettext(each.plotted), counted, incident.opened_at, incident.closed_at or now))
    return plots


def _plot(title: str, counted: Sequence[tuple[datetime, int]], opened_at: datetime, until: datetime) -> Plot:
    start = min(opened_at, counted[0][0]).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = max(1, int((max(until, counted[-1][0]) - start) / timedelta(hours=1)) + 1)
    each = -(-hours // MAX_BARS)
    bars = [0] * (-(-hours // each))
    for at, count in counted:
        bars[min(int((at - start) / timedelta(hours=each)), len(bars) - 1)] += count
    return Plot(title, start, each, bars)


def report(session: Session, clock: Clock, incident_id: int) -> Report:
    """Return an incident's report as it stands now; raises NotFound."""
    incident = opening.get(session, incident_id)
    entries = session.scalars(
        select(LogEntry).where(LogEntry.incident_id == incident_id).order_by(LogEntry.id).limit(MAX_LINES)
    ).all()
    team = session.execute(
        select(TeamMember, Officer.display_name)
        .join(Officer, Officer.id == TeamMember.officer_id)
        .where(TeamMember.incident_id == incident_id)
        .order_by(TeamMember.since, TeamMember.id)
    ).tuples()
    now = clock.now()
    return Report(
        incident, figures_of(session, incident_id), plots_of(session, incident, now), list(team),
        _runs(session, incident_id), log.shown(session, entries), now,
    )  # fmt: skip


def _runs(session: Session, incident_id: int) -> list[RunShown]:
    known = jobs.registry().mode_steps
    rows = session.execute(
        select(ModeRun, ModePlan)
        .join(ModePlan, ModePlan.id == ModeRun.plan_id)
        .where(ModeRun.incident_id == incident_id, ModeRun.state != DECLINED)
        .order_by(ModeRun.id)
        .limit(50)
    ).tuples()
    shown = []
    for run, plan in rows:
        steps = session.scalars(
            select(ModeRunStep).where(ModeRunStep.run_id == run.id).order_by(ModeRunStep.position)
        ).all()
        ids = [run.asked_by_id, run.agreed_by_id, run.off_asked_by_id, run.off_agreed_by_id]
        names = dict(
            session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(ids))).tuples().all()
        )
        labelled = [(each, gettext(known[each.kind].label) if each.kind in known else each.kind) for each in steps]
        shown.append(RunShown(run, plan, names, labelled))
    return shown


def _known() -> list[IncidentFigures]:
    return sorted(jobs.registry().incident_figures, key=lambda each: each.order)
