"""Who of the centre is told when a hand-over is not acknowledged in time: one named officer, and who may act besides."""

from __future__ import annotations

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer, OfficerSession
from hotline.auth.permissions import ROLES
from overflow.handover.states import WATCH

WATCHERS = tuple(sorted(role for role, permissions in ROLES.items() if WATCH in permissions))
"""The roles that may act on hand-overs of all missions."""


def duty_officer(session: Session) -> int | None:
    """Return whom to name: a watcher who is on duty at a desk, else the one who was here last; None where there is none."""
    here = case((Agent.duty_since.is_not(None) & (Agent.state != "offline"), 0), else_=1)
    last_seen = (
        select(func.max(OfficerSession.last_seen_at))
        .where(OfficerSession.officer_id == Officer.id, OfficerSession.ended_at.is_(None))
        .scalar_subquery()
    )
    return session.scalar(
        select(Officer.id)
        .outerjoin(Agent, Agent.officer_id == Officer.id)
        .where(Officer.disabled_at.is_(None), Officer.roles.overlap(list(WATCHERS)))
        .order_by(here, last_seen.desc().nulls_last(), Officer.id)
        .limit(1)
    )


def still_here(session: Session, officer_id: int | None) -> bool:
    """Say whether somebody who was named can still act."""
    if officer_id is None:
        return False
    officer = session.get(Officer, officer_id)
    return officer is not None and officer.disabled_at is None and bool(set(officer.roles) & set(WATCHERS))
