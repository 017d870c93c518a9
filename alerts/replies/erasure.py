"""When a traveller is erased: their words, places and relative go; that somebody answered stays, so that counts hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.core.services import Services

_FORGET = (
    "UPDATE answers SET lat = NULL, lon = NULL, accuracy_m = NULL, place = '' WHERE traveller_id = %s",
    "UPDATE standings SET cell = NULL WHERE traveller_id = %s AND alert_id IN "
    "(SELECT alert_id FROM answers WHERE traveller_id = %s)",
    "DELETE FROM relatives WHERE traveller_id = %s",
)


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent, each statement by an index."""
    traveller_id = int(payload["traveller_id"])
    with services.db.connection() as connection:
        for statement in _FORGET:
            connection.execute(statement, (traveller_id,) * statement.count("%s"))
