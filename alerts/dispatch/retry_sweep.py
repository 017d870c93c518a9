"""The sweep that queues failed messages again when their time has come (see `hotline.providers.retrying`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import psycopg
import structlog
from sqlalchemy.orm import Session

from alerts import tallies
from alerts.dispatch import lanes
from alerts.models import Alert
from alerts.states import ALERT, DISPATCHING, FAILED, FINISHED, QUEUED
from hotline.core import audit, jobs, live
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.providers.retrying import has_way, routes_now

log = structlog.get_logger(__name__)

JOB = "alerts.retry_failed"
BATCH = 2_000
MAX_BATCHES = 50

_DUE = """
SELECT id, alert_id, phone, avoid, error_code FROM messages WHERE retry_at <= %(now)s ORDER BY retry_at LIMIT %(most)s
"""
_LOCK_ALERTS = """
SELECT a.id, a.state IN ('dispatching', 'finished') AND a.superseded_by_id IS NULL AND least(a.expires, p.expires) > %(now)s
  FROM alerts a LEFT JOIN approvals p ON p.alert_id = a.id
 WHERE a.id = ANY(%(ids)s) ORDER BY a.id FOR NO KEY UPDATE OF a
"""
_TAKEN_OVER = """
SELECT m.id FROM messages m JOIN outreach o ON o.alert_id = m.alert_id AND o.phone = m.phone
 WHERE m.id = ANY(%(ids)s) AND o.channel = 'sms' AND o.attempts > 0 AND o.state NOT IN ('failed', 'skipped')
"""
"""Messages whose second text has begun by another way (`alerts.silent.texting`): the first is not tried beside it. Both
begin under the alert's lock, so that neither can miss the other."""
_GIVE_UP = "UPDATE messages SET retry_at = NULL WHERE id = ANY(%(ids)s) AND retry_at <= %(now)s"
_QUEUE = """
WITH due AS MATERIALIZED (
    SELECT id, error_code FROM messages WHERE id = ANY(%(ids)s) AND state = 'failed' AND retry_at <= %(now)s
     ORDER BY id FOR NO KEY UPDATE
)
UPDATE messages m
   SET state = 'queued', retries = m.retries + 1, retry_at = NULL, not_before = NULL, settled_at = NULL
  FROM due WHERE m.id = due.id
RETURNING m.alert_id, m.country, coalesce(due.error_code, ''), m.provider
"""


class Due(NamedTuple):
    """A failed message whose time has come."""

    id: int
    alert_id: int
    phone: str
    avoid: str | None
    code: str | None


def sweep(services: Services) -> int:
    """Queue what is due, batch by batch; how many messages are tried again. The job `alerts.retry_failed`."""
    total, alerts = 0, set[int]()
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            seen, queued = _sweep_batch(services, session)
        total += sum(queued.values())
        alerts |= queued.keys()
        if seen < BATCH:
            break
    for alert_id in sorted(alerts):
        jobs.enqueue(services, lanes.JOB, alert_id)
        live.notify(services.redis, f"alert:{alert_id}")
    if total:
        log.info("dispatch.tried_again", messages=total)
    return total


def _sweep_batch(services: Services, session: Session) -> tuple[int, Counter[int]]:
    """Queue one batch in the session's transaction; how many were looked at, and how many queued by alert."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    now = services.clock.now()
    due = [Due(*row) for row in connection.execute(_DUE, {"now": now, "most": BATCH}).fetchall()]
    if not due:
        return 0, Counter()
    ids = sorted({each.alert_id for each in due})
    lasting = dict(connection.execute(_LOCK_ALERTS, {"ids": ids, "now": now}).fetchall())
    table = routes_now(services, connection)
    taken_over = {row[0] for row in connection.execute(_TAKEN_OVER, {"ids": [each.id for each in due]}).fetchall()}
    again = [
        each.id
        for each in due
        if lasting.get(each.alert_id)
        and each.id not in taken_over
        and has_way(table, each.phone, each.avoid, each.code)
    ]
    connection.execute(_GIVE_UP, {"ids": sorted({each.id for each in due} - set(again)), "now": now})
    rows = connection.execute(_QUEUE, {"ids": again, "now": now}).fetchall()
    deltas: Counter[tallies.TallyKey] = Counter()
    for alert_id, country, code, provider in rows:
        deltas[alert_id, country, FAILED, code, provider] -= 1
        deltas[alert_id, country, QUEUED, "", ""] += 1
    queued = Counter(row[0] for row in rows)
    resumed = [session.get_one(Alert, alert_id) for alert_id in sorted(queued)]
    for alert in resumed:
        session.refresh(alert)
    tallies.add(connection, deltas)
    _resume(services, session, [alert for alert in resumed if alert.state == FINISHED], queued)
    return len(due), queued


def _resume(services: Services, session: Session, finished: list[Alert], queued: Mapping[int, int]) -> None:
    for alert in finished:
        alert.state = ALERT.next_state(alert.state, "resume", SYSTEM)
        alert.finished_at = None
        alert.updated_at = services.clock.now()
    for alert in finished:
        audit.record(
            session, services.clock, SYSTEM, "alert.retried", "alert", alert.id,
            before={"state": FINISHED}, after={"state": DISPATCHING, "messages": queued[alert.id]},
        )  # fmt: skip
