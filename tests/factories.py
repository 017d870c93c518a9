"""Makers of rows for tests; keyword-only, each with sensible values for what the test does not care about."""

from __future__ import annotations

import functools
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from alerts.models import Alert, AlertText
from hotline.auth.models import Officer
from hotline.auth.officers import hash_password
from hotline.auth.tokens import create_token
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock, FrozenClock
from hotline.missions.models import Mission
from hotline.people.models import Position, Sighting, Traveller

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)
SQUARE = [{"description": "a square", "polygons": [[[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]], "circles": []}]
"""Area JSON: latitudes and longitudes 0 to 10."""


@functools.cache
def _password_hash(password: str) -> str:
    """Argon2 is slow by design; the tests need each hash once."""
    return hash_password(password)


def make_officer(
    session: Session, *, roles: tuple[str, ...] = ("author",), name: str | None = None, **more: Any
) -> Officer:
    """Add an officer whose password is PASSWORD."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "name": name or f"officer-{number}",
        "display_name": f"Officer {number}",
        "roles": list(roles),
        "password_hash": _password_hash(more.pop("password", PASSWORD)),
        "language": "en",
        "created_at": NOW,
    }
    officer = Officer(**(values | more))
    session.add(officer)
    session.flush()
    return officer


def make_token(session: Session, officer: Officer, *, clock: Clock | None = None) -> str:
    """Make an API token for an officer."""
    return create_token(session, clock or FrozenClock(NOW), SYSTEM, officer, "test")


def make_mission(session: Session, *, code: str | None = None, **more: Any) -> Mission:
    """Add a mission."""
    values: dict[str, Any] = {
        "code": code or f"mission-{next(_numbers)}",
        "name_en": "Embassy in Manila",
        "name_ko": "주필리핀 대사관",
        "country": "PH",
        "countries": ["PH"],
        "city": "Manila",
        "lat": 14.55,
        "lon": 121.05,
        "zone": "Asia/Manila",
        "phone": "+63288569210",
        "emergency_phone": "+639178175703",
        "created_at": NOW,
        "updated_at": NOW,
    }
    mission = Mission(**(values | more))
    session.add(mission)
    session.flush()
    return mission


def make_traveller(
    session: Session, *, lat: float | None = 5.0, lon: float | None = 5.0, country: str = "PH", **more: Any
) -> Traveller:
    """Add a traveller with a position (none when `lat` is None)."""
    from hotline.geo.cells import cell_of

    number = next(_numbers)
    values: dict[str, Any] = {
        "name": f"Traveller {number}",
        "phone": f"+8210{20000000 + number}",
        "phone_region": "KR",
        "language": "ko",
        "created_at": NOW,
        "updated_at": NOW,
    }
    valid_until = more.pop("valid_until", None)
    precision = more.pop("precision", "exact")
    traveller = Traveller(**(values | more))
    session.add(traveller)
    session.flush()
    session.add(
        Position(
            traveller_id=traveller.id,
            lat=lat,
            lon=lon,
            cell=None if lat is None or lon is None else int(cell_of(lat, lon)),
            country=country,
            language=traveller.language,
            drill=traveller.drill,
            precision=precision,
            source="test",
            observed_at=NOW,
            valid_until=valid_until,
        )
    )
    session.flush()
    if lat is not None and lon is not None:
        session.add(
            Sighting(
                traveller_id=traveller.id, precision=precision, source="test", lat=lat, lon=lon, cell=int(cell_of(lat, lon)),
                country=country, valid_until=(until := valid_until or NOW + timedelta(days=3650)),
                observed_at=min(NOW, until - timedelta(seconds=1)),
            )
        )  # fmt: skip
        session.flush()
    return traveller


def make_alert(session: Session, *, author: Officer, texts: dict[str, str] | None = None, **more: Any) -> Alert:
    """Add an alert in the state `draft` unless told otherwise."""
    values: dict[str, Any] = {
        "state": "draft",
        "source": "hand",
        "headline": "Flood in Manila",
        "event": "Flood",
        "place": "Manila",
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Observed",
        "expires": NOW + timedelta(hours=6),
        "areas": SQUARE,
        "author_id": author.id,
        "created_at": NOW,
        "updated_at": NOW,
    }
    alert = Alert(**(values | more))
    bodies = texts or {
        "ko": "[외교부] 마닐라 홍수 11/21 12:00. 고지대로 대피하세요.",
        "en": "Flood in Manila 21 Nov 12:00. Go to high ground.",
    }
    alert.texts = [AlertText(language=language, body=body) for language, body in bodies.items()]
    session.add(alert)
    session.flush()
    return alert
