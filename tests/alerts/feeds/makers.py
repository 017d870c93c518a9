"""Feeds as their authorities write them, with the one value that a test is about."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from tests.factories import NOW

QUAKE_AT = NOW - timedelta(minutes=10)


def quake(
    identifier: str = "us7000abcd",
    *,
    mag: Any = 6.4,
    place: str = "20 km N of Manila, Philippines",
    at: datetime = QUAKE_AT,
    updated: datetime | None = None,
    lat: float = 14.8,
    lon: float = 121.0,
    **more: Any,
) -> dict[str, Any]:
    """One earthquake as USGS writes it."""
    properties = {
        "mag": mag, "place": place, "time": int(at.timestamp() * 1000),
        "updated": int((updated or at).timestamp() * 1000), "type": "earthquake", "status": "automatic",
        "title": f"M {mag} - {place}", "alert": None, "url": f"https://earthquake.example/{identifier}",
    }  # fmt: skip
    return {
        "type": "Feature", "id": identifier, "properties": properties | more,
        "geometry": {"type": "Point", "coordinates": [lon, lat, 10]},
    }  # fmt: skip


def usgs(*quakes: dict[str, Any]) -> bytes:
    """The feed of some earthquakes."""
    return json.dumps({"type": "FeatureCollection", "features": list(quakes)}).encode()


def item(
    code: str = "EQ",
    number: str = "1400001",
    *,
    level: str = "Orange",
    at: datetime = QUAKE_AT,
    lat: float = 14.7,
    lon: float = 121.1,
    severity: str = "6.2",
    country: str = "Philippines",
) -> str:
    """One event as GDACS writes it."""
    when = format_datetime(at, usegmt=True)
    return f"""<item><title>{level} {code} in {country}</title><link>https://gdacs.example/{number}</link>
      <pubDate>{when}</pubDate><gdacs:fromdate>{when}</gdacs:fromdate>
      <geo:Point><geo:lat>{lat}</geo:lat><geo:long>{lon}</geo:long></geo:Point>
      <gdacs:eventtype>{code}</gdacs:eventtype><gdacs:alertlevel>{level}</gdacs:alertlevel>
      <gdacs:eventid>{number}</gdacs:eventid><gdacs:severity unit="M" value="{severity}">x</gdacs:severity>
      <gdacs:country>{country}</gdacs:country></item>"""


def gdacs(*items: str) -> bytes:
    """The feed of some events."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:gdacs="http://www.gdacs.org"'
        ' xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#"><channel>' + "".join(items) + "</channel></rss>"
    ).encode()


def atom(*entries: tuple[str, str, str]) -> bytes:
    """An Atom feed of (id, updated, address of the CAP document)."""
    body = "".join(
        f"<entry><id>{key}</id><updated>{updated}</updated><title>{key}</title>"
        f'<link rel="alternate" type="application/cap+xml" href="{href}"/></entry>'
        for key, updated, href in entries
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id><title>x</title>{body}</feed>'.encode()


def cap_message(
    identifier: str = "W-1",
    *,
    msg_type: str = "Alert",
    references: str = "",
    severity: str = "Severe",
    status: str = "Actual",
) -> bytes:
    """A warning as an authority writes it."""
    expires = (NOW + timedelta(hours=5)).isoformat()
    info = f"""<info><language>en</language><category>Met</category><event>Typhoon</event><urgency>Immediate</urgency>
      <severity>{severity}</severity><certainty>Observed</certainty><expires>{expires}</expires>
      <headline>Typhoon near Cebu</headline>
      <area><areaDesc>Cebu</areaDesc><circle>10.3,123.9 25</circle></area></info>"""
    refers = f"<references>{references}</references>" if references else ""
    return f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>
      <sender>met@example.org</sender><sent>{NOW.isoformat()}</sent><status>{status}</status>
      <msgType>{msg_type}</msgType><scope>Public</scope>{refers}{info}</alert>""".encode()
