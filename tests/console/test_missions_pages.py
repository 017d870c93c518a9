"""Pages of embassies and consulates."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.db import Database
from hotline.missions.models import Mission
from tests.auth.conftest import Visitor
from tests.factories import make_mission, make_officer

MANILA = {
    "code": "manila", "name_en": "Embassy in Manila", "name_ko": "주필리핀 대사관", "country": "PH", "city": "Manila",
    "countries": "PH, PW", "emergency_phone": "+63 917 817 5703", "phone": "+63 2 8856 9210", "zone": "Asia/Manila",
    "lat": "14.55", "lon": "121.05",
}  # fmt: skip


def only_mission(db: Database) -> Mission:
    with db.transaction() as session:
        return session.scalars(select(Mission)).one()


def test_mission_is_added_with_its_numbers_as_they_are_dialled(visitor: Visitor, boss: Officer, db: Database) -> None:
    answer = visitor.post("/missions/new", MANILA)
    mission = only_mission(db)
    assert answer.location == f"/missions/{mission.id}"
    assert (mission.emergency_phone, mission.countries, mission.lat) == ("+639178175703", ["PH", "PW"], 14.55)
    page = visitor.get(answer.location).get_data(as_text=True)
    assert "+63 917 817 5703" in page
    assert "Palau" in page


def test_country_it_stands_in_is_always_one_it_looks_after(visitor: Visitor, boss: Officer, db: Database) -> None:
    visitor.post("/missions/new", MANILA | {"countries": "PW"})
    assert only_mission(db).countries == ["PH", "PW"]


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("emergency_phone", "12", "This number cannot be dialled"),
        ("lat", "north", "Write degrees from -90 to 90"),
        ("lat", "nan", "Write degrees from -90 to 90"),
        ("lon", "181", "Write degrees from -180 to 180"),
        ("zone", "Asia/Nowhere", "Choose a zone from the list"),
        ("countries", "PH, XXX", "Use country codes of two letters"),
        ("country", "", "Choose the country"),
        ("name_ko", " ", "Give the name in 1 to 160 characters"),
        ("code", "Not A Code", "Use 2 to 40 small letters"),
    ],
)
def test_fault_is_explained_beside_its_field_and_the_input_stays(
    visitor: Visitor, boss: Officer, field: str, value: str, text: str
) -> None:
    answer = visitor.post("/missions/new", MANILA | {field: value})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert text in page
    assert f'id="field-{field}-error"' in page
    assert "Embassy in Manila" in page


def test_second_mission_cannot_take_the_code_of_the_first(visitor: Visitor, boss: Officer, db: Database) -> None:
    visitor.post("/missions/new", MANILA)
    answer = visitor.post("/missions/new", MANILA | {"name_en": "Another"})
    assert answer.status_code == 422
    assert "already a mission with this code" in answer.get_data(as_text=True)
    assert only_mission(db).name_en == "Embassy in Manila"


def test_mission_is_changed_closed_and_reopened_with_everything_kept(
    visitor: Visitor, boss: Officer, db: Database
) -> None:
    visitor.post("/missions/new", MANILA)
    mission_id = only_mission(db).id
    visitor.post(f"/missions/{mission_id}/edit", MANILA | {"city": "Taguig"})
    visitor.post(f"/missions/{mission_id}/close")
    assert only_mission(db).closed_at is not None
    assert "주필리핀" not in visitor.get("/missions").get_data(as_text=True)
    visitor.post(f"/missions/{mission_id}/reopen")
    mission = only_mission(db)
    assert (mission.closed_at, mission.city, mission.countries) == (None, "Taguig", ["PH", "PW"])


@pytest.mark.parametrize("wanted", ["manila", "MAN", "필리핀", "Philippines", "palau", "embassy manila", "ph"])
def test_mission_is_found_by_name_city_country_or_code(
    visitor: Visitor, boss: Officer, db: Database, wanted: str
) -> None:
    with db.transaction() as session:
        make_mission(session, code="manila", countries=["PH", "PW"])
        make_mission(
            session,
            code="tokyo",
            name_en="Embassy in Tokyo",
            name_ko="주일본 대사관",
            country="JP",
            countries=["JP"],
            city="Tokyo",
        )
    page = visitor.get("/missions", query_string={"q": wanted}).get_data(as_text=True)
    assert "Embassy in Manila" in page
    assert "Embassy in Tokyo" not in page


def test_names_and_countries_are_in_the_readers_language_and_the_time_is_the_missions(
    visitor: Visitor, boss: Officer, db: Database
) -> None:
    with db.transaction() as session:
        make_mission(session)
    visitor.post("/language", {"language": "ko"})
    page = visitor.get("/missions").get_data(as_text=True)
    assert "주필리핀 대사관" in page
    assert "필리핀" in page
    assert "11:00 UTC+8" in page


def test_officer_who_may_only_read_changes_nothing(visitor: Visitor, db: Database) -> None:
    with db.transaction() as session:
        make_officer(session, name="cashier", roles=("cashier",))
        mission_id = make_mission(session).id
    visitor.sign_in("cashier")
    assert visitor.get(f"/missions/{mission_id}").status_code == 200
    assert "/edit" not in visitor.get(f"/missions/{mission_id}").get_data(as_text=True)
    for path in ("new", f"{mission_id}/edit", f"{mission_id}/close", f"{mission_id}/reopen"):
        assert visitor.post(f"/missions/{path}", MANILA).status_code == 403
