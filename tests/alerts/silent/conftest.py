"""Alerts with silent people, and a provider of calls that remembers every call and loses answers on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from alerts.replies.recording import Said, record_answer
from alerts.silent import calling, doubt, looking
from alerts.silent.models import CallAttempt, Outreach
from alerts.silent.plan import USUAL, Step
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome
from hotline.providers.voice import CallQuery, CallRequest, CallResult, CallsFound, FoundCall
from tests.alerts.replies.people import PERSON
from tests.alerts.senders import make_approved, make_message
from tests.factories import NOW, make_traveller

CALLS_ONLY = (Step("voice", 1, "opted_out"), Step("voice", 5, "not_delivered"), Step("voice", 15, "not_answered"))
"""What the tests of calls have as the usual policy for Extreme; other channels have tests of their own."""


@dataclass
class PracticeVoice:
    """A provider in memory; `next_outcomes` are used up first, then every call is accepted."""

    clock: FrozenClock
    name: str = "twilio_voice"
    sender: str = "+15005550006"
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    calls: list[tuple[CallRequest, str, Any]] = field(default_factory=list)
    next_outcomes: list[Any] = field(default_factory=list)
    record_readable: bool = True
    statuses: dict[str, str] = field(default_factory=dict)

    def place(self, requests: Sequence[CallRequest]) -> list[CallResult]:
        return [self._take(request) for request in requests]

    def _take(self, request: CallRequest) -> CallResult:
        outcome, code = self.next_outcomes.pop(0) if self.next_outcomes else (Outcome.ACCEPTED, None)
        if outcome == "dies":
            raise KeyboardInterrupt
        made = outcome is Outcome.ACCEPTED or code == "made"
        sid = f"CA{len(self.calls):032d}"
        if made:
            self.calls.append((request, sid, self.clock.now()))
        if outcome is Outcome.ACCEPTED:
            return CallResult(request.message_id, request.attempt, outcome, sid)
        return CallResult(request.message_id, request.attempt, outcome, error_code=None if made else code)

    def lookup(self, queries: Sequence[CallQuery]) -> list[CallsFound]:
        return [CallsFound(query, tuple(self._matching(query)), self.record_readable) for query in queries]

    def _matching(self, query: CallQuery) -> Iterator[FoundCall]:
        for request, sid, created in self.calls if self.record_readable else ():
            if request.to == query.to and created >= query.since:
                yield FoundCall(sid, self.statuses.get(sid, "ringing"), created)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    """One alert and what a test does with its silent people."""

    services: Services
    clock: FrozenClock
    voice: PracticeVoice
    alert_id: int = 0
    people: dict[str, tuple[int, str]] = field(default_factory=dict)

    def alert(self, **more: Any) -> int:
        """Add the alert: Extreme and finished unless told otherwise."""
        values: dict[str, Any] = {
            "severity": "Extreme",
            "state": "finished",
            "started_at": NOW,
            "expires": NOW + timedelta(hours=6),
        }
        with self.services.db.transaction() as session:
            self.alert_id = make_approved(session, **(values | more)).id
        return self.alert_id

    def person(self, name: str, state: str = "sent", *, sent: float = 0, **more: Any) -> int:
        """Add somebody whose text is in this state since `sent` minutes after NOW; returns the traveller's id."""
        from alerts.models import Alert

        message = {key: more.pop(key) for key in ("error_code", "language") if key in more}
        moment = NOW + timedelta(minutes=sent)
        with self.services.db.transaction() as session:
            traveller = make_traveller(session, name=name, **more)
            alert = session.get_one(Alert, self.alert_id)
            make_message(
                session, alert, phone=traveller.phone, traveller_id=traveller.id, state=state, sent_at=moment,
                settled_at=moment if state in ("failed", "delivered") else None, **message,
            )  # fmt: skip
            self.people[name] = (traveller.id, traveller.phone)
        return traveller.id

    def later(self, minutes: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(minutes=minutes))

    def sweep(self) -> int:
        """Look who is due."""
        return looking.sweep(self.services)

    def call(self) -> int:
        """Make calls that are due."""
        return calling.call(self.services)

    def clear_doubt(self) -> int:
        """Look up what is in doubt."""
        return doubt.clear_doubt(self.services)

    def answer(self, name: str, status: str = "safe") -> None:
        """Have somebody answer on their page."""
        traveller_id = self.people[name][0]
        with self.services.db.transaction() as session:
            said = Said(
                traveller_id=traveller_id, alert_id=self.alert_id, status=status, channel="link", key=f"k{traveller_id}"
            )
            record_answer(session, self.clock, PERSON, said)

    def execute(self, statement: str, **values: Any) -> None:
        """Change something behind everybody's back."""
        with self.services.db.connection() as connection:
            connection.execute(statement, values)

    def rows(self) -> list[Outreach]:
        """Return all rows in the order in which they were written."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(Outreach).order_by(Outreach.id)))

    def states(self) -> dict[str, list[tuple[str, str, str | None]]]:
        """Return (whom, state, reason) of each person's rows by name."""
        names = {phone: name for name, (_, phone) in self.people.items()}
        found: dict[str, list[tuple[str, str, str | None]]] = {}
        for row in self.rows():
            found.setdefault(names.get(row.phone, row.phone), []).append((row.whom, row.state, row.reason))
        return found

    def attempts(self) -> list[CallAttempt]:
        """Return all attempts in their order."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(CallAttempt).order_by(CallAttempt.id)))

    def called(self) -> Counter[str]:
        """Return how often each person's telephone was called."""
        names = {phone: name for name, (_, phone) in self.people.items()}
        return Counter(names.get(request.to, request.to) for request, _, _ in self.voice.calls)


@pytest.fixture
def voice(services: Services, clock: FrozenClock) -> PracticeVoice:
    """A provider whose pace is no matter unless a test makes it one."""
    services.settings = services.settings.model_copy(update={"voice_calls_per_s": 50.0})
    made = services.rooms["voice_provider"] = PracticeVoice(clock)
    return made


@pytest.fixture
def calls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the silent of an Extreme alert only be called."""
    monkeypatch.setitem(USUAL, "Extreme", CALLS_ONLY)  # type: ignore[arg-type]  # a mapping to everybody but tests


@pytest.fixture
def stage(services: Services, clock: FrozenClock, voice: PracticeVoice, calls_only: None) -> Stage:
    """An Extreme alert that has been sent, whose silent are only called, without people yet."""
    made = Stage(services, clock, voice)
    made.alert()
    return made


Hook = Callable[..., TestResponse]


@pytest.fixture
def hook(client: FlaskClient, services: Services) -> Hook:
    """Return what calls a webhook as the provider does, signed unless `signed` is False."""

    def call(target: str, fields: dict[str, str], *, signed: bool = True) -> TestResponse:
        token = services.settings.twilio_auth_token.get_secret_value()
        signature = RequestValidator(token).compute_signature(services.settings.public_url + target, fields)
        headers = {"X-Twilio-Signature": signature} if signed else {}
        return client.post(target, data=fields, headers=headers)

    return call
