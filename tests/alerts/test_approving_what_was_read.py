"""By the API as in the console: the approver agrees to exactly what they have read, or to exactly what was submitted."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from alerts.models import Alert
from hotline.core.services import Services
from hotline.missions.models import Mission
from tests.alerts.test_api import DRAFT, Caller
from tests.factories import make_mission

TEXTS = {"en": "Flood in {place} {time}. Call {mission_phone}."}


@pytest.fixture
def author(client: FlaskClient, services: Services) -> Caller:
    return Caller(client, services, "author")


@pytest.fixture
def approver(client: FlaskClient, services: Services) -> Caller:
    return Caller(client, services, "approver")


@pytest.fixture
def path(author: Caller, services: Services) -> str:
    """Return the path of an alert that waits for approval, with a mission's number in its text."""
    with services.db.transaction() as session:
        mission = make_mission(session).id
    made = author("POST", "/alerts", json=DRAFT | {"texts": TEXTS, "mission_id": mission}).json
    assert made["to_approve"] is None
    assert author("POST", f"/alerts/{made['id']}/submit").json["state"] == "submitted"
    return f"/alerts/{made['id']}"


def change_number(services: Services) -> None:
    """Let somebody who may edit missions put another number into the warning."""
    with services.db.transaction() as session:
        session.query(Mission).one().emergency_phone = "+639999999999"


def seen(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: shown["to_approve"][name] for name in ("version", "digest")}


def test_the_approver_reads_what_handsets_will_show_and_approves_that(approver: Caller, path: str) -> None:
    shown = approver("GET", path).json
    assert "+63 917 817 5703" in shown["to_approve"]["variants"]["alert"]["en"]
    assert approver("GET", "/alerts").json["alerts"][0]["to_approve"] is None
    approved = approver("POST", f"{path}/approve", json=seen(shown))
    assert approved.status_code == 200, approved.text
    assert approved.json["approved"]["digest"] == shown["to_approve"]["digest"]
    assert approved.json["approved"]["variants"] == shown["to_approve"]["variants"]
    assert approved.json["to_approve"] is None


def test_a_call_that_names_nothing_agrees_to_what_was_submitted(approver: Caller, path: str) -> None:
    submitted = approver("GET", path).json["to_approve"]["digest"]
    assert approver("POST", f"{path}/approve").json["approved"]["digest"] == submitted


@pytest.mark.parametrize("body", [None, {}, {"version": 1}])
def test_a_number_that_changed_since_submission_stops_a_call_that_names_no_digest(
    approver: Caller, path: str, services: Services, body: dict[str, Any] | None
) -> None:
    change_number(services)
    refused = approver("POST", f"{path}/approve", **({} if body is None else {"json": body}))
    assert (refused.status_code, refused.json["code"]) == (409, "changed-since-submission")
    assert approver("GET", path).json["state"] == "submitted"
    shown = approver("GET", path).json
    assert "999 999 9999" in shown["to_approve"]["variants"]["alert"]["en"]
    assert approver("POST", f"{path}/approve", json=seen(shown)).json["state"] == "approved"


def test_what_changed_after_it_was_read_is_not_approved(approver: Caller, path: str, services: Services) -> None:
    before = seen(approver("GET", path).json)
    change_number(services)
    refused = approver("POST", f"{path}/approve", json=before)
    assert (refused.status_code, refused.json["code"]) == (409, "version-conflict")


def test_what_was_returned_and_submitted_anew_is_not_what_was_read(author: Caller, approver: Caller, path: str) -> None:
    before = seen(approver("GET", path).json)
    assert approver("POST", f"{path}/return", json={"reason": "Which river?"}).json["state"] == "draft"
    author("PATCH", path, json={"version": 2, "texts": {"en": "Flood in {place} {time}. Call {hotline}."}})
    author("POST", f"{path}/submit")
    assert approver("POST", f"{path}/approve", json=before).json["code"] == "version-conflict"
    assert approver("POST", f"{path}/approve", json={"version": before["version"]}).status_code == 409
    assert approver("POST", f"{path}/approve", json=seen(approver("GET", path).json)).status_code == 200


@pytest.mark.parametrize("digest", ["", "x" * 64, "A" * 64, 7])
def test_a_digest_that_is_none_is_refused_by_name(approver: Caller, path: str, digest: object) -> None:
    refused = approver("POST", f"{path}/approve", json={"digest": digest})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "digest")


def test_what_was_submitted_before_digests_were_kept_is_approved_only_by_who_names_one(
    approver: Caller, path: str, services: Services
) -> None:
    with services.db.transaction() as session:
        session.query(Alert).one().submitted_digest = None
    assert approver("POST", f"{path}/approve").json["code"] == "changed-since-submission"
    assert approver("POST", f"{path}/approve", json=seen(approver("GET", path).json)).status_code == 200
