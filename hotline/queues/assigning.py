"""The pass that gives waiting callers to free agents.

It reads the free agents and the first few callers of each class (those who ask for the same), pairs them in memory, and
reserves all pairs by one conditional statement: caller and agent are locked, looked at again, and either both become
reserved, under a fresh token with an expiry and with the outbox row that tells of it, or nothing happens to them. Two passes
at once, a caller who hangs up or an agent who leaves in between cost a pair and never make a wrong one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core import jobs, live
from hotline.core.db import psycopg_of
from hotline.core.ids import new_token
from hotline.core.services import Services
from hotline.queues import widening
from hotline.queues.choosing import Free, Head, Pair, Rules, pair
from hotline.queues.steps import read_steps

ASSIGN_JOB = "queues.assign"
OFFER_GRACE_S = 10
"""Time for a reservation to begin to ring, over the ringing itself."""
MAX_ROUNDS = 5
"""A second round is needed only when somebody of the first one's pairs was busy at that moment."""
MAX_FREE = 5_000
"""Far beyond the 904 agents planned for. All free agents are looked at: whom the queue needs may be the one idle last."""
MAX_CLASSES = 500
_LOCK = 0x48_4F_54_15
"""Key of the advisory lock that lets one pass run at a time; correctness does not depend on it, only work saved."""

_FREE = """
SELECT id, group_id, marks, idle_since, first_level, drill FROM agents
 WHERE state = 'ready' AND active AND (not_before IS NULL OR not_before <= %(now)s)
 ORDER BY idle_since, id LIMIT %(most)s
"""
# A loose index scan: one step in the index for each class, however many callers are in it. Drills are classes of their own:
# those for whom nobody may be free would otherwise stand before the real callers of their class, and hide them.
_CLASSES = """
WITH RECURSIVE class AS (
  (SELECT queue_id, step, need, drill FROM queue_entries
    WHERE state = 'waiting' ORDER BY queue_id, step, need, drill LIMIT 1)
  UNION ALL
  SELECT following.queue_id, following.step, following.need, following.drill FROM class, LATERAL (
    SELECT queue_id, step, need, drill FROM queue_entries e
     WHERE e.state = 'waiting'
       AND (e.queue_id, e.step, e.need, e.drill) > (class.queue_id, class.step, class.need, class.drill)
     ORDER BY queue_id, step, need, drill LIMIT 1) following
)
SELECT queue_id, step, need, drill FROM class LIMIT %(most)s
"""
_HEADS = """
SELECT head.id, c.queue_id, c.step, c.need, head.rank_at, c.drill
  FROM unnest(%(queues)s::bigint[], %(steps)s::smallint[], %(needs)s::text[], %(drills)s::boolean[])
    AS c(queue_id, step, need, drill), LATERAL (
    SELECT id, rank_at FROM queue_entries e
     WHERE e.state = 'waiting' AND e.queue_id = c.queue_id AND e.step = c.step AND e.need = c.need AND e.drill = c.drill
     ORDER BY rank_at, id LIMIT %(free)s) head
"""
_RESERVE = """
WITH wanted AS (
  SELECT * FROM unnest(%(entries)s::bigint[], %(agents)s::bigint[], %(steps)s::smallint[], %(tokens)s::text[])
    AS w(entry_id, agent_id, step, token)
), entry AS (
  SELECT q.id, q.queue_id, q.call_ref, q.need, q.kind, q.drill, r.ring_s
    FROM queue_entries q JOIN wanted w ON w.entry_id = q.id JOIN queues r ON r.id = q.queue_id
   WHERE q.state = 'waiting' AND q.step = w.step FOR UPDATE OF q SKIP LOCKED
), agent AS (
  SELECT a.id, a.via, a.marks, a.first_level, a.drill FROM agents a JOIN wanted w ON w.agent_id = a.id
   WHERE a.state = 'ready' AND a.active FOR UPDATE OF a SKIP LOCKED
), both_free AS (
  SELECT w.token, w.step, e.id AS entry_id, e.queue_id, e.call_ref, e.kind, e.drill, e.ring_s, a.id AS agent_id, a.via
    FROM wanted w JOIN entry e ON e.id = w.entry_id JOIN agent a ON a.id = w.agent_id
   WHERE (e.need = '' OR a.marks @> string_to_array(e.need, ' '))
     AND (a.drill = e.drill OR (NOT a.first_level AND NOT a.drill))
), made AS (
  INSERT INTO reservations (token, agent_id, entry_id, queue_id, call_ref, via, matched_step, state, reserved_at, expires_at)
  SELECT token, agent_id, entry_id, queue_id, call_ref, via, step, 'reserved', %(now)s,
         %(now)s::timestamptz + make_interval(secs => ring_s + %(grace)s)
    FROM both_free RETURNING id, token, agent_id, entry_id, queue_id, call_ref, via, matched_step
), kept AS (
  UPDATE agents SET state = 'reserved', reason = '', state_since = %(now)s, token = b.token, not_before = NULL
    FROM both_free b WHERE agents.id = b.agent_id
), noted AS (
  INSERT INTO presence_changes (agent_id, at, before, after) SELECT agent_id, %(now)s, 'ready', 'reserved' FROM both_free
), taken AS (
  UPDATE queue_entries SET state = 'reserved', offers = offers + 1 FROM both_free b WHERE queue_entries.id = b.entry_id
), turns AS (
  UPDATE queues SET last_agent_id = t.agent_id
    FROM (SELECT DISTINCT ON (b.queue_id) b.queue_id, b.agent_id FROM both_free b JOIN wanted w USING (token)
           ORDER BY b.queue_id, array_position(%(tokens)s::text[], b.token) DESC) t
   WHERE queues.id = t.queue_id AND queues.strategy = 'round_robin'
), ringing_callbacks AS (
  UPDATE callbacks SET state = 'calling', attempts = attempts + 1 FROM both_free b
   WHERE callbacks.entry_id = b.entry_id AND callbacks.state = 'queued'
  RETURNING callbacks.id, callbacks.entry_id, callbacks.case_id
), told AS (
  INSERT INTO outbox_events (topic, payload, created_at, available_at)
  SELECT CASE WHEN c.id IS NULL THEN 'AgentReserved' ELSE 'CallbackDue' END,
         jsonb_build_object('reservation_id', m.id, 'token', m.token, 'entry_id', m.entry_id, 'call_ref', m.call_ref,
           'agent_id', m.agent_id, 'queue_id', m.queue_id, 'matched_step', m.matched_step, 'via', m.via, 'drill', b.drill)
         || CASE WHEN c.id IS NULL THEN '{}'::jsonb
                 ELSE jsonb_build_object('callback_id', c.id, 'case_id', c.case_id) END,
         %(now)s, %(now)s
    FROM made m JOIN both_free b ON b.token = m.token LEFT JOIN ringing_callbacks c ON c.entry_id = m.entry_id
)
SELECT count(*) FROM made
"""


def assign_due(services: Services) -> int:
    """Make as many reservations as callers and agents allow now, and return how many were made."""
    total = 0
    for _ in range(MAX_ROUNDS):
        with services.db.transaction() as session:
            made, again = _round(session, services.clock.now())
        total += made
        if not again:
            break
    if total:
        live.notify(services.redis, "queues")
        live.notify(services.redis, "agents")
        jobs.enqueue(services, "outbox.deliver")
    return total


def kick(services: Services) -> None:
    """Have a pass run soon and open pages look again; call it after a commit that let somebody join, or made one free."""
    jobs.enqueue(services, ASSIGN_JOB)
    live.notify(services.redis, "queues")
    live.notify(services.redis, "agents")


def _round(session: Session, now: datetime) -> tuple[int, bool]:
    """Run one pass; returns how many were reserved, and whether another one may find more."""
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}):
        return 0, False
    connection = psycopg_of(session)
    while widening.widen_due(connection, now):
        pass
    classes = connection.execute(_CLASSES, {"most": MAX_CLASSES}).fetchall()
    if not classes:
        return 0, False
    free = [
        Free(row[0], row[1], frozenset(row[2]), row[3], row[4], row[5])
        for row in connection.execute(_FREE, {"now": now, "most": MAX_FREE})
    ]
    pairs = pair(free, _heads(connection, classes, len(free)), _rules(connection)) if free else []
    made = reserve(connection, pairs, now) if pairs else 0
    return made, made < len(pairs)


def _heads(connection: psycopg.Connection[tuple[Any, ...]], classes: list[tuple[Any, ...]], free: int) -> list[Head]:
    """Return the first callers of every class: no pass can serve more of one class than agents are free."""
    queues, steps, needs, drills = (list(column) for column in zip(*classes, strict=True))
    found = connection.execute(
        _HEADS, {"queues": queues, "steps": steps, "needs": needs, "drills": drills, "free": free}
    )
    return [Head(row[0], row[1], row[2], frozenset(row[3].split()), row[4], row[5]) for row in found]


def _rules(connection: psycopg.Connection[tuple[Any, ...]]) -> dict[int, Rules]:
    rows = connection.execute("SELECT id, strategy, group_ids, steps, coalesce(last_agent_id, 0) FROM queues")
    return {
        row[0]: Rules(row[1], tuple(row[2]), tuple(step.groups for step in read_steps(row[3])), row[4]) for row in rows
    }


def reserve(connection: psycopg.Connection[tuple[Any, ...]], pairs: list[Pair], now: datetime) -> int:
    """Reserve caller and agent of every pair that is still free; returns how many were."""
    row = connection.execute(
        _RESERVE,
        {
            "entries": [each.head.entry_id for each in pairs],
            "agents": [each.agent_id for each in pairs],
            "steps": [each.head.step for each in pairs],
            "tokens": [new_token() for _ in pairs],
            "now": now,
            "grace": OFFER_GRACE_S,
        },
    ).fetchone()
    return int(row[0]) if row else 0
