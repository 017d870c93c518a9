"""Travellers: each change in one transaction, on the trail without personal data, and gone everywhere when erased."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry, verify
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.outbox import OutboxEvent
from hotline.geo.cells import cell_of
from hotline.people import travellers
from hotline.people.fields import PositionFields, TravellerChanges, TravellerFields
from hotline.people.models import Position, Traveller
from tests.factories import make_traveller

HONG = TravellerFields(name="홍길동", phone="+821020000001", reference="EXT-77", language="ko")
MANILA = PositionFields(lat=14.5, lon=121.0)


def _trail(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.seq)))


def test_a_position_carries_cell_country_language_and_drill(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        added = travellers.add(
            session, clock, SYSTEM, TravellerFields(name="A", phone="+821020000001", language="EN", drill=True), MANILA
        )
        held = session.get_one(Position, added.id)
        assert (held.cell, held.country, held.language, held.drill) == (cell_of(14.5, 121.0), "PH", "en", True)
        assert (held.precision, held.source, held.observed_at) == ("exact", "hand", clock.now())


def test_language_and_drill_follow_the_traveller_at_once(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        added = travellers.add(session, clock, SYSTEM, HONG, MANILA)
        travellers.update(session, clock, SYSTEM, added.id, TravellerChanges(language="en", drill=True))
        session.flush()
        session.expire_all()
        held = session.get_one(Position, added.id)
        assert (held.language, held.drill) == ("en", True)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_whatever_the_order_of_reports_the_newest_is_held(db: Database, clock: FrozenClock, hours: list[int]) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session, lat=None, lon=None)
        session.execute(text("DELETE FROM positions WHERE traveller_id = :id"), {"id": traveller.id})
        session.expire_all()
        for index, ago in enumerate(hours):
            seen = PositionFields(lat=float(ago) / 2, lon=float(index), observed_at=clock.now() - timedelta(hours=ago))
            placed = travellers.set_position(session, clock, SYSTEM, traveller.id, seen)
            assert placed.taken == (ago <= min(hours[: index + 1]))
        held = session.get_one(Position, traveller.id)
        assert held.observed_at == clock.now() - timedelta(hours=min(hours))
        assert held.lat == min(hours) / 2


@pytest.mark.parametrize(
    ("seen", "field"),
    [
        (PositionFields(lat=float("nan"), lon=0), "lat"),
        (PositionFields(lat=0, lon=180.5), "lon"),
        (PositionFields(lat=0, lon=0, precision="street"), "precision"),
    ],
)
def test_a_place_that_is_not_on_earth_is_refused(
    db: Database, clock: FrozenClock, seen: PositionFields, field: str
) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session)
        with pytest.raises(InvalidInput) as caught:
            travellers.set_position(session, clock, SYSTEM, traveller.id, seen)
        assert caught.value.field == field


def test_an_observation_from_the_future_cannot_shut_out_true_ones(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session)
        a_little = PositionFields(lat=0, lon=0, observed_at=clock.now() + timedelta(minutes=4))
        assert travellers.set_position(session, clock, SYSTEM, traveller.id, a_little).taken
        with pytest.raises(InvalidInput, match="observed_at"):
            travellers.set_position(
                session, clock, SYSTEM, traveller.id,
                PositionFields(lat=0, lon=0, observed_at=clock.now() + timedelta(minutes=6)),
            )  # fmt: skip


def test_a_changed_number_counts_as_reachable_again_and_the_same_one_does_not(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session, number_bad_at=clock.now())
        travellers.update(session, clock, SYSTEM, traveller.id, TravellerChanges(phone=traveller.phone, name="New"))
        assert traveller.number_bad_at is not None
        travellers.update(session, clock, SYSTEM, traveller.id, TravellerChanges(phone="+442079460100"))
        assert (traveller.number_bad_at, traveller.phone_region) == (None, "GB")


def test_nothing_on_the_trail_names_or_finds_a_person(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        added = travellers.add(session, clock, SYSTEM, HONG, MANILA)
        travellers.update(session, clock, SYSTEM, added.id, TravellerChanges(name="성춘향", phone="+821020000002"))
        travellers.set_position(session, clock, SYSTEM, added.id, PositionFields(lat=35.6812, lon=139.7671))
        travellers.set_opted_out(session, clock, SYSTEM, added.id, True)
        travellers.erase(session, clock, SYSTEM, added.id)
    with db.transaction() as session:
        trail = _trail(session)
        assert [entry.action for entry in trail] == [
            "traveller.added", "traveller.changed", "traveller.placed", "traveller.opted_out", "traveller.erased",
        ]  # fmt: skip
        written = json.dumps([[entry.before, entry.after] for entry in trail], ensure_ascii=False)
        for secret in ("홍길동", "성춘향", "20000001", "20000002", "EXT-77", "35.68", "139.76"):
            assert secret not in written
        assert verify(session).broken_at_seq is None


def test_erasing_removes_personal_data_from_every_table_of_the_room(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        added = travellers.add(session, clock, SYSTEM, HONG, MANILA)
    with db.transaction() as session:
        travellers.erase(session, clock, SYSTEM, added.id)
    with db.transaction() as session:
        tables = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        for table in tables:
            rows = session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()  # noqa: S608  # names from the catalogue
            for secret in ("홍길동", "+821020000001", "EXT-77", "14.5"):
                assert not [row for row in rows if secret in row], f"{table} still holds {secret}"
        held = session.get_one(Position, added.id)
        assert (held.lat, held.lon, held.cell, held.country) == (None, None, None, "ZZ")
        event = session.scalars(select(OutboxEvent)).one()
        assert (event.topic, event.payload) == ("TravellerErased", {"traveller_id": added.id})


def test_an_erased_person_gets_nothing_new(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        added = travellers.add(session, clock, SYSTEM, HONG)
        travellers.erase(session, clock, SYSTEM, added.id)
        for act in (
            lambda: travellers.set_position(session, clock, SYSTEM, added.id, MANILA),
            lambda: travellers.update(session, clock, SYSTEM, added.id, TravellerChanges(name="Back")),
            lambda: travellers.set_opted_out(session, clock, SYSTEM, added.id, True),
        ):
            with pytest.raises(Refused) as caught:
                act()
            assert caught.value.code == "erased"
        again = travellers.add(session, clock, SYSTEM, HONG)
        assert again.id != added.id, "the source system brings them back as somebody new"


def test_the_same_reference_updates_and_keeps_the_person(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        first = travellers.add(session, clock, SYSTEM, HONG)
        assert first.fresh
    with db.transaction() as session:
        again = travellers.add(session, clock, SYSTEM, HONG, MANILA)
        assert (again.id, again.fresh) == (first.id, False)
        assert travellers.position_of(session, first.id) is not None
        assert len(session.scalars(select(Traveller)).all()) == 1


def test_opting_out_twice_is_one_act(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session)
        for wish in (True, True, False, False):
            travellers.set_opted_out(session, clock, SYSTEM, traveller.id, wish)
        assert [entry.action for entry in _trail(session)] == ["traveller.opted_out", "traveller.opted_in"]


def test_faults_are_named_together_and_unknown_people_are_not_found(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        with pytest.raises(SeveralFaults) as caught:
            travellers.add(session, clock, SYSTEM, TravellerFields(name="\x07", phone="abc", language="kor ean"))
        assert [fault["field"] for fault in caught.value.faults] == ["name", "phone", "language"]
        for act in (travellers.erase, travellers.get):
            with pytest.raises(NotFound):
                act(session, clock, SYSTEM, 404) if act is travellers.erase else act(session, 404)  # type: ignore[operator]
