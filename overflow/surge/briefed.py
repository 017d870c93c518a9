"""Whether and since when an incident's briefing can be passed at all: nobody is ready before it is published."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from overflow.briefing.models import BriefingVersion


def is_published(session: Session, incident_id: int) -> bool:
    """Say whether a version of the briefing is published."""
    return published_at(session, incident_id) is not None


def published_at(session: Session, incident_id: int) -> datetime | None:
    """Return since when a version is there to be read (aware UTC), or None while none is published."""
    first = func.min(BriefingVersion.published_at)
    return session.scalar(
        select(first).where(BriefingVersion.incident_id == incident_id, BriefingVersion.state == "published")
    )
