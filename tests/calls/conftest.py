"""A centre with signed webhooks over the test client, and what each answer says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from hotline.calls import hands as hands_module
from hotline.calls import queueing
from hotline.calls.hands import hands
from hotline.calls.models import Call, Leg
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.providers import twilio_calls, twilio_voice
from tests.auth.conftest import Visitor
from tests.calls.staging import Stage, make_stage
from tests.calls.telephones import Telephones
from tests.factories import make_officer
from tests.queues.making import make_queue

PATH = "/webhooks/twilio/voice"
BASE = "http://127.0.0.1:5000"
CALLER, CENTRE = "+821055501234", "+82232100404"


def sid(number: int) -> str:
    """Return a name as the provider gives calls."""
    return f"CA{number:032x}"


@dataclass
class Hook:
    """Twilio: signs and posts."""

    client: FlaskClient
    services: Services

    def __call__(self, page: str, **fields: str) -> TestResponse:
        """Post fields to a page of ours; an address from a document may be given as it stands there."""
        path = page.removeprefix(BASE) if page.startswith(BASE) else page if page.startswith("/") else f"{PATH}/{page}"
        token = self.services.settings.twilio_auth_token.get_secret_value()
        signature = RequestValidator(token).compute_signature(BASE + path, fields)
        answer = self.client.post(path, data=fields, headers={"X-Twilio-Signature": signature})
        hands(self.services).settle()
        return answer

    def ring(self, number: int = 1, **more: str) -> TestResponse:
        """Let a call come in."""
        fields = {"CallSid": sid(number), "From": CALLER, "To": CENTRE, "CallStatus": "ringing", "Direction": "inbound"}
        return self("inbound", **(fields | more))

    def key(self, answer: TestResponse, digits: str = "", number: int = 1, **more: str) -> TestResponse:
        """Press a key (or none) where the document waits for one."""
        target = action_of(twiml(answer))
        fields = {"CallSid": sid(number), "From": CALLER, "To": CENTRE, "CallStatus": "in-progress", **more}
        return self(target, **(fields | ({"Digits": digits} if digits else {})))

    def status(self, word: str, number: int = 1, sequence: int = 0, *, leg: int | None = None) -> TestResponse:
        """Report a word about a leg."""
        page = "status" if leg is None else f"status?leg={leg}"
        return self(page, CallSid=sid(number), CallStatus=word, SequenceNumber=str(sequence), From=CALLER, To=CENTRE)


def twiml(answer: TestResponse) -> Element:
    """Return the document of an answer."""
    assert answer.status_code == 200, answer.data
    assert answer.content_type.startswith("text/xml")
    return fromstring(answer.data)  # noqa: S314 - our own answer


def said(answer: TestResponse) -> str:
    """Return everything a document says."""
    return " ".join(each.text or "" for each in twiml(answer).iter("Say"))


def action_of(root: Element) -> str:
    """Return where the document goes with a key or without one."""
    gather = root.find("Gather")
    if gather is not None:
        return gather.get("action") or ""
    redirect = root.find("Redirect")
    assert redirect is not None, "the document waits for nothing"
    return redirect.text or ""


@pytest.fixture
def hook(client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Return Twilio, before a house with two queues; a busy machine must not send a test's caller to the duty number."""
    monkeypatch.setattr(hands_module, "DEADLINE_S", 60.0)
    monkeypatch.setattr(queueing, "RECENT_S", 0.0)
    with services.db.transaction() as session:
        for code in ("general", "incident", "passport"):
            make_queue(session, code=code)
    return Hook(client, services)


@dataclass
class Rows:
    """What the database holds now."""

    services: Services

    def calls(self) -> list[Call]:
        """Return all calls."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(Call).order_by(Call.id)))

    def call(self) -> Call:
        """Return the only call."""
        (found,) = self.calls()
        return found

    def legs(self, role: str = "") -> list[Leg]:
        """Return the legs, of one role where it is given."""
        with self.services.db.transaction() as session:
            found = session.scalars(select(Leg).order_by(Leg.id))
            return [leg for leg in found if not role or leg.role == role]

    def value(self, statement: str) -> Any:
        """Return one value."""
        with self.services.db.transaction() as session:
            return session.scalar(text(statement))


@pytest.fixture
def rows(services: Services) -> Rows:
    """Return the rows."""
    return Rows(services)


@pytest.fixture
def later(clock: FrozenClock) -> Iterator[Callable[[float], None]]:
    """Move the clock by seconds."""
    from datetime import timedelta

    yield lambda seconds: clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def telephones(services: Services, clock: FrozenClock) -> Telephones:
    """Put telephones in memory in the provider's place."""
    made = Telephones(clock)
    services.rooms[twilio_voice.ROOM] = services.rooms[twilio_calls.ROOM] = made
    return made


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """A browser without JavaScript."""
    return Visitor(app.test_client())


@pytest.fixture
def stage(services: Services) -> Stage:
    """A house whose only agent is a senior one."""
    with services.db.transaction() as session:
        officer = make_officer(session, roles=("senior_agent",), display_name="한지우")
    return make_stage(services, officer)


@pytest.fixture
def desk(stage: Stage, visitor: Visitor) -> Visitor:
    """The agent, signed in."""
    visitor.sign_in(stage.officer.name)
    return visitor
