"""The sweeper: every two seconds it reads from SQL what is due and queues it, so that nothing depends on Redis or luck."""

from __future__ import annotations

from hotline.core import jobs
from hotline.core.services import Services
from hotline.notices import claims, doubt, lanes
from hotline.notices.states import Priority

JOB = "notices.sweep"
_DUE = """
SELECT EXISTS (SELECT 1 FROM notices n WHERE n.state = 'queued' AND n.priority <= %(lowest)s
                  AND (n.not_before IS NULL OR n.not_before <= %(now)s))
"""


def sweep(services: Services) -> None:
    """Let lapse what is over, put expired claims in doubt, and queue the lanes and look-ups that are due."""
    now = services.clock.now()
    with services.db.connection() as connection:
        claims.lapse(connection, now)
        doubt.end_leases(connection, now)
        urgent, anything, doubtful = (
            bool((connection.execute(statement, {"now": now, "lowest": int(lowest)}).fetchone() or (False,))[0])
            for statement, lowest in (
                (_DUE, Priority.AT_ONCE), (_DUE, Priority.WHENEVER), (doubt.ANY_DUE, Priority.WHENEVER),
            )
        )  # fmt: skip
    if urgent:
        jobs.enqueue(services, lanes.URGENT_JOB)
    if anything:
        jobs.enqueue(services, lanes.JOB)
    if doubtful:
        jobs.enqueue(services, doubt.JOB)
