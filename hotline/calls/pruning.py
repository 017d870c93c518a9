"""Events are kept as long as a webhook could come again, with room to spare; calls, legs and orders stay."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from hotline.core.services import Services

JOB = "calls.prune"
KEEP = timedelta(days=7)
BATCH, MAX_BATCHES = 5_000, 40
_DELETE = text(
    "DELETE FROM call_events WHERE id IN (SELECT id FROM call_events WHERE at < :before ORDER BY at LIMIT :most)"
)


def prune(services: Services) -> int:
    """Delete events older than KEEP, in batches; the job. How many."""
    before, deleted = services.clock.now() - KEEP, 0
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            count = session.execute(_DELETE, {"before": before, "most": BATCH}).rowcount  # type: ignore[attr-defined]
        deleted += count
        if count < BATCH:
            break
    return deleted
