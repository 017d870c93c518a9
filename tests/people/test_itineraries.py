"""Journeys count on their dates in the place's own time, give a position while they count, and end by themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Conflict, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from hotline.geo.countries import countries
from hotline.geo.zones import zone_at, zones_of
from hotline.people import effective, itineraries, travellers
from hotline.people.itineraries import CompanionFields, ItineraryFields
from hotline.people.legs import LegFields, located_leg
from hotline.people.local_days import midnight, span
from hotline.people.models import Companion, Itinerary, Position, Traveller
from hotline.people.placing import record_sighting
from tests.factories import make_traveller
from tests.people.test_sightings import held, make_person

TOKYO = LegFields(place="Tokyo", country="JP", from_date=date(2026, 12, 1), to_date=date(2026, 12, 3))
FRANCE = LegFields(country="FR", from_date=date(2026, 12, 4), to_date=date(2026, 12, 9))


def plan(db: Database, clock: FrozenClock, person: int, *legs: LegFields, **more: object) -> int:
    """Add a journey and return its id."""
    with db.transaction() as session:
        given = ItineraryFields(legs=legs, **more)  # type: ignore[arg-type]
        return itineraries.add(session, clock, SYSTEM, person, given, source="api").id


def at(services: Services, clock: FrozenClock, moment: datetime, person: int) -> tuple[str, str] | None:
    """What is held of a person at a moment, after the sweep has come by."""
    clock.advance(moment - clock.now())
    effective.take_over_due(services)
    return held(services.db, person)


def test_a_journey_counts_leg_by_leg_on_local_dates_and_ends_by_itself(services: Services, clock: FrozenClock) -> None:
    person = make_person(services.db)
    plan(services.db, clock, person, TOKYO, FRANCE)
    assert held(services.db, person) is None
    tokyo, paris = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Paris")
    expected = [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=tokyo), None),
        (datetime(2026, 12, 1, tzinfo=tokyo), ("city", "JP")),
        (datetime(2026, 12, 3, 23, 59, 59, tzinfo=tokyo), ("city", "JP")),
        (datetime(2026, 12, 4, tzinfo=tokyo), None),
        (datetime(2026, 12, 4, tzinfo=paris), ("country", "FR")),
        (datetime(2026, 12, 9, 23, 59, 59, tzinfo=paris), ("country", "FR")),
        (datetime(2026, 12, 10, tzinfo=paris), None),
    ]
    for moment, place in expected:
        assert at(services, clock, moment.astimezone(UTC), person) == place, moment


def test_what_was_seen_wins_over_the_plan_until_it_lapses(services: Services, clock: FrozenClock) -> None:
    person = make_person(services.db)
    leg = LegFields(place="Tokyo", country="JP", from_date=date(2026, 11, 20), to_date=date(2026, 11, 25))
    plan(services.db, clock, person, leg)
    assert held(services.db, person) == ("city", "JP")
    with services.db.transaction() as session:
        record_sighting(session, clock, person, lat=14.6, lon=121.0, precision="exact", source="app")
    assert held(services.db, person) == ("exact", "PH")
    assert at(services, clock, clock.now() + timedelta(hours=25), person) == ("city", "JP")


def test_a_carrier_that_places_somebody_elsewhere_ends_the_leg_for_them(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    plan(
        db,
        clock,
        person,
        LegFields(place="Tokyo", country="JP", from_date=date(2026, 11, 20), to_date=date(2026, 11, 25)),
    )
    with db.transaction() as session:
        record_sighting(session, clock, person, country="PH", precision="country", source="roaming:kt")
    assert held(db, person) == ("country", "PH")


@pytest.mark.parametrize(
    ("zone", "first", "last", "hours"),
    [
        ("Asia/Seoul", date(2026, 3, 29), date(2026, 3, 29), 24),
        ("Europe/Paris", date(2026, 3, 29), date(2026, 3, 29), 23),
        ("Europe/Paris", date(2026, 10, 25), date(2026, 10, 25), 25),
        ("Asia/Beirut", date(2026, 3, 29), date(2026, 3, 29), 23),
        ("America/Havana", date(2026, 11, 1), date(2026, 11, 1), 25),
        ("Pacific/Apia", date(2011, 12, 29), date(2011, 12, 31), 48),
        ("Pacific/Kiritimati", date(2026, 1, 1), date(2026, 1, 1), 24),
    ],
)
def test_a_day_is_as_long_as_its_place_makes_it(zone: str, first: date, last: date, hours: int) -> None:
    starts_at, ends_at = span(first, last, [zone])
    assert ends_at - starts_at == timedelta(hours=hours)
    assert starts_at.astimezone(ZoneInfo(zone)).date() == first
    assert (ends_at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() == last
    assert (starts_at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() < first


def test_a_day_that_the_date_line_swallowed_is_refused() -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        span(date(2011, 12, 30), date(2011, 12, 30), ["Pacific/Apia"])


def test_both_sides_of_the_date_line_have_their_own_day(services: Services, clock: FrozenClock) -> None:
    west, east = make_person(services.db), make_person(services.db)
    day = date(2026, 12, 24)
    plan(services.db, clock, west, LegFields(lat=1.87, lon=-157.4, country="KI", from_date=day, to_date=day))
    plan(services.db, clock, east, LegFields(lat=21.3, lon=-157.86, country="US", from_date=day, to_date=day))
    moment = datetime(2026, 12, 23, 12, tzinfo=UTC)
    assert at(services, clock, moment, west) == ("city", "KI")
    assert held(services.db, east) is None, "it is still the 23rd in Honolulu"
    assert at(services, clock, moment + timedelta(days=1), east) == ("city", "US")
    assert held(services.db, west) is None, "it is the 25th on Kiritimati already"


def test_a_country_with_several_zones_counts_from_its_first_midnight_to_its_last(
    db: Database, clock: FrozenClock
) -> None:
    leg = located_leg(LegFields(country="US", from_date=date(2026, 12, 1), to_date=date(2026, 12, 1)))
    assert leg.zone == ""
    assert leg.starts_at == midnight(date(2026, 12, 1), "America/New_York")
    assert leg.ends_at == midnight(date(2026, 12, 2), "Pacific/Honolulu")


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        ((1.87, -157.4, "KI"), "Pacific/Kiritimati"), ((1.35, 173.0, "KI"), "Pacific/Tarawa"),
        ((28.1, -15.4, "ES"), "Atlantic/Canary"), ((-80.0, 0.0, "ZZ"), "Atlantic/South_Georgia"),
        ((-27.1, -109.4, "CL"), "Pacific/Easter"),
    ],
)  # fmt: skip
def test_a_place_keeps_the_time_of_the_nearest_town_of_its_country(place: tuple[float, float, str], zone: str) -> None:
    assert zone_at(*place) == zone


def test_every_zone_of_every_country_is_known_to_the_calendar() -> None:
    for country in countries():
        for zone in zones_of(country.code):
            assert midnight(date(2026, 7, 1), zone).tzinfo is UTC


@pytest.mark.parametrize(
    ("leg", "field"),
    [
        (LegFields(place="Tokyo", from_date=date(2026, 12, 2), to_date=date(2026, 12, 1)), "legs.0.to_date"),
        (LegFields(place="Tokyo", from_date=date(2026, 1, 1), to_date=date(2036, 1, 1)), "legs.0.to_date"),
        (LegFields(place="Tokyo", from_date=date(1880, 1, 1), to_date=date(1880, 1, 1)), "legs.0.from_date"),
        (LegFields(place="Nowhereville", from_date=TOKYO.from_date, to_date=TOKYO.to_date), "legs.0.place"),
        (LegFields(country="QQ", from_date=TOKYO.from_date, to_date=TOKYO.to_date), "legs.0.country"),
        (LegFields(lat=91, lon=0, from_date=TOKYO.from_date, to_date=TOKYO.to_date), "legs.0.lat"),
        (LegFields(lat=9, from_date=TOKYO.from_date, to_date=TOKYO.to_date), "legs.0.lon"),
        (LegFields(from_date=TOKYO.from_date, to_date=TOKYO.to_date), "legs.0.place"),
        (LegFields(country="JP", means="x" * 81, from_date=TOKYO.from_date, to_date=TOKYO.to_date), "legs.0.means"),
    ],
)
def test_a_leg_that_cannot_be_is_refused_by_name(db: Database, clock: FrozenClock, leg: LegFields, field: str) -> None:
    person = make_person(db)
    with db.transaction() as session, pytest.raises(InvalidInput) as caught:
        itineraries.add(session, clock, SYSTEM, person, ItineraryFields(legs=[leg]), source="api")
    assert caught.value.field == field


def test_limits_hold(db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_person(db)
    for legs, companions, field in (
        ([], [], "legs"), ([TOKYO] * 61, [], "legs"), ([TOKYO], [CompanionFields(name="A")] * 31, "companions"),
    ):  # fmt: skip
        with db.transaction() as session, pytest.raises(InvalidInput) as caught:
            given = ItineraryFields(legs=legs, companions=companions)
            itineraries.add(session, clock, SYSTEM, person, given, source="api")
        assert caught.value.field == field
    monkeypatch.setattr(itineraries, "MAX_ITINERARIES", 1)
    plan(db, clock, person, TOKYO)
    with db.transaction() as session, pytest.raises(Refused, match="at most 1"):
        itineraries.add(session, clock, SYSTEM, person, ItineraryFields(legs=[FRANCE]), source="api")


def test_a_companion_with_a_phone_is_a_traveller_whose_place_the_legs_give(
    services: Services, clock: FrozenClock
) -> None:
    owner = make_person(services.db, language="en")
    plan(
        services.db, clock, owner, TOKYO,
        companions=[CompanionFields(name="Kim Junior", phone="+82 10-7777-0001"), CompanionFields(name="Kim Baby")],
    )  # fmt: skip
    with services.db.transaction() as session:
        companion = session.scalars(select(Traveller).where(Traveller.phone == "+821077770001")).one()
        assert (companion.name, companion.language, companion.drill) == ("Kim Junior", "en", False)
        assert [(row.name, row.traveller_id) for row in session.scalars(select(Companion).order_by(Companion.id))] == [
            ("", companion.id), ("Kim Baby", None),
        ]  # fmt: skip
    moment = datetime(2026, 12, 2, tzinfo=UTC)
    assert at(services, clock, moment, companion.id) == ("city", "JP")
    with services.db.transaction() as session:
        assert [each.traveller_id for each in itineraries.of_traveller(session, companion.id)] == [owner]


def test_a_companion_who_is_known_is_not_doubled_and_drills_stay_apart(db: Database, clock: FrozenClock) -> None:
    owner = make_person(db)
    with db.transaction() as session:
        known, drill = make_traveller(session), make_traveller(session, drill=True)
        own = session.get_one(Traveller, owner).phone
    plan(db, clock, owner, TOKYO, companions=[CompanionFields(name="Whoever", phone=known.phone)] * 2)
    with db.transaction() as session:
        assert session.scalars(select(Companion.traveller_id)).all() == [known.id]
    for phone, mend in ((drill.phone, "drills"), (own, "traveller's own"), ("12", "international form")):
        with db.transaction() as session, pytest.raises(InvalidInput, match=mend) as caught:
            given = ItineraryFields(legs=[FRANCE], companions=[CompanionFields(name="X", phone=phone)])
            itineraries.add(session, clock, SYSTEM, owner, given, source="api")
        assert caught.value.field == "companions.0.phone"


def test_of_several_people_with_one_number_the_name_decides(db: Database, clock: FrozenClock) -> None:
    owner = make_person(db)
    with db.transaction() as session:
        one = make_traveller(session, phone="+821077770009", name="Lee One")
        make_traveller(session, phone="+821077770009", name="Lee Two")
    plan(db, clock, owner, TOKYO, companions=[CompanionFields(name="Lee One", phone="+821077770009")])
    with db.transaction() as session:
        assert session.scalars(select(Companion.traveller_id)).all() == [one.id]
        given = ItineraryFields(legs=[FRANCE], companions=[CompanionFields(name="Lee", phone="+821077770009")])
        with pytest.raises(InvalidInput, match="several people"):
            itineraries.add(session, clock, SYSTEM, owner, given, source="api")


def _change(session: Session, clock: FrozenClock, journey: int, version: int, *legs: LegFields) -> Itinerary:
    return itineraries.change(session, clock, SYSTEM, journey, version=version, legs=legs, companions=[])


def test_a_change_moves_everybody_at_once_and_names_the_version_it_was_made_on(
    services: Services, clock: FrozenClock
) -> None:
    db, owner = services.db, make_person(services.db)
    journey = plan(db, clock, owner, TOKYO, companions=[CompanionFields(name="Kim", phone="+821077770001")])
    at(services, clock, datetime(2026, 12, 2, tzinfo=UTC), owner)
    with db.transaction() as session:
        companion = session.scalars(select(Companion.traveller_id)).one()
    assert companion is not None
    assert held(db, companion) == ("city", "JP")
    paris = LegFields(place="Paris", country="FR", from_date=TOKYO.from_date, to_date=TOKYO.to_date)
    with db.transaction() as session:
        _change(session, clock, journey, 1, TOKYO, paris)
        _change(session, clock, journey, 2, paris)
    assert (held(db, owner), held(db, companion)) == (("city", "FR"), None)
    with db.transaction() as session, pytest.raises(Conflict):
        _change(session, clock, journey, 2, TOKYO)


def test_deleting_a_journey_ends_it_for_all_and_leaves_what_else_is_known(db: Database, clock: FrozenClock) -> None:
    owner = make_person(db)
    here = LegFields(place="Tokyo", country="JP", from_date=date(2026, 11, 20), to_date=date(2026, 11, 25))
    journey = plan(db, clock, owner, here, companions=[CompanionFields(name="Kim", phone="+821077770001")])
    with db.transaction() as session:
        record_sighting(session, clock, owner, country="PH", precision="country", source="import")
        companion = session.scalars(select(Companion.traveller_id)).one()
    assert held(db, owner) == ("city", "JP")
    with db.transaction() as session:
        itineraries.delete(session, clock, SYSTEM, journey)
    assert (held(db, owner), held(db, companion or 0)) == (("country", "PH"), None)
    with db.transaction() as session, pytest.raises(NotFound):
        itineraries.delete(session, clock, SYSTEM, journey)


def test_the_same_reference_again_replaces_the_journey(db: Database, clock: FrozenClock) -> None:
    owner = make_person(db)
    first = plan(db, clock, owner, TOKYO, reference="PNR-1")
    assert plan(db, clock, owner, TOKYO, FRANCE, reference="PNR-1") == first
    with db.transaction() as session:
        found = itineraries.of_traveller(session, owner)
        assert [(each.version, [leg.country for leg in each.legs]) for each in found] == [(2, ["JP", "FR"])]


def test_an_erased_owners_journey_goes_on_with_the_companion_and_names_nobody(db: Database, clock: FrozenClock) -> None:
    owner = make_person(db)
    here = LegFields(place="Tokyo", country="JP", from_date=date(2026, 11, 20), to_date=date(2026, 11, 25))
    companions = [
        CompanionFields(name="Kim", phone="+821077770001"),
        CompanionFields(name="Lee", phone="+821077770002"),
    ]
    journey = plan(db, clock, owner, here, companions=companions, reference="PNR-9")
    alone = plan(db, clock, owner, FRANCE, companions=[CompanionFields(name="Baby Owner")])
    with db.transaction() as session:
        kim, lee = session.scalars(
            select(Companion.traveller_id).where(Companion.itinerary_id == journey).order_by(Companion.id)
        )
        assert kim is not None and lee is not None
        travellers.erase(session, clock, SYSTEM, owner)
    with db.transaction() as session:
        kept = itineraries.get(session, journey)
        assert (kept.traveller_id, kept.reference, [each.traveller_id for each in kept.companions]) == (
            kim,
            None,
            [lee],
        )
        assert session.get(Itinerary, alone) is None
        assert session.get_one(Position, owner).lat is None
    assert [held(db, person) for person in (kim, lee)] == [("city", "JP")] * 2
    with db.transaction() as session:
        travellers.erase(session, clock, SYSTEM, lee)
        assert itineraries.get(session, journey).companions == []
        with pytest.raises(Refused):
            itineraries.add(session, clock, SYSTEM, owner, ItineraryFields(legs=[FRANCE]), source="api")


def test_the_trail_tells_of_journeys_without_telling_where_somebody_sleeps(db: Database, clock: FrozenClock) -> None:
    owner = make_person(db)
    journey = plan(db, clock, owner, TOKYO)
    with db.transaction() as session:
        itineraries.delete(session, clock, SYSTEM, journey)
        trail = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    assert [entry.action for entry in trail] == ["itinerary.added", "itinerary.deleted"]
    assert trail[0].after == {"itinerary": journey, "legs": 1, "countries": ["JP"], "companions": 0}
