"""Skills widen in steps: whoever has waited long enough asks for less, and every such step is written down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg

from hotline.queues import steps

BATCH = 500

_DUE = """
SELECT e.id, e.step, e.language, e.skills, e.hard, e.enqueued_at, q.steps
  FROM queue_entries e JOIN queues q ON q.id = e.queue_id
 WHERE e.state = 'waiting' AND e.widens_at <= %s ORDER BY e.widens_at LIMIT %s FOR UPDATE OF e SKIP LOCKED
"""
_WIDEN = """
WITH wider AS (
  UPDATE queue_entries e SET step = w.step, need = w.need, widens_at = w.widens_at
    FROM unnest(%(ids)s::bigint[], %(steps)s::smallint[], %(needs)s::text[], %(next)s::timestamptz[])
      AS w(id, step, need, widens_at)
   WHERE e.id = w.id RETURNING e.id, e.step, e.need
)
INSERT INTO queue_entry_steps (entry_id, at, kind, step, need) SELECT id, %(now)s, 'widened', step, need FROM wider
"""


def widen_due(connection: psycopg.Connection[tuple[Any, ...]], now: datetime) -> int:
    """Move up to BATCH callers whose time has come to their present step; returns how many were moved."""
    due = connection.execute(_DUE, (now, BATCH)).fetchall()
    if not due:
        return 0
    ids, numbers, needs, following = [], [], [], []
    for entry_id, step, language, skills, hard, enqueued_at, raw in due:
        ladder = steps.read_steps(raw)
        # From the sticky step straight to what their wait has earned; otherwise at least one step on.
        number = max(steps.step_at(ladder, (now - enqueued_at).total_seconds()), min(step + 1, len(ladder) - 1))
        ids.append(entry_id)
        numbers.append(number)
        needs.append(steps.need(ladder[number], language, skills, hard=hard))
        following.append(steps.next_change(ladder, number, enqueued_at))
    connection.execute(_WIDEN, {"ids": ids, "steps": numbers, "needs": needs, "next": following, "now": now})
    return len(due)
