"""The curve of an alert: the running counts written down minute by minute, only where something has moved.

One small statement for all alerts that are young enough to move; no row of a message is read. A minute is the last look
into it, so running twice, or not at all for a while, leaves a true curve with fewer points.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.board.models import BoardMinute
from hotline.core.services import Services

JOB = "alerts.board_sample"
EVERY_S = 15
MOVES_FOR = timedelta(days=7)
"""Answers after a week are on the board and need no curve."""
MAX_POINTS = 1_500
"""A day of minutes; a longer curve is thinned, because a screen has no more columns."""

SAMPLE = """
WITH moving AS (
    SELECT id FROM alerts WHERE started_at > %(since)s
), sent AS (
    SELECT t.alert_id, sum(messages) FILTER (WHERE state IN ('sent', 'delivered')) AS accepted,
           sum(messages) FILTER (WHERE state = 'delivered') AS delivered,
           sum(messages) FILTER (WHERE state = 'failed') AS failed
      FROM tallies t JOIN moving m ON m.id = t.alert_id GROUP BY t.alert_id
), said AS (
    SELECT a.alert_id, sum(people) FILTER (WHERE status = 'safe') AS safe,
           sum(people) FILTER (WHERE status = 'help') AS help
      FROM answer_tallies a JOIN moving m ON m.id = a.alert_id GROUP BY a.alert_id
), present AS (
    SELECT m.id, coalesce(s.accepted, 0) AS accepted, coalesce(s.delivered, 0) AS delivered,
           coalesce(s.failed, 0) AS failed, coalesce(a.safe, 0) AS safe, coalesce(a.help, 0) AS help
      FROM moving m LEFT JOIN sent s ON s.alert_id = m.id LEFT JOIN said a ON a.alert_id = m.id
)
INSERT INTO board_minutes (alert_id, minute, accepted, delivered, failed, safe, help)
SELECT p.id, date_trunc('minute', %(now)s::timestamptz), p.accepted, p.delivered, p.failed, p.safe, p.help
  FROM present p
  LEFT JOIN LATERAL (SELECT b.* FROM board_minutes b WHERE b.alert_id = p.id ORDER BY b.minute DESC LIMIT 1) last ON true
 WHERE (p.accepted, p.delivered, p.failed, p.safe, p.help)
       IS DISTINCT FROM (last.accepted, last.delivered, last.failed, last.safe, last.help)
    ON CONFLICT (alert_id, minute) DO UPDATE
   SET accepted = EXCLUDED.accepted, delivered = EXCLUDED.delivered, failed = EXCLUDED.failed, safe = EXCLUDED.safe,
       help = EXCLUDED.help
"""


def sample(services: Services) -> int:
    """Write down the counts of every alert that has moved since it was last looked at; how many. The job of that name."""
    now = services.clock.now()
    with services.db.connection() as connection:
        return connection.execute(SAMPLE, {"now": now, "since": now - MOVES_FOR}).rowcount


def curve(session: Session, alert_id: int) -> dict[str, list[Any]]:
    """Return the curve: `t` in seconds since 1970 (UTC) and the counts at those times, thinned to MAX_POINTS."""
    rows = session.scalars(
        select(BoardMinute).where(BoardMinute.alert_id == alert_id).order_by(BoardMinute.minute.desc()).limit(20_000)
    ).all()[::-1]
    step = max(1, -(-len(rows) // MAX_POINTS))
    kept = [row for nth, row in enumerate(rows) if nth % step == 0 or nth == len(rows) - 1]
    lines: dict[str, list[Any]] = {"t": [int(row.minute.timestamp()) for row in kept]}
    lines["delivered"] = [row.delivered for row in kept]
    lines["safe"] = [row.safe for row in kept]
    lines["help"] = [row.help for row in kept]
    lines["silent"] = [max(0, row.accepted - row.safe - row.help) for row in kept]
    return lines
