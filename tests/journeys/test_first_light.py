"""First light: a CAP warning comes in over the API, a second officer agrees, and every handset inside has one text."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import shapely
from geographiclib.geodesic import Geodesic

from hotline.sandbox.client import SandboxClient
from tests.journeys.conftest import RunningService

pytestmark = pytest.mark.long

POLYGON = [(13.9, 120.6), (15.1, 120.5), (15.3, 121.4), (14.4, 121.9), (13.8, 121.3), (13.9, 120.6)]
CIRCLE = (10.3157, 123.8854, 60.0)
PATIENCE_S = 90


def cap_document(identifier: str, *, status: str = "Actual") -> bytes:
    """A typhoon warning with one polygon around Manila and one circle around Cebu."""
    now = datetime.now(UTC).replace(microsecond=0)
    sent, expires = now.isoformat(), (now + timedelta(hours=4)).isoformat()
    ring = " ".join(f"{lat},{lon}" for lat, lon in POLYGON)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{identifier}</identifier><sender>warnings@weather.example</sender><sent>{sent}</sent>
  <status>{status}</status><msgType>Alert</msgType><scope>Public</scope>
  <info><language>en-US</language><category>Met</category><event>Typhoon</event><responseType>Shelter</responseType>
    <urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
    <effective>{sent}</effective><expires>{expires}</expires>
    <headline>Typhoon over Luzon and Cebu</headline><instruction>Stay indoors and away from the coast.</instruction>
    <area><areaDesc>Metro Manila and Cebu</areaDesc><polygon>{ring}</polygon>
      <circle>{CIRCLE[0]},{CIRCLE[1]} {CIRCLE[2]}</circle></area>
  </info>
</alert>""".encode()


def inside(lat: float, lon: float) -> bool:
    """An oracle that shares no code with the service."""
    polygon = shapely.Polygon([(corner_lon, corner_lat) for corner_lat, corner_lon in POLYGON])
    distance_m = Geodesic.WGS84.Inverse(lat, lon, CIRCLE[0], CIRCLE[1])["s12"]
    return bool(polygon.covers(shapely.Point(lon, lat))) or distance_m <= CIRCLE[2] * 1000


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until the condition holds; fail after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {PATIENCE_S} s in vain: {what}")


@dataclass(frozen=True)
class Crowd:
    """Who is inside: all people, and the numbers that must get the text (nobody who opted out or has a dead number)."""

    people: int
    numbers: set[str]


@pytest.fixture(scope="module")
def crowd(service: RunningService) -> Crowd:
    """Import 800 travellers around the area over the API and return who is inside, demo travellers included."""
    rng = random.Random(20261121)
    rows, expected = ["reference,name,phone,language,lat,lon"], set()
    for number in range(800):
        centre = rng.choice([(14.5, 121.0), (10.3, 123.9), (14.5, 121.0), (18.0, 125.0)])
        lat, lon = centre[0] + rng.uniform(-1.5, 1.5), centre[1] + rng.uniform(-1.5, 1.5)
        phone = f"+6391755{number:05d}"
        rows.append(f"journey-{number},Person {number},{phone},{rng.choice(['ko', 'en', 'ja'])},{lat:.6f},{lon:.6f}")
        if inside(round(lat, 6), round(lon, 6)):
            expected.add(phone)
    answer = service.api(
        "POST",
        "/travellers/import",
        "administrator",
        data="\n".join(rows).encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["refused_count"] == 0
    with psycopg.connect(service.database_url) as connection:
        demo = connection.execute(
            "SELECT t.phone, p.lat, p.lon, p.precision = 'country' AND p.country = 'PH', "
            "t.opted_out_at IS NULL AND t.number_bad_at IS NULL "
            "FROM travellers t JOIN positions p ON p.traveller_id = t.id "
            "WHERE p.lat IS NOT NULL AND NOT t.drill AND t.reference NOT LIKE 'journey-%' "
            "AND t.erased_at IS NULL AND (p.valid_until IS NULL OR p.valid_until > now())"
        ).fetchall()
    # Whoever is known by country only counts as inside wherever the area reaches into that country.
    found = [(phone, reachable) for phone, lat, lon, coarse, reachable in demo if coarse or inside(lat, lon)]
    return Crowd(
        people=len(expected) + len(found), numbers=expected | {phone for phone, reachable in found if reachable}
    )


def test_first_light(service: RunningService, crowd: Crowd) -> None:
    sandbox = SandboxClient(service.sandbox_url, *service.sandbox_credentials)
    created = service.api(
        "POST", "/alerts", "author", data=cap_document("journey-1"), headers={"Content-Type": "application/cap+xml"}
    )
    assert created.status_code == 201, created.text
    alert = created.json()
    assert (alert["severity"], alert["event"], alert["place"]) == ("Extreme", "Typhoon", "Metro Manila and Cebu")
    path = f"/alerts/{alert['id']}"

    again = service.api(
        "POST", "/alerts", "author", data=cap_document("journey-1"), headers={"Content-Type": "text/xml"}
    )
    assert again.status_code in (200, 201)

    wait_until(
        lambda: service.api("GET", f"{path}/audience", "author").json()["total"] == crowd.people,
        "the count while drawing equals the people inside",
    )
    assert service.api("POST", f"{path}/approve", "approver", json={}).status_code == 409, "a draft cannot be approved"
    assert service.api("POST", f"{path}/submit", "author").status_code == 200
    own = service.api("POST", f"{path}/approve", "author", json={})
    assert own.status_code == 403, "the author lacks the role"
    assert service.api("POST", f"{path}/approve", "approver", json={}).status_code == 200

    progress = wait_until(
        lambda: (
            (p := service.api("GET", f"{path}/progress", "author").json())["state"] == "finished"
            and p["delivered"] + p["failed"] == p["audience"]
            and p
        ),
        "every message is delivered",
    )
    assert progress["audience"] == progress["delivered"] == len(crowd.numbers)
    # Others are texted as well: those whose made-up shifts begin tomorrow.
    got = Counter(
        each["to"] for each in sandbox.messages() if any(word in each["body"] for word in ("Typhoon", "태풍"))
    )
    assert set(got) == crowd.numbers, "every handset inside, and none outside"
    assert set(got.values()) == {1}, "exactly one text each"


def test_nobody_approves_what_they_wrote_even_with_both_roles(service: RunningService) -> None:
    chief = "duty-chief"
    body = {"headline": "Drill for two", "event": "Drill", "place": "Manila", "status": "Exercise",
            "areas": [{"description": "Manila", "polygons": [], "circles": [{"center": [14.6, 121.0], "radius_km": 20}]}],
            "texts": {"en": "[DRILL] {event} {place} {time}. Help: {hotline}"}}  # fmt: skip
    alert = service.api("POST", "/alerts", chief, json=body).json()
    assert service.api("POST", f"/alerts/{alert['id']}/submit", chief).status_code == 200
    refused = service.api("POST", f"/alerts/{alert['id']}/approve", chief, json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "second-person")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (
        service.api("POST", f"/alerts/{alert['id']}/cancel", "approver", json={"reason": "only a test"}).status_code
        == 200
    )
