"""The one effective position of a person and moment: the finest sighting that still holds, or what their journey says.

The rule, in SQL alone so that one person and a hundred thousand are decided by the same words:

1. Sightings count until `valid_until`; the legs of the person's own journeys, and of those they are a companion of, from
   `starts_at` until `ends_at`.
2. Whoever is proved to be in another country (`Sighting.decisive`) is no longer where an older sighting, or a leg that
   began earlier, has them; at the same moment the proof wins over what proves nothing.
3. Of what is left exact comes before city before country; among equals the fresher one, and a sighting before a leg.

`positions.recheck_at` is the next moment at which this may turn out otherwise; `take_over_due` comes by then. Counting and
dispatch honour `valid_until` at once, also while the sweep is late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog

from hotline.core.services import Services

log = structlog.get_logger(__name__)

JOB = "people.take_over_due"
EVERY_S = 2
BATCH_PEOPLE = 5_000
MAX_BATCHES = 20
"""A run decides about 100,000 people at most, so that one midnight with a million legs keeps no worker for minutes."""

FORGET_JOB = "people.forget_sightings"
FORGET_EVERY_S = 600
KEEP_LAPSED = timedelta(days=30)
"""How long a sighting that has lapsed can still be looked up; nobody's old movements are kept beyond that."""
FORGET_AT_MOST = 50_000

RECOMPUTE = """
WITH wanted AS MATERIALIZED (
    SELECT t.id AS traveller_id, t.language, t.drill
      FROM unnest(%(ids)s::bigint[]) AS asked(id) JOIN travellers t ON t.id = asked.id
     WHERE t.erased_at IS NULL
), legs AS MATERIALIZED (
    SELECT w.traveller_id, l.lat, l.lon, l.cell, l.country, l.precision, l.starts_at, l.ends_at
      FROM wanted w
      JOIN itineraries i ON i.traveller_id = w.traveller_id
      JOIN itinerary_legs l ON l.itinerary_id = i.id
     WHERE l.ends_at > %(now)s
     UNION ALL
    SELECT w.traveller_id, l.lat, l.lon, l.cell, l.country, l.precision, l.starts_at, l.ends_at
      FROM wanted w
      JOIN companions c ON c.traveller_id = w.traveller_id
      JOIN itinerary_legs l ON l.itinerary_id = c.itinerary_id
     WHERE l.ends_at > %(now)s
), candidates AS MATERIALIZED (
    SELECT s.traveller_id, s.lat, s.lon, s.cell, s.country, s.precision, s.source, s.observed_at, s.valid_until,
           s.decisive, false AS planned
      FROM wanted w JOIN sightings s ON s.traveller_id = w.traveller_id
     WHERE s.valid_until > %(now)s
     UNION ALL
    SELECT traveller_id, lat, lon, cell, country, precision, 'itinerary', starts_at, ends_at, false, true
      FROM legs WHERE starts_at <= %(now)s
), best AS MATERIALIZED (
    SELECT DISTINCT ON (c.traveller_id) c.*
      FROM candidates c
     WHERE NOT EXISTS (
           SELECT FROM candidates proof
            WHERE proof.traveller_id = c.traveller_id AND proof.decisive
              AND (proof.observed_at, true) > (c.observed_at, c.decisive)
              AND proof.country <> c.country AND 'ZZ' NOT IN (proof.country, c.country))
     ORDER BY c.traveller_id, CASE c.precision WHEN 'exact' THEN 1 WHEN 'city' THEN 2 ELSE 3 END,
              c.observed_at DESC, c.planned, c.source, c.valid_until, c.lat, c.lon
), turning AS (
    SELECT traveller_id, min(at) AS at
      FROM (SELECT traveller_id, valid_until AS at FROM best
             UNION ALL
            SELECT traveller_id, valid_until FROM candidates WHERE decisive
             UNION ALL
            SELECT traveller_id, starts_at FROM legs WHERE starts_at > %(now)s) AS moments
     GROUP BY traveller_id
)
INSERT INTO positions AS held
       (traveller_id, lat, lon, cell, country, language, drill, precision, source, observed_at, valid_until, recheck_at)
SELECT w.traveller_id, b.lat, b.lon, b.cell, coalesce(b.country, 'ZZ'), w.language, w.drill,
       coalesce(b.precision, 'exact'), coalesce(b.source, 'none'), coalesce(b.observed_at, %(now)s), b.valid_until, t.at
  FROM wanted w
  LEFT JOIN best b ON b.traveller_id = w.traveller_id
  LEFT JOIN turning t ON t.traveller_id = w.traveller_id
 WHERE t.at IS NOT NULL OR EXISTS (SELECT FROM positions p WHERE p.traveller_id = w.traveller_id)
 ORDER BY w.traveller_id
    ON CONFLICT (traveller_id) DO UPDATE
   SET lat = EXCLUDED.lat, lon = EXCLUDED.lon, cell = EXCLUDED.cell, country = EXCLUDED.country,
       language = EXCLUDED.language, drill = EXCLUDED.drill, precision = EXCLUDED.precision, source = EXCLUDED.source,
       observed_at = EXCLUDED.observed_at, valid_until = EXCLUDED.valid_until, recheck_at = EXCLUDED.recheck_at
 WHERE (held.lat, held.lon, held.country, held.language, held.drill, held.precision, held.source, held.valid_until,
        held.recheck_at) IS DISTINCT FROM
       (EXCLUDED.lat, EXCLUDED.lon, EXCLUDED.country, EXCLUDED.language, EXCLUDED.drill, EXCLUDED.precision,
        EXCLUDED.source, EXCLUDED.valid_until, EXCLUDED.recheck_at)
    OR (EXCLUDED.lat IS NOT NULL AND held.observed_at <> EXCLUDED.observed_at)
"""
"""Rows that stay as they are are not written, so that the resident index has nothing to read again."""

_LOCK = "SELECT id FROM travellers WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
# Somebody whose row another process holds is being decided about there and then; the next run looks again.
_LOCK_FREE = _LOCK + " SKIP LOCKED"
_DUE = "SELECT traveller_id FROM positions WHERE recheck_at <= %(now)s ORDER BY recheck_at LIMIT %(limit)s"
_FORGET = """
DELETE FROM sightings s USING (
    SELECT traveller_id, precision, source FROM sightings WHERE valid_until < %(before)s ORDER BY valid_until LIMIT %(limit)s
) AS old
 WHERE (s.traveller_id, s.precision, s.source) = (old.traveller_id, old.precision, old.source)
   AND s.valid_until < %(before)s
"""


def lock_travellers(connection: psycopg.Connection[Any], ids: Sequence[int]) -> None:
    """Let nobody else decide about these people until the caller's transaction ends; always before `recompute`.

    Two reports at once would otherwise each be decided without the other. Locks are taken in the order of ids, so that no
    two callers wait for each other.
    """
    connection.execute(_LOCK, {"ids": sorted(set(ids))})


def recompute(connection: psycopg.Connection[Any], ids: Sequence[int], now: datetime) -> None:
    """Write the effective positions of some people, who are locked by the caller, as of `now` (aware)."""
    if ids:
        connection.execute(RECOMPUTE, {"ids": sorted(set(ids)), "now": now})


def take_over_due(services: Services) -> int:
    """Let the next best sighting or leg take over wherever one has lapsed or begun; how many people were looked at.

    Each batch is its own transaction. What is beyond the bound of one run is done by the next one.
    """
    now = services.clock.now()
    people = 0
    for _ in range(MAX_BATCHES):
        with services.db.connection() as connection:
            due = [row[0] for row in connection.execute(_DUE, {"now": now, "limit": BATCH_PEOPLE})]
            free = [row[0] for row in connection.execute(_LOCK_FREE, {"ids": due})] if due else []
            recompute(connection, free, now)
        people += len(free)
        if len(due) < BATCH_PEOPLE or not free:
            break
    return people


def forget_lapsed(services: Services) -> int:
    """Delete sightings that lapsed long ago; how many."""
    with services.db.connection() as connection:
        given = {"before": services.clock.now() - KEEP_LAPSED, "limit": FORGET_AT_MOST}
        gone = connection.execute(_FORGET, given).rowcount
    if gone:
        log.info("people.sightings_forgotten", sightings=gone)
    return gone
