"""Read the earthquake feed of the United States Geological Survey (GeoJSON summary format)."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from alerts.feeds.hazard import EARTHQUAKE, Events, Sighting
from alerts.feeds.saying import FeedFault

MAX_EVENTS = 20_000
"""Several times the longest summary feed (a month of every small quake)."""
_LEVELS = {"green": "Green", "yellow": "Green", "orange": "Orange", "red": "Red"}
_LAST_MS = 4_102_444_800_000
"""2100 in milliseconds since 1970."""


def read_usgs(data: bytes) -> Events:
    """Return the earthquakes of a feed; entries that are something else (quarry blasts) are left out.

    Raises FeedFault when the whole cannot be read.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FeedFault("not_json") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise FeedFault("not_geojson")
    if len(features) > MAX_EVENTS:
        raise FeedFault("too_many", limit=MAX_EVENTS)
    sightings, unreadable = [], 0
    for feature in features:
        try:
            found = _read(feature)
        except (KeyError, TypeError, ValueError, IndexError, OverflowError):
            unreadable += 1
            continue
        if found is not None:
            sightings.append(found)
    return Events(tuple(sightings), unreadable)


def _read(feature: Any) -> Sighting | None:
    """Read one feature; None when it is no earthquake, or when it was deleted. Raises ValueError and its like."""
    properties, coordinates = feature["properties"], feature["geometry"]["coordinates"]
    if properties.get("type", "earthquake") != "earthquake" or str(properties.get("status", "")).lower() == "deleted":
        return None
    lon, lat = _number(coordinates[0]), _number(coordinates[1])
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError("outside the globe")
    magnitude = properties.get("mag")
    if magnitude is not None and not -2 <= _number(magnitude) <= 11:
        raise ValueError("no magnitude")
    place = _text(properties.get("place")) or f"{lat:.1f}, {lon:.1f}"
    return Sighting(
        external_id=_text(feature["id"])[:200] or _missing(),
        kind=EARTHQUAKE,
        title=(_text(properties.get("title")) or f"Earthquake, {place}")[:300],
        place=place[:200],
        lat=lat,
        lon=lon,
        occurred_at=_time(properties["time"]),
        updated_at=_time(properties.get("updated") or properties["time"]),
        magnitude=None if magnitude is None else round(_number(magnitude), 2),
        level=_LEVELS.get(_text(properties.get("alert")).lower(), ""),
        url=_text(properties.get("url"))[:500],
    )


def _missing() -> str:
    raise ValueError("no id")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _time(value: Any) -> datetime:
    milliseconds = _number(value)
    if not 0 <= milliseconds <= _LAST_MS:
        raise ValueError("no time")
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _text(value: Any) -> str:
    return " ".join(value.replace("\x00", "").split()) if isinstance(value, str) else ""
