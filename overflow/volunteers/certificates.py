"""Certificates: given for a test or a paper, with an end, and withdrawn for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.skills import MAX_LEVEL, check_skill
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, NotFound, Refused
from hotline.people.fields import checked_note
from overflow.volunteers.approving import demanded, keep_as_agent
from overflow.volunteers.keeping import demand_there
from overflow.volunteers.models import Certificate
from overflow.volunteers.reading import get
from overflow.volunteers.states import APPROVED

LONGEST = timedelta(days=5 * 366)
MAX_SOURCE_CHARS = 60
MAX_SHOWN = 100


def give(
    session: Session, clock: Clock, actor: Actor, volunteer_id: int, *, skill: str, level: int, source: str,
    expires_at: datetime,
) -> Certificate:  # fmt: skip
    """Keep a proof of a skill (level 1 to 5) until an aware moment; the skill itself is lifted to its level.

    `source` says what it rests on: `test:3`, or the paper's name. Raises NotFound, InvalidInput, Refused.
    """
    volunteer = get(session, volunteer_id, lock=True)
    demand_there(volunteer)
    check_skill(skill, "skill")
    if not 1 <= level <= MAX_LEVEL:
        raise InvalidInput("level", level, f"levels are 1 to {MAX_LEVEL}")
    now = clock.now()
    if not now < expires_at <= now + LONGEST:
        raise InvalidInput("expires_at", expires_at.isoformat(), "choose a day within the coming five years")
    made = Certificate(
        volunteer_id=volunteer.id, skill=skill, level=level, source=checked_note("source", source, MAX_SOURCE_CHARS),
        issued_at=now, expires_at=expires_at, kept_by_id=actor.id,
    )  # fmt: skip
    session.add(made)
    volunteer.skills = volunteer.skills | {skill: max(level, int(volunteer.skills.get(skill, 0)))}
    volunteer.updated_at = now
    session.flush()
    if volunteer.state == APPROVED and volunteer.officer_id is not None:
        keep_as_agent(session, clock, actor, volunteer, active=True)  # the queues know them by it at once
    audit.record(
        session, clock, actor, "volunteer.certificate_given", "volunteer", volunteer.id,
        after={"skill": skill, "level": level, "source": made.source, "expires_at": expires_at.isoformat()},
    )  # fmt: skip
    return made


def withdraw(session: Session, clock: Clock, actor: Actor, volunteer_id: int, certificate_id: int, reason: str) -> None:
    """End a certificate now; raises NotFound, InvalidInput without a reason, Refused when it was withdrawn before."""
    get(session, volunteer_id, lock=True)
    found = session.get(Certificate, certificate_id)
    if found is None or found.volunteer_id != volunteer_id:
        raise NotFound("certificate", certificate_id)
    why = demanded(reason)
    if found.withdrawn_at is not None:
        raise Refused("This certificate was withdrawn before.", code="certificate-withdrawn")
    found.withdrawn_at = clock.now()
    audit.record(
        session, clock, actor, "volunteer.certificate_withdrawn", "volunteer", volunteer_id,
        after={"skill": found.skill, "level": found.level, "reason": why},
    )  # fmt: skip


def of(session: Session, volunteer_id: int) -> Sequence[Certificate]:
    """Return somebody's certificates, the one that ends last first; at most MAX_SHOWN."""
    return session.scalars(
        select(Certificate)
        .where(Certificate.volunteer_id == volunteer_id)
        .order_by(Certificate.expires_at.desc(), Certificate.id.desc())
        .limit(MAX_SHOWN)
    ).all()
