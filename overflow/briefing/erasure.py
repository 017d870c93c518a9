"""When a volunteer is erased, their answers and what a senior noted about them go; that somebody had passed stays, nameless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from hotline.core.services import Services

GONE = "–"
_FORGET = (
    "DELETE FROM knowledge_tries WHERE volunteer_id = :volunteer",
    "UPDATE briefing_tries SET answers = '[]' WHERE agent_id = :agent AND answers <> '[]'",
    "UPDATE briefing_lifts SET note = :gone WHERE agent_id = :agent AND note <> :gone",
)


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `VolunteerErased`; the same again changes nothing."""
    values = {"volunteer": int(payload["volunteer_id"]), "agent": int(payload["agent_id"]), "gone": GONE}
    with services.db.transaction() as session:
        for statement in _FORGET:
            session.execute(text(statement), values)
