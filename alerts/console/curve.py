"""How an alert spread over time, for the report: read from the messages once the sending has ended, never before.

Nobody counts message rows while sending (an outage elsewhere came from it); an open page draws its own curve from the
running tallies until then.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.console.blueprint import blueprint
from alerts.models import Alert
from alerts.reading import get_alert
from alerts.states import FINAL_ALERT_STATES
from hotline.core.services import current
from hotline.core.web import permit

POINTS = 120
TIMEOUT_MS = 4000
"""A million rows take half a second; a report that takes longer is shown without its curve."""

_SPAN = text(
    "SELECT extract(epoch FROM min(sent_at)), extract(epoch FROM greatest(max(sent_at), max(settled_at)))"
    " FROM messages WHERE alert_id = :alert"
)
_BY_STEP = text(
    "SELECT 'sent', floor((extract(epoch FROM sent_at) - :first) / :step)::int, count(*)"
    "  FROM messages WHERE alert_id = :alert AND sent_at IS NOT NULL GROUP BY 2"
    " UNION ALL "
    "SELECT state, floor((extract(epoch FROM settled_at) - :first) / :step)::int, count(*)"
    "  FROM messages WHERE alert_id = :alert AND settled_at IS NOT NULL AND state IN ('delivered', 'failed') GROUP BY 1, 2"
)


@blueprint.get("/alerts/<int:alert_id>/curve.json")
@permit("alerts.read")
def curve(alert_id: int) -> ResponseReturnValue:
    """Return running sums of sent, delivered and failed; empty lists while the alert is being sent."""
    with current().db.transaction() as session:
        return jsonify(curve_of(session, get_alert(session, alert_id)))


def curve_of(session: Session, alert: Alert) -> dict[str, list[Any]]:
    """Return `t` (seconds since 1970, UTC) and the three running sums at those times."""
    lines: dict[str, list[Any]] = {"t": [], "sent": [], "delivered": [], "failed": []}
    if alert.state not in FINAL_ALERT_STATES:
        return lines
    session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_MS}"))
    first, last = session.execute(_SPAN, {"alert": alert.id}).one()
    if first is None:
        return lines
    start = int(first)
    step = max(1, -(-(int(last) - start + 1) // POINTS))
    found: dict[str, dict[int, int]] = {"sent": {}, "delivered": {}, "failed": {}}
    for line, number, count in session.execute(_BY_STEP, {"alert": alert.id, "first": start, "step": step}):
        found[line][max(number, 0)] = found[line].get(max(number, 0), 0) + count
    steps = max((number for counts in found.values() for number in counts), default=0) + 1
    lines["t"] = [start + step * number for number in range(steps + 1)]
    for line, counts in found.items():
        total = 0
        lines[line] = [0]
        for number in range(steps):
            total += counts.get(number, 0)
            lines[line].append(total)
    return lines
