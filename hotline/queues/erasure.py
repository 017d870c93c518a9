"""When a traveller is erased: their number goes; that somebody waited and was answered stays, because figures need it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.core.services import Services

_FORGET_CALLBACKS = """
UPDATE callbacks SET phone = '', state = CASE WHEN state = 'planned' THEN 'cancelled' ELSE state END, traveller_id = NULL
 WHERE traveller_id = %s
"""
_FORGET_ENTRIES = "UPDATE queue_entries SET phone = '', traveller_id = NULL WHERE traveller_id = %s"


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent."""
    traveller_id = int(payload["traveller_id"])
    with services.db.connection() as connection:
        connection.execute(_FORGET_CALLBACKS, (traveller_id,))
        connection.execute(_FORGET_ENTRIES, (traveller_id,))
