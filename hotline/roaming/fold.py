"""Folding carriers' calls into places and crossings, burst by burst, each in one transaction with its counts.

Only people on record are looked at: of other subscribers nothing is kept but their number per day. A call's events are
removed from its row in the same transaction, so a crash at any step folds a call wholly or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog

from hotline.core.services import Services
from hotline.people.placing import MAX_SIGHTINGS, Seen, record_sightings

log = structlog.get_logger(__name__)

JOB, FORGET_JOB = "roaming.fold", "roaming.forget_old"
CALLS_AT_ONCE = 1_000
EVENTS_AT_ONCE = 10_000
MAX_ROUNDS = 30
CALLS_KEPT_FOR = timedelta(days=2)
"""Longer than any replay window and any carrier's patience with repeating a call."""
CROSSINGS_KEPT_FOR = timedelta(days=120)
"""As far back as the rules on arrival look, and a month more."""
FORGET_AT_ONCE = 20_000
SOURCE = "roaming"

_CLAIM = """
SELECT id, carrier_id, jsonb_array_length(events) FROM roaming_batches WHERE folded_at IS NULL
 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
# The events lie in a table of their own for a moment, and are counted: from the JSON the planner would expect a hundred times
# as many and read all travellers.
_EVENTS = """
CREATE TEMP TABLE incoming_events ON COMMIT DROP AS
SELECT b.carrier_id, (b.received_at AT TIME ZONE 'UTC')::date AS day, e.phone, e.country, e.at
  FROM roaming_batches b
 CROSS JOIN LATERAL jsonb_to_recordset(b.events) AS e(phone text, country text, at timestamptz)
 WHERE b.id = ANY(%s)
"""
_KNOWN = """
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT t.id AS traveller_id, e.country, e.at, e.carrier_id, e.country = t.phone_region AS home
  FROM incoming_events e JOIN travellers t ON t.phone = e.phone AND t.erased_at IS NULL
"""
_LATEST = """
SELECT DISTINCT ON (k.traveller_id, k.carrier_id) k.traveller_id, c.code, k.country, k.at
  FROM known k JOIN carriers c ON c.id = k.carrier_id
 ORDER BY k.traveller_id, k.carrier_id, k.at DESC, k.country
"""
# Abroad, a telephone that goes on registering in the country it is in has not crossed anything: that only moves on how long
# it was seen there. At home every one is kept: it is what divides one trip from the next, in whatever order events come.
_STAY = """
WITH again AS (
    SELECT before.id, max(k.at) AS at
      FROM known k
     CROSS JOIN LATERAL (SELECT c.id, c.country FROM crossings c WHERE c.traveller_id = k.traveller_id AND c.at <= k.at
                          ORDER BY CASE WHEN c.seen_until <= k.at THEN c.seen_until ELSE c.at END DESC, c.country LIMIT 1) before
     WHERE NOT k.home AND before.country = k.country GROUP BY before.id ORDER BY before.id
)
UPDATE crossings c SET seen_until = again.at FROM again WHERE c.id = again.id AND c.seen_until < again.at
"""
_CROSS = """
INSERT INTO crossings (traveller_id, country, home, at, seen_until, received_at, considered)
SELECT DISTINCT k.traveller_id, k.country, k.home, k.at, k.at, %(now)s::timestamptz, k.home
  FROM known k
  LEFT JOIN LATERAL (SELECT c.country FROM crossings c WHERE c.traveller_id = k.traveller_id AND c.at <= k.at
                      ORDER BY CASE WHEN c.seen_until <= k.at THEN c.seen_until ELSE c.at END DESC, c.country LIMIT 1) before
    ON true
 WHERE k.home OR before.country IS DISTINCT FROM k.country
 ORDER BY k.traveller_id, k.at, k.country
    ON CONFLICT (traveller_id, at, country) DO NOTHING
"""
_COUNT = """
INSERT INTO roaming_days AS held (carrier_id, day, known, unknown, refused)
SELECT e.carrier_id, e.day, count(t.id), count(*) FILTER (WHERE t.id IS NULL), 0
  FROM incoming_events e LEFT JOIN travellers t ON t.phone = e.phone AND t.erased_at IS NULL
 GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (carrier_id, day) DO UPDATE
   SET known = held.known + EXCLUDED.known, unknown = held.unknown + EXCLUDED.unknown
"""
_COUNT_REFUSED = """
INSERT INTO roaming_days AS held (carrier_id, day, known, unknown, refused)
SELECT carrier_id, (received_at AT TIME ZONE 'UTC')::date, 0, 0, sum(refused)
  FROM roaming_batches WHERE id = ANY(%(ids)s) GROUP BY 1, 2 HAVING sum(refused) > 0 ORDER BY 1, 2
    ON CONFLICT (carrier_id, day) DO UPDATE SET refused = held.refused + EXCLUDED.refused
"""
_DONE = "UPDATE roaming_batches SET folded_at = %(now)s, events = '[]' WHERE id = ANY(%(ids)s)"
_FORGET = {
    "calls": """DELETE FROM roaming_batches WHERE id IN (
    SELECT id FROM roaming_batches WHERE received_at < %s AND folded_at IS NOT NULL ORDER BY received_at LIMIT %s)""",
    # The newest of each person stays: else somebody who lives abroad would be greeted anew each time it is forgotten.
    "crossings": """DELETE FROM crossings WHERE id IN (
    SELECT c.id FROM crossings c WHERE c.received_at < %s AND EXISTS (
        SELECT 1 FROM crossings n WHERE n.traveller_id = c.traveller_id AND n.seen_until > c.seen_until)
     ORDER BY c.received_at LIMIT %s)""",
}


@dataclass
class FoldReport:
    """What a run has folded: calls, and places that were recorded."""

    calls: int = 0
    sightings: int = 0


def fold(services: Services) -> FoldReport:
    """Fold what waits, oldest first, in a bounded number of rounds; the job `roaming.fold`."""
    report = FoldReport()
    for _ in range(MAX_ROUNDS):
        with services.db.connection() as connection:
            calls, sightings = fold_once(connection, services.clock.now())
        report.calls += calls
        report.sightings += sightings
        if not calls:
            break
    if report.calls:
        log.info("roaming.folded", calls=report.calls, sightings=report.sightings)
    return report


def fold_once(connection: psycopg.Connection[Any], now: datetime) -> tuple[int, int]:
    """Fold one bounded burst in the caller's transaction; how many calls and how many places it was."""
    ids: list[int] = []
    events = 0
    for batch_id, _carrier, size in connection.execute(_CLAIM, (CALLS_AT_ONCE,)).fetchall():
        if ids and events + size > EVENTS_AT_ONCE:
            break
        ids.append(batch_id)
        events += size
    if not ids:
        return 0, 0
    values = {"ids": ids, "now": now}
    connection.execute(_EVENTS, (ids,))
    connection.execute("ANALYZE incoming_events")
    connection.execute(_KNOWN)
    connection.execute("ANALYZE known")
    seen = [
        Seen(traveller_id=person, source=f"{SOURCE}:{code}", precision="country", country=country, observed_at=at)
        for person, code, country, at in connection.execute(_LATEST).fetchall()
    ]
    kept = sum(
        record_sightings(connection, seen[first : first + MAX_SIGHTINGS], now=now).kept
        for first in range(0, len(seen), MAX_SIGHTINGS)
    )
    connection.execute(_STAY)
    connection.execute(_CROSS, values)
    connection.execute(_COUNT)
    connection.execute(_COUNT_REFUSED, values)
    connection.execute(_DONE, values)
    connection.execute("DROP TABLE known, incoming_events")
    return len(ids), kept


def forget_old(services: Services) -> int:
    """Remove calls and crossings that nothing looks at any more; the job `roaming.forget_old`. How many rows."""
    total = 0
    for name, kept_for in (("calls", CALLS_KEPT_FOR), ("crossings", CROSSINGS_KEPT_FOR)):
        before = services.clock.now() - kept_for
        for _ in range(20):
            with services.db.connection() as connection:
                deleted = connection.execute(_FORGET[name], (before, FORGET_AT_ONCE)).rowcount
            total += deleted
            if deleted < FORGET_AT_ONCE:
                break
    return total


def forget_person(services: Services, payload: Any) -> None:
    """Handle `TravellerErased`: the crossings go too; idempotent."""
    with services.db.connection() as connection:
        connection.execute("DELETE FROM crossings WHERE traveller_id = %s", (int(payload["traveller_id"]),))
