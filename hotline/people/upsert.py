"""Travellers and positions written by the thousand: COPY into a temporary table, then a few statements over all of it.

Who is who: a row with a reference is the traveller with that reference. A row without one is whoever has the number; when
several people share the number (a family's one phone) the row is refused, because nobody can tell which of them it means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from hotline.people import effective, validity
from hotline.people.import_legs import ToldLeg, store_legs
from hotline.people.import_rows import Row

IDENTITY_LOCK = 0x50_45_4F_01
"""Key of the advisory lock that whoever adds travellers holds until commit, so that nobody is added twice at once."""

_COLUMNS = (
    "line", "reference", "name", "phone", "phone_region", "language", "drill", "email", "lat", "lon", "cell", "country",
    "precision", "observed_at", "valid_until",
)  # fmt: skip
_TABLE = """
CREATE TEMP TABLE incoming (
    line int NOT NULL, reference text, name text, phone text, phone_region text, language text, drill boolean, email text,
    lat float8, lon float8, cell int, country text, precision text, observed_at timestamptz, valid_until timestamptz,
    traveller_id bigint, is_new boolean NOT NULL DEFAULT false
) ON COMMIT DROP
"""
_MATCH_REFERENCE = """
UPDATE incoming i SET traveller_id = t.id FROM travellers t WHERE t.reference = i.reference
"""
_MATCH_PHONE = """
WITH holders AS (
    SELECT t.phone, min(t.id) AS id, count(*) AS people
      FROM travellers t JOIN incoming i ON i.reference IS NULL AND t.phone = i.phone
     WHERE t.erased_at IS NULL GROUP BY t.phone
), shared AS (
    DELETE FROM incoming i USING holders h WHERE i.reference IS NULL AND i.phone = h.phone AND h.people > 1
    RETURNING i.line, i.phone
), matched AS (
    UPDATE incoming i SET traveller_id = h.id FROM holders h
     WHERE i.reference IS NULL AND i.phone = h.phone AND h.people = 1
)
SELECT line, phone FROM shared ORDER BY line
"""
_NUMBER_NEW = """
UPDATE incoming SET traveller_id = nextval(pg_get_serial_sequence('travellers', 'id')), is_new = true
 WHERE traveller_id IS NULL AND (reference IS NULL) = %(bare)s
"""
_CHANGE = """
UPDATE travellers t
   SET name = i.name, phone = i.phone, phone_region = i.phone_region, language = coalesce(i.language, t.language),
       drill = coalesce(i.drill, t.drill), email = coalesce(i.email, t.email), updated_at = %(now)s,
       email_bad_at = CASE WHEN t.email = coalesce(i.email, t.email) THEN t.email_bad_at END,
       number_bad_at = CASE WHEN t.phone = i.phone THEN t.number_bad_at END
  FROM incoming i
 WHERE t.id = i.traveller_id AND NOT i.is_new AND (i.reference IS NULL) = %(bare)s
   AND (t.name, t.phone, t.phone_region, t.language, t.drill, t.email) IS DISTINCT FROM
       (i.name, i.phone, i.phone_region, coalesce(i.language, t.language), coalesce(i.drill, t.drill),
        coalesce(i.email, t.email))
"""
_ADD = """
INSERT INTO travellers (id, reference, name, phone, phone_region, language, drill, email, created_at, updated_at)
SELECT traveller_id, reference, name, phone, phone_region, coalesce(language, 'ko'), coalesce(drill, false), email,
       %(now)s, %(now)s
  FROM incoming WHERE is_new AND (reference IS NULL) = %(bare)s ORDER BY line
"""
# A row with a reference and one without may be about the same person; the newest observation is kept.
_PLACE = """
INSERT INTO sightings AS held
       (traveller_id, precision, source, lat, lon, cell, country, decisive, observed_at, valid_until)
SELECT DISTINCT ON (i.traveller_id, i.precision)
       i.traveller_id, i.precision, %(source)s, i.lat, i.lon, i.cell, i.country, %(decisive)s, i.observed_at, i.valid_until
  FROM incoming i
 WHERE i.lat IS NOT NULL
 ORDER BY i.traveller_id, i.precision, i.observed_at DESC, (i.reference IS NULL) DESC, i.line DESC
    ON CONFLICT (traveller_id, precision, source) DO UPDATE
   SET lat = EXCLUDED.lat, lon = EXCLUDED.lon, cell = EXCLUDED.cell, country = EXCLUDED.country,
       decisive = EXCLUDED.decisive, observed_at = EXCLUDED.observed_at, valid_until = EXCLUDED.valid_until
 WHERE held.observed_at <= EXCLUDED.observed_at
"""
_WHO = "SELECT line, traveller_id, is_new FROM incoming"
_COUNT = """
SELECT count(*) FILTER (WHERE i.is_new), count(*) FILTER (WHERE NOT i.is_new),
       count(DISTINCT i.traveller_id) FILTER (WHERE i.lat IS NOT NULL),
       count(DISTINCT i.traveller_id) FILTER (WHERE i.lat IS NOT NULL AND p.source = %(source)s
                                                AND (p.precision, p.observed_at) = (i.precision, i.observed_at))
  FROM incoming i LEFT JOIN positions p ON p.traveller_id = i.traveller_id
"""


@dataclass(frozen=True)
class Stored:
    """What became of a batch: rows that made somebody new, rows about people already known (changed or not), people whose
    place something fresher or more exact tells, (line, number) of rows refused because several have the number, and lines
    of legs that are too many for a journey or a person."""

    created: int
    updated: int
    stale_positions: int
    shared_numbers: list[tuple[int, str]]
    too_many_legs: list[int]


def store_rows(
    connection: psycopg.Connection[tuple[Any, ...]], rows: Sequence[Row], *, now: datetime, source: str
) -> Stored:
    """Write a batch of located rows with distinct keys in the caller's transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (IDENTITY_LOCK,))
    connection.execute(_TABLE)
    hours = validity.configured()
    people = _one_each(rows)
    with connection.cursor().copy(f"COPY incoming ({', '.join(_COLUMNS)}) FROM STDIN") as copy:
        for row in people.values():
            if row.valid_until is None and row.observed_at is not None:
                row.valid_until = validity.holds_until(source, row.precision, row.observed_at, hours)
            copy.write_row([getattr(row, name) for name in _COLUMNS])
    connection.execute("ANALYZE incoming")
    shared: list[tuple[int, str]] = []
    # Rows without a reference come second: they may be about somebody whom a row with a reference has just brought.
    for bare in (False, True):
        values = {"bare": bare, "now": now}
        if bare:
            shared = [(line, phone) for line, phone in connection.execute(_MATCH_PHONE).fetchall()]
        else:
            connection.execute(_MATCH_REFERENCE)
        connection.execute(_NUMBER_NEW, values)
        connection.execute(_CHANGE, values)
        connection.execute(_ADD, values)
    who = {line: (traveller_id, is_new) for line, traveller_id, is_new in connection.execute(_WHO)}
    touched = [traveller_id for traveller_id, _ in who.values()]
    effective.lock_travellers(connection, touched)
    connection.execute(_PLACE, {"source": source, "decisive": validity.is_decisive(source)})
    too_many = _keep_legs(connection, rows, people, who, now=now, source=source)
    effective.recompute(connection, touched, now)
    counted = connection.execute(_COUNT, {"source": source}).fetchone()
    assert counted is not None
    created, _, with_place, placed = counted
    refused_people = {line for line, _ in shared}
    refused = [(row.line, row.phone) for row in rows if people[row.person].line in refused_people]
    updated = len(rows) - len(refused) - len(too_many) - created
    return Stored(created, updated, with_place - placed, refused, too_many)


def _one_each(rows: Sequence[Row]) -> dict[str, Row]:
    """Return one row for each person: the one that tells where they are, else the first of their legs."""
    people: dict[str, Row] = {}
    for row in rows:
        if row.person not in people or row.leg is None:
            people[row.person] = row
    return people


def _keep_legs(
    connection: psycopg.Connection[Any],
    rows: Sequence[Row],
    people: dict[str, Row],
    who: dict[int, tuple[int, bool]],
    *,
    now: datetime,
    source: str,
) -> list[int]:
    told = [
        ToldLeg(row.line, who[people[row.person].line][0], row.journey, row.leg)
        for row in rows
        if row.leg is not None and people[row.person].line in who
    ]
    return store_legs(connection, told, now=now, source=source) if told else []
