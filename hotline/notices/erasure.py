"""Forgetting: notices lose number and words when their person is erased, and all of them after a month.

The rows stay, so that figures and the record of attempts remain true; they point at nobody any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from hotline.core.errors import Conflict
from hotline.core.services import Services

log = structlog.get_logger(__name__)

JOB = "notices.forget_old"
KEPT_FOR = timedelta(days=30)
"""Long enough to answer "did you text me?", short enough that old numbers are not kept for nothing."""
BATCH = 5_000
MAX_BATCHES = 20

_OPEN = "('queued', 'sending', 'in_doubt')"
_FORGET_PERSON = f"""
UPDATE notices SET phone = '', body = '', retry_at = NULL WHERE traveller_id = %s AND phone <> '' AND state NOT IN {_OPEN}
"""  # noqa: S608 - put together from a constant
_STILL_OPEN = "SELECT count(*) FROM notices WHERE traveller_id = %s AND phone <> ''"
_FORGET_OLD = f"""
UPDATE notices SET phone = '', body = '', retry_at = NULL WHERE id IN (
    SELECT id FROM notices WHERE phone <> '' AND created_at < %s AND state NOT IN {_OPEN}
     ORDER BY created_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
"""  # noqa: S608 - put together from a constant


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent.

    A notice under way keeps its number until it is settled, because a lost answer is looked up by it; then Conflict is
    raised and the outbox comes back later.
    """
    traveller_id = int(payload["traveller_id"])
    with services.db.connection() as connection:
        connection.execute(_FORGET_PERSON, (traveller_id,))
        left = connection.execute(_STILL_OPEN, (traveller_id,)).fetchone()
    if left is not None and left[0]:
        raise Conflict(
            f"{left[0]} notices of an erased traveller are still under way; they are forgotten when settled."
        )


def forget_old(services: Services) -> int:
    """Remove number and words from notices older than `KEPT_FOR`, in bounded batches; how many."""
    total, before = 0, services.clock.now() - KEPT_FOR
    for _ in range(MAX_BATCHES):
        with services.db.connection() as connection:
            forgotten = connection.execute(_FORGET_OLD, (before, BATCH)).rowcount
        total += forgotten
        if forgotten < BATCH:
            break
    if total:
        log.info("notices.forgot_old", notices=total)
    return total
