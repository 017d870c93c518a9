"""An erased traveller leaves no number and no words behind in the alerts room."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts import erasure
from alerts.models import InboundText, Message
from hotline.core import jobs, outbox
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import Conflict
from hotline.core.services import Services
from hotline.people import travellers
from tests.factories import NOW, make_alert, make_officer, make_traveller


def _leave_traces(services: Services, state: str) -> tuple[int, str]:
    with services.db.transaction() as session:
        traveller = make_traveller(session)
        alert = make_alert(session, author=make_officer(session), state="finished")
        session.add(
            Message(
                alert_id=alert.id,
                traveller_id=traveller.id,
                phone=traveller.phone,
                country="PH",
                language="ko",
                parts=1,
                state=state,
            )
        )
        session.add(
            InboundText(provider_sid="SM1", sender=traveller.phone, recipient="+8222", body="도와주세요", received_at=NOW,
                        traveller_id=traveller.id, alert_id=alert.id)
        )  # fmt: skip
        return traveller.id, traveller.phone


def test_erasing_a_traveller_forgets_number_and_words(services: Services) -> None:
    traveller_id, phone = _leave_traces(services, "delivered")
    with services.db.transaction() as session:
        travellers.erase(session, services.clock, SYSTEM, traveller_id)
    assert outbox.deliver_due(services, jobs.registry().handlers) >= 1
    with services.db.transaction() as session:
        message, text = session.scalars(select(Message)).one(), session.scalars(select(InboundText)).one()
        assert message.state == "delivered", "the alert's figures stay true"
        assert phone not in (message.phone, text.sender)
        assert text.body == ""


def test_what_is_under_way_is_forgotten_once_it_is_settled(services: Services, clock: FrozenClock) -> None:
    traveller_id, phone = _leave_traces(services, "in_doubt")
    with pytest.raises(Conflict):
        erasure.forget(services, {"traveller_id": traveller_id})
    with services.db.transaction() as session:
        message = session.scalars(select(Message)).one()
        assert message.phone == phone
        message.state = "sent"
    clock.advance(timedelta(minutes=1))
    for _ in range(2):
        erasure.forget(services, {"traveller_id": traveller_id})
    with services.db.transaction() as session:
        assert session.scalars(select(Message)).one().phone.startswith("x")
