"""The sweeper: every two seconds it reads from SQL what is due and queues it, so that nothing depends on Redis or luck."""

from __future__ import annotations

from datetime import timedelta

import structlog

from alerts.dispatch import doubt, ending, lanes
from alerts.dispatch.severity import DUE, RANK, WAITING
from hotline.core import jobs
from hotline.core.services import Services

log = structlog.get_logger(__name__)

JOB = "alerts.sweep"
ENDED_LOOK_BACK = timedelta(days=2)
MAX_ALERTS = 500

_EXPIRED = """
SELECT a.id FROM alerts a LEFT JOIN approvals p ON p.alert_id = a.id
 WHERE a.state IN ('approved', 'dispatching') AND least(a.expires, p.expires) <= %(now)s ORDER BY a.id LIMIT %(most)s
"""
_LEFT_BEHIND = f"""
SELECT a.id FROM alerts a
 WHERE a.state IN ('cancelled', 'superseded', 'expired') AND a.finished_at > %(since)s AND {WAITING.format(alert="a.id")}
 ORDER BY a.id LIMIT %(most)s
"""  # noqa: S608 - put together from constants, no value comes from outside
_OPEN = f"""
SELECT a.id, {DUE.format(alert="a")} FROM alerts a WHERE a.state = 'dispatching'
 ORDER BY {RANK.format(alert="a")}, a.approved_at, a.id LIMIT %(most)s
"""  # noqa: S608 - put together from constants, no value comes from outside
_DOUBT_DUE = """
SELECT EXISTS (SELECT 1 FROM messages WHERE state = 'in_doubt' AND lease_until <= %(now)s)
"""


def sweep(services: Services) -> None:
    """Put expired claims in doubt, end what is over, and queue lanes and look-ups that are due.

    Lanes are queued in the order of severity. A job that already waits is not queued twice.
    """
    doubt.end_leases(services)
    now = services.clock.now()
    values = {"now": now, "since": now - ENDED_LOOK_BACK, "most": MAX_ALERTS}
    with services.db.connection() as connection:
        expired = [row[0] for row in connection.execute(_EXPIRED, values)]
        left_behind = [row[0] for row in connection.execute(_LEFT_BEHIND, values)]
        open_alerts = connection.execute(_OPEN, values).fetchall()
        doubt_due = connection.execute(_DOUBT_DUE, values).fetchone()
    for alert_id in expired:
        ending.expire(services, alert_id)
    for alert_id in left_behind:
        ending.withdraw(services, alert_id)
    if doubt_due and doubt_due[0]:
        jobs.enqueue(services, doubt.JOB)
    for alert_id, due in open_alerts:
        if alert_id in expired:
            continue
        if due:
            jobs.enqueue(services, lanes.JOB, alert_id)
        else:
            ending.finish(services, alert_id)
