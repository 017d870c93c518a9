"""One effective position of what several sources say: the finest that holds, taken over by the next when it lapses."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.config import PositionSettings
from hotline.core.db import Database
from hotline.core.errors import InvalidInput
from hotline.core.services import Services
from hotline.people import effective, travellers, validity
from hotline.people.models import Position, Sighting
from hotline.people.placing import Recorded, Seen, record_sighting, record_sightings
from tests.factories import make_traveller

MANILA, CEBU, TOKYO = (14.6, 121.0, "PH"), (10.3, 123.9, "PH"), (35.7, 139.7, "JP")


def make_person(db: Database, **more: Any) -> int:
    """A traveller of whom nothing is known yet."""
    with db.transaction() as session:
        person = make_traveller(session, lat=None, lon=None, **more)
        session.execute(text("DELETE FROM positions WHERE traveller_id = :id"), {"id": person.id})
        return person.id


def see(
    db: Database, clock: FrozenClock, person: int, place: tuple[float, float, str], precision: str,
    *, source: str = "app", ago_h: float = 0, until_h: float | None = None,
) -> Position | None:  # fmt: skip
    """Record a sighting made `ago_h` hours ago that holds until `until_h` hours from now."""
    now = clock.now()
    with db.transaction() as session:
        return record_sighting(
            session, clock, person, lat=place[0], lon=place[1], country=place[2], precision=precision, source=source,
            observed_at=now - timedelta(hours=ago_h),
            valid_until=None if until_h is None else now + timedelta(hours=until_h),
        )  # fmt: skip


def held(db: Database, person: int) -> tuple[str, str] | None:
    """Precision and country of the effective position."""
    with db.transaction() as session:
        position = travellers.position_of(session, person)
        return None if position is None else (position.precision, position.country)


def test_exact_comes_before_city_before_country_whatever_arrives_first(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    see(db, clock, person, MANILA, "country", ago_h=1)
    assert held(db, person) == ("country", "PH")
    see(db, clock, person, CEBU, "exact", ago_h=5)
    see(db, clock, person, MANILA, "city", ago_h=2)
    assert held(db, person) == ("exact", "PH")


def test_the_next_best_takes_over_by_itself_when_the_exact_one_lapses(services: Services, clock: FrozenClock) -> None:
    db = services.db
    person = make_person(db)
    see(db, clock, person, CEBU, "exact", until_h=2)
    see(db, clock, person, MANILA, "city", until_h=5)
    see(db, clock, person, MANILA, "country", until_h=9)
    expected = [(1, ("exact", "PH")), (3, ("city", "PH")), (6, ("country", "PH")), (10, None)]
    started = clock.now()
    for hours, place in expected:
        clock.advance(started + timedelta(hours=hours) - clock.now())
        effective.take_over_due(services)
        assert held(db, person) == place
    assert effective.take_over_due(services) == 0, "nothing is left to look at"


def test_a_late_report_never_overwrites_a_fresher_one_of_its_source(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    see(db, clock, person, TOKYO, "exact", ago_h=1)
    see(db, clock, person, MANILA, "exact", ago_h=3)
    assert held(db, person) == ("exact", "JP")
    with db.transaction() as session:
        assert [row.country for row in session.scalars(select(Sighting))] == ["JP"]


def test_of_two_sources_the_fresher_counts_and_the_other_stands_by(services: Services, clock: FrozenClock) -> None:
    person = make_person(services.db)
    see(services.db, clock, person, TOKYO, "exact", source="app", ago_h=1, until_h=1)
    see(services.db, clock, person, MANILA, "exact", source="api", ago_h=3, until_h=8)
    assert held(services.db, person) == ("exact", "JP")
    clock.advance(timedelta(hours=2))
    effective.take_over_due(services)
    assert held(services.db, person) == ("exact", "PH")


def test_a_report_that_has_lapsed_already_counts_for_nothing(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    assert see(db, clock, person, MANILA, "exact", source="checkin", ago_h=25) is None
    assert held(db, person) is None


@pytest.mark.parametrize(("source", "moved"), [("roaming:kt", True), ("console", True), ("import", False)])
def test_a_carrier_or_an_officer_proves_that_somebody_left_a_country(
    db: Database, clock: FrozenClock, source: str, moved: bool
) -> None:
    person = make_person(db)
    see(db, clock, person, MANILA, "exact", ago_h=3)
    see(db, clock, person, TOKYO, "country", source=source, ago_h=1)
    assert held(db, person) == (("country", "JP") if moved else ("exact", "PH"))
    see(db, clock, person, CEBU, "exact")
    assert held(db, person) == ("exact", "PH"), "who was seen exactly afterwards is there"


def test_a_carrier_that_names_the_same_country_leaves_the_exact_place(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    see(db, clock, person, CEBU, "exact", ago_h=3)
    see(db, clock, person, MANILA, "country", source="roaming:kt")
    assert held(db, person) == ("exact", "PH")


def test_the_same_sighting_twice_writes_nothing_for_the_index_to_read(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    see(db, clock, person, MANILA, "exact")
    stamp = text("SELECT changed_xid::text FROM positions WHERE traveller_id = :id")
    with db.transaction() as session:
        before = session.scalar(stamp, {"id": person})
    see(db, clock, person, MANILA, "exact")
    with db.transaction() as session:
        assert session.scalar(stamp, {"id": person}) == before


def test_two_reports_at_once_are_decided_together(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    began, done = threading.Event(), threading.Event()

    def second() -> None:
        began.set()
        see(db, clock, person, MANILA, "country", ago_h=0)
        done.set()

    with db.connection() as connection:
        seen = Seen(traveller_id=person, source="app", lat=35.7, lon=139.7, observed_at=clock.now())
        record_sightings(connection, [seen], now=clock.now())
        other = threading.Thread(target=second)
        other.start()
        began.wait(60)
        assert not done.wait(0.2), "the second report waits for the first one's transaction"
    other.join(120)
    assert held(db, person) == ("exact", "JP")


def _burst(db: Database, clock: FrozenClock, rows: list[Seen]) -> Recorded:
    with db.connection() as connection:
        return record_sightings(connection, rows, now=clock.now())


def test_a_burst_keeps_the_newest_of_each_person_and_names_impossible_rows(db: Database, clock: FrozenClock) -> None:
    people = [make_person(db) for _ in range(3)]
    with db.transaction() as session:
        travellers.erase(session, clock, SYSTEM, people[2])
    rows = [
        Seen(traveller_id=people[0], source="roaming:kt", precision="country", country="JP", observed_at=clock.now()),
        Seen(traveller_id=people[0], source="roaming:kt", precision="country", country="PH",
             observed_at=clock.now() - timedelta(minutes=1)),
        Seen(traveller_id=people[1], source="roaming:kt", precision="country", country="QQ"),
        Seen(traveller_id=people[1], source="roaming:kt", precision="exact", lat=91.0, lon=0.0),
        Seen(traveller_id=people[1], source="roaming:kt", precision="exact"),
        Seen(traveller_id=people[1], source="roaming:kt", lat=1.0, lon=1.0,
             observed_at=clock.now() + timedelta(hours=1)),
        Seen(traveller_id=people[2], source="roaming:kt", precision="country", country="PH"),
        Seen(traveller_id=10**12, source="roaming:kt", precision="country", country="PH"),
    ]  # fmt: skip
    recorded = _burst(db, clock, rows)
    assert (recorded.kept, recorded.left_out) == (1, 3)
    assert [(number, fault.field) for number, fault in recorded.refused] == [
        (2, "country"), (3, "lat"), (4, "lat"), (5, "observed_at"),
    ]  # fmt: skip
    assert [held(db, person) for person in people] == [("country", "JP"), None, None]


def test_a_burst_of_a_thousand_takes_three_statements(db: Database, clock: FrozenClock) -> None:
    with db.connection() as connection:
        connection.execute(
            "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
            " SELECT 'T', '+82' || n, 'KR', now(), now() FROM generate_series(1, 1000) n"
        )
        ids = [row[0] for row in connection.execute("SELECT id FROM travellers")]
        counted = _Counted(connection)
        rows = [Seen(traveller_id=each, source="roaming:kt", precision="country", country="JP") for each in ids]
        recorded = record_sightings(counted, rows, now=clock.now())  # type: ignore[arg-type]
        assert (recorded.kept, counted.statements) == (1000, 3)
    with pytest.raises(ValueError, match="divide them"):
        _burst(db, clock, rows * 11)


class _Counted:
    """A connection that counts its statements."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.statements = 0
        self._connection = connection

    def execute(self, statement: str, values: dict[str, Any]) -> Any:
        self.statements += 1
        return self._connection.execute(statement, values)


def test_the_hot_statements_use_their_indexes_also_as_general_plans(db: Database, clock: FrozenClock) -> None:
    with db.connection() as connection:
        connection.execute(
            "INSERT INTO travellers (name, phone, phone_region, created_at, updated_at)"
            " SELECT 'T', '+82' || n, 'KR', now(), now() FROM generate_series(1, 20000) n"
        )
        connection.execute(
            "INSERT INTO sightings SELECT id, 'country', 'import', 1, 1, 1, 'PH', false, now(), now() + interval '1 day'"
            " FROM travellers"
        )
        connection.execute(
            "INSERT INTO positions (traveller_id, source, observed_at, recheck_at)"
            " SELECT id, 'import', now(), now() + id * interval '1 minute' FROM travellers"
        )
        connection.execute("ANALYZE travellers, sightings, positions")
        connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        shown = _general_plan(connection, effective.RECOMPUTE, {"ids": "bigint[]", "now": "timestamptz"})
        assert "pk_sightings" in shown and "pk_positions" in shown
        assert "Seq Scan on sightings" not in shown and "Seq Scan on positions" not in shown
        due = _general_plan(connection, effective._DUE, {"now": "timestamptz", "limit": "bigint"})
        assert "ix_positions_recheck_at" in due


def _general_plan(connection: psycopg.Connection[Any], statement: str, types: dict[str, str]) -> str:
    """The plan of a prepared statement whose values PostgreSQL does not look at."""
    for number, name in enumerate(types, start=1):
        statement = statement.replace(f"%({name})s", f"${number}")
    raw: Any = connection
    raw.execute(f"PREPARE hot ({', '.join(types.values())}) AS {statement}", prepare=False)
    values = {"bigint[]": "'{1,2,3}'", "timestamptz": "now()", "bigint": "5000"}
    given = ", ".join(values[kind] for kind in types.values())
    rows = raw.execute(f"EXPLAIN EXECUTE hot ({given})").fetchall()
    raw.execute("DEALLOCATE hot")
    return "\n".join(row[0] for row in rows)


def test_the_sweep_leaves_who_is_just_being_written_to_the_next_run(services: Services, clock: FrozenClock) -> None:
    db = services.db
    busy, free = make_person(db), make_person(db)
    for person in (busy, free):
        see(db, clock, person, CEBU, "exact", until_h=1)
        see(db, clock, person, MANILA, "country", until_h=9)
    clock.advance(timedelta(hours=2))
    with db.connection() as connection:
        effective.lock_travellers(connection, [busy])
        assert effective.take_over_due(services) == 1
    assert (held(db, busy), held(db, free)) == (("exact", "PH"), ("country", "PH"))
    assert effective.take_over_due(services) == 1
    assert held(db, busy) == ("country", "PH")


def test_erasing_forgets_sightings_and_nothing_brings_them_back(services: Services, clock: FrozenClock) -> None:
    person = make_person(services.db)
    see(services.db, clock, person, CEBU, "exact", until_h=1)
    see(services.db, clock, person, MANILA, "country", until_h=9)
    with services.db.transaction() as session:
        travellers.erase(session, clock, SYSTEM, person)
    clock.advance(timedelta(hours=2))
    effective.take_over_due(services)
    assert see(services.db, clock, person, TOKYO, "exact") is None
    with services.db.transaction() as session:
        assert session.scalars(select(Sighting)).all() == []
        assert session.get_one(Position, person).lat is None


def test_old_sightings_are_deleted_some_time_after_they_lapsed(services: Services, clock: FrozenClock) -> None:
    person = make_person(services.db)
    see(services.db, clock, person, MANILA, "exact", until_h=1)
    see(services.db, clock, person, MANILA, "country", until_h=24 * 60)
    clock.advance(effective.KEEP_LAPSED)
    assert effective.forget_lapsed(services) == 0
    clock.advance(timedelta(hours=2))
    assert effective.forget_lapsed(services) == 1
    assert held(services.db, person) is not None


def test_validity_goes_by_source_and_precision_before_source_before_precision() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    hours = {"exact": 1.0, "country": 3.0, "roaming": 5.0, "roaming.country": 7.0}
    assert [
        (validity.holds_until(source, precision, at, hours) - at) / timedelta(hours=1)
        for source, precision in (
            ("app", "exact"), ("app", "country"), ("roaming:kt", "exact"), ("roaming:kt", "country"),
        )
    ] == [1, 3, 5, 7]  # fmt: skip
    with pytest.raises(ValueError, match="precision"):
        validity.holds_until("app", "street", at, hours)


def test_validity_is_set_in_the_environment_and_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_POSITION_VALIDITY_H", '{"exact": 12}')
    assert PositionSettings().position_validity_h == {"exact": 12}
    monkeypatch.setenv("HOTLINE_POSITION_VALIDITY_H", '{"exact": 0}')
    with pytest.raises(ValueError, match="every validity"):
        PositionSettings()


def test_a_single_impossible_sighting_is_named(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    with db.transaction() as session, pytest.raises(InvalidInput, match="source"):
        record_sighting(session, clock, person, lat=1, lon=1, precision="exact", source="x" * 21)
