"""`/api/v1/travellers/{id}/itineraries` and `…/positions`: the contract that other systems rely on, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import InvalidInput, Refused
from hotline.people import travellers
from hotline.people.checkin import check_in
from tests.factories import make_officer, make_token, make_traveller
from tests.people.test_sightings import held, make_person

LEG = {"from_date": "2026-11-20", "to_date": "2026-11-25", "place": "Tokyo", "country": "JP", "means": "KE 701"}


def _bearer(db: Database, role: str) -> dict[str, str]:
    with db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=(role,)))}"}


@pytest.fixture
def author(db: Database) -> dict[str, str]:
    return _bearer(db, "author")


def test_a_journey_is_added_shown_changed_and_deleted(
    client: FlaskClient, db: Database, author: dict[str, str]
) -> None:
    person = make_person(db)
    path = f"/api/v1/travellers/{person}/itineraries"
    given = {"legs": [LEG], "companions": [{"name": "Kim", "phone": "+821077770001"}, {"name": "Baby"}]}
    made = client.post(path, json=given, headers=author)
    assert made.status_code == 201, made.text
    body = made.get_json()
    leg = body["legs"][0]
    assert (leg["precision"], leg["zone"], leg["starts_at"], leg["ends_at"]) == (
        "city", "Asia/Tokyo", "2026-11-19T15:00:00+00:00", "2026-11-25T15:00:00+00:00",
    )  # fmt: skip
    kim, baby = body["companions"]
    assert (kim["name"], baby["name"], baby["traveller_id"]) == ("Kim", "Baby", None)
    assert held(db, person) == ("city", "JP") == held(db, kim["traveller_id"])
    assert client.get(made.headers["Location"], headers=author).get_json() == body
    assert client.get(path, headers=author).get_json()["itineraries"] == [body]
    theirs = client.get(f"/api/v1/travellers/{kim['traveller_id']}/itineraries", headers=author).get_json()
    assert [each["traveller_id"] for each in theirs["itineraries"]] == [person]

    one = f"{path}/{body['id']}"
    changed = client.patch(one, json={"version": 1, "legs": [LEG | {"place": "Osaka"}]}, headers=author)
    assert (changed.status_code, changed.get_json()["version"]) == (200, 2)
    assert changed.get_json()["companions"] == body["companions"], "what is left out stays"
    stale = client.patch(one, json={"version": 1, "companions": []}, headers=author)
    assert (stale.status_code, stale.get_json()["code"]) == (409, "version-conflict")
    assert client.delete(one, headers=author).status_code == 204
    assert client.get(one, headers=author).status_code == 404
    assert held(db, person) is None


def test_the_same_reference_replaces_the_journey_and_says_so(
    client: FlaskClient, db: Database, author: dict[str, str]
) -> None:
    path = f"/api/v1/travellers/{make_person(db)}/itineraries"
    first = client.post(path, json={"reference": "PNR", "legs": [LEG]}, headers=author)
    again = client.post(path, json={"reference": "PNR", "legs": [LEG]}, headers=author)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json()["id"] == again.get_json()["id"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"legs": []}, "legs"),
        ({"legs": [LEG | {"from_date": "tomorrow"}]}, "legs.0.from_date"),
        ({"legs": [LEG | {"to_date": "2026-11-01"}]}, "legs.0.to_date"),
        ({"legs": [LEG | {"place": "Xyzzyville"}]}, "legs.0.place"),
        ({"legs": [LEG | {"seat": "12A"}]}, "legs.0.seat"),
        ({"legs": [LEG] * 61}, "legs"),
        ({"legs": [LEG], "companions": [{"name": "Kim", "phone": "77"}]}, "companions.0.phone"),
        ({"legs": [LEG], "companions": [{"name": " "}]}, "companions.0.name"),
    ],
)
def test_what_cannot_be_used_is_named(
    client: FlaskClient, db: Database, author: dict[str, str], given: dict[str, Any], field: str
) -> None:
    answer = client.post(f"/api/v1/travellers/{make_person(db)}/itineraries", json=given, headers=author)
    assert answer.status_code == 422, answer.text
    body = answer.get_json()
    assert field in (body.get("field"), *(fault["field"] for fault in body.get("errors", body.get("faults", [])))), body


def test_a_journey_is_found_only_beneath_its_own_traveller(
    client: FlaskClient, db: Database, author: dict[str, str]
) -> None:
    owner, other = make_person(db), make_person(db)
    made = client.post(f"/api/v1/travellers/{owner}/itineraries", json={"legs": [LEG]}, headers=author).get_json()
    foreign = f"/api/v1/travellers/{other}/itineraries/{made['id']}"
    assert client.get(foreign, headers=author).status_code == 404
    assert client.delete(foreign, headers=author).status_code == 404
    assert client.patch(foreign, json={"version": 1, "companions": []}, headers=author).status_code == 404
    assert client.get("/api/v1/travellers/999999/itineraries", headers=author).status_code == 404


def test_journeys_need_the_permissions_of_travellers(client: FlaskClient, db: Database) -> None:
    person = make_person(db)
    path = f"/api/v1/travellers/{person}/itineraries"
    assert client.post(path, json={"legs": [LEG]}, headers=_bearer(db, "auditor")).status_code == 403
    assert client.post(path, json={"legs": [LEG]}).status_code == 401
    assert client.get(path).status_code == 401


def test_what_each_source_knows_is_shown_the_latest_first(
    client: FlaskClient, db: Database, author: dict[str, str], clock: FrozenClock
) -> None:
    path = f"/api/v1/travellers/{make_person(db)}/positions"
    earlier = (clock.now() - timedelta(hours=2)).isoformat()
    exact = {"lat": 14.6, "lon": 121.0, "source": "app", "observed_at": earlier}
    assert client.post(path, json=exact, headers=author).get_json()["taken"] is True
    country = {"lat": 14.6, "lon": 121.0, "precision": "country", "source": "registration"}
    behind = client.post(path, json=country, headers=author).get_json()
    assert (behind["taken"], behind["position"]["precision"]) == (False, "exact")
    shown = client.get(path, headers=author).get_json()["sightings"]
    assert [(each["precision"], each["source"], each["country"]) for each in shown] == [
        ("country", "registration", "PH"), ("exact", "app", "PH"),
    ]  # fmt: skip
    assert shown[1]["valid_until"] == (clock.now() + timedelta(hours=22)).isoformat()


@pytest.mark.parametrize(("accuracy_m", "precision"), [(0, "exact"), (3000, "exact"), (3001, "city"), (50_000, "city")])
def test_a_check_in_is_as_exact_as_the_phone_says(
    db: Database, clock: FrozenClock, accuracy_m: float, precision: str
) -> None:
    person = make_person(db)
    with db.transaction() as session:
        position = check_in(session, clock, SYSTEM, person, lat=14.6, lon=121.0, accuracy_m=accuracy_m)
        assert position is not None
        assert (position.precision, position.country, position.source) == (precision, "PH", "checkin")
        assert position.valid_until is not None and position.valid_until > clock.now()


@pytest.mark.parametrize(
    ("lat", "lon", "accuracy_m", "field"),
    [
        (91, 0, 10, "lat"), (10, 181, 10, "lon"), (float("nan"), 1, 10, "lat"), (0.0, 0.0, 10, "lat"),
        (14.6, 121.0, 50_001, "accuracy_m"), (14.6, 121.0, -1, "accuracy_m"), (14.6, 121.0, float("inf"), "accuracy_m"),
    ],
)  # fmt: skip
def test_a_check_in_that_is_no_place_is_refused(
    db: Database, clock: FrozenClock, lat: float, lon: float, accuracy_m: float, field: str
) -> None:
    person = make_person(db)
    with db.transaction() as session, pytest.raises(InvalidInput) as caught:
        check_in(session, clock, SYSTEM, person, lat=lat, lon=lon, accuracy_m=accuracy_m)
    assert caught.value.field == field
    assert held(db, person) is None


def test_an_old_or_late_check_in_does_not_overwrite_a_fresher_one(db: Database, clock: FrozenClock) -> None:
    person = make_person(db)
    with db.transaction() as session:
        check_in(session, clock, SYSTEM, person, lat=35.7, lon=139.7, accuracy_m=10)
        late = clock.now() - timedelta(hours=1)
        check_in(session, clock, SYSTEM, person, lat=14.6, lon=121.0, accuracy_m=10, observed_at=late)
    assert held(db, person) == ("exact", "JP")


def test_an_erased_person_cannot_check_in(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        person = make_traveller(session)
        travellers.erase(session, clock, SYSTEM, person.id)
        with pytest.raises(Refused):
            check_in(session, clock, SYSTEM, person.id, lat=35.7, lon=139.7, accuracy_m=10)
