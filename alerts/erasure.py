"""When a traveller is erased, what the alerts room holds of them goes too: the number on messages, and what they wrote.

The rows stay, so that an alert's figures and the record of attempts remain true; they point at nobody any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from hotline.core.errors import Conflict
from hotline.core.services import Services

log = structlog.get_logger(__name__)

TIMEOUT_MS = 10 * 60 * 1000
"""Erasure is rare and has no index of its own on a table of millions; it may take its time."""
_FORGET_MESSAGES = """
UPDATE messages SET phone = 'x' || id
 WHERE traveller_id = %s AND phone LIKE '+%%' AND state NOT IN ('queued', 'sending', 'in_doubt')
"""
_FORGET_PAST = "UPDATE past_messages SET phone = 'x' || id WHERE traveller_id = %s AND phone LIKE '+%%'"
_STILL_OPEN = """
SELECT count(*) FROM messages
 WHERE traveller_id = %s AND phone LIKE '+%%' AND state IN ('queued', 'sending', 'in_doubt')
"""
_FORGET_TEXTS = "UPDATE inbound_texts SET sender = '', body = '' WHERE traveller_id = %s"


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent.

    A message that is under way keeps its number until it is settled, because an answer that was lost is looked up by it;
    then Conflict is raised and the outbox comes back later.
    """
    traveller_id = int(payload["traveller_id"])
    with services.db.connection() as connection:
        connection.execute("SELECT set_config('statement_timeout', %s, true)", (str(TIMEOUT_MS),))
        forgotten = connection.execute(_FORGET_MESSAGES, (traveller_id,)).rowcount
        connection.execute(_FORGET_PAST, (traveller_id,))
        connection.execute(_FORGET_TEXTS, (traveller_id,))
        row = connection.execute(_STILL_OPEN, (traveller_id,)).fetchone()
    log.info("alerts.forgot_traveller", messages=forgotten)
    if row is not None and row[0]:
        raise Conflict(
            f"{row[0]} messages of an erased traveller are still under way; they are forgotten when settled."
        )
