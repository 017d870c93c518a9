"""The curve of an alert: the running counts written down minute by minute, only where something has moved.

One small statement for all alerts that are young enough to move, and one for their parts by country and provider; no row
of a message is read. A minute is the last look
into it, so running twice, or not at all for a while, leaves a true curve with fewer points.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.board.figures import EVERYBODY, Split
from alerts.board.models import BoardMinute
from hotline.core.services import Services

JOB = "alerts.board_sample"
EVERY_S = 15
MOVES_FOR = timedelta(days=7)
"""Answers after a week are on the board and need no curve."""
MAX_MINUTES = 20_000
TIMEOUT_MS = 5_000
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


SAMPLE_SPLITS = """
WITH moving AS (
    SELECT id FROM alerts WHERE started_at > %(since)s
), sent AS (
    SELECT t.alert_id, t.country, t.provider, sum(messages) FILTER (WHERE state IN ('sent', 'delivered')) AS accepted,
           sum(messages) FILTER (WHERE state = 'delivered') AS delivered,
           sum(messages) FILTER (WHERE state = 'failed') AS failed, 0 AS safe, 0 AS help
      FROM tallies t JOIN moving m ON m.id = t.alert_id GROUP BY 1, 2, 3
     UNION ALL
    SELECT a.alert_id, a.country, a.provider, 0, 0, 0, sum(people) FILTER (WHERE status = 'safe'),
           sum(people) FILTER (WHERE status = 'help')
      FROM answer_tallies a JOIN moving m ON m.id = a.alert_id GROUP BY 1, 2, 3
), present AS (
    SELECT alert_id, country, provider, coalesce(sum(accepted), 0) AS accepted, coalesce(sum(delivered), 0) AS delivered,
           coalesce(sum(failed), 0) AS failed, coalesce(sum(safe), 0) AS safe, coalesce(sum(help), 0) AS help
      FROM sent GROUP BY 1, 2, 3
)
INSERT INTO board_splits (alert_id, country, provider, minute, accepted, delivered, failed, safe, help)
SELECT p.alert_id, p.country, p.provider, date_trunc('minute', %(now)s::timestamptz),
       p.accepted, p.delivered, p.failed, p.safe, p.help
  FROM present p
  LEFT JOIN LATERAL (SELECT b.* FROM board_splits b
                      WHERE b.alert_id = p.alert_id AND b.country = p.country AND b.provider = p.provider
                      ORDER BY b.minute DESC LIMIT 1) last ON true
 WHERE (p.accepted, p.delivered, p.failed, p.safe, p.help) IS DISTINCT FROM
       (coalesce(last.accepted, 0), coalesce(last.delivered, 0), coalesce(last.failed, 0), coalesce(last.safe, 0),
        coalesce(last.help, 0))
    ON CONFLICT (alert_id, country, provider, minute) DO UPDATE
   SET accepted = EXCLUDED.accepted, delivered = EXCLUDED.delivered, failed = EXCLUDED.failed, safe = EXCLUDED.safe,
       help = EXCLUDED.help
"""
"""The same by country and provider: a pair that has never moved from nothing gets no row."""
SPLIT_CURVE = """
WITH moved AS (
    SELECT minute, accepted - lag(accepted, 1, 0) OVER pair AS accepted, delivered - lag(delivered, 1, 0) OVER pair AS delivered,
           safe - lag(safe, 1, 0) OVER pair AS safe, help - lag(help, 1, 0) OVER pair AS help
      FROM board_splits
     WHERE alert_id = :alert AND (CAST(:country AS text) IS NULL OR country = :country)
       AND (CAST(:provider AS text) IS NULL OR provider = :provider)
    WINDOW pair AS (PARTITION BY country, provider ORDER BY minute)
), by_minute AS (
    SELECT minute, sum(accepted) AS accepted, sum(delivered) AS delivered, sum(safe) AS safe, sum(help) AS help
      FROM moved GROUP BY minute
)
SELECT minute, (sum(accepted) OVER upto)::int AS accepted, (sum(delivered) OVER upto)::int AS delivered,
       (sum(safe) OVER upto)::int AS safe, (sum(help) OVER upto)::int AS help
  FROM by_minute WINDOW upto AS (ORDER BY minute) ORDER BY minute DESC LIMIT :most
"""
"""Pairs move in different minutes: what each added is summed up over time, so that none has to be carried forward."""


def sample(services: Services) -> int:
    """Write down the counts of every alert that has moved since it was last looked at; how many. The job of that name."""
    now = services.clock.now()
    values = {"now": now, "since": now - MOVES_FOR}
    with services.db.connection() as connection:
        connection.execute(SAMPLE_SPLITS, values)
        return connection.execute(SAMPLE, values).rowcount


def curve(session: Session, alert_id: int, split: Split = EVERYBODY) -> dict[str, list[Any]]:
    """Return the curve: `t` in seconds since 1970 (UTC) and the counts at those times, thinned to MAX_POINTS."""
    rows: Sequence[Any]
    if split == EVERYBODY:
        whole = select(BoardMinute).where(BoardMinute.alert_id == alert_id)
        rows = session.scalars(whole.order_by(BoardMinute.minute.desc()).limit(MAX_MINUTES)).all()[::-1]
    else:
        session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_MS}"))
        values = {"alert": alert_id, "country": split.country, "provider": split.provider, "most": MAX_MINUTES}
        rows = session.execute(text(SPLIT_CURVE), values).all()[::-1]
    step = max(1, -(-len(rows) // MAX_POINTS))
    kept: list[Any] = [row for nth, row in enumerate(rows) if nth % step == 0 or nth == len(rows) - 1]
    lines: dict[str, list[Any]] = {"t": [int(row.minute.timestamp()) for row in kept]}
    lines["delivered"] = [row.delivered for row in kept]
    lines["safe"] = [row.safe for row in kept]
    lines["help"] = [row.help for row in kept]
    lines["silent"] = [max(0, row.accepted - row.safe - row.help) for row in kept]
    return lines
