"""A webhook that comes after its call, or in the same moment: the call of the last minutes is found and attached, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg

from hotline.core.services import Services

JOB = "overflow.match_late"
REACH = timedelta(seconds=120)
"""So far apart may an announcement and its call be."""
BATCH = 500
_CALL = """
SELECT c.id, f.mission_id, f.line_id, f.received_at FROM forwardings f
  JOIN LATERAL (
    SELECT c.id FROM calls c LEFT JOIN forwarded_calls r ON r.call_id = c.id
     WHERE c.phone = f.caller AND c.direction = 'in'
       AND c.started_at BETWEEN f.received_at - %(reach)s AND f.received_at + %(reach)s
       AND r.forwarding_id IS NULL
       AND CASE WHEN r.id IS NULL THEN c.called = f.pool OR (f.called <> '' AND c.forwarded_from = f.called)
                ELSE r.mission_id = f.mission_id END
     ORDER BY c.id DESC LIMIT 1) c ON true
 WHERE f.id = %(id)s AND f.call_id IS NULL AND f.caller <> '' AND f.decision = 'take'
"""
_TAKE = """
UPDATE forwardings SET call_id = %(call)s, matched_at = %(now)s WHERE id = %(id)s AND call_id IS NULL
   AND NOT EXISTS (SELECT FROM forwardings other WHERE other.call_id = %(call)s) RETURNING id
"""
_RECORD = """
INSERT INTO forwarded_calls (call_id, mission_id, line_id, how, forwarding_id, at)
VALUES (%(call)s, %(mission)s, %(line)s, 'number', %(id)s, %(now)s)
    ON CONFLICT (call_id) DO UPDATE SET forwarding_id = excluded.forwarding_id WHERE forwarded_calls.forwarding_id IS NULL
"""
_NAME = "UPDATE calls SET mission_id = %(mission)s WHERE id = %(call)s AND mission_id IS NULL"
_OPEN = """
SELECT id FROM forwardings f WHERE call_id IS NULL AND decision = 'take' AND caller <> '' AND received_at > %(since)s
   AND EXISTS (SELECT FROM calls c LEFT JOIN forwarded_calls r ON r.call_id = c.id
                WHERE c.phone = f.caller AND c.direction = 'in' AND r.forwarding_id IS NULL
                  AND c.started_at BETWEEN f.received_at - %(reach)s AND f.received_at + %(reach)s)
 ORDER BY id DESC LIMIT %(most)s
"""


def attach(connection: psycopg.Connection[tuple[Any, ...]], forwarding_id: int, now: datetime) -> bool:
    """Attach an announced call to the call that has arrived for it already; whether there was one.

    How the call was recognised stays as it was recorded then; one that was not recognised is now, by its number.
    """
    found = connection.execute(_CALL, {"id": forwarding_id, "reach": REACH}).fetchone()
    if found is None:
        return False
    call_id, mission_id, line_id, _ = found
    given = {"id": forwarding_id, "call": call_id, "mission": mission_id, "line": line_id, "now": now}
    # Whoever writes the call's row first has it; a second announcement of the same moment waits here and finds it taken.
    connection.execute("SELECT FROM calls WHERE id = %(call)s FOR NO KEY UPDATE", given)
    if connection.execute(_TAKE, given).fetchone() is None:
        return False
    connection.execute(_RECORD, given)
    connection.execute(_NAME, given)
    return True


def match(services: Services) -> int:
    """Attach what was announced in the very moment its call arrived, when neither saw the other; how many were."""
    now, done = services.clock.now(), 0
    with services.db.connection() as connection:
        rows = connection.execute(_OPEN, {"since": now - 2 * REACH, "reach": REACH, "most": BATCH}).fetchall()
    for (forwarding_id,) in rows:
        with services.db.connection() as connection:
            done += attach(connection, forwarding_id, now)
    return done
