"""When a traveller is erased: words and places of their cases go; that there was a case, and what was done, stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.core.services import Services

_FORGET_ENTRIES = """
UPDATE case_entries SET body = '', details = details - '{lat,lon}'::text[]
 WHERE case_id IN (SELECT id FROM cases WHERE traveller_id = %s)
"""
_FORGET_CASES = """
UPDATE cases SET place = '', lat = NULL, lon = NULL, closed_reason = CASE WHEN closed_reason IS NOT NULL THEN '' END
 WHERE traveller_id = %s
"""


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent. Notes of officers name the person too, so they go as well."""
    traveller_id = int(payload["traveller_id"])
    with services.db.connection() as connection:
        connection.execute(_FORGET_ENTRIES, (traveller_id,))
        connection.execute(_FORGET_CASES, (traveller_id,))
