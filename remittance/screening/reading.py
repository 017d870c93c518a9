"""Findings as lists and one by one, for pages and the API: with what else is known, and only of what the reader may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import NotFound
from remittance.requests import access
from remittance.requests.models import Remittance
from remittance.screening.models import SanctionEntry, SanctionList, ScreeningCheck, ScreeningFinding
from remittance.screening.states import HOLD, NOTE, OPEN, STATES

PAGE_ROWS, MAX_SEARCH_CHARS, MOST_OTHERS = 50, 80, 50
ALL = "all"
CHOICES = (*STATES, ALL)


@dataclass(frozen=True)
class Found:
    """A finding with the remittance that it is about."""

    finding: ScreeningFinding
    remittance: Remittance


@dataclass(frozen=True)
class Whole:
    """A finding with everything that is known about it."""

    finding: ScreeningFinding
    remittance: Remittance
    entry: SanctionEntry | None
    version: SanctionList | None
    others: Sequence[Remittance]
    """The remittances that a rule counted, as far as the reader sees them."""
    before: Sequence[ScreeningFinding]
    """How the same thing was decided elsewhere, the latest first."""


def listed(
    session: Session, actor: Actor, state: str = OPEN, search: str = "", *, before: int = 0, limit: int = PAGE_ROWS
) -> list[Found]:
    """Return findings in a state (or `all`), the latest first; `search` is a remittance's number or a part of a name."""
    statement = (
        select(ScreeningFinding, Remittance)
        .join(Remittance, Remittance.id == ScreeningFinding.remittance_id)
        .where(access.visible(session, actor))
    )
    if state in STATES:
        statement = statement.where(ScreeningFinding.state == state)
    words = search.strip()[:MAX_SEARCH_CHARS]
    if words:
        statement = statement.where(
            or_(
                func.upper(Remittance.number) == words.upper(),
                ScreeningFinding.name.icontains(words, autoescape=True),
                ScreeningFinding.listed_name.icontains(words, autoescape=True),
            )
        )
    if before:
        statement = statement.where(ScreeningFinding.id < before)
    rows = session.execute(statement.order_by(ScreeningFinding.id.desc()).limit(limit))
    return [Found(finding, one) for finding, one in rows]


@dataclass(frozen=True)
class Waiting:
    """What nobody decided yet: how many findings hold money, since when the first does, and how many are to be looked at."""

    holds: int
    since: datetime | None
    notes: int


def waiting(session: Session, actor: Actor) -> Waiting:
    """Count what nobody decided yet, of what the actor sees."""
    rows = session.execute(
        select(ScreeningFinding.severity, func.count(), func.min(ScreeningFinding.raised_at))
        .join(Remittance, Remittance.id == ScreeningFinding.remittance_id)
        .where(access.visible(session, actor), ScreeningFinding.state == OPEN)
        .group_by(ScreeningFinding.severity)
    )
    found = {severity: (count, since) for severity, count, since in rows}
    return Waiting(*found.get(HOLD, (0, None)), found.get(NOTE, (0, None))[0])


def whole(session: Session, actor: Actor, finding_id: int) -> Whole:
    """Return one finding with what is known about it; raises NotFound for one that is not there or another mission's."""
    finding = session.get(ScreeningFinding, finding_id)
    if finding is None:
        raise NotFound("finding", finding_id)
    one = access.demand(session, actor, finding.remittance_id)
    entry = session.get(SanctionEntry, finding.entry_id) if finding.entry_id is not None else None
    others = session.scalars(
        access.only_visible(session, actor, select(Remittance))
        .where(Remittance.id.in_(finding.facts.get("remittances", ())))
        .order_by(Remittance.id.desc())
        .limit(MOST_OTHERS)
    ).all()
    before = session.scalars(
        select(ScreeningFinding)
        .where(
            ScreeningFinding.kind == finding.kind,
            ScreeningFinding.pair == finding.pair,
            ScreeningFinding.id != finding.id,
            ScreeningFinding.state != OPEN,
        )
        .order_by(ScreeningFinding.id.desc())
        .limit(10)
    ).all()
    version = session.get(SanctionList, entry.from_list_id) if entry is not None else None
    return Whole(finding, one, entry, version, others, before)


def of_remittance(session: Session, remittance_id: int) -> Sequence[ScreeningFinding]:
    """Return all findings about a remittance, the latest first."""
    return session.scalars(
        select(ScreeningFinding)
        .where(ScreeningFinding.remittance_id == remittance_id)
        .order_by(ScreeningFinding.id.desc())
        .limit(100)
    ).all()


def last_checks(session: Session, remittance_id: int) -> Sequence[ScreeningCheck]:
    """Return the last comparison of each name of a remittance."""
    newest = (
        select(func.max(ScreeningCheck.id))
        .where(ScreeningCheck.remittance_id == remittance_id)
        .group_by(ScreeningCheck.role, ScreeningCheck.name_digest)
    )
    return session.scalars(
        select(ScreeningCheck).where(ScreeningCheck.id.in_(newest)).order_by(ScreeningCheck.id).limit(50)
    ).all()
