"""What of a mission's calls is not handed over yet: cases, promises, and calls that could not be helped, in one statement.

A call is a mission's when it says so (`calls.mission_id`, which recognising forwarded calls sets). Calls that are still on are
the centre's; what comes of them follows when they have ended. What was in a hand-over once, whatever became of it there,
never comes again by itself: a thing that the mission returned stays the centre's. But whoever calls again about a case that the
mission has, and is spoken with by nobody, is told of: the mission would wait for them, and they for the mission. Calls of an
outage have neither length nor queue, and are told of by what came of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from overflow.handover.states import CASE, PROMISE

MAX_ITEMS = 300
"""Things of one hand-over that are taken at once; the rest follows in its next summary."""
LOOK_BACK = timedelta(days=60)
"""Calls from before are history and come into no hand-over any more."""
SOON = timedelta(hours=1)
"""A promise that is due within this time after the opening is urgent."""
WRITE_UP = timedelta(minutes=30)
"""So long after a call its number's promises belong to it."""
PROMISED_WITHIN = timedelta(hours=24)
"""A promise about a case belongs to the night's call when it was made within this time."""

_FOUND = """
WITH wanted AS (
    SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:missions AS bigint[]), CAST(:floors AS timestamptz[]),
                         CAST(:ends AS timestamptz[])) AS w(handover_id, mission_id, floor_at, end_at)
), theirs AS MATERIALIZED (
    SELECT w.handover_id, w.end_at, c.id, c.phone, c.danger, c.queue_ref, c.started_at, c.ended_at, c.connected_at,
           c.end_reason, c.mission_id, c.callback_id, coalesce(k.case_id, c.case_id) AS case_id
      FROM wanted w
      JOIN calls c ON c.mission_id = w.mission_id AND c.started_at >= w.floor_at AND c.started_at < w.end_at
      LEFT JOIN contacts k ON k.id = c.contact_id
     WHERE c.state = 'ended' AND c.direction = 'in' AND NOT c.drill
       AND c.end_reason NOT IN ('line_test', 'blocked', 'abuse')
), hits AS (
    SELECT t.handover_id, t.id AS call_id, t.end_at, b.* FROM theirs t JOIN callbacks b ON b.id = t.callback_id
    UNION ALL
    SELECT t.handover_id, t.id, t.end_at, b.* FROM theirs t JOIN callbacks b ON b.origin_ref = t.queue_ref
     WHERE b.origin_ref <> ''
    UNION ALL
    SELECT t.handover_id, t.id, t.end_at, b.* FROM theirs t JOIN callbacks b ON b.case_id = t.case_id
     WHERE b.created_at BETWEEN t.started_at AND t.started_at + :within
    UNION ALL
    SELECT t.handover_id, t.id, t.end_at, b.* FROM theirs t JOIN callbacks b ON b.phone = t.phone
     WHERE b.phone <> '' AND b.created_at BETWEEN t.started_at AND t.ended_at + :write_up
), word AS (
    SELECT DISTINCT ON (h.id) h.handover_id, h.call_id, h.id, h.danger, h.due_at, h.state, h.end_at
      FROM hits h WHERE NOT h.drill
     ORDER BY h.id, h.handover_id
), found AS (
    SELECT DISTINCT ON (s.id) t.handover_id, 'case' AS kind, s.id AS subject_id, s.priority::int AS urgency
      FROM theirs t JOIN cases s ON s.id = t.case_id
     WHERE s.state <> 'closed' AND NOT s.drill
     ORDER BY s.id, t.handover_id
    ), promised AS (
    SELECT handover_id, 'promise' AS kind, id AS subject_id,
           CASE WHEN danger THEN 1 WHEN state = 'given_up' OR due_at <= end_at + :soon THEN 2 ELSE 3 END AS urgency
      FROM word WHERE state IN ('planned', 'queued', 'calling', 'given_up')
    ), unhelped AS (
    SELECT t.handover_id, 'unhelped' AS kind, t.id AS subject_id, CASE WHEN t.danger THEN 1 ELSE 4 END AS urgency
      FROM theirs t
     WHERE t.connected_at IS NULL AND t.end_reason <> 'forwarded'
       AND (t.case_id IS NULL OR EXISTS (
              SELECT FROM handover_items i WHERE i.kind = 'case' AND i.subject_id = t.case_id
                 AND i.state IN ('waiting', 'acknowledged') AND i.added_at <= t.started_at))
       AND (t.danger OR t.end_reason = 'fallback' OR t.ended_at - t.started_at >= :short) AND t.ended_at <= :settled
       AND NOT EXISTS (SELECT FROM hits WHERE hits.call_id = t.id AND NOT hits.drill)
       AND NOT EXISTS (SELECT FROM callbacks b WHERE b.origin_ref <> '' AND b.origin_ref = t.queue_ref)
       AND NOT EXISTS (SELECT FROM calls l WHERE t.phone <> '' AND l.phone = t.phone AND l.mission_id = t.mission_id
                          AND l.direction = 'in' AND NOT l.drill AND l.started_at > t.started_at AND l.started_at < t.end_at)
    ), everything AS (SELECT * FROM found UNION ALL SELECT * FROM promised UNION ALL SELECT * FROM unhelped)
SELECT e.handover_id, e.kind, e.subject_id, e.urgency FROM everything e
 WHERE NOT EXISTS (SELECT FROM handover_items i WHERE i.kind = e.kind AND i.subject_id = e.subject_id)
 ORDER BY e.handover_id, e.urgency, e.kind, e.subject_id
 LIMIT :max_rows
"""
SETTLES = timedelta(minutes=2)
"""So long after a call's end its message may still become a case, or its hanging up a callback."""
SHORT = timedelta(seconds=5)
"""Who hung up sooner has said nothing that could be helped, unless it was the key for danger to life."""


@dataclass(frozen=True)
class Span:
    """From which moment until before which calls of a mission are looked at for a hand-over."""

    handover_id: int
    mission_id: int
    floor: datetime
    end: datetime


@dataclass(frozen=True)
class Found:
    """One thing that is in no hand-over yet; `urgency` is 1 (at once) to 4."""

    handover_id: int
    kind: str
    subject_id: int
    urgency: int


def find(session: Session, spans: Sequence[Span], now: datetime) -> list[Found]:
    """Return what belongs into these hand-overs and is in none, urgent first, at most MAX_ITEMS for each on average."""
    if not spans:
        return []
    rows = session.execute(
        text(_FOUND),
        {
            "ids": [each.handover_id for each in spans], "missions": [each.mission_id for each in spans],
            "floors": [each.floor for each in spans], "ends": [each.end for each in spans], "soon": SOON, "short": SHORT,
            "settled": now - SETTLES, "write_up": WRITE_UP, "within": PROMISED_WITHIN, "max_rows": MAX_ITEMS * len(spans),
        },
    )  # fmt: skip
    return [Found(*row) for row in rows.tuples()]


def kinds_of(found: Sequence[Found]) -> dict[str, int]:
    """Return how many of each kind there are."""
    counts: dict[str, int] = {}
    for each in found:
        counts[each.kind] = counts.get(each.kind, 0) + 1
    return counts


assert CASE == "case" and PROMISE == "promise", "the statement names the kinds as the table does"
