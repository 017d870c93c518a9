"""A carrier with a key, and the calls it makes."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.core.signed_body import sign
from hotline.people.models import Position, Traveller
from hotline.roaming import carriers
from hotline.roaming.carriers import NewKey
from hotline.roaming.models import Crossing, RoamingBatch, RoamingDay
from tests.factories import make_traveller

SERVICE_KEY = "a secret for tests only"
NETWORKS = {"KR": "45005", "JP": "44010", "PH": "51503", "US": "310260", "GU": "310032", "CN": "46000", "HK": "45412"}


@dataclass
class Calling:
    """One carrier and the web application it calls."""

    client: Any
    services: Services
    clock: FrozenClock
    key: NewKey
    code: str = "one"
    _keys: Any = field(default_factory=lambda: itertools.count(1))

    def call(self, body: object, *, key: str | None = None, **more: Any) -> TestResponse:
        """Sign and send a body."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        name = key if key is not None else f"call-{next(self._keys)}"
        timestamp = str(int((self.clock.now() + timedelta(seconds=more.pop("ahead_s", 0))).timestamp()))
        headers = {
            "X-Hotline-Key": self.key.key_id,
            "X-Hotline-Timestamp": timestamp,
            "X-Hotline-Signature": sign(self.key.secret, timestamp, data, idempotency_key=name),
            "Idempotency-Key": name,
            "Content-Type": "application/json",
        }
        headers |= more.pop("headers", {})
        answer: TestResponse = self.client.post(
            f"/webhooks/roaming/{more.pop('code', self.code)}", data=data, headers=headers
        )
        return answer

    def event(self, phone: str, country: str, at: datetime | None = None) -> dict[str, str]:
        """Return an event in the style of the carrier `one`."""
        at = at or self.clock.now()
        return {"msisdn": phone.lstrip("+"), "plmn": NETWORKS[country], "time": at.isoformat()}

    def land(self, *events: tuple[str, str] | tuple[str, str, datetime]) -> None:
        """Send events in one call and see them accepted."""
        answer = self.call({"events": [self.event(*each) for each in events]})
        assert (answer.status_code, answer.get_json()) == (202, {"accepted": len(events), "refused": 0})

    def calls(self) -> list[RoamingBatch]:
        """Return the calls on record."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(RoamingBatch).order_by(RoamingBatch.id)))

    def day(self) -> tuple[int, int, int]:
        """Return today's counts: known, unknown, refused."""
        with self.services.db.transaction() as session:
            row = session.scalars(select(RoamingDay)).one()
        return row.known, row.unknown, row.refused

    def crossings(self) -> list[tuple[str, bool]]:
        """Return (country, home) of all crossings in the order of their times."""
        with self.services.db.transaction() as session:
            rows = session.scalars(select(Crossing).order_by(Crossing.at, Crossing.country))
            return [(each.country, each.home) for each in rows]

    def place(self, traveller_id: int) -> tuple[str, str, str]:
        """Return where somebody is held to be: country, precision, source."""
        with self.services.db.transaction() as session:
            position = session.get_one(Position, traveller_id)
        return position.country, position.precision, position.source

    def traveller(self, phone: str, **more: Any) -> int:
        """Add somebody who is at no known place."""
        with self.services.db.transaction() as session:
            made: Traveller = make_traveller(session, phone=phone, lat=None, lon=None, **more)
            session.execute(text("DELETE FROM positions"))
            return made.id


def add_carrier(services: Services, code: str, style: str) -> NewKey:
    """Add a carrier with a key."""
    with services.db.transaction() as session:
        made = carriers.add(session, services.clock, SYSTEM, code=code, name=f"Carrier {code}", style=style)
        return carriers.add_key(session, services.clock, SYSTEM, SERVICE_KEY, made)


@pytest.fixture
def carrier(app: Any, services: Services, clock: FrozenClock) -> Calling:
    """Return the carrier `one`."""
    return Calling(app.test_client(), services, clock, add_carrier(services, "one", "plmn"))
