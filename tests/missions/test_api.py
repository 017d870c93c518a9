"""`/api/v1/missions`: the contract, and who may do what."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.auth.permissions import ROLES
from hotline.core.db import Database
from tests.factories import make_mission, make_officer, make_token

MANILA = {
    "code": "manila", "name_en": "Embassy in Manila", "name_ko": "주필리핀 대사관", "country": "ph", "city": "Manila",
    "lat": 14.55, "lon": 121.05, "zone": "Asia/Manila", "phone": "+63 2 8555 0100", "emergency_phone": "+639175550100",
    "countries": ["PH", "PW"],
}  # fmt: skip


def _bearer(db: Database, role: str) -> dict[str, str]:
    with db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=(role,)))}"}


@pytest.fixture
def administrator(db: Database) -> dict[str, str]:
    return _bearer(db, "administrator")


def test_a_mission_is_created_shown_and_listed(client: FlaskClient, administrator: dict[str, str]) -> None:
    answer = client.post("/api/v1/missions", json=MANILA, headers=administrator)
    assert answer.status_code == 201
    body = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/missions/{body['id']}"
    assert (body["country"], body["countries"], body["phone"]) == ("PH", ["PH", "PW"], "+63285550100")
    assert client.get(f"/api/v1/missions/{body['id']}", headers=administrator).get_json() == body
    assert client.get("/api/v1/missions", headers=administrator).get_json()["missions"] == [body]
    assert client.get("/api/v1/missions?country=pw", headers=administrator).get_json()["missions"] == [body]
    assert client.get("/api/v1/missions?country=JP", headers=administrator).get_json()["missions"] == []


def test_the_same_code_again_brings_the_mission_up_to_date(client: FlaskClient, administrator: dict[str, str]) -> None:
    first = client.post("/api/v1/missions", json=MANILA, headers=administrator).get_json()
    again = client.post("/api/v1/missions", json={**MANILA, "city": "Taguig"}, headers=administrator)
    assert again.status_code == 200
    assert (again.get_json()["id"], again.get_json()["city"]) == (first["id"], "Taguig")


def test_closing_hides_and_reopening_shows(client: FlaskClient, administrator: dict[str, str]) -> None:
    path = f"/api/v1/missions/{client.post('/api/v1/missions', json=MANILA, headers=administrator).get_json()['id']}"
    assert client.patch(path, json={"closed": True}, headers=administrator).get_json()["closed_at"] is not None
    assert client.get("/api/v1/missions", headers=administrator).get_json()["missions"] == []
    assert len(client.get("/api/v1/missions?closed=1", headers=administrator).get_json()["missions"]) == 1
    assert client.patch(path, json={"closed": False}, headers=administrator).get_json()["closed_at"] is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "Manila Embassy"}, "code"), ({"country": "XX"}, "country"), ({"countries": ["PH", "ZZ"]}, "countries"),
        ({"lat": 90.1}, "lat"), ({"lon": -181}, "lon"), ({"zone": "Manila"}, "zone"), ({"phone": "404"}, "phone"),
        ({"emergency_phone": "none"}, "emergency_phone"), ({"name_ko": ""}, "name_ko"), ({"name_en": "x" * 161}, "name_en"),
        ({"city": "a\u0000b"}, "city"), ({"opened": 1}, "opened"), ({"countries": ["PH"] * 31}, "countries"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_named(
    client: FlaskClient, administrator: dict[str, str], given: dict[str, Any], field: str
) -> None:
    answer = client.post("/api/v1/missions", json={**MANILA, **given}, headers=administrator)
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_may_do_what_its_permissions_say_and_nothing_else(
    client: FlaskClient, db: Database, role: str
) -> None:
    headers = _bearer(db, role)
    with db.transaction() as session:
        mission_id = make_mission(session).id
    calls = [
        ("GET", "/api/v1/missions", None, "missions.read"),
        ("GET", f"/api/v1/missions/{mission_id}", None, "missions.read"),
        ("POST", "/api/v1/missions", MANILA, "missions.write"),
        ("PATCH", f"/api/v1/missions/{mission_id}", {"city": "Pasay"}, "missions.write"),
    ]
    for method, path, body, permission in calls:
        answer = client.open(path, method=method, headers=headers, json=body)
        if permission in ROLES[role]:
            assert answer.status_code in (200, 201), f"{role} {method} {path}: {answer.text}"
        else:
            assert (answer.status_code, answer.get_json()["code"]) == (403, "no-permission")


def test_what_is_not_there_is_a_problem_document(client: FlaskClient, administrator: dict[str, str]) -> None:
    for method in ("GET", "PATCH"):
        answer = client.open("/api/v1/missions/999999", method=method, headers=administrator, json={"city": "X"})
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_days_in_a_row_get_hours_of_their_own_by_one_call(client: FlaskClient, administrator: dict[str, str]) -> None:
    made = client.post("/api/v1/missions", json=MANILA, headers=administrator).get_json()
    where = f"/api/v1/missions/{made['id']}/exceptions"
    given = {"hours": "off", "note": "moving house", "last_day": "2026-12-31"}
    told = client.put(f"{where}/2026-12-24", json=given, headers=administrator).get_json()
    assert [each["day"] for each in told["exceptions"]] == [f"2026-12-{day}" for day in range(24, 32)]
    for last in ("2026-12-23", "2027-03-26"):
        answer = client.put(f"{where}/2026-12-24", json=given | {"last_day": last}, headers=administrator)
        (fault,) = answer.get_json()["errors"]
        assert (answer.status_code, fault["field"]) == (422, "last_day") and last in fault["value"] and fault["mend"]
    answer = client.put(f"{where}/2026-12-24", json=given | {"last_day": "soon"}, headers=administrator)
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "last_day")
    assert client.delete(f"{where}/2026-12-24?last_day=x", headers=administrator).status_code == 422
    told = client.delete(f"{where}/2026-12-24?last_day=2026-12-28", headers=administrator).get_json()
    assert [each["day"] for each in told["exceptions"]] == ["2026-12-29", "2026-12-30", "2026-12-31"]
    assert client.delete(f"{where}/2026-12-24", headers=administrator).status_code == 404
    assert len(client.delete(f"{where}/2026-12-29", headers=administrator).get_json()["exceptions"]) == 2
