"""How an alert comes to its end: finished, cancelled, expired, or stopped by the system because something was not as agreed.

Each end is one transition of the alert's lifecycle with its audit entry, in one transaction; the messages that were still
waiting follow in bounded batches. Whatever a crash leaves half done, the sweeper takes up again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts import approval, tallies
from alerts.dispatch.recheck import Halt, Halted
from alerts.dispatch.severity import WAITING
from alerts.models import Alert
from alerts.reading import get_alert
from alerts.states import ALERT, CANCELLED, DISPATCHING, EXPIRED, LAPSED, QUEUED, SENDING_STATES, SUPERSEDED, WITHDRAWN
from hotline.core import audit, jobs, live, outbox
from hotline.core.actor import SYSTEM
from hotline.core.errors import Refused
from hotline.core.services import Services

log = structlog.get_logger(__name__)

WITHDRAW_JOB = "alerts.withdraw"
BATCH = 5_000
MAX_BATCHES = 4_000
"""Twenty million messages: more than any alert can have."""
_STATE_OF_REST = {CANCELLED: WITHDRAWN, SUPERSEDED: WITHDRAWN, EXPIRED: LAPSED}

_TAKE_BACK = """
WITH waiting AS MATERIALIZED (
    SELECT id FROM messages
     WHERE state = 'queued' AND (alert_id, id) > (%(alert_id)s, %(after_id)s) AND alert_id <= %(alert_id)s
     ORDER BY alert_id, id LIMIT %(most)s FOR NO KEY UPDATE
)
UPDATE messages m SET state = %(state)s, settled_at = %(now)s, not_before = NULL
 WHERE m.id = ANY (ARRAY(SELECT id FROM waiting))
RETURNING m.id, m.country
"""
_ANY_OPEN = text(
    f"""SELECT {WAITING.format(alert=":alert_id")}
            OR (SELECT id FROM messages WHERE state IN ('sending', 'in_doubt') AND alert_id = :alert_id
                 ORDER BY lease_until LIMIT 1) IS NOT NULL"""  # noqa: S608 - put together from constants
)


def on_cancelled(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `AlertCancelled`: take back what was not claimed yet, in a job of its own."""
    jobs.enqueue(services, WITHDRAW_JOB, int(payload["alert_id"]))


def withdraw(services: Services, alert_id: int) -> int:
    """Take back the waiting messages of an alert that was cancelled or has expired; how many there were.

    Messages of an alert in any other state are left alone.
    """
    total, after_id = 0, 0
    for _ in range(MAX_BATCHES):
        with services.db.connection() as connection:
            row = connection.execute("SELECT state FROM alerts WHERE id = %s", (alert_id,)).fetchone()
            state = _STATE_OF_REST.get(row[0]) if row else None
            if state is None:
                return total
            rows = connection.execute(
                _TAKE_BACK,
                {
                    "alert_id": alert_id,
                    "after_id": after_id,
                    "state": state,
                    "most": BATCH,
                    "now": services.clock.now(),
                },
            ).fetchall()
            deltas: Counter[tallies.TallyKey] = Counter()
            for country, count in Counter(country for _, country in rows).items():
                deltas[alert_id, country, QUEUED, "", ""] -= count
                deltas[alert_id, country, state, "", ""] += count
            tallies.add(connection, deltas)
        if not rows:
            break
        total += len(rows)
        after_id = max(message_id for message_id, _ in rows)
        live.notify(services.redis, f"alert:{alert_id}")
    if total:
        log.info("dispatch.withdrawn", alert=alert_id, messages=total)
    return total


def finish(services: Services, alert_id: int) -> bool:
    """Move the alert to `finished` when no message is queued, being sent or in doubt; say whether it was."""
    with services.db.transaction() as session:
        if session.scalar(_ANY_OPEN, {"alert_id": alert_id}):
            return False
        alert = get_alert(session, alert_id, lock=True)
        # Looked at again under the lock: a message may have come back in between.
        if alert.state != DISPATCHING or session.scalar(_ANY_OPEN, {"alert_id": alert_id}):
            return False
        _end(services, session, alert, "finish", "alert.finished", None)
        outbox.publish(session, services.clock, "AlertFinished", {"alert_id": alert_id})
    live.notify(services.redis, f"alert:{alert_id}")
    live.notify(services.redis, "alerts")
    return True


def expire(services: Services, alert_id: int) -> bool:
    """Move an alert whose time is over to `expired` and let its waiting messages lapse; say whether it was."""
    with services.db.transaction() as session:
        alert = get_alert(session, alert_id, lock=True)
        agreed = alert.approval.expires if alert.approval is not None else alert.expires
        if alert.state not in SENDING_STATES or min(alert.expires, agreed) > services.clock.now():
            return False
        _end(services, session, alert, "expire", "alert.expired", "The alert expired before everything was sent.")
    withdraw(services, alert_id)
    return True


def halt(services: Services, alert_id: int, halted: Halted) -> None:
    """Do what a refused re-check calls for."""
    if halted.halt is Halt.EXPIRED:
        expire(services, alert_id)
    elif halted.halt is Halt.TAMPERED:
        stop_by_system(services, alert_id, halted.reason)
    elif halted.halt is Halt.NOT_SENDING:
        withdraw(services, alert_id)


def stop_by_system(services: Services, alert_id: int, reason: str) -> None:
    """Cancel an alert because what would be sent is not what was agreed; nothing of it goes out any more."""
    log.error("dispatch.stopped_by_system", alert=alert_id, reason=reason)
    try:
        with services.db.transaction() as session:
            approval.cancel(session, services.clock, SYSTEM, alert_id, reason=reason)
    except Refused:
        # Somebody else ended it in the same moment; either way nothing is sent.
        log.info("dispatch.already_ended", alert=alert_id)
    withdraw(services, alert_id)


def _end(services: Services, session: Session, alert: Alert, event: str, action: str, reason: str | None) -> None:
    before, now = alert.state, services.clock.now()
    alert.state = ALERT.next_state(alert.state, event, SYSTEM)
    alert.finished_at = alert.updated_at = now
    alert.ended_reason = reason or alert.ended_reason
    after = {"state": alert.state} | ({"reason": reason} if reason else {})
    audit.record(session, services.clock, SYSTEM, action, "alert", alert.id, before={"state": before}, after=after)
