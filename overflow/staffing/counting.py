"""First calls by minute and country, counted from the calls themselves over their index; a few minutes each time it runs.

The last minutes are always counted anew, so that a minute in which a worker was away, or a call that was written late, is made
up; counting twice gives the same rows. What a fresh installation or a long standstill left out is made up a day at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from hotline.core.db import psycopg_of

AGAIN = timedelta(minutes=10)
MOST = timedelta(days=1)
KEPT = timedelta(weeks=9)
REDIAL_WITHIN_MINUTES = 60
MINUTE = timedelta(minutes=1)

LATEST = "SELECT max(minute) FROM staffing_minutes WHERE drill = ANY(%(drills)s) AND minute > %(oldest)s"
NEXT_CALL = "SELECT min(queued_at) FROM calls WHERE direction = 'in' AND queued_at >= %(since)s"
COUNT = f"""
INSERT INTO staffing_minutes (drill, minute, country, first, calls)
SELECT c.drill, date_trunc('minute', c.queued_at), coalesce(m.country, ''),
       count(*) FILTER (WHERE c.phone = '' OR (
           SELECT e.connected_at IS NULL FROM calls e
            WHERE e.phone = c.phone AND e.id < c.id AND e.direction = 'in'
              AND e.queued_at > c.queued_at - interval '{REDIAL_WITHIN_MINUTES} minutes'
            ORDER BY e.id DESC LIMIT 1) IS NOT TRUE),
       count(*)
  FROM calls c LEFT JOIN missions m ON m.id = c.mission_id
 WHERE c.direction = 'in' AND c.queued_at >= %(since)s AND c.queued_at < %(until)s
 GROUP BY 1, 2, 3
    ON CONFLICT (drill, minute, country) DO UPDATE SET first = EXCLUDED.first, calls = EXCLUDED.calls
"""  # noqa: S608  # the interval is a constant of this file
FORGET = "DELETE FROM staffing_minutes WHERE drill = ANY(%(drills)s) AND minute < %(oldest)s"
BOTH = [False, True]


def count_up(session: Session, now: datetime) -> datetime:
    """Count the minutes that are whole and not counted yet, at most a day of them; return until when all is counted now."""
    connection, until, oldest = psycopg_of(session), minute_of(now), now - KEPT
    (last,) = connection.execute(LATEST, {"drills": BOTH, "oldest": oldest}).fetchone() or (None,)
    # The next call and not the next minute, because a quiet week has no rows to go on from.
    after = last + MINUTE if last is not None else oldest
    (call,) = connection.execute(NEXT_CALL, {"since": after}).fetchone() or (None,)
    since = until - AGAIN if call is None else min(minute_of(call), until - AGAIN)
    until = min(until, since + MOST)
    connection.execute(COUNT, {"since": since, "until": until})
    connection.execute(FORGET, {"drills": BOTH, "oldest": oldest})
    return until


def minute_of(moment: datetime) -> datetime:
    """Return the beginning of a moment's minute."""
    return moment.replace(second=0, microsecond=0)
