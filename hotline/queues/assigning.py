"""Assigning: callers and agents are reserved for each other, each pair by one conditional statement with a token and an expiry.

Who waits is looked at by buckets: entries that need the same thing at the same step. A pass asks for the first entry of every
bucket that some ready agent fits, takes the buckets in the order of their first entries, and reserves until no bucket fits.
So a pass costs by buckets and pairs, not by how many wait, and nobody is overtaken by somebody who came later and needs the same.
"""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from typing import Any

import psycopg

from hotline.core import live
from hotline.core.ids import new_token
from hotline.core.services import Services
from hotline.queues.entering import widen

JOB = "queues.assign"
RESERVED_S = 25
"""How long a reservation holds before the agent's telephone rings: the carrier is asked, and may answer late."""
MAX_PAIRS = 500
"""Pairs in one pass; the next pass goes on."""

_FITS = """a.state = 'ready' AND a.enabled AND (a.rest_until IS NULL OR a.rest_until <= %(now)s)
   AND (e.sticky_agent_id = 0 OR a.id = e.sticky_agent_id)
   AND a.tags @> n.tags AND (cardinality(n.groups) = 0 OR a.group_id = ANY (n.groups))"""

_BUCKETS = f"""
WITH RECURSIVE buckets AS (
  (SELECT need_id, sticky_agent_id FROM queue_entries WHERE state = 'waiting' ORDER BY need_id, sticky_agent_id LIMIT 1)
  UNION ALL
  SELECT following.need_id, following.sticky_agent_id FROM buckets b CROSS JOIN LATERAL (
    SELECT w.need_id, w.sticky_agent_id FROM queue_entries w
     WHERE w.state = 'waiting' AND (w.need_id, w.sticky_agent_id) > (b.need_id, b.sticky_agent_id)
     ORDER BY w.need_id, w.sticky_agent_id LIMIT 1) following)
SELECT first.rank, first.id, e.need_id, e.sticky_agent_id
  FROM buckets e JOIN queue_needs n ON n.id = e.need_id
 CROSS JOIN LATERAL (SELECT w.rank, w.id FROM queue_entries w WHERE w.state = 'waiting' AND w.need_id = e.need_id
                        AND w.sticky_agent_id = e.sticky_agent_id ORDER BY w.rank, w.id LIMIT 1) first
 WHERE EXISTS (SELECT FROM agents a WHERE {_FITS})
"""  # noqa: S608  # only our own words are put together

_RESERVE = f"""
WITH e AS MATERIALIZED (
  SELECT w.* FROM queue_entries w
   WHERE w.state = 'waiting' AND w.need_id = %(need)s AND w.sticky_agent_id = %(sticky)s
   ORDER BY w.rank, w.id LIMIT 1 FOR UPDATE SKIP LOCKED),
chosen AS MATERIALIZED (
  SELECT a.id, a.via, a.phone FROM agents a, e JOIN queue_needs n ON n.id = e.need_id JOIN call_queues q ON q.id = e.queue_id
   WHERE {_FITS}
   ORDER BY coalesce(array_position(q.site_order, a.site::text), 1000),
            coalesce(array_position(q.group_order, a.group_id), 1000),
            CASE WHEN q.strategy = 'most_skilled' THEN
              -(SELECT coalesce(sum((a.skills ->> wanted)::int), 0) FROM unnest(n.skills) wanted) END,
            CASE WHEN q.strategy = 'round_robin' THEN a.offered_at END NULLS FIRST,
            a.idle_since, a.id
   LIMIT 1 FOR UPDATE OF a SKIP LOCKED),
held AS (
  UPDATE agents a SET state = 'reserved', reason = '', since = %(now)s, token = %(token)s, offered_at = %(now)s
    FROM chosen WHERE a.id = chosen.id AND a.state = 'ready' RETURNING a.id),
taken AS (
  UPDATE queue_entries t SET state = 'reserved', agent_id = held.id, token = %(token)s, offers = t.offers + 1
    FROM e, held WHERE t.id = e.id AND t.state = 'waiting'
  RETURNING t.id, t.call_ref, t.kind, t.queue_id, t.step, t.phone, t.agent_id),
made AS (
  INSERT INTO reservations (token, entry_id, agent_id, queue_id, step, via, state, made_at, expires_at)
  SELECT %(token)s, taken.id, taken.agent_id, taken.queue_id, taken.step, chosen.via, 'reserved', %(now)s, %(expires)s
    FROM taken, chosen RETURNING id),
moved AS (
  INSERT INTO agent_moves (agent_id, at, state, reason, by) SELECT agent_id, %(now)s, 'reserved', '', 'system' FROM taken),
told AS (
  INSERT INTO outbox_events (topic, payload, created_at, available_at)
  SELECT CASE taken.kind WHEN 'callback' THEN 'CallbackDue' ELSE 'AgentReserved' END,
         jsonb_build_object('reservation_id', made.id, 'token', %(token)s::text, 'entry_id', taken.id, 'call_ref', taken.call_ref,
                            'agent_id', taken.agent_id, 'queue_id', taken.queue_id, 'matched_step', taken.step,
                            'via', chosen.via, 'agent_phone', chosen.phone)
         || CASE taken.kind WHEN 'callback' THEN jsonb_build_object('phone', taken.phone, 'callback_id', (
              SELECT c.id FROM callbacks c WHERE c.entry_id = taken.id ORDER BY c.id DESC LIMIT 1)) ELSE '{{}}' END,
         %(now)s, %(now)s FROM taken, made, chosen)
SELECT taken.id, (SELECT min(w.rank) FROM queue_entries w WHERE w.state = 'waiting' AND w.need_id = %(need)s
                     AND w.sticky_agent_id = %(sticky)s AND w.id <> taken.id) FROM taken
"""  # noqa: S608  # only our own words are put together


def assign_due(services: Services, *, max_pairs: int = MAX_PAIRS) -> int:
    """Make as many reservations as possible now and return how many; each in a transaction of its own."""
    with services.db.transaction() as session:
        widen(session, services.clock)
    made = 0
    with services.db.engine.connect() as wrapped:
        raw = wrapped.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        heads = _heads(raw, services.clock.now())
        while heads and made < max_pairs:
            _rank, need, sticky = heapq.heappop(heads)
            next_rank = _reserve(raw, services.clock.now(), need, sticky)
            if next_rank is None:
                continue
            made += 1
            if next_rank != _LAST:
                heapq.heappush(heads, (next_rank, need, sticky))
    if made:
        live.notify(services.redis, "queues", reserved=made)
        live.notify(services.redis, "agents")
    return made


_LAST = -(2**63)


def _heads(raw: psycopg.Connection[tuple[Any, ...]], now: datetime) -> list[tuple[int, int, int]]:
    rows = raw.execute(_BUCKETS, {"now": now}).fetchall()
    raw.commit()
    heads = [(row[0], row[2], row[3]) for row in rows]
    heapq.heapify(heads)
    return heads


def _reserve(raw: psycopg.Connection[tuple[Any, ...]], now: datetime, need: int, sticky: int) -> int | None:
    """Reserve the first of a bucket; return the rank of the next one (_LAST when it was the last), None when no agent fits."""
    given = {
        "need": need, "sticky": sticky, "now": now, "token": new_token(), "expires": now + timedelta(seconds=RESERVED_S),
    }  # fmt: skip
    row = raw.execute(_RESERVE, given).fetchone()
    raw.commit()
    if row is None:
        return None
    return _LAST if row[1] is None else int(row[1])
