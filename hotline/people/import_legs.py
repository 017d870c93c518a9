"""Legs that a list tells, kept by the thousand: each person's journeys are found by the source's key, the same stay once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from hotline.people.legs import MAX_ITINERARIES, MAX_LEGS, stay_of
from hotline.people.models import ItineraryLeg

OWN_KEY = "list"
"""The key of the journey that legs without one belong to; a list that is given again finds it by this."""

_KNOWN = "SELECT traveller_id, reference, id FROM itineraries WHERE traveller_id = ANY(%s)"
_ADD_JOURNEYS = """
INSERT INTO itineraries (traveller_id, reference, source, version, created_at, updated_at)
SELECT n.traveller_id, n.reference, %(source)s, 0, %(now)s, %(now)s
  FROM unnest(%(travellers)s::bigint[], %(references)s::text[]) AS n(traveller_id, reference)
RETURNING traveller_id, reference, id
"""
_HELD = "SELECT itinerary_id, first_date, last_date, country, lat, lon FROM itinerary_legs WHERE itinerary_id = ANY(%s)"
_COLUMNS = (
    "place", "country", "precision", "lat", "lon", "cell", "zone", "first_date", "last_date", "means", "starts_at",
    "ends_at",
)  # fmt: skip
_ADD_LEGS = f"""
INSERT INTO itinerary_legs (itinerary_id, {", ".join(_COLUMNS)})
SELECT * FROM unnest(%(itinerary_id)s::bigint[], %(place)s::text[], %(country)s::text[], %(precision)s::text[],
                     %(lat)s::float8[], %(lon)s::float8[], %(cell)s::int[], %(zone)s::text[], %(first_date)s::date[],
                     %(last_date)s::date[], %(means)s::text[], %(starts_at)s::timestamptz[], %(ends_at)s::timestamptz[])
"""  # noqa: S608  # the columns are our own
# Whoever has a journey open in the console must learn that it is another one now.
_TOUCH = "UPDATE itineraries SET version = version + 1, updated_at = %(now)s WHERE id = ANY(%(ids)s)"


@dataclass(frozen=True, slots=True)
class ToldLeg:
    """A leg on a line of the list, whose it is, and the source's key of its journey."""

    line: int
    traveller_id: int
    journey: str
    leg: ItineraryLeg


def store_legs(
    connection: psycopg.Connection[Any], told: Sequence[ToldLeg], *, now: datetime, source: str
) -> list[int]:
    """Keep legs of people who are locked by the caller; return the lines of those that are too many for a journey or person.

    A stay that is known already changes nothing.
    """
    journeys, refused = _journeys(connection, told, now, source)
    held: dict[int, set[tuple[Any, ...]]] = {number: set() for number in journeys.values()}
    for itinerary_id, *stay in connection.execute(_HELD, (list(held),)):
        held[itinerary_id].add(tuple(stay))
    new: list[tuple[int, ItineraryLeg]] = []
    for each in told:
        itinerary_id = journeys.get((each.traveller_id, each.journey or OWN_KEY))
        if itinerary_id is None or stay_of(each.leg) in held[itinerary_id]:
            continue
        if len(held[itinerary_id]) >= MAX_LEGS:
            refused.append(each.line)
            continue
        held[itinerary_id].add(stay_of(each.leg))
        new.append((itinerary_id, each.leg))
    if new:
        columns = {name: [getattr(leg, name) for _, leg in new] for name in _COLUMNS}
        connection.execute(_ADD_LEGS, columns | {"itinerary_id": [itinerary_id for itinerary_id, _ in new]})
        connection.execute(_TOUCH, {"now": now, "ids": sorted({itinerary_id for itinerary_id, _ in new})})
    return refused


def _journeys(
    connection: psycopg.Connection[Any], told: Sequence[ToldLeg], now: datetime, source: str
) -> tuple[dict[tuple[int, str], int], list[int]]:
    """Return the ids of all journeys by person and key, made where they were not there, and the lines of those too many."""
    wanted = dict.fromkeys((each.traveller_id, each.journey or OWN_KEY) for each in told)
    known: dict[tuple[int, str], int] = {}
    numbers: Counter[int] = Counter()
    for traveller_id, reference, itinerary_id in connection.execute(_KNOWN, (sorted({who for who, _ in wanted}),)):
        numbers[traveller_id] += 1
        if reference is not None:
            known[traveller_id, reference] = itinerary_id
    missing, too_many = [], set()
    for pair in wanted:
        if pair in known:
            continue
        if numbers[pair[0]] >= MAX_ITINERARIES:
            too_many.add(pair)
            continue
        numbers[pair[0]] += 1
        missing.append(pair)
    values = {
        "source": source, "now": now, "travellers": [who for who, _ in missing], "references": [key for _, key in missing],
    }  # fmt: skip
    for traveller_id, reference, itinerary_id in connection.execute(_ADD_JOURNEYS, values) if missing else ():
        known[traveller_id, reference] = itinerary_id
    refused = [each.line for each in told if (each.traveller_id, each.journey or OWN_KEY) in too_many]
    return {pair: known[pair] for pair in wanted if pair in known}, refused
