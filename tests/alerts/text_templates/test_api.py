"""`/api/v1/templates` from outside."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from hotline.core.services import Services
from tests.alerts.test_api import DRAFT, Caller

EN = "[MOFA Korea] {event}: {place}, {time}. Help: {hotline}"
TEMPLATE = {"name": "Flood", "words": "flood", "texts": {"alert": {"en": EN}}}


@pytest.fixture
def author(client: FlaskClient, services: Services) -> Caller:
    return Caller(client, services, "author")


@pytest.fixture
def approver(client: FlaskClient, services: Services) -> Caller:
    return Caller(client, services, "approver")


def test_template_is_written_read_changed_and_retired(author: Caller, approver: Caller) -> None:
    made = author("POST", "/templates", json=TEMPLATE)
    assert made.status_code == 201, made.text
    path = made.headers["Location"].removeprefix("/api/v1")
    changed = author(
        "PUT", path, json=TEMPLATE | {"version": 1, "texts": {"alert": {"en": EN + " Go."}}, "note": "short"}
    )
    assert (changed.status_code, changed.json["version"]) == (200, 2)
    late = author("PUT", path, json=TEMPLATE | {"version": 1})
    assert (late.status_code, late.json["code"]) == (409, "template-conflict")
    shown = approver("GET", path).json
    assert [(each["version"], each["note"]) for each in shown["versions"]] == [(1, ""), (2, "short")]
    assert [each["name"] for each in approver("GET", "/templates?search=flood").json["templates"]] == ["Flood"]
    assert author("POST", f"{path}/retire").json["retired_at"] is not None
    assert approver("GET", "/templates").json["templates"] == []
    assert len(approver("GET", "/templates?retired=1").json["templates"]) == 1


def test_texts_for_a_draft_change_nothing(author: Caller) -> None:
    template = author("POST", "/templates", json=TEMPLATE).json
    alert = author("POST", "/alerts", json=DRAFT | {"status": "Exercise"}).json
    given = author("GET", f"/alerts/{alert['id']}/templates/{template['id']}")
    assert given.json == {"name": "Flood", "version": 1, "texts": {"en": "[DRILL] " + EN}}
    assert author("GET", f"/alerts/{alert['id']}").json["version"] == alert["version"]


def test_faults_are_named_and_strangers_to_writing_are_refused(author: Caller, approver: Caller) -> None:
    refused = author("POST", "/templates", json=TEMPLATE | {"texts": {"alert": {"en": "Run!"}}})
    assert refused.status_code == 422
    assert {each["field"] for each in refused.json["errors"]} == {"texts.en"}
    assert author("POST", "/templates", json=TEMPLATE | {"colour": "red"}).status_code == 422
    assert author("POST", "/templates", json=TEMPLATE | {"name": "x" * 121}).status_code == 422
    assert author("GET", "/templates/99").status_code == 404
    assert approver("POST", "/templates", json=TEMPLATE).status_code == 403
