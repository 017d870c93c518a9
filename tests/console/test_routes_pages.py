"""Pages of providers, senders and routes: shown, changed by administrators alone, every change on record."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.providers import faults
from hotline.providers.models import Provider, RegionOff, Route, Sender
from tests.auth.conftest import Visitor
from tests.factories import make_officer

SENDER = {"provider": "twilio", "address": "+15005550006", "parts_per_s": "20"}


def add_sender(visitor: Visitor, db: Database) -> int:
    visitor.post("/routes/senders/new", SENDER)
    with db.transaction() as session:
        return session.scalars(select(Sender.id)).one()


def actions(db: Database) -> list[str]:
    with db.transaction() as session:
        kinds = ("sender", "route", "provider")
        return list(
            session.scalars(
                select(AuditEntry.action).where(AuditEntry.subject_kind.in_(kinds)).order_by(AuditEntry.seq)
            )
        )


def test_without_anything_the_page_says_what_is_used(visitor: Visitor, boss: Officer) -> None:
    page = visitor.get("/routes").get_data(as_text=True)
    assert "twilio" in page
    assert "No routes yet" in page
    assert "No senders yet" in page


def test_a_sender_is_added_with_its_pace_and_its_pace_is_changed(visitor: Visitor, boss: Officer, db: Database) -> None:
    sender_id = add_sender(visitor, db)
    visitor.post(f"/routes/senders/{sender_id}", {"parts_per_s": ""})
    with db.transaction() as session:
        sender = session.scalars(select(Sender)).one()
    assert (sender.provider, sender.address, sender.parts_per_s) == ("twilio", "+15005550006", None)
    assert actions(db) == ["sender.added", "sender.changed"]
    assert "sender changed" in visitor.get("/routes").get_data(as_text=True)


def test_saving_without_a_change_leaves_no_entry(visitor: Visitor, boss: Officer, db: Database) -> None:
    sender_id = add_sender(visitor, db)
    visitor.post(f"/routes/senders/{sender_id}", {"parts_per_s": "20"})
    assert actions(db) == ["sender.added"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("provider", "No One", "Name a provider in small letters"),
        ("address", "not a sender!", "Give a sender that is not on the list yet"),
        ("parts_per_s", "0", "whole number from 1 to 10000"),
        ("parts_per_s", "9" * 30, "whole number from 1 to 10000"),
        ("parts_per_s", "two", "whole number from 1 to 10000"),
    ],
)
def test_a_sender_that_cannot_be_used_is_explained_beside_its_field(
    visitor: Visitor, boss: Officer, db: Database, field: str, value: str, words: str
) -> None:
    answer = visitor.post("/routes/senders/new", SENDER | {field: value})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert actions(db) == []


def test_the_same_sender_is_not_added_twice(visitor: Visitor, boss: Officer, db: Database) -> None:
    add_sender(visitor, db)
    assert visitor.post("/routes/senders/new", SENDER).status_code == 422


def test_a_route_is_added_and_closed(visitor: Visitor, boss: Officer, db: Database) -> None:
    sender_id = add_sender(visitor, db)
    given = {"prefix": "+82 10", "sender_id": str(sender_id), "priority": "1", "weight": "50", "cost_micros": "7900"}
    assert visitor.post("/routes/new", given | {"open": "1"}).status_code == 302
    with db.transaction() as session:
        route = session.scalars(select(Route)).one()
    assert (route.prefix, route.priority, route.weight, route.cost_micros, route.open) == ("+8210", 1, 50, 7900, True)
    visitor.post(f"/routes/{route.id}", given)
    with db.transaction() as session:
        assert session.scalars(select(Route)).one().open is False
    assert actions(db) == ["sender.added", "route.added", "route.changed"]
    page = visitor.get("/routes").get_data(as_text=True)
    assert "+8210" in page
    assert "USD 0.0079" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [("prefix", "82"), ("prefix", "+0"), ("sender_id", "999"), ("sender_id", ""), ("priority", "100"), ("weight", "0"),
     ("cost_micros", "-1")],
)  # fmt: skip
def test_a_route_that_cannot_be_used_is_refused(
    visitor: Visitor, boss: Officer, db: Database, field: str, value: str
) -> None:
    sender_id = add_sender(visitor, db)
    given = {"prefix": "", "sender_id": str(sender_id), "priority": "1", "weight": "50", "open": "1"}
    assert visitor.post("/routes/new", given | {field: value}).status_code == 422
    with db.transaction() as session:
        assert session.scalars(select(Route)).all() == []


def test_faults_shares_and_countries_are_shown_and_can_be_put_right(
    visitor: Visitor, boss: Officer, db: Database, clock: FrozenClock, client: FlaskClient
) -> None:
    now = clock.now()
    with db.connection() as connection:
        faults.raise_fault(connection, now, "smpp", "20003", "The provider refuses our account.")
        faults.note_regions_off(connection, now, {("twilio", "PH", "21408")})
    with db.transaction() as session:
        provider = Provider(name="twilio", share=60, share_at=now, seen_at=now)
        session.add(provider)
        session.flush()
        provider_id = provider.id
    page = visitor.get("/routes").get_data(as_text=True)
    assert "refuses our account" in page
    assert "Philippines" in page
    assert "reduced share" in page
    assert "refuses our account" in visitor.get("/overview/providers").get_data(as_text=True)
    assert client.get("/readyz").json == {
        "status": "ready",
        "checks": {"database": "ok", "redis": "ok"},
        "details": {"smpp": "fault 20003", "twilio": "reduced to 60%"},
    }
    visitor.post(f"/routes/providers/{provider_id}/restore", {})
    visitor.post("/routes/regions/twilio/PH/on", {})
    with db.transaction() as session:
        assert session.scalars(select(Provider)).one().share == 100
        assert session.scalars(select(RegionOff)).all() == []
    assert actions(db) == ["provider.share_changed", "provider.region_on"]


def test_what_does_not_exist_is_not_found(visitor: Visitor, boss: Officer) -> None:
    assert visitor.get("/routes/77").status_code == 404
    assert visitor.post("/routes/senders/77", {"parts_per_s": "1"}).status_code == 404
    assert visitor.post("/routes/providers/77/restore", {}).status_code == 404
    assert visitor.post("/routes/regions/twilio/PH/on", {}).status_code == 404


def test_an_auditor_reads_and_an_author_does_not(visitor: Visitor, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="reader", roles=("auditor",))
        make_officer(session, name="writer", roles=("author",))
    visitor.sign_in("reader")
    assert visitor.get("/routes").status_code == 200
    assert visitor.get("/routes/new").status_code == 403
    visitor.sign_in("writer")
    assert visitor.get("/routes").status_code == 403
