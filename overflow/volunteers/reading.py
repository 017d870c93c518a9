"""Reading the roster: one volunteer, and lists by what they are and can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from hotline.core.audit import AuditEntry
from hotline.core.errors import InvalidInput, NotFound
from overflow.volunteers.models import AvailableHours, AwayDays, Certificate, CertifiedSkill, Volunteer
from overflow.volunteers.states import APPROVED, STATES

MAX_PAGE = 200
MAX_TEXT_CHARS = 60
EXPIRES_SOON = timedelta(days=30)
HISTORY_ROWS = 40
MOST_SKILLS = 60


@dataclass(frozen=True)
class Wanted:
    """What is looked for; empty parts do not narrow.

    `expiring`: a certificate ends within EXPIRES_SOON. `site`: any part of where somebody can come to; who helps from home only
    has none.
    """

    text: str = ""
    state: str = ""
    skill: str = ""
    language: str = ""
    expiring: bool = False
    site: str = ""


@dataclass(frozen=True)
class Page:
    """One page, the latest added first; `next_cursor` continues, None ends."""

    found: list[Volunteer]
    next_cursor: int | None


def get(session: Session, volunteer_id: int, *, lock: bool = False) -> Volunteer:
    """Return a volunteer; raises NotFound. `lock` keeps others from changing them until commit."""
    found = session.get(Volunteer, volunteer_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("volunteer", volunteer_id)
    return found


def of_agent(session: Session, agent_id: int) -> Volunteer | None:
    """Return the volunteer that an agent is, if they are one."""
    return session.scalar(select(Volunteer).where(Volunteer.agent_id == agent_id))


def search(session: Session, wanted: Wanted, now: datetime, *, cursor: int | None = None, limit: int = 50) -> Page:
    """Find volunteers by any part of the name or the number's digits, and what they are and can.

    `now` is aware and says which certificates end soon. Raises InvalidInput.
    """
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput("limit", limit, f"use 1 to {MAX_PAGE}")
    statement = _narrowed(wanted, now).order_by(Volunteer.id.desc()).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(Volunteer.id < cursor)
    rows = list(session.scalars(statement))
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def everybody(session: Session, wanted: Wanted, now: datetime, most: int) -> list[Volunteer]:
    """Return who fits, in the order they were added, at most `most`; for lists to download."""
    return list(session.scalars(_narrowed(wanted, now).order_by(Volunteer.id).limit(most)))


def _narrowed(wanted: Wanted, now: datetime) -> Select[tuple[Volunteer]]:
    if wanted.state and wanted.state not in STATES:
        raise InvalidInput("state", wanted.state, f"use one of {', '.join(STATES)}")
    statement = select(Volunteer).where(Volunteer.erased_at.is_(None))
    if wanted.state:
        statement = statement.where(Volunteer.state == wanted.state)
    text = wanted.text.strip().replace("\x00", "")[:MAX_TEXT_CHARS]
    if text:
        digits = "".join(char for char in text if char.isascii() and char.isdigit()).lstrip("0")
        conditions = [func.lower(Volunteer.name).contains(text.lower(), autoescape=True)]
        if len(digits) >= 3:
            conditions.append(Volunteer.phone.contains(digits, autoescape=True))
        statement = statement.where(or_(*conditions))
    if wanted.skill:
        statement = statement.where(Volunteer.skills.has_key(wanted.skill.replace("\x00", "")))
    if wanted.language:
        statement = statement.where(Volunteer.languages.contains([wanted.language.replace("\x00", "")]))
    site = wanted.site.strip().replace("\x00", "")[:MAX_TEXT_CHARS]
    if site:
        statement = statement.where(func.lower(Volunteer.site).contains(site.lower(), autoescape=True))
    if wanted.expiring:
        ending = exists().where(
            Certificate.volunteer_id == Volunteer.id, Certificate.withdrawn_at.is_(None),
            Certificate.expires_at > now, Certificate.expires_at <= now + EXPIRES_SOON,
        )  # fmt: skip
        statement = statement.where(ending)
    return statement


def counts(session: Session) -> dict[str, int]:
    """Return how many volunteers there are in each state, the erased ones left out."""
    rows = session.execute(
        select(Volunteer.state, func.count()).where(Volunteer.erased_at.is_(None)).group_by(Volunteer.state)
    )
    return dict.fromkeys(STATES, 0) | {state: count for state, count in rows}


def hours_of(session: Session, volunteer_id: int) -> Sequence[AvailableHours]:
    """Return somebody's hours of the week, Monday first."""
    return session.scalars(
        select(AvailableHours)
        .where(AvailableHours.volunteer_id == volunteer_id)
        .order_by(AvailableHours.weekday, AvailableHours.starts)
    ).all()


def away_of(session: Session, volunteer_id: int) -> Sequence[AwayDays]:
    """Return somebody's days away, the first first."""
    return session.scalars(
        select(AwayDays).where(AwayDays.volunteer_id == volunteer_id).order_by(AwayDays.first, AwayDays.last)
    ).all()


def certified_skills(session: Session) -> list[str]:
    """Return the skills that count only with a certificate."""
    return sorted(session.scalars(select(CertifiedSkill.skill)))


def skills(session: Session) -> list[str]:
    """Return the skills that approved volunteers have, in order; at most MOST_SKILLS."""
    names = select(func.jsonb_object_keys(Volunteer.skills).label("name")).where(Volunteer.state == APPROVED)
    return sorted(session.scalars(select(names.subquery().c.name).distinct().limit(MOST_SKILLS)))


def history(session: Session, volunteer_id: int) -> Sequence[AuditEntry]:
    """Return what happened with somebody, the latest first; at most HISTORY_ROWS."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_kind == "volunteer", AuditEntry.subject_id == volunteer_id)
        .order_by(AuditEntry.seq.desc())
        .limit(HISTORY_ROWS)
    ).all()
