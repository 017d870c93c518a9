"""An alert in dispatch with its message rows, a provider on loopback, and the rule that tallies equal rows at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from alerts import tallies
from alerts.approval import digest_of
from alerts.dispatch import doubt, lanes
from alerts.models import Alert, Approval, AudienceSnapshot, Message
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from hotline.providers.carriers import make_sms_provider
from tests.factories import SQUARE, make_alert, make_officer, make_traveller
from tests.providers.loopback_twilio import LoopbackTwilio, running_twilio

TEXTS = {"ko": "[외교부] 마닐라 홍수 11/21 12:00", "en": "Flood in Manila 21 Nov 12:00"}


@pytest.fixture
def twilio(clock: FrozenClock) -> Iterator[LoopbackTwilio]:
    """A provider on loopback whose clock is the test's."""
    with running_twilio(now=clock.now) as running:
        yield running


@pytest.fixture
def sending(services: Services, twilio: LoopbackTwilio) -> Iterator[Services]:
    """The services with a provider that talks to `twilio`, quick time limits and a small window."""
    services.settings = services.settings.model_copy(
        update={
            "twilio_api_base_url": twilio.url,
            "dispatch_in_flight": 16,
            "dispatch_timeout_s": 2.0,
            "dispatch_lease_s": 6.0,
            "dispatch_settle_s": 5.0,
        }
    )
    provider = services.rooms["sms_provider"] = make_sms_provider(services.settings)
    yield services
    provider.close()


@dataclass
class Running:
    """An alert and what a test does with it."""

    services: Services
    clock: FrozenClock
    alert_id: int
    phones: list[str]

    def lane(self) -> lanes.LaneReport:
        """Run one lane."""
        report = lanes.dispatch_alert(self.services, self.alert_id)
        assert report is not None
        return report

    def end_leases(self) -> int:
        """Let expired claims fall into doubt."""
        return doubt.end_leases(self.services)

    def clear_doubt(self) -> int:
        """Let expired claims fall into doubt and look up what is due."""
        self.end_leases()
        return doubt.clear_doubt(self.services)

    def later(self, **duration: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(**duration))

    def states(self) -> Counter[str]:
        """Count the messages by state, from the rows."""
        with self.services.db.transaction() as session:
            return Counter(
                session.scalars(text("SELECT state FROM messages WHERE alert_id = :id"), {"id": self.alert_id})
            )

    def rows(self) -> list[Message]:
        """Return the messages in the order of their ids."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(Message).where(Message.alert_id == self.alert_id).order_by(Message.id)))

    def outcomes(self) -> list[str | None]:
        """Return the outcomes of all attempts in the order in which they were made."""
        with self.services.db.transaction() as session:
            return list(session.scalars(text("SELECT outcome FROM attempts ORDER BY started_at, message_id, number")))

    def alert(self) -> Alert:
        """Read the alert."""
        with self.services.db.transaction() as session:
            return session.get_one(Alert, self.alert_id)

    def execute(self, statement: str, **values: Any) -> None:
        """Change something behind the dispatcher's back."""
        with self.services.db.transaction() as session:
            session.execute(text(statement), {"id": self.alert_id, **values})


def start_alert(
    services: Services,
    clock: FrozenClock,
    *,
    people: int = 3,
    drill_people: int = 0,
    country: str = "PH",
    texts: dict[str, str] | None = None,
    **more: Any,
) -> Running:
    """Add an approved alert whose messages are written, as the audience stage leaves it."""
    texts = texts or TEXTS
    with services.db.transaction() as session:
        author, approver = make_officer(session), make_officer(session, roles=("approver",))
        alert = make_alert(session, author=author, state="dispatching", approved_at=clock.now(), **more)
        drill = alert.drill
        session.add(
            Approval(
                alert_id=alert.id,
                officer_id=approver.id,
                at=clock.now(),
                areas=SQUARE,
                texts={"alert": texts},
                digest=digest_of(SQUARE, {"alert": texts}, drill),
                audience_estimate=people,
                drill=drill,
                expires=alert.expires,
            )
        )
        travellers = [make_traveller(session, country=country, drill=i < drill_people) for i in range(people)]
        session.add_all(
            Message(
                alert_id=alert.id,
                traveller_id=each.id,
                phone=each.phone,
                country=country,
                language="ko",
                parts=1,
            )
            for each in travellers
        )
        session.add(
            AudienceSnapshot(
                alert_id=alert.id,
                taken_at=clock.now(),
                total=people,
                by_country={},
                by_language={},
                by_precision={},
                excluded={},
            )
        )
        alert_id, phones = alert.id, [each.phone for each in travellers]
    with services.db.connection() as connection:
        tallies.add(connection, {(alert_id, country, "queued", "", ""): people})
    return Running(services, clock, alert_id, phones)


@pytest.fixture
def running(sending: Services, clock: FrozenClock, db: Database) -> Iterator[Running]:
    """An alert for three people in the Philippines; at the end the tallies must equal the rows."""
    yield start_alert(sending, clock)
    assert_tallies_equal_rows(db)


def assert_tallies_equal_rows(db: Database) -> None:
    """Hold that the running counts are the counts."""
    with db.transaction() as session:
        counted = session.execute(
            text(
                """SELECT alert_id, country, state, CASE WHEN state = 'failed' THEN coalesce(error_code, '') ELSE '' END,
                          CASE WHEN state IN ('queued', 'withdrawn', 'lapsed') THEN '' ELSE provider END,
                          count(*) FROM messages GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"""
            )
        ).all()
        kept = session.execute(
            text(
                "SELECT alert_id, country, state, reason, provider, messages FROM tallies WHERE messages <> 0"
                " ORDER BY 1, 2, 3, 4, 5"
            )
        ).all()
    assert [tuple(row) for row in kept] == [tuple(row) for row in counted]
