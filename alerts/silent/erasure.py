"""When a traveller is erased, their number goes from these rows too; figures and attempts remain, of nobody.

An e-mail address stands on the traveller alone, and is gone with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.silent.states import OPEN_STATES
from hotline.core.errors import Conflict
from hotline.core.services import Services

_END = """
UPDATE outreach SET state = 'skipped', reason = 'gone', settled_at = %(now)s, not_before = NULL
 WHERE traveller_id = %(traveller)s AND state = 'queued'
"""
_FORGET = """
UPDATE outreach SET phone = 'x' || id
 WHERE traveller_id = %(traveller)s AND phone LIKE '+%%' AND state <> ALL (%(open)s)
"""
_OPEN = "SELECT count(*) FROM outreach WHERE traveller_id = %(traveller)s AND phone LIKE '+%%'"


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent. Raises Conflict while a call is under way, so that the outbox comes back."""
    values = {"traveller": int(payload["traveller_id"]), "now": services.clock.now(), "open": list(OPEN_STATES)}
    with services.db.connection() as connection:
        connection.execute(_END, values)
        connection.execute(_FORGET, values)
        row = connection.execute(_OPEN, values).fetchone()
    if row is not None and row[0]:
        raise Conflict(
            "A call or text to an erased traveller is still under way; its number is forgotten when it is over."
        )
