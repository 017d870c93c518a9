"""Notices with a provider on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.notices import claims, doubt, lanes, store
from hotline.notices.models import Notice, NoticeAttempt
from hotline.providers.carriers import make_sms_provider
from hotline.providers.routing import Way
from tests.providers.loopback_twilio import LoopbackTwilio, running_twilio

PHONE = "+821011110001"


@pytest.fixture
def twilio(clock: FrozenClock) -> Iterator[LoopbackTwilio]:
    """A provider on loopback whose clock is the test's."""
    with running_twilio(now=clock.now) as running:
        yield running


@dataclass
class Sending:
    """The services with a provider on loopback, and what a test does with notices."""

    services: Services
    clock: FrozenClock
    twilio: LoopbackTwilio

    def publish(self, phone: str = PHONE, *, key: str = "k1", **more: Any) -> int:
        """Keep a notice."""
        values: dict[str, Any] = {"body": f"Text {key}", "purpose": "information"}
        values["expires_at"] = self.clock.now() + timedelta(hours=1)
        with self.services.db.transaction() as session:
            return store.publish(session, self.clock, phone=phone, dedupe_key=key, **(values | more))

    def lane(self) -> lanes.LaneReport:
        """Run the lane for everything."""
        report = lanes.dispatch(self.services)
        assert report is not None
        return report

    def clear_doubt(self) -> int:
        """Let expired claims fall into doubt and look up what is due."""
        with self.services.db.connection() as connection:
            doubt.end_leases(connection, self.clock.now())
        return doubt.clear_doubt(self.services)

    def claim_and_die(self) -> list[claims.Claimed]:
        """Claim everything as a lane does and stop there, as a killed worker would."""
        with self.services.db.connection() as connection:
            return self.claim(connection, most=100)

    def claim(self, connection: psycopg.Connection[Any], *, most: int) -> list[claims.Claimed]:
        """Claim in a transaction of the test's own."""
        terms, way = lanes.Terms.of(self.services.settings), Way(None, "twilio", "+15005550006", False)
        batch = claims.claim(
            connection, self.clock.now(), terms, lambda notice: claims.Taken(notice, way), lowest=9, most=most
        )
        return [each.notice for each in batch.taken]

    def later(self, **duration: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(**duration))

    def notice(self, notice_id: int) -> Notice:
        """Read a notice."""
        with self.services.db.transaction() as session:
            return session.get_one(Notice, notice_id)

    def outcomes(self, notice_id: int) -> list[str | None]:
        """Return the outcomes of a notice's attempts."""
        with self.services.db.transaction() as session:
            return list(
                session.scalars(
                    select(NoticeAttempt.outcome)
                    .where(NoticeAttempt.notice_id == notice_id)
                    .order_by(NoticeAttempt.number)
                )
            )


@pytest.fixture
def sending(services: Services, clock: FrozenClock, twilio: LoopbackTwilio) -> Iterator[Sending]:
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
    yield Sending(services, clock, twilio)
    provider.close()
