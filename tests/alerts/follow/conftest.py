"""A chain of alerts for the tests: people who move, alerts that follow one another, and messages at any stage of sending."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import select, text

from alerts.materialise import materialise
from alerts.models import Alert, Message
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.geo.cells import cell_of
from tests.alerts.senders import counted, make_approved, tallies_of
from tests.factories import make_traveller

LANGUAGES = ("ko", "en")
AREA = [{"description": "here", "polygons": [[[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]], "circles": []}]
NORTH = [{"description": "north", "polygons": [[[10, 0], [10, 10], [20, 10], [20, 0], [10, 0]]], "circles": []}]
WIDE = [{"description": "both", "polygons": [[[0, 0], [0, 10], [20, 10], [20, 0], [0, 0]]], "circles": []}]
HERE, THERE, ELSEWHERE = (5.0, 5.0), (15.0, 5.0), (50.0, 50.0)


def texts_of(*variants: str) -> dict[str, dict[str, str]]:
    """Final texts of these variants, each of which can be told from all others."""
    return {variant: {each: f"{variant} {each}" for each in LANGUAGES} for variant in variants}


class Chain:
    """Alerts of one chain and the people who get their texts."""

    def __init__(self, services: Services, clock: FrozenClock) -> None:
        self.services, self.clock = services, clock
        self.ids: list[int] = []

    def person(self, at: tuple[float, float] | None = HERE, **more: Any) -> str:
        """Add somebody at a place; their number names them."""
        lat, lon = at or (None, None)
        with self.services.db.transaction() as session:
            return make_traveller(session, lat=lat, lon=lon, **more).phone

    def move(self, phone: str, to: tuple[float, float] | None) -> None:
        """Let somebody be elsewhere, or nowhere that is known."""
        lat, lon = to or (None, None)
        cell = None if to is None else int(cell_of(*to))
        with self.services.db.transaction() as session:
            session.execute(
                text(
                    "UPDATE positions SET lat = :lat, lon = :lon, cell = :cell, valid_until = NULL WHERE traveller_id IN"
                    " (SELECT id FROM travellers WHERE phone = :phone)"
                ),
                {"lat": lat, "lon": lon, "cell": cell, "phone": phone},
            )

    def add(self, msg_type: str = "Alert", areas: list[Any] | None = None, **more: Any) -> int:
        """Add an approved alert that follows the one before it in this chain."""
        variants = {"Alert": ("alert", "correction"), "Update": ("alert", "update", "left", "correction")}
        given = variants.get(msg_type, ("all_clear", "correction"))
        follows = {"follows_id": self.ids[-1], "chain_id": self.ids[0]} if self.ids else {}
        with self.services.db.transaction() as session:
            alert = make_approved(
                session, areas=areas if areas is not None else [] if msg_type == "Cancel" else AREA,
                variants=texts_of(*given), msg_type=msg_type, **(follows | more),
            )  # fmt: skip
            self.ids.append(alert.id)
        return self.ids[-1]

    def start(self, alert_id: int) -> str:
        """Write its messages."""
        return materialise(self.services, alert_id)

    def send(self, alert_id: int, phones: Iterable[str] | None = None, state: str = "sent") -> None:
        """Let messages that may be sent now come to a state, as the lanes, the carrier and its receipts would bring them."""
        with self.services.db.transaction() as session:
            rows = session.scalars(
                select(Message)
                .where(Message.alert_id == alert_id, Message.state.in_(("queued", "sending", "in_doubt")))
                .where(Message.not_before.is_(None) | (Message.not_before <= self.clock.now()))
            ).all()
            for row in rows:
                if phones is None or row.phone in phones:
                    self._tally(session, row, -1)
                    row.state = state
                    row.attempts = max(1, row.attempts)
                    self._tally(session, row, 1)

    def _tally(self, session: Any, row: Message, step: int) -> None:
        reason = (row.error_code or "") if row.state == "failed" else ""
        session.execute(
            text(
                "INSERT INTO tallies (alert_id, country, state, reason, messages) VALUES (:a, :c, :s, :r, :n)"
                " ON CONFLICT (alert_id, country, state, reason, provider) DO UPDATE SET messages = tallies.messages + :n"
            ),
            {"a": row.alert_id, "c": row.country, "s": row.state, "r": reason, "n": step},
        )

    def first(self, **more: Any) -> int:
        """Add the first alert, write its messages and send them all."""
        alert_id = self.add(**more)
        self.start(alert_id)
        self.send(alert_id)
        return alert_id

    def variants(self, alert_id: int) -> dict[str, str]:
        """Return which text each number has of an alert, whatever its state, withdrawn ones left out."""
        with self.services.db.transaction() as session:
            rows = session.execute(
                select(Message.phone, Message.variant).where(
                    Message.alert_id == alert_id, Message.state.not_in(("withdrawn", "lapsed"))
                )
            )
            return {phone: variant for phone, variant in rows.tuples()}

    def states(self, alert_id: int) -> dict[str, str]:
        """Return the state of each number's message."""
        with self.services.db.transaction() as session:
            rows = session.execute(select(Message.phone, Message.state).where(Message.alert_id == alert_id))
            return {phone: state for phone, state in rows.tuples()}

    def alert(self, alert_id: int) -> Alert:
        """Read an alert."""
        with self.services.db.transaction() as session:
            return session.get_one(Alert, alert_id)

    def check_tallies(self) -> None:
        """Hold that the running counts are the counts, for every alert of the chain."""
        with self.services.db.transaction() as session:
            for alert_id in self.ids:
                assert tallies_of(session, alert_id) == counted(session, alert_id)

    def texts_of_people(self) -> dict[str, list[str]]:
        """Return the variants that each number got, oldest first."""
        with self.services.db.transaction() as session:
            rows = session.execute(
                select(Message.phone, Message.variant)
                .where(Message.state.in_(("sent", "delivered")))
                .order_by(Message.id)
            ).tuples()
            got: dict[str, list[str]] = defaultdict(list)
            for phone, variant in rows:
                got[phone].append(variant)
            return dict(got)


@pytest.fixture
def chain(services: Services, clock: FrozenClock) -> Any:
    """A chain without an alert yet; at the end the tallies must equal the rows."""
    made = Chain(services, clock)
    yield made
    made.check_tallies()
