"""An exchange with a key, its mission with one line, and the webhooks and calls that come."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from hotline.calls import hands
from hotline.calls.models import Call
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.registry import IncomingCall, Recognised
from hotline.core.services import Services
from hotline.core.signed_body import sign
from overflow.forwarding import keys, recognising
from overflow.forwarding.keys import NewKey
from overflow.forwarding.models import ForwardedCall, Forwarding
from tests.factories import make_mission

SERVICE_KEY = "a secret for tests only"
NUMBER, POOL, BACK, CALLER = "+861085320404", "+82233330101", "+861085320499", "+8613912345678"
_sids = itertools.count(1)


@dataclass
class Exchange:
    """The exchange of one mission, and the web application it calls."""

    client: Any
    services: Services
    clock: FrozenClock
    mission_id: int
    key: NewKey
    code: str = "beijing"
    _names: Any = field(default_factory=lambda: itertools.count(1))

    def announce(self, body: object = None, *, name: str | None = None, **more: Any) -> TestResponse:
        """Sign and send an announcement; `ahead_s` is how far the exchange's clock is ahead."""
        given = {"version": 1, "caller": CALLER, "called": NUMBER, "reason": "closed"} if body is None else body
        data = given if isinstance(given, bytes) else json.dumps(given).encode()
        name = name if name is not None else f"call-{next(self._names)}"
        timestamp = str(int((self.clock.now() + timedelta(seconds=more.pop("ahead_s", 0))).timestamp()))
        key: NewKey = more.pop("key", self.key)
        headers = {
            "X-Hotline-Key": key.key_id,
            "X-Hotline-Timestamp": timestamp,
            "X-Hotline-Signature": sign(key.secret, timestamp, data, idempotency_key=name),
            "Idempotency-Key": name,
            "Content-Type": "application/json",
        } | more.pop("headers", {})
        answer: TestResponse = self.client.post(
            f"/webhooks/overflow/{more.pop('code', self.code)}", data=data, headers=headers
        )
        return answer

    def said(self, body: object = None, **more: Any) -> dict[str, Any]:
        """Announce and return the answer, which is always one."""
        answer = self.announce(body, **more)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.get_json()
        return told

    def rows(self) -> list[Forwarding]:
        """Return what was recorded."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(Forwarding).order_by(Forwarding.id)))

    def calls(self) -> list[ForwardedCall]:
        """Return which calls were for whom."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(ForwardedCall).order_by(ForwardedCall.id)))

    def write_call(self, *, phone: str = CALLER, called: str = POOL, forwarded_from: str = "") -> int:
        """Write a call down as it arrives, without anybody recognising it; its id."""
        now = self.clock.now()
        with self.services.db.transaction() as session:
            call = Call(
                provider_sid=f"CA{next(_sids):032x}", direction="in", state="menu", phone=phone, called=called,
                forwarded_from=forwarded_from, started_at=now, heard_at=now,
            )  # fmt: skip
            session.add(call)
            session.flush()
            return call.id

    def ring(
        self,
        *,
        phone: str = CALLER,
        called: str = POOL,
        forwarded_from: str = "",
        context: str = "",
        diversion: str = "",
    ) -> Recognised | None:
        """Let a call arrive and be recognised, in a transaction of its own."""
        call_id = self.write_call(phone=phone, called=called, forwarded_from=forwarded_from)
        with self.services.db.transaction() as session:
            incoming = IncomingCall(call_id, phone, called, forwarded_from, context, diversion)
            return recognising.recognise(session, self.services, incoming)

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(seconds=seconds))

    def run(self, statement: str, **given: Any) -> None:
        """Change the database behind everybody's back, and let what is remembered be forgotten."""
        with self.services.db.transaction() as session:
            session.execute(text(statement), given)
        self.services.rooms.clear()


def add_line(services: Services, mission_id: int, *, number: str, pool: str | None, back: str | None = None) -> int:
    """Add a line that is forwarded; its id."""
    with services.db.transaction() as session:
        made = session.execute(
            text(
                "INSERT INTO mission_lines (mission_id, number, pool_number, return_number, label, technique, created_at)"
                " VALUES (:mission, :number, :pool, :back, 'main', 'webhook', now()) RETURNING id"
            ),
            {"mission": mission_id, "number": number, "pool": pool, "back": back},
        )
        return int(made.scalar_one())


def add_mission(services: Services, code: str, **more: Any) -> int:
    """Add a mission in Beijing's zone; its id."""
    values = {
        "country": "CN", "countries": ["CN"], "city": "Beijing", "zone": "Asia/Shanghai", "phone": "+861085320401",
        "emergency_phone": "+8613911080000", "name_en": f"Embassy {code}", "name_ko": f"공관 {code}",
    }  # fmt: skip
    with services.db.transaction() as session:
        return make_mission(session, code=code, **(values | more)).id


@pytest.fixture
def exchange(app: Any, services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Exchange:
    """Return the exchange of the embassy in Beijing, whose line is forwarded and whose hours nobody has given.

    A busy machine must not turn a test's answer into the one that is given without a database.
    """
    monkeypatch.setattr(hands, "DEADLINE_S", 60.0)
    mission_id = add_mission(services, "beijing")
    add_line(services, mission_id, number=NUMBER, pool=POOL, back=BACK)
    with services.db.transaction() as session:
        key = keys.add(session, clock, SYSTEM, SERVICE_KEY, mission_id)
    return Exchange(app.test_client(), services, clock, mission_id, key)
