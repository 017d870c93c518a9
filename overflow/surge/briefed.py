"""Whether an incident's briefing can be passed at all: nobody is ready before it is published."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from overflow.briefing.models import BriefingVersion


def is_published(session: Session, incident_id: int) -> bool:
    """Say whether a version of the briefing is published."""
    published = exists().where(BriefingVersion.incident_id == incident_id, BriefingVersion.state == "published")
    return bool(session.scalar(select(published)))
