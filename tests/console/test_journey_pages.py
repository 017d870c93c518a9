"""Journeys on a traveller's page: shown, added, changed and deleted without any script."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.people import itineraries
from hotline.people.itineraries import CompanionFields, ItineraryFields
from hotline.people.legs import LegFields
from hotline.people.models import Companion, Itinerary
from hotline.people.placing import record_sighting
from tests.auth.conftest import Visitor
from tests.factories import make_officer
from tests.people.test_sightings import held, make_person

TOKYO = {
    "leg-1-from_date": "2026-11-20", "leg-1-to_date": "2026-11-25", "leg-1-place": "Tokyo", "leg-1-country": "JP",
    "leg-1-means": "KE 701",
}  # fmt: skip
ROWS = {"legs": "3", "companions": "2"}


@pytest.fixture
def author(db: Database, visitor: Visitor) -> Officer:
    """Return an author who is signed in as the visitor."""
    with db.transaction() as session:
        made = make_officer(session, name="author", roles=("author",))
    visitor.sign_in("author")
    return made


def only_journey(db: Database) -> Itinerary:
    with db.transaction() as session:
        return session.scalars(select(Itinerary)).one()


def test_a_journey_is_added_with_its_companions_and_shown(visitor: Visitor, author: Officer, db: Database) -> None:
    person = make_person(db, name="김하늘")
    page = visitor.get(f"/travellers/{person}").get_data(as_text=True)
    assert "No journey is known" in page
    companion = {"companion-1-name": "김바다", "companion-1-phone": "+82 10-7777-0001"}
    answer = visitor.post(f"/travellers/{person}/journeys/new", ROWS | TOKYO | companion)
    assert answer.location == f"/travellers/{person}"
    assert held(db, person) == ("city", "JP")
    page = visitor.get(answer.location).get_data(as_text=True)
    for shown in ("2026-11-20 – 2026-11-25", "Tokyo, Japan", "counts now", "KE 701", "김바다"):
        assert shown in page
    with db.transaction() as session:
        fellow = session.scalars(select(Companion.traveller_id)).one()
    theirs = visitor.get(f"/travellers/{fellow}").get_data(as_text=True)
    assert "Goes along with" in theirs and "김하늘" in theirs and "counts now" in theirs
    assert "/journeys/" not in theirs.replace("journeys/new", ""), "only its owner's page changes a journey"


@pytest.mark.parametrize(
    ("change", "field", "text"),
    [
        ({"leg-1-from_date": ""}, "leg-1-from_date", "Give the first day"),
        ({"leg-1-to_date": "2026-11-01"}, "leg-1-to_date", "Give the last day"),
        ({"leg-1-place": "Xyzzyville"}, "leg-1-place", "This city is not known"),
        ({"companion-1-name": "Kim", "companion-1-phone": "12"}, "companion-1-phone", "This number cannot be used"),
        ({"companion-0-phone": "+821077770001"}, "companion-0-name", "Give the name"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_typed_is_lost(
    visitor: Visitor, author: Officer, db: Database, change: dict[str, str], field: str, text: str
) -> None:
    person = make_person(db)
    answer = visitor.post(f"/travellers/{person}/journeys/new", ROWS | TOKYO | change)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert text in page and f'id="field-{field}-error"' in page
    assert 'value="KE 701"' in page
    with db.transaction() as session:
        assert session.scalars(select(Itinerary)).all() == []


def test_more_rows_keep_what_was_typed_and_save_nothing(visitor: Visitor, author: Officer, db: Database) -> None:
    person = make_person(db)
    page = visitor.post(f"/travellers/{person}/journeys/new", ROWS | TOKYO | {"more": "1"})
    assert page.status_code == 200
    assert 'name="leg-5-place"' in page.get_data(as_text=True) and 'value="Tokyo"' in page.get_data(as_text=True)
    empty = visitor.post(f"/travellers/{person}/journeys/new", {"legs": "999999", "companions": "-3"})
    assert "A journey has at least one leg." in empty.get_data(as_text=True)
    with db.transaction() as session:
        assert session.scalars(select(Itinerary)).all() == []


def test_a_change_is_made_on_the_version_that_was_read(
    visitor: Visitor, author: Officer, db: Database, clock: FrozenClock
) -> None:
    person = make_person(db)
    with db.transaction() as session:
        hotel = LegFields(
            place="Hotel by the sea", lat=10.3, lon=123.9, from_date=date(2026, 11, 20), to_date=date(2026, 11, 25)
        )
        given = ItineraryFields(legs=[hotel], companions=[CompanionFields(name="Kim", phone="+821077770001")])
        journey = itineraries.add(session, clock, SYSTEM, person, given, source="api").id
    path = f"/travellers/{person}/journeys/{journey}"
    page = visitor.get(path).get_data(as_text=True)
    assert 'value="Hotel by the sea"' in page and 'value="+821077770001"' in page
    kept = {
        "version": "1", "legs": "1", "companions": "0", "leg-0-from_date": "2026-11-20", "leg-0-to_date": "2026-11-26",
        "leg-0-place": "Hotel by the sea", "leg-0-country": "PH", "leg-0-lat": "10.3", "leg-0-lon": "123.9",
        "leg-0-named": "Hotel by the sea|PH",
    }  # fmt: skip
    assert visitor.post(path, kept).status_code == 302
    changed = only_journey(db)
    assert (changed.version, changed.legs[0].last_date, changed.legs[0].lat) == (2, date(2026, 11, 26), 10.3)
    assert changed.companions == []
    stale = visitor.post(path, kept)
    assert stale.status_code == 422
    renamed = visitor.post(path, kept | {"version": "2", "leg-0-place": "Davao"})
    assert renamed.status_code == 302
    assert round(only_journey(db).legs[0].lat) == 7, "another name is another place"


def test_deleting_ends_the_journey(visitor: Visitor, author: Officer, db: Database) -> None:
    person = make_person(db)
    visitor.post(f"/travellers/{person}/journeys/new", ROWS | TOKYO)
    visitor.post(f"/travellers/{person}/journeys/{only_journey(db).id}/delete", {})
    assert held(db, person) is None


def test_a_journey_is_found_beneath_its_own_traveller_alone(visitor: Visitor, author: Officer, db: Database) -> None:
    person, other = make_person(db), make_person(db)
    visitor.post(f"/travellers/{person}/journeys/new", ROWS | TOKYO)
    foreign = f"/travellers/{other}/journeys/{only_journey(db).id}"
    assert visitor.get(foreign).status_code == 404
    assert visitor.post(foreign, ROWS | TOKYO).status_code == 404
    assert visitor.post(f"{foreign}/delete", {}).status_code == 404


def test_what_each_source_knows_stands_on_the_page(
    visitor: Visitor, author: Officer, db: Database, clock: FrozenClock
) -> None:
    person = make_person(db)
    with db.transaction() as session:
        record_sighting(session, clock, person, country="PH", precision="country", source="roaming:kt")
    page = visitor.get(f"/travellers/{person}").get_data(as_text=True)
    assert "What each source last knew" in page and "roaming:kt" in page


def test_whoever_only_reads_cannot_change_journeys(visitor: Visitor, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="reader", roles=("approver",))
    visitor.sign_in("reader")
    person = make_person(db)
    assert visitor.get(f"/travellers/{person}/journeys/new").status_code == 403
