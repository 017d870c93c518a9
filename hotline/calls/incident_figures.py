"""Calls and cases of an incident in figures: those for the missions of its countries while it lasts, drills apart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from hotline.calls.models import Call
from hotline.cases.models import Case
from hotline.core.i18n import gettext_noop
from hotline.core.registry import IncidentFigures
from hotline.incidents.models import Incident
from hotline.missions.models import Mission

INCIDENT_QUEUE = "incident"
MAX_HOURS = 24 * 60


def _calls(incident: Incident) -> ColumnElement[bool]:
    """Calls while the incident is open that were for its missions, or came into the queue of incidents."""
    missions = select(Mission.id).where(Mission.countries.overlap(incident.countries))
    return and_(
        Call.direction == "in", Call.drill.is_(incident.drill), Call.started_at >= incident.opened_at,
        *([Call.started_at <= incident.closed_at] if incident.closed_at is not None else []),
        or_(Call.mission_id.in_(missions), Call.queue == INCIDENT_QUEUE),
    )  # fmt: skip


def _cases(incident: Incident) -> ColumnElement[bool]:
    return and_(
        Case.country.in_(incident.countries), Case.drill.is_(incident.drill), Case.opened_at >= incident.opened_at,
        *([Case.opened_at <= incident.closed_at] if incident.closed_at is not None else []),
    )  # fmt: skip


def _read(session: Session, incident_id: int) -> list[tuple[str, int]]:
    incident = session.get_one(Incident, incident_id)
    calls = session.execute(
        select(func.count(), func.count(Call.connected_at)).select_from(Call).where(_calls(incident))
    ).one()
    given_up = _count(session, select(func.count()).select_from(Call).where(
        _calls(incident), Call.connected_at.is_(None), Call.ended_at.is_not(None)
    ))  # fmt: skip
    cases = session.execute(
        select(
            func.count(), func.count().filter(Case.state != "closed"), func.count().filter(Case.says == "help")
        ).select_from(Case).where(_cases(incident))
    ).one()  # fmt: skip
    return [
        (gettext_noop("Calls"), calls[0]), (gettext_noop("Connected"), calls[1]), (gettext_noop("Ended unanswered"), given_up),
        (gettext_noop("Cases"), cases[0]), (gettext_noop("Open cases"), cases[1]), (gettext_noop("Need help"), cases[2]),
    ]  # fmt: skip


def _by_hour(session: Session, incident_id: int) -> list[tuple[datetime, int]]:
    incident = session.get_one(Incident, incident_id)
    hour = func.date_trunc("hour", Call.started_at)
    rows = select(hour, func.count()).where(_calls(incident)).group_by(hour).order_by(hour).limit(MAX_HOURS)
    return [(at, count) for at, count in session.execute(rows)]


def _count(session: Session, statement: Select[Any]) -> int:
    return session.scalar(statement) or 0


FIGURES = IncidentFigures(
    gettext_noop("Calls and cases"), 20, _read, gettext_noop("Calls in each hour"), _by_hour
)  # fmt: skip
