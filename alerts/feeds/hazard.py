"""What a feed says of one event, how grave that is, and how far it is felt: values and rules without a database.

The rules are meant to be read by officers (the guide repeats them) and err to the larger area: a draft is looked at by two
people before anybody is texted, and an area is quicker made smaller than drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

EARTHQUAKE: Final = "earthquake"
LEVELS: Final = ("Green", "Orange", "Red")
"""GDACS alert levels; PAGER's yellow counts as Green here."""
GRADES: Final = ("Minor", "Moderate", "Severe", "Extreme")
"""CAP severities, the gravest last."""


@dataclass(frozen=True, slots=True)
class HazardKind:
    """How a kind of event is called, and how far (km) it is felt at GDACS's three levels."""

    event: str
    category: str
    response_types: tuple[str, ...]
    reach_km: tuple[float, float, float]


KINDS: Final = {
    EARTHQUAKE: HazardKind("Earthquake", "Geo", (), (50.0, 100.0, 200.0)),
    "tsunami": HazardKind("Tsunami", "Geo", ("Evacuate",), (300.0, 500.0, 1000.0)),
    "cyclone": HazardKind("Tropical cyclone", "Met", ("Shelter",), (200.0, 300.0, 500.0)),
    "flood": HazardKind("Flood", "Met", ("Avoid",), (50.0, 100.0, 200.0)),
    "volcano": HazardKind("Volcanic activity", "Geo", ("Avoid",), (30.0, 50.0, 100.0)),
    "wildfire": HazardKind("Wildfire", "Fire", ("Avoid",), (30.0, 50.0, 100.0)),
    "drought": HazardKind("Drought", "Met", ("Monitor",), (100.0, 200.0, 300.0)),
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event as one feed reports it now. Degrees on WGS 84, aware times, `level` empty where the feed gives none."""

    external_id: str
    kind: str
    title: str
    place: str
    lat: float
    lon: float
    occurred_at: datetime
    updated_at: datetime
    magnitude: float | None = None
    level: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Events:
    """What could be read of a feed, and how many of its entries could not."""

    sightings: tuple[Sighting, ...]
    unreadable: int = 0


def severity_of(sighting: Sighting) -> str:
    """Return CAP's severity: by level, for earthquakes also by magnitude (from 7.0 Extreme, 6.0 Severe, 5.0 Moderate)."""
    by_level = {"Red": 3, "Orange": 2, "Green": 1}.get(sighting.level, 0)
    by_magnitude = 0
    if sighting.kind == EARTHQUAKE and sighting.magnitude is not None:
        by_magnitude = sum(sighting.magnitude >= step for step in (5.0, 6.0, 7.0))
    return GRADES[max(by_level, by_magnitude)]


def reach_km(sighting: Sighting) -> float:
    """Return the radius of the suggested circle in whole kilometres.

    Earthquakes: 50 km at magnitude 5.0, doubled with every whole magnitude (100 km at 6, 200 at 7, 400 at 8), at least 25
    and at most 500 km; roughly where shaking is strong enough to frighten (intensity V and more) for shallow ones. Others:
    by kind and level.
    """
    if sighting.kind == EARTHQUAKE and sighting.magnitude is not None:
        return float(round(min(500.0, max(25.0, 50.0 * 2.0 ** (sighting.magnitude - 5.0)))))
    return KINDS[sighting.kind].reach_km[LEVELS.index(sighting.level) if sighting.level in LEVELS else 0]


def is_above(sighting: Sighting, feed_kind: str, threshold: str) -> bool:
    """Whether an event passes its source's threshold: a magnitude (USGS) or a level (GDACS).

    An earthquake that PAGER expects to cost many lives (orange, red) passes whatever its magnitude.
    """
    grave = sighting.level in ("Orange", "Red")
    if feed_kind == "usgs":
        return grave or (sighting.magnitude is not None and sighting.magnitude >= float(threshold))
    return sighting.level in LEVELS and LEVELS.index(sighting.level) >= LEVELS.index(threshold)


SAME_WITHIN: Final = {EARTHQUAKE: (timedelta(minutes=3), 150.0)}
"""Two reports of an earthquake are about one when they lie within three minutes and 150 km: networks differ by seconds and
tens of kilometres at first, while strong aftershocks nearby come later than that."""
SAME_MAGNITUDE: Final = 1.0
SAME_OTHERWISE: Final = (timedelta(days=2), 300.0)
"""Other kinds move and grow, and their feeds give the day rather than the minute."""
AT_ONCE: Final = timedelta(seconds=20)
"""Earthquakes so close in time are one whatever magnitude the first automatic solution had."""


def windows_of(kind: str) -> tuple[timedelta, float]:
    """Return how far apart in time and in kilometres two reports of one event may lie."""
    return SAME_WITHIN.get(kind, SAME_OTHERWISE)


def may_be_same(
    sighting: Sighting, *, kind: str, occurred_at: datetime, distance_km: float, magnitude: float | None
) -> bool:
    """Whether a report and a known event are the same one, by kind, time, place and magnitude."""
    within, near_km = windows_of(sighting.kind)
    apart = abs(sighting.occurred_at - occurred_at)
    if kind != sighting.kind or apart > within or distance_km > near_km:
        return False
    if kind != EARTHQUAKE or sighting.magnitude is None or magnitude is None:
        return True
    return apart <= AT_ONCE or abs(sighting.magnitude - magnitude) <= SAME_MAGNITUDE
