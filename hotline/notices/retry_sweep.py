"""The sweep that queues failed notices again when their time has come (see `hotline.providers.retrying`).

A notice ends with its `expires_at`: nothing is tried again at or after that moment, a code least of all. The lane looks at
the same moment once more before it sends, and the carrier is told how long the text is good for.
"""

from __future__ import annotations

from typing import Any

import psycopg
import structlog

from hotline.core import jobs
from hotline.core.services import Services
from hotline.notices import lanes
from hotline.notices.states import Priority
from hotline.providers.retrying import has_way, routes_now

log = structlog.get_logger(__name__)

JOB = "notices.retry_failed"
BATCH = 500
MAX_BATCHES = 50

_DUE = """
SELECT id, phone, avoid, error_code FROM notices WHERE retry_at <= %(now)s
 ORDER BY retry_at LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
"""
_QUEUE = """
UPDATE notices SET state = 'queued', retries = retries + 1, retry_at = NULL, not_before = NULL, settled_at = NULL
 WHERE id = ANY(%(ids)s) AND state = 'failed' AND expires_at > %(now)s AND phone <> '' AND body <> ''
RETURNING priority
"""
_GIVE_UP = """
UPDATE notices SET retry_at = NULL, body = CASE WHEN secret THEN '' ELSE body END
 WHERE id = ANY(%(ids)s) AND retry_at IS NOT NULL
"""


def sweep(services: Services) -> int:
    """Queue what is due, batch by batch; how many notices are tried again. The job `notices.retry_failed`."""
    again: list[int] = []
    for _ in range(MAX_BATCHES):
        with services.db.connection() as connection:
            seen, queued = _sweep_batch(services, connection)
        again += queued
        if seen < BATCH:
            break
    if again:
        jobs.enqueue(services, lanes.URGENT_JOB if min(again) <= Priority.AT_ONCE else lanes.JOB)
        log.info("notices.tried_again", notices=len(again))
    return len(again)


def _sweep_batch(services: Services, connection: psycopg.Connection[Any]) -> tuple[int, list[int]]:
    """Queue one batch in the caller's transaction; how many were looked at, and the priorities of those queued."""
    now = services.clock.now()
    due = connection.execute(_DUE, {"now": now, "most": BATCH}).fetchall()
    if not due:
        return 0, []
    table = routes_now(services, connection)
    ids = [notice_id for notice_id, phone, avoid, code in due if has_way(table, phone, avoid, code)]
    queued = connection.execute(_QUEUE, {"ids": ids, "now": now}).fetchall()
    connection.execute(_GIVE_UP, {"ids": [row[0] for row in due]})
    return len(due), [priority for (priority,) in queued]
