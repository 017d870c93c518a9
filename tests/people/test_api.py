"""`/api/v1/travellers`: the contract that other systems rely on, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.auth.permissions import ROLES
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from tests.factories import make_officer, make_token, make_traveller

NEW = {"name": "홍길동", "phone": "010-2000-0001", "language": "ko", "reference": "A-1"}
OBSERVED = "2026-11-21T02:00:00+00:00"


def _bearer(db: Database, role: str) -> dict[str, str]:
    with db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=(role,)))}"}


@pytest.fixture
def author(db: Database) -> dict[str, str]:
    return _bearer(db, "author")


def _create(client: FlaskClient, headers: dict[str, str], **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/travellers", json={**NEW, "phone": "+821020000001", **more}, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def _problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = answer.get_json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    return body


def test_a_new_traveller_is_created_with_a_position(client: FlaskClient, author: dict[str, str]) -> None:
    position = {"lat": 14.5, "lon": 121.0, "precision": "city", "observed_at": OBSERVED, "valid_until": None}
    answer = client.post(
        "/api/v1/travellers", json={**NEW, "phone": "+82 10-2000-0001", "position": position}, headers=author
    )
    assert answer.status_code == 201
    body = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/travellers/{body['id']}"
    assert (body["phone"], body["phone_region"], body["name"]) == ("+821020000001", "KR", "홍길동")
    assert body["position"] == {
        "lat": 14.5, "lon": 121.0, "country": "PH", "precision": "city", "source": "api",
        "observed_at": OBSERVED, "valid_until": "2026-12-21T02:00:00+00:00",
    }  # fmt: skip
    assert client.get(f"/api/v1/travellers/{body['id']}", headers=author).get_json() == body


def test_a_position_may_lie_flat_beside_the_name(client: FlaskClient, author: dict[str, str]) -> None:
    body = _create(client, author, lat=-17.8, lon=-179.99, valid_until="2027-01-01T00:00:00+09:00")
    assert (body["position"]["country"], body["position"]["precision"]) == ("FJ", "exact")
    assert body["position"]["valid_until"] == "2026-12-31T15:00:00+00:00"


def test_a_position_given_twice_is_refused(client: FlaskClient, author: dict[str, str]) -> None:
    given = {**NEW, "phone": "+821020000001", "lat": 1, "lon": 1, "position": {"lat": 2, "lon": 2}}
    _problem(client.post("/api/v1/travellers", json=given, headers=author), 422)


def test_the_same_reference_again_brings_the_traveller_up_to_date(client: FlaskClient, author: dict[str, str]) -> None:
    first = _create(client, author)
    answer = client.post(
        "/api/v1/travellers", json={**NEW, "phone": "+821020000002", "name": "홍 길동"}, headers=author
    )
    assert answer.status_code == 200
    assert (answer.get_json()["id"], answer.get_json()["phone"]) == (first["id"], "+821020000002")
    assert len(client.get("/api/v1/travellers", headers=author).get_json()["travellers"]) == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"phone": "12"}, "phone"), ({"phone": "010-2000-0001"}, "phone"), ({"name": "  "}, "name"),
        ({"language": "Korean!"}, "language"), ({"reference": "x" * 81}, "reference"),
        ({"lat": 91, "lon": 0}, "position.lat"), ({"lat": 10}, "position.lon"), ({"nickname": "x"}, "nickname"),
        ({"lat": 1, "lon": 1, "observed_at": "2026-11-21T02:00:00"}, "position.observed_at"),
        ({"lat": 1, "lon": 1, "observed_at": "2026-11-22T02:00:00+00:00"}, "observed_at"),
        ({"lat": 1, "lon": 1, "valid_until": "2026-11-20T02:00:00+00:00"}, "valid_until"),
        ({"lat": 1, "lon": 1, "precision": "street"}, "position.precision"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_named(
    client: FlaskClient, author: dict[str, str], given: dict[str, Any], field: str
) -> None:
    answer = client.post("/api/v1/travellers", json={**NEW, "phone": "+821020000001", **given}, headers=author)
    problem = _problem(answer, 422)
    assert field in [error["field"] for error in problem["errors"]], problem
    assert client.get("/api/v1/travellers", headers=author).get_json()["travellers"] == []


def test_all_faults_of_a_traveller_are_named_at_once(client: FlaskClient, author: dict[str, str]) -> None:
    answer = client.post("/api/v1/travellers", json={"name": "", "phone": "1", "language": "?"}, headers=author)
    assert {error["field"] for error in _problem(answer, 422)["errors"]} == {"name", "phone", "language"}


def test_a_change_keeps_what_is_not_named_and_revives_a_bad_number(
    client: FlaskClient, author: dict[str, str], db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        traveller = make_traveller(session, number_bad_at=clock.now())
    path = f"/api/v1/travellers/{traveller.id}"
    assert client.get(path, headers=author).get_json()["number_bad_at"] is not None
    body = client.patch(path, json={"phone": "+821020009999"}, headers=author).get_json()
    assert (body["phone"], body["number_bad_at"], body["name"]) == ("+821020009999", None, traveller.name)


def test_opting_out_and_in_again(client: FlaskClient, author: dict[str, str]) -> None:
    path = f"/api/v1/travellers/{_create(client, author)['id']}"
    assert client.patch(path, json={"opted_out": True}, headers=author).get_json()["opted_out_at"] is not None
    assert client.patch(path, json={"opted_out": False}, headers=author).get_json()["opted_out_at"] is None


def test_an_older_report_is_ignored_and_said_so(
    client: FlaskClient, author: dict[str, str], clock: FrozenClock
) -> None:
    path = f"/api/v1/travellers/{_create(client, author)['id']}/positions"
    newer = client.post(path, json={"lat": 35.6, "lon": 139.7, "source": "roaming"}, headers=author).get_json()
    assert (newer["taken"], newer["position"]["country"], newer["position"]["source"]) == (True, "JP", "roaming")
    past = (clock.now() - timedelta(hours=1)).isoformat()
    older = client.post(path, json={"lat": 14.5, "lon": 121, "observed_at": past}, headers=author)
    assert older.status_code == 200
    assert older.get_json()["taken"] is False
    assert "ignored" in older.get_json()["detail"]
    assert older.get_json()["position"] == newer["position"]


def test_erasing_leaves_nothing_and_can_be_repeated(client: FlaskClient, author: dict[str, str]) -> None:
    path = f"/api/v1/travellers/{_create(client, author, lat=14.5, lon=121.0)['id']}"
    for _ in range(2):
        body = client.post(f"{path}/erase", headers=author).get_json()
        assert (body["name"], body["phone"], body["reference"], body["position"]) == ("", "", None, None)
        assert body["erased_at"] is not None
    assert client.get("/api/v1/travellers?search=A-1", headers=author).get_json()["travellers"] == []
    refused = client.post(f"{path}/positions", json={"lat": 1, "lon": 1}, headers=author)
    assert _problem(refused, 409)["code"] == "erased"
    assert _problem(client.patch(path, json={"name": "Back"}, headers=author), 409)["code"] == "erased"


def test_a_reference_that_somebody_has_cannot_be_given_again(client: FlaskClient, author: dict[str, str]) -> None:
    _create(client, author)
    other = _create(client, author, reference="A-2", phone="+821020000003")
    answer = client.patch(f"/api/v1/travellers/{other['id']}", json={"reference": "A-1"}, headers=author)
    assert _problem(answer, 409)["code"] == "reference-taken"


def test_pages_follow_each_other_without_gap_or_repeat(
    client: FlaskClient, author: dict[str, str], db: Database
) -> None:
    with db.transaction() as session:
        made = {make_traveller(session).id for _ in range(7)}
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        page = client.get(f"/api/v1/travellers?limit=3&cursor={cursor}", headers=author).get_json()
        seen += [traveller["id"] for traveller in page["travellers"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert cursor is None
    assert len(seen) == 7 and set(seen) == made and seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=-1", "cursor=٣", f"cursor={'9' * 19}"])
def test_a_page_that_cannot_be_is_refused(client: FlaskClient, author: dict[str, str], query: str) -> None:
    assert _problem(client.get(f"/api/v1/travellers?{query}", headers=author), 422)["errors"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{broken", b'"text"'])
def test_a_body_that_is_no_object_is_a_problem(client: FlaskClient, author: dict[str, str], body: bytes) -> None:
    answer = client.post("/api/v1/travellers", data=body, headers=author | {"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.content_type == "application/problem+json"


CALLS = [
    ("GET", "/api/v1/travellers", None, "travellers.read"),
    ("GET", "/api/v1/travellers/{id}", None, "travellers.read"),
    ("POST", "/api/v1/travellers", {**NEW, "phone": "+821020000009"}, "travellers.write"),
    ("PATCH", "/api/v1/travellers/{id}", {"name": "New name"}, "travellers.write"),
    ("POST", "/api/v1/travellers/{id}/positions", {"lat": 1, "lon": 1}, "travellers.write"),
    ("POST", "/api/v1/travellers/import", None, "travellers.write"),
    ("POST", "/api/v1/travellers/{id}/erase", None, "travellers.write"),
]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_may_do_what_its_permissions_say_and_nothing_else(
    client: FlaskClient, db: Database, role: str
) -> None:
    headers = _bearer(db, role)
    with db.transaction() as session:
        traveller_id = make_traveller(session).id
    for method, path, body, permission in CALLS:
        more: dict[str, Any] = {"json": body} if body else {"data": b"name,phone\n", "content_type": "text/csv"}
        answer = client.open(path.format(id=traveller_id), method=method, headers=headers, **more)
        if permission in ROLES[role]:
            assert answer.status_code in (200, 201), f"{role} {method} {path}: {answer.text}"
        else:
            assert _problem(answer, 403)["code"] == "no-permission"


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _, _ in CALLS])
def test_a_stranger_gets_nothing(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path.format(id=1), method=method, headers={"Authorization": "Bearer hl_wrong"})
    assert _problem(answer, 401)["code"] == "bad-token"


def test_what_is_not_there_is_a_problem_document(client: FlaskClient, author: dict[str, str]) -> None:
    assert _problem(client.get("/api/v1/travellers/999999", headers=author), 404)["code"] == "not-found"


def test_the_description_shows_the_shapes(client: FlaskClient) -> None:
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]
    assert {"get", "post"} <= paths["/api/v1/travellers"].keys()
    assert {"get", "patch"} <= paths["/api/v1/travellers/{traveller_id}"].keys()
    assert "201" in paths["/api/v1/travellers"]["post"]["responses"]
