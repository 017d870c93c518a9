"""Lists of incidents."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput
from hotline.incidents.models import Incident
from hotline.incidents.states import OPEN, STATES

PAGE_ROWS = 50


@dataclass(frozen=True)
class IncidentPage:
    """One page of a list, the latest first; `next_before` continues, None ends."""

    incidents: list[Incident]
    next_before: int | None


def listed(session: Session, *, state: str = "", before: int | None = None, most: int = PAGE_ROWS) -> IncidentPage:
    """Return incidents, the latest first, in one state or in any; raises InvalidInput for a state that does not exist."""
    statement = select(Incident).order_by(Incident.id.desc()).limit(most + 1)
    if state:
        if state not in STATES:
            raise InvalidInput("state", state, f"use one of {', '.join(STATES)}")
        statement = statement.where(Incident.state == state)
    if before is not None:
        statement = statement.where(Incident.id < before)
    rows = list(session.scalars(statement))
    return IncidentPage(rows[:most], rows[most - 1].id if len(rows) > most else None)


def open_now(session: Session, *, drill: bool | None = None) -> list[Incident]:
    """Return open incidents, the latest first, at most 50; of drills or not of drills where that is asked."""
    statement = select(Incident).where(Incident.state == OPEN).order_by(Incident.id.desc()).limit(PAGE_ROWS)
    if drill is not None:
        statement = statement.where(Incident.drill.is_(drill))
    return list(session.scalars(statement))
