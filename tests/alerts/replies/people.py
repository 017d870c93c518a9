"""People who have been warned, for the tests of their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.replies.models import Answer, AnswerTally, Standing
from alerts.replies.recording import Recorded, Said, record_answer
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.people.models import Traveller
from tests.alerts.senders import make_approved, make_message
from tests.factories import make_mission, make_traveller

PERSON = Actor(kind="person", id=None, name="person", via="link")


@dataclass
class Warned:
    """An alert that one person got."""

    services: Services
    traveller_id: int
    alert_id: int
    phone: str

    def say(self, status: str, key: str = "k1", **more: Any) -> Recorded:
        """Record an answer of this person."""
        values: dict[str, Any] = {"traveller_id": self.traveller_id, "alert_id": self.alert_id, "channel": "link"}
        with self.services.db.transaction() as session:
            said = Said(status=status, key=key, **(values | more))
            return record_answer(session, self.services.clock, PERSON, said)

    def standing(self) -> str | None:
        """Return the latest word that counts."""
        with self.services.db.transaction() as session:
            row = session.get(Standing, (self.alert_id, self.traveller_id))
            return row.status if row else None

    def answers(self) -> list[str]:
        """Return everything that was kept, in the order in which it was said."""
        with self.services.db.transaction() as session:
            rows = session.scalars(select(Answer).order_by(Answer.said_at, Answer.id))
            return [row.status for row in rows]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the running counts by country and status, zeros left out."""
        with self.services.db.transaction() as session:
            return counts_of(session, self.alert_id)


def counts_of(session: Session, alert_id: int) -> dict[tuple[str, str], int]:
    """Add up the slots of an alert's running counts."""
    found: dict[tuple[str, str], int] = {}
    for row in session.scalars(select(AnswerTally).where(AnswerTally.alert_id == alert_id)):
        key = (row.country, row.status)
        found[key] = found.get(key, 0) + row.people
    return {key: people for key, people in found.items() if people}


def make_warned(
    services: Services, *, alert: dict[str, Any] | None = None, message: dict[str, Any] | None = None, **person: Any
) -> Warned:
    """Add an alert that was sent to one person."""
    with services.db.transaction() as session:
        traveller = make_traveller(session, **person)
        values: dict[str, Any] = {"state": "finished", "mission_id": make_mission(session).id} | (alert or {})
        sent = make_approved(session, **values)
        warn(session, sent.id, traveller, **(message or {}))
        return Warned(services, traveller.id, sent.id, traveller.phone)


def warn(session: Session, alert_id: int, traveller: Traveller, *, state: str = "delivered", **more: Any) -> None:
    """Add the message of an alert to a person."""
    from alerts.models import Alert

    alert = session.get_one(Alert, alert_id)
    make_message(session, alert, phone=traveller.phone, traveller_id=traveller.id, state=state, **more)
