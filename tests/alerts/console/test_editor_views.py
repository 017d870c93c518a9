"""What the editor's script is answered: saving, conflicts, counting, previews, and limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.models import Alert
from hotline.core.db import Database
from tests.alerts.console.conftest import Officials
from tests.factories import SQUARE, make_traveller

TEXT = {"en": "Flood in {place} {time}. Call {hotline}"}


def test_save_changes_only_what_was_sent(
    officials: Officials, add: Callable[..., int], stored: Callable[[int], Alert]
) -> None:
    alert_id = add(place="Manila")
    answer = officials.send_json("author", f"/alerts/{alert_id}/save", {"version": 1, "changes": {"headline": "New"}})
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["version"] == 2
    assert (stored(alert_id).headline, stored(alert_id).place) == ("New", "Manila")


def test_save_on_an_old_version_is_a_conflict_and_changes_nothing(
    officials: Officials, add: Callable[..., int], stored: Callable[[int], Alert]
) -> None:
    alert_id = add(version=3)
    answer = officials.send_json("author", f"/alerts/{alert_id}/save", {"version": 2, "changes": {"headline": "Mine"}})
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "version-conflict"
    assert stored(alert_id).headline != "Mine"


def test_times_are_in_the_zone_of_the_officer(
    officials: Officials, add: Callable[..., int], stored: Callable[[int], Alert]
) -> None:
    alert_id = add()
    changes = {"expires": "2026-11-22T09:30", "onset": ""}
    answer = officials.send_json("author", f"/alerts/{alert_id}/save", {"version": 1, "changes": changes})
    assert answer.status_code == 200
    assert stored(alert_id).expires == datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    assert answer.json is not None
    assert answer.json["expires"] == "2026-11-22T09:30"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"headline": ""}, "headline"),
        ({"expires": ""}, "expires"),
        ({"expires": "tomorrow"}, "expires"),
        ({"severity": "Very"}, "severity"),
        ({"areas": [{"polygons": [[[1, 2], [3, 4]]]}]}, "areas[0].polygons[0]"),
        ({"texts": {"en": "x" * 1601}}, "texts.en"),
        ({"mission_id": 999}, "mission_id"),
    ],
)
def test_fault_of_a_field_is_named(
    officials: Officials, add: Callable[..., int], changes: dict[str, Any], field: str
) -> None:
    answer = officials.send_json("author", f"/alerts/{add()}/save", {"version": 1, "changes": changes})
    assert answer.status_code == 422
    assert answer.json is not None
    assert [fault["path"] for fault in answer.json["errors"]] == [field]
    assert answer.json["errors"][0]["mend"]


@pytest.mark.parametrize("body", [None, [], {"version": "1", "changes": {}}, {"version": 1, "changes": 5}])
def test_save_refuses_what_no_page_sends(officials: Officials, add: Callable[..., int], body: object) -> None:
    assert officials.send_json("author", f"/alerts/{add()}/save", body).status_code == 422


def test_alert_that_is_no_draft_cannot_be_saved(officials: Officials, add: Callable[..., int]) -> None:
    alert_id = add(state="submitted")
    answer = officials.send_json("author", f"/alerts/{alert_id}/save", {"version": 1, "changes": {"headline": "x"}})
    assert answer.status_code == 409
    assert answer.json is not None
    assert "Waiting for approval" in answer.json["detail"]
    assert officials["author"].get(f"/alerts/{alert_id}/edit").location == f"/alerts/{alert_id}"


def test_count_splits_the_people_inside(officials: Officials, db: Database, mission_id: int) -> None:
    with db.transaction() as session:
        make_traveller(session, language="ko")
        make_traveller(session, language="en", precision="city")
        make_traveller(session, lat=50.0, lon=50.0)
        make_traveller(session, drill=True)
    answer = officials.send_json("author", "/alerts/count", {"areas": SQUARE, "drill": False})
    assert answer.json is not None
    assert answer.json["total"] == 2
    assert [(row["key"], row["people"]) for row in answer.json["by_language"]] == [("en", 1), ("ko", 1)]
    assert [row["name"] for row in answer.json["by_country"]] == ["Philippines"]
    assert answer.json["mission_id"] == mission_id
    drill = officials.send_json("author", "/alerts/count", {"areas": SQUARE, "drill": True})
    assert drill.json is not None
    assert drill.json["total"] == 1
    assert drill.json["note"]


def test_count_of_a_bad_area_names_the_fault(officials: Officials) -> None:
    circle = {"center": [100, 0], "radius_km": 5}
    answer = officials.send_json("author", "/alerts/count", {"areas": [{"circles": [circle]}]})
    assert answer.status_code == 422


def test_preview_fills_counts_and_offers(officials: Officials, add: Callable[..., int], mission_id: int) -> None:
    body = {"texts": {"en": "Flood in {place}, {time} – {mission_phone}"}, "place": "Cebu", "mission_id": mission_id}
    answer = officials.send_json("author", f"/alerts/{add()}/preview", body | {"audience": 10, "languages": {"en": 10}})
    assert answer.json is not None
    text = answer.json["texts"][0]
    assert text["filled"].startswith("Flood in Cebu, 21 Nov 11:00")
    assert text["encoding"] == "UCS-2"
    assert text["filled"][text["offenders"][0]] == "–"
    assert text["offer"] == "Flood in {place}, {time} - {mission_phone}"


def test_preview_keeps_what_cannot_be_filled_yet(officials: Officials, add: Callable[..., int]) -> None:
    answer = officials.send_json("author", f"/alerts/{add()}/preview", {"texts": {"en": "{place} {mission} {time}"}})
    assert answer.json is not None
    text = answer.json["texts"][0]
    assert text["filled"] is None
    assert text["half"].startswith("Manila {mission} 21 Nov")
    assert [problem["code"] for problem in text["problems"] if problem["refuse"]] == ["missing_value"]
    assert answer.json["cost"] == ""


@pytest.mark.parametrize("texts", [None, {"en": "x" * 6401}, {str(number): "x" for number in range(13)}])
def test_preview_has_limits(officials: Officials, add: Callable[..., int], texts: object) -> None:
    assert officials.send_json("author", f"/alerts/{add()}/preview", {"texts": texts}).status_code == 422


def test_ready_names_everything_that_is_missing(officials: Officials, add: Callable[..., int]) -> None:
    alert_id = add(areas=[], texts={"en": "Flood"}, expires=datetime(2026, 11, 21, 2, tzinfo=UTC))
    answer = officials["author"].get(f"/alerts/{alert_id}/ready", headers={"Accept": "application/json"})
    assert answer.json is not None
    paths = {fault["path"] for fault in answer.json["faults"]}
    assert {"areas", "expires", "texts.en"} <= paths


def test_faults_speak_korean_to_a_korean_officer(officials: Officials, add: Callable[..., int]) -> None:
    alert_id = add(areas=[])
    visitor = officials["author"]
    visitor.post("/language", {"language": "ko", "next": "/"})
    answer = visitor.get(f"/alerts/{alert_id}/ready", headers={"Accept": "application/json"})
    assert answer.json is not None
    assert answer.json["faults"][0]["mend"] == "구역을 그리세요. 구역이 없으면 보내지 않습니다."


def test_places_cities_and_countries_are_found_by_name(officials: Officials) -> None:
    found = officials["author"].get("/alerts/map/places?q=mani").json
    assert found is not None
    assert any(place["kind"] == "city" and place["name"] == "Manila" for place in found["places"])
    korean = officials["author"].get("/alerts/map/places?q=일본").json
    assert korean is not None
    assert korean["places"][0]["code"] == "JP"
    area = officials["author"].get("/alerts/map/countries/JP").json
    assert area is not None
    assert area["areas"][0]["description"] == "Japan"
    assert officials["author"].get("/alerts/map/countries/QQ").status_code == 404


def test_map_names_cities_on_both_sides_of_the_date_line(officials: Officials) -> None:
    answer = officials["author"].get("/alerts/map/cities?south=-25&north=-10&west=175&east=192&zoom=5").json
    assert answer is not None
    names = {city["name"] for city in answer["cities"]}
    assert {"Suva", "Apia"} <= names
    assert officials["author"].get("/alerts/map/cities?south=x&north=1&west=1&east=2").status_code == 422


def test_heat_has_no_cells_before_the_index_is_loaded(officials: Officials, services: Any) -> None:
    services.rooms.pop("positions", None)
    answer = officials["author"].get("/alerts/map/heat?south=-90&north=90&west=-180&east=180").json
    assert answer == {"cells": [], "loaded": False}


@pytest.mark.parametrize("path", ["/alerts/1/edit", "/alerts/1/draft.json", "/alerts/1/ready", "/alerts/new"])
def test_only_authors_reach_the_editor(officials: Officials, add: Callable[..., int], path: str) -> None:
    add()
    assert officials["approver"].get(path).status_code == 403


def test_editor_page_carries_the_draft_and_no_inline_script(officials: Officials, add: Callable[..., int]) -> None:
    alert_id = add(headline="</script><b>x", texts=TEXT)
    page = officials["author"].get(f"/alerts/{alert_id}/edit").get_data(as_text=True)
    assert "</script><b>x" not in page
    assert " style=" not in page
    assert "onclick=" not in page
