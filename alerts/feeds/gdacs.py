"""Read the feed of the Global Disaster Alert and Coordination System (RSS with its own elements)."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from lxml import etree

from alerts.feeds.hazard import LEVELS, Events, Sighting
from alerts.feeds.saying import FeedFault
from alerts.feeds.xml_feed import Unreadable, open_feed, text_at

MAX_ITEMS = 2_000
_NAMES: Final = {
    "gdacs": "http://www.gdacs.org",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "georss": "http://www.georss.org/georss",
}
_KINDS: Final = {
    "EQ": "earthquake", "TS": "tsunami", "TC": "cyclone", "FL": "flood", "VO": "volcano", "WF": "wildfire",
    "DR": "drought",
}  # fmt: skip


def read_gdacs(data: bytes) -> Events:
    """Return the events of a feed; raises FeedFault when the whole cannot be read."""
    try:
        root = open_feed(data)
    except Unreadable as error:
        raise FeedFault.of_cap(error.fault) from error
    if root.tag != "rss":
        raise FeedFault("not_rss")
    items = root.findall("channel/item")
    if len(items) > MAX_ITEMS:
        raise FeedFault("too_many", limit=MAX_ITEMS)
    sightings, unreadable = [], 0
    for item in items:
        try:
            sightings.append(_read(item))
        except (ValueError, KeyError, TypeError, IndexError, OverflowError):
            unreadable += 1
    return Events(tuple(sightings), unreadable)


def _read(item: etree._Element) -> Sighting:
    """Read one item; raises ValueError and its like."""
    code = text_at(item, "gdacs:eventtype", _NAMES)
    kind, number = _KINDS[code], text_at(item, "gdacs:eventid", _NAMES)
    if not number:
        raise ValueError("no event id")
    lat, lon = _place(item)
    level = text_at(item, "gdacs:alertlevel", _NAMES).capitalize()
    severity = item.find("gdacs:severity", _NAMES)
    title = text_at(item, "title", _NAMES)
    occurred_at = _time(text_at(item, "gdacs:fromdate", _NAMES) or text_at(item, "pubDate", _NAMES))
    return Sighting(
        external_id=f"{code}{number}"[:200],
        kind=kind,
        title=(title or f"{code} {number}")[:300],
        place=(text_at(item, "gdacs:country", _NAMES) or f"{lat:.1f}, {lon:.1f}")[:200],
        lat=lat,
        lon=lon,
        occurred_at=occurred_at,
        updated_at=max(occurred_at, _time(text_at(item, "pubDate", _NAMES), occurred_at)),
        magnitude=_magnitude(severity) if kind == "earthquake" else None,
        level=level if level in LEVELS else "",
        url=text_at(item, "link", _NAMES)[:500],
    )


def _place(item: etree._Element) -> tuple[float, float]:
    texts = text_at(item, "geo:Point/geo:lat", _NAMES), text_at(item, "geo:Point/geo:long", _NAMES)
    if not all(texts):
        words = text_at(item, "georss:point", _NAMES).split()
        texts = words[0], words[1]
    lat, lon = float(texts[0]), float(texts[1])
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError("outside the globe")
    return lat, lon


def _magnitude(severity: etree._Element | None) -> float | None:
    value = float(severity.get("value") or "nan") if severity is not None else math.nan
    return round(value, 2) if 0 < value <= 11 else None


def _time(text: str, otherwise: datetime | None = None) -> datetime:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        if otherwise is None:
            raise
        return otherwise
    if not 1990 <= moment.year <= 2199:
        raise ValueError("no time")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
