"""Remittances as lists: filtered, searched, in pages; and what pages show beside one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core.actor import Actor
from hotline.incidents.models import Incident
from hotline.missions.models import Mission
from remittance.requests.access import only_visible
from remittance.requests.models import Remittance
from remittance.requests.reference import plain
from remittance.requests.states import FINAL, OPEN, STATES

MAX_SEARCH_CHARS, PAGE_ROWS = 80, 50
GOING_ON, OVERDUE = "going_on", "overdue"
CHOICES = (GOING_ON, OVERDUE, *STATES)


@dataclass(frozen=True)
class Wanted:
    """What a list is to show: a state or `going_on` or `overdue`, and words of a number, a reference or a payee's name."""

    state: str = ""
    search: str = ""
    mission_id: int | None = None
    case_id: int | None = None


def listed(
    session: Session, actor: Actor, wanted: Wanted, *, before: int = 0, limit: int = PAGE_ROWS
) -> Sequence[Remittance]:
    """Return what the actor sees of it, the latest first; `before` is the id under which the page begins."""
    statement = only_visible(session, actor, select(Remittance))
    if wanted.state == GOING_ON:
        statement = statement.where(Remittance.state.in_(OPEN))
    elif wanted.state == OVERDUE:
        statement = statement.where(Remittance.overdue_at.is_not(None), Remittance.state.not_in(FINAL))
    elif wanted.state:
        statement = statement.where(Remittance.state == wanted.state)
    if wanted.mission_id is not None:
        statement = statement.where(Remittance.mission_id == wanted.mission_id)
    if wanted.case_id is not None:
        statement = statement.where(Remittance.case_id == wanted.case_id)
    words = wanted.search.strip()[:MAX_SEARCH_CHARS]
    if words:
        statement = statement.where(
            or_(
                func.upper(Remittance.number) == words.upper(),
                Remittance.reference == plain(words),
                Remittance.payee_name.icontains(words, autoescape=True),
            )
        )
    if before:
        statement = statement.where(Remittance.id < before)
    return session.scalars(statement.order_by(Remittance.id.desc()).limit(limit)).all()


def missions_of(session: Session, found: Sequence[Remittance]) -> dict[int, Mission]:
    """Return the missions of these remittances by id."""
    numbers = {one.mission_id for one in found}
    return (
        {mission.id: mission for mission in session.scalars(select(Mission).where(Mission.id.in_(numbers)))}
        if numbers
        else {}
    )


def names_of(session: Session, officer_ids: Sequence[int | None]) -> dict[int | None, str]:
    """Return officers' names by id."""
    numbers = {number for number in officer_ids if number is not None}
    if not numbers:
        return {}
    return dict(session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(numbers))).tuples().all())


def open_incidents(session: Session) -> Sequence[Incident]:
    """Return the open incidents, the latest first."""
    return session.scalars(
        select(Incident).where(Incident.state == "open").order_by(Incident.id.desc()).limit(50)
    ).all()
