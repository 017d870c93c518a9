"""Open pages of an incident, and lists of incidents, are told to look again."""

from __future__ import annotations

from hotline.core import live
from hotline.core.services import Services

LIST = "incidents"
"""Live topic of every list of incidents."""


def topic_of(incident_id: int) -> str:
    """Return the live topic of one incident's page."""
    return f"incident:{incident_id}"


def tell(services: Services, incident_id: int) -> None:
    """Tell them; call it after the commit."""
    live.notify(services.redis, topic_of(incident_id))
    live.notify(services.redis, LIST)
