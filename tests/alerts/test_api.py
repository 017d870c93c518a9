"""`/api/v1/alerts` from outside: content types, roles, conflicts, problem documents and the description."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from alerts.models import Alert, Tally
from hotline.auth.permissions import ROLES
from hotline.core.services import Services
from tests.alerts.test_drafting import cap
from tests.factories import NOW, SQUARE, make_alert, make_mission, make_officer, make_token, make_traveller

DRAFT = {
    "headline": "Flood in Manila",
    "event": "Flood",
    "place": "Manila",
    "expires": (NOW + timedelta(hours=4)).isoformat(),
    "areas": SQUARE,
    "texts": {"en": "Flood in {place} {time}. Help: {hotline}"},
}


class Caller:
    """Calls the API as an officer with the given roles."""

    def __init__(self, client: FlaskClient, services: Services, *roles: str) -> None:
        with services.db.transaction() as session:
            self.officer = make_officer(session, roles=roles)
            self.token = make_token(session, self.officer)
        self._client = client

    def __call__(self, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self._client.open(f"/api/v1{path}", method=method, headers=headers, **more)


@pytest.fixture
def author(client: FlaskClient, services: Services) -> Caller:
    return Caller(client, services, "author")


@pytest.fixture
def approver(client: FlaskClient, services: Services) -> Caller:
    return Caller(client, services, "approver")


def test_cap_is_drafted_by_post_and_the_same_again_is_the_same(author: Caller) -> None:
    created = author("POST", "/alerts", data=cap(), content_type="application/cap+xml")
    assert created.status_code == 201
    assert created.headers["Location"].endswith(f"/api/v1/alerts/{created.json['id']}")
    assert created.json["cap"]["identifier"] == "id-1"
    again = author("POST", "/alerts", data=cap(), content_type="application/cap+xml")
    assert (again.status_code, again.json["id"]) == (200, created.json["id"])


def test_json_is_drafted_and_an_idempotency_key_holds(author: Caller) -> None:
    first = author("POST", "/alerts", json=DRAFT, headers={"Idempotency-Key": "a"})
    second = author("POST", "/alerts", json=DRAFT, headers={"Idempotency-Key": "a"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert first.json["reference"].startswith("AL-")


@pytest.mark.parametrize(
    ("options", "status", "field"),
    [
        ({"json": {}}, 422, "headline"),
        ({"json": DRAFT | {"colour": "red"}}, 422, "colour"),
        ({"json": DRAFT | {"expires": "tomorrow"}}, 422, "expires"),
        ({"json": DRAFT | {"expires": "2026-11-21T12:00:00"}}, 422, "expires"),
        ({"json": DRAFT | {"areas": [{"circles": [{"center": [0, 0], "radius_km": -1}]}]}}, 422, "areas"),
        ({"data": b"[1,2]", "content_type": "application/json"}, 422, "body"),
        ({"data": b"\xff\xfe", "content_type": "application/json"}, 422, "body"),
        ({"data": b"<alert/>", "content_type": "application/cap+xml"}, 422, ""),
        ({"data": b"x", "content_type": "text/plain"}, 415, None),
        ({"data": b"x" * (5 * 1024 * 1024), "content_type": "application/cap+xml"}, 413, None),
    ],
)
def test_bad_input_is_a_problem_document_that_names_the_field(
    author: Caller, options: dict[str, Any], status: int, field: str | None
) -> None:
    answer = author("POST", "/alerts", **options)
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    if field is not None:
        assert any(field in str(fault["field"]) and fault["mend"] for fault in answer.json["errors"])


def test_the_whole_lifecycle_needs_two_officers(author: Caller, approver: Caller, services: Services) -> None:
    alert = author("POST", "/alerts", json=DRAFT).json
    path = f"/alerts/{alert['id']}"
    assert author("PATCH", path, json={"version": 1, "headline": "Great flood"}).json["version"] == 2
    stale = author("PATCH", path, json={"version": 1, "headline": "Small flood"})
    assert (stale.status_code, stale.json["code"]) == (409, "version-conflict")
    assert author("POST", f"{path}/submit").json["state"] == "submitted"
    assert author("POST", f"{path}/approve", json={}).status_code == 403
    returned = approver("POST", f"{path}/return", json={"reason": "Say which river."})
    assert (returned.json["state"], returned.json["reason"]) == ("draft", "Say which river.")
    author("POST", f"{path}/submit")
    approved = approver("POST", f"{path}/approve", json={})
    assert approved.json["state"] == "approved"
    assert approved.json["approved"]["texts"]["en"].startswith("Flood in Manila 2")
    assert approver("POST", f"{path}/approve", json={}).json["code"] == "wrong-state"
    assert approver("POST", f"{path}/cancel", json={"reason": "false alarm"}).json["state"] == "cancelled"


def test_submitting_what_is_not_ready_names_everything_missing(author: Caller) -> None:
    alert = author("POST", "/alerts", json={"headline": "Only a headline"}).json
    answer = author("POST", f"/alerts/{alert['id']}/submit")
    assert answer.status_code == 422
    assert {fault["problem"] for fault in answer.json["errors"]} == {"no_area", "no_text"}


def test_audience_counts_the_people_inside_now(author: Caller, services: Services) -> None:
    with services.db.transaction() as session:
        make_traveller(session, lat=5, lon=5)
        make_traveller(session, lat=5, lon=15)
        make_traveller(session, lat=5, lon=5, drill=True)
    alert = author("POST", "/alerts", json=DRAFT).json
    counted = author("GET", f"/alerts/{alert['id']}/audience").json
    assert (counted["total"], counted["by_language"], counted["by_precision"]) == (1, {"ko": 1}, {"exact": 1})


def test_progress_reads_the_tallies(author: Caller, services: Services) -> None:
    with services.db.transaction() as session:
        alert = make_alert(session, author=author.officer, state="dispatching", started_at=NOW)
        session.add_all(
            [
                Tally(alert_id=alert.id, country="PH", state="delivered", reason="", messages=7),
                Tally(alert_id=alert.id, country="PH", state="failed", reason="30005", messages=2),
                Tally(alert_id=alert.id, country="JP", state="queued", reason="", messages=1),
            ]
        )
    shown = author("GET", f"/alerts/{alert.id}/progress").json
    assert (shown["audience"], shown["delivered"], shown["failed"], shown["queued"]) == (10, 7, 2, 1)
    assert shown["failed_by_reason"] == {"30005": 2}
    assert shown["by_country"]["PH"]["delivered"] == 7
    assert not shown["settled"]


@pytest.mark.parametrize("role", list(ROLES))
def test_each_role_may_do_exactly_what_its_permissions_say(client: FlaskClient, services: Services, role: str) -> None:
    caller, held = Caller(client, services, role), ROLES[role]
    assert (caller("GET", "/alerts").status_code == 200) == ("alerts.read" in held)
    assert (caller("POST", "/alerts", json=DRAFT).status_code == 201) == ("alerts.write" in held)
    with services.db.transaction() as session:
        alert = make_alert(
            session, author=make_officer(session), state="submitted", mission_id=make_mission(session).id
        )
    rejected = caller("POST", f"/alerts/{alert.id}/reject", json={"reason": "no"})
    assert (rejected.status_code == 200) == ("alerts.approve" in held)
    with services.db.transaction() as session:
        session.get_one(Alert, alert.id).state = "dispatching"
    assert (caller("POST", f"/alerts/{alert.id}/cancel", json={}).status_code == 200) == ("alerts.stop" in held)


def test_lists_are_paged_filtered_and_bounded(author: Caller, services: Services) -> None:
    with services.db.transaction() as session:
        for number in range(5):
            make_alert(
                session,
                author=author.officer,
                headline=f"Flood 100% {number}",
                state="draft" if number % 2 else "rejected",
            )
    page = author("GET", "/alerts?limit=2").json
    rest = author("GET", f"/alerts?limit=10&before={page['next_before']}").json
    assert [len(page["alerts"]), len(rest["alerts"]), rest["next_before"]] == [2, 3, None]
    assert len(author("GET", "/alerts?state=rejected").json["alerts"]) == 3
    assert len(author("GET", "/alerts?search=100%25 3").json["alerts"]) == 1
    assert author("GET", "/alerts?search=%25%25").json["alerts"] == []
    for bad in ("limit=0", "limit=9999", "limit=x", "state=odd", "before=-1"):
        assert author("GET", f"/alerts?{bad}").status_code == 422


def test_strangers_and_bad_tokens_get_401(client: FlaskClient) -> None:
    assert client.get("/api/v1/alerts").status_code == 401
    answer = client.get("/api/v1/alerts", headers={"Authorization": "Bearer hl_wrong"})
    assert (answer.status_code, answer.json["code"]) == (401, "bad-token")  # type: ignore[index]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_alert_is_404(author: Caller) -> None:
    assert author("GET", "/alerts/999999").status_code == 404
    assert author("GET", "/alerts/99999999999999999999").status_code in (404, 422)


def test_the_description_is_openapi_31_and_covers_every_act(client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").json
    assert described is not None and described["openapi"].startswith("3.1")
    for path in ("/api/v1/alerts", "/api/v1/alerts/{alert_id}/approve", "/api/v1/alerts/{alert_id}/progress"):
        assert path in described["paths"]
    create = described["paths"]["/api/v1/alerts"]["post"]
    assert {"application/json", "application/cap+xml"} <= set(create["requestBody"]["content"])


def test_drafting_by_api_is_on_the_trail_with_its_door(author: Caller, services: Services) -> None:
    from hotline.core.audit import AuditEntry

    author("POST", "/alerts", json=DRAFT)
    with services.db.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "alert.drafted")).one()
        assert (entry.via, entry.actor_id) == ("api", author.officer.id)
