"""Who is greeted: once per trip and country, whatever the order of the events; held against a slow oracle."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alerts.arrivals import rules, sweep
from alerts.arrivals.rules import USUAL, Known, Policy, pass_over
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.roaming import fold
from tests.factories import NOW, make_officer, make_traveller
from tests.roaming.conftest import add_carrier

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def known(greeted: list[datetime] | None = None, homes: list[datetime] | None = None, last: str = "PH") -> Known:
    return Known(greeted or [], homes or [], last)


@pytest.mark.parametrize(
    ("reason", "policy", "arrived", "what"),
    [
        ("", USUAL, NOW - 20 * MINUTE, known()),
        ("off", Policy(greets=False), NOW, known()),
        ("late", USUAL, NOW - 7 * HOUR, known()),
        ("", Policy(settle=10 * HOUR), NOW - 10 * HOUR, known()),
        ("moved_on", USUAL, NOW - 20 * MINUTE, known(last="JP")),
        ("moved_on", USUAL, NOW - 20 * MINUTE, known(last="")),
        ("same_trip", USUAL, NOW, known([NOW - 30 * DAY])),
        ("same_trip", USUAL, NOW, known([NOW + HOUR])),
        ("", USUAL, NOW, known([NOW - 30 * DAY], [NOW - DAY])),
        ("quiet", USUAL, NOW, known([NOW - 6 * DAY], [NOW - DAY])),
        ("", USUAL, NOW, known([NOW - 7 * DAY], [NOW - DAY])),
        ("", Policy(quiet=timedelta()), NOW, known([NOW - 2 * HOUR], [NOW - HOUR])),
        ("frequent", USUAL, NOW, known([NOW - n * 10 * DAY for n in (1, 2, 3)], [NOW - n * DAY for n in (25, 15, 1)])),
        ("", USUAL, NOW, known([NOW - n * 25 * DAY for n in (1, 2, 3)], [NOW - DAY])),
    ],
)  # fmt: skip
def test_an_arrival_is_greeted_unless_a_rule_passes_it_over(
    reason: str, policy: Policy, arrived: datetime, what: Known
) -> None:
    assert pass_over("PH", arrived, NOW, policy, Known(what.greeted, sorted(what.homes), what.last_country)) == reason


def test_a_trip_is_what_lies_between_two_returns_home() -> None:
    homes = [NOW, NOW + DAY]
    assert [rules.trip_of(NOW + n * HOUR, homes) for n in (-1, 0, 23, 24)] == [0, 1, 1, 2]


@pytest.fixture
def station(services: Services, clock: FrozenClock) -> Station:
    """One traveller, a carrier and approved texts."""
    add_carrier(services, "one", "plmn")
    with services.db.transaction() as session:
        author, approver = make_officer(session), make_officer(session, roles=("approver",))
        traveller = make_traveller(session, phone="+821011110001", lat=None, lon=None)
        session.execute(
            text(
                """INSERT INTO arrival_texts (country, language, version, body, state, author_id, created_at, approved_by_id)
                   VALUES ('ZZ', 'ko', 1, '{place} {mission_phone}', 'approved', :author, :now, :approver)"""
            ),
            {"author": author.id, "approver": approver.id, "now": NOW},
        )
        return Station(services, clock, traveller.id)


class Station:
    """Brings events in any order and reads what was sent."""

    def __init__(self, services: Services, clock: FrozenClock, traveller_id: int) -> None:
        self.services, self.clock, self.traveller_id = services, clock, traveller_id
        self._calls = 0

    def clear(self) -> None:
        """Begin with a person of whom nothing is known."""
        with self.services.db.transaction() as session:
            session.execute(
                text("TRUNCATE arrivals, crossings, roaming_batches, notices, sightings, positions CASCADE")
            )
        self.clock.set(NOW)

    def bring(self, events: list[tuple[str, datetime]]) -> None:
        """Put a call on record and fold it."""
        self._calls += 1
        body = [{"phone": "+821011110001", "country": country, "at": at.isoformat()} for country, at in events]
        with self.services.db.connection() as connection:
            connection.execute(
                """INSERT INTO roaming_batches (carrier_id, call_hash, events, refused, received_at)
                   SELECT id, %s, %s, 0, %s FROM carriers""",
                (f"call-{self._calls}", json.dumps(body), self.clock.now()),
            )
        fold.fold(self.services)

    def sweep(self) -> None:
        """Take and decide."""
        sweep.sweep(self.services)

    def greeted(self) -> list[tuple[str, datetime]]:
        """Return (country, arrival) of all greetings in the order in which they were decided."""
        with self.services.db.connection() as connection:
            return connection.execute(
                "SELECT country, arrived_at FROM arrivals WHERE state = 'greeted' ORDER BY decided_at, due_at, id"
            ).fetchall()

    def reasons(self) -> Counter[str]:
        """Count why arrivals were passed over."""
        with self.services.db.connection() as connection:
            return Counter(row[0] for row in connection.execute("SELECT reason FROM arrivals WHERE state = 'passed'"))

    def notices(self) -> int:
        """Count the texts that were written."""
        with self.services.db.connection() as connection:
            row = connection.execute("SELECT count(*) FROM notices WHERE purpose = 'arrival'").fetchone()
        return int(row[0]) if row else 0


def test_a_border_with_mixed_networks_gives_one_text_for_where_one_stays(station: Station) -> None:
    for minute, country in enumerate(["CN", "HK", "CN", "HK", "CN"]):
        station.bring([(country, NOW + 2 * minute * MINUTE)])
    station.clock.advance(40 * MINUTE)
    station.sweep()
    assert station.greeted() == [("CN", NOW)]
    assert station.reasons() == {"moved_on": 2, "same_trip": 2}
    assert station.notices() == 1


def test_an_airport_between_two_flights_is_not_greeted(station: Station) -> None:
    with station.services.db.connection() as connection:
        connection.execute("INSERT INTO arrival_policies VALUES ('AE', true, 240, 7)")
    station.bring([("AE", NOW)])
    station.clock.advance(3 * HOUR)
    station.sweep()
    station.bring([("PH", station.clock.now())])
    station.clock.advance(2 * HOUR)
    station.sweep()
    assert [country for country, _ in station.greeted()] == ["PH"]


def test_an_event_twice_late_or_after_the_text_changes_nothing(station: Station) -> None:
    station.bring([("PH", NOW), ("PH", NOW)])
    station.clock.advance(30 * MINUTE)
    station.sweep()
    station.bring([("PH", NOW), ("PH", NOW + 5 * MINUTE), ("PH", NOW - HOUR)])
    station.clock.advance(30 * MINUTE)
    station.sweep()
    station.clock.advance(2 * DAY)
    station.bring([("JP", NOW + HOUR)])
    station.sweep()
    assert station.greeted() == [("PH", NOW)]
    assert station.reasons()["late"] == 1


def test_a_crossing_seen_late_inside_a_stay_does_not_move_the_person(station: Station) -> None:
    station.bring([("PH", NOW)])
    station.bring([("PH", NOW + 10 * MINUTE)])
    station.bring([("MY", NOW + 5 * MINUTE)])
    station.clock.advance(30 * MINUTE)
    station.sweep()
    assert station.greeted() == [("PH", NOW)]
    assert station.reasons() == {"moved_on": 1}


def test_a_crossing_that_comes_late_does_not_hide_the_next_one_there(station: Station) -> None:
    station.bring([("PH", NOW)])
    station.clock.advance(HOUR)
    station.bring([("JP", NOW + 30 * MINUTE), ("PH", NOW + HOUR)])
    station.sweep()
    station.clock.advance(30 * MINUTE)
    station.bring([("JP", NOW + 90 * MINUTE)])
    station.clock.advance(30 * MINUTE)
    station.sweep()
    assert station.greeted() == [("PH", NOW), ("JP", NOW + 90 * MINUTE)]


def test_a_family_phone_is_greeted_once(station: Station) -> None:
    with station.services.db.transaction() as session:
        make_traveller(session, phone="+821011110001", lat=None, lon=None)
    station.bring([("PH", NOW)])
    station.clock.advance(30 * MINUTE)
    station.sweep()
    assert (len(station.greeted()), station.notices()) == (1, 1)


def test_an_erased_person_is_greeted_no_more(station: Station) -> None:
    station.bring([("PH", NOW)])
    station.sweep()
    with station.services.db.transaction() as session:
        session.execute(text("UPDATE travellers SET erased_at = now(), phone = ''"))
    station.clock.advance(30 * MINUTE)
    station.sweep()
    assert (station.greeted(), station.reasons()) == ([], {"gone": 1})
    sweep.forget_person(station.services, {"traveller_id": station.traveller_id})
    assert station.reasons() == {}


def test_a_crash_between_decision_and_commit_greets_once(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    station.bring([("PH", NOW)])
    station.clock.advance(30 * MINUTE)
    monkeypatch.setattr(sweep, "_WRITE", "SELECT 1 / 0, %(now)s, %(ids)s, %(states)s, %(reasons)s, %(texts)s")
    with pytest.raises(Exception, match=r"division by zero|determine"):
        station.sweep()
    monkeypatch.undo()
    station.sweep()
    station.sweep()
    assert (len(station.greeted()), station.notices()) == (1, 1)


def test_while_one_process_decides_others_leave_it_alone(station: Station) -> None:
    station.bring([("PH", NOW)])
    station.sweep()
    station.clock.advance(30 * MINUTE)
    with station.services.db.connection() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (sweep._DECIDE_LOCK,))
        station.sweep()
        assert station.notices() == 0
    station.sweep()
    assert station.notices() == 1


events = st.lists(
    st.tuples(st.sampled_from(["KR", "JP", "PH", "CN"]), st.integers(0, 30), st.integers(0, 4)), min_size=1, max_size=9
)
"""Country, the half-hour in which it happened, and by how many rounds it comes late; a round is half an hour."""


def oracle(rounds: list[list[tuple[str, datetime]]], starts: list[datetime]) -> list[tuple[str, datetime]]:
    """Say slowly, event by event, whom the rules greet: `rounds[n]` arrive at `starts[n]`, then everything due is decided."""
    seen: set[tuple[str, datetime]] = set()
    open_arrivals: list[tuple[datetime, str]] = []
    greeted: list[tuple[str, datetime]] = []
    for arriving, now in zip(rounds, starts, strict=True):
        for country, at in arriving:
            if (country, at) in seen:
                continue
            seen.add((country, at))
            if country != "KR":
                open_arrivals.append((at, country))
        homes = sorted({at for country, at in seen if country == "KR"})
        newest = max((at for _, at in seen), default=now)
        lasts = {country for country, at in seen if at == newest}
        due = sorted(each for each in open_arrivals if each[0] + USUAL.settle <= now)
        for at, country in due:
            open_arrivals.remove((at, country))
            before = [each for place, each in greeted if place == country]
            what = Known(before, homes, country if country in lasts and len(lasts) == 1 else "")
            if not pass_over(country, at, now, USUAL, what):
                greeted.append((country, at))
    return greeted


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(drawn=[("JP", 1, 1), ("JP", 3, 0), ("PH", 0, 0), ("PH", 2, 0)])
@given(drawn=events)
def test_texts_are_those_of_a_slow_oracle_and_at_most_one_per_trip_and_country(
    station: Station, drawn: list[tuple[str, int, int]]
) -> None:
    station.clear()
    happened: dict[int, str] = {}
    rounds: list[list[tuple[str, datetime]]] = [[] for _ in range(40)]
    for country, half_hour, late in drawn:
        # A telephone is in one country at a moment.
        country = happened.setdefault(half_hour, country)  # noqa: PLW2901
        rounds[half_hour + late].append((country, NOW + 30 * MINUTE * half_hour))
    starts = [NOW + 30 * MINUTE * nth for nth in range(40)]
    for arriving, now in zip(rounds, starts, strict=True):
        station.clock.set(now)
        if arriving:
            station.bring(arriving)
        if arriving or any(country != "KR" for country in happened.values()):
            station.sweep()
    sent = station.greeted()
    assert sorted(sent) == sorted(oracle(rounds, starts))
    homes = sorted(NOW + 30 * MINUTE * nth for nth, country in happened.items() if country == "KR")
    per_trip: Counter[Any] = Counter((country, rules.trip_of(at, homes)) for country, at in sent)
    assert max(per_trip.values(), default=0) <= 1
    assert station.notices() == len(sent)
