"""The pages and the API of incidents, and who sees what."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.auth.permissions import ROLES
from hotline.core.services import Services
from hotline.incidents import prefill
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.incidents.making import make_incident

QUAKE = {
    "name_ko": "후쿠시마 지진", "name_en": "Earthquake off Fukushima", "kind": "earthquake", "severity": "Extreme",
    "countries": ["jp", "KR"], "began_at": "2026-11-21T11:40:00+09:00", "place": "Fukushima",
}  # fmt: skip
FORM = {
    "name_ko": "후쿠시마 지진", "name_en": "Earthquake off Fukushima", "kind": "earthquake", "severity": "Extreme",
    "country": "JP", "more_countries": "대한민국, Russia", "began_at": "2026-11-21T11:40", "lat": "37.4", "lon": "141",
    "radius_km": "200", "summary": "M 9.0",
}  # fmt: skip


def bearer(services: Services, *roles: str) -> dict[str, str]:
    with services.db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=roles))}"}


def test_the_api_opens_changes_closes_and_reopens(client: FlaskClient, services: Services) -> None:
    headers = bearer(services, "duty_chief")
    made = client.post("/api/v1/incidents", json=QUAKE, headers=headers)
    assert made.status_code == 201, made.text
    body, path = made.get_json(), made.headers["Location"]
    assert (body["countries"], body["began_at"], body["version"]) == (["JP", "KR"], "2026-11-21T02:40:00+00:00", 1)
    assert client.get(path, headers=headers).get_json() == body
    changed = client.patch(path, json={"version": 1, "severity": "Severe"}, headers=headers).get_json()
    assert (changed["severity"], changed["version"], changed["name_en"]) == ("Severe", 2, QUAKE["name_en"])
    assert client.patch(path, json={"version": 1, "place": "x"}, headers=headers).status_code == 409
    assert client.post(f"{path}/close", headers=headers).get_json()["state"] == "closed"
    assert client.post(f"{path}/close", headers=headers).status_code == 409
    assert client.get("/api/v1/incidents?state=open", headers=headers).get_json()["incidents"] == []
    assert client.post(f"{path}/reopen", headers=headers).get_json()["closed_at"] is None
    assert len(client.get("/api/v1/incidents?state=open", headers=headers).get_json()["incidents"]) == 1
    note = client.post(f"{path}/log", json={"words": "Embassy reached"}, headers=headers)
    assert note.status_code == 201
    lines = client.get(f"{path}/log", headers=headers).get_json()["lines"]
    assert [line["words"] for line in lines] == [
        "Embassy reached", "Incident reopened", "Incident closed", "Severity changed to Severe", "Incident opened",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "meteor"}, "kind"), ({"countries": ["XX"]}, "countries"), ({"began_at": "2026-11-21T11:40:00"}, "began_at"),
        ({"lat": 3}, "lon"), ({"opened": 1}, "opened"), ({"name_ko": ""}, "name_ko"),
    ],
)  # fmt: skip
def test_the_api_names_what_cannot_be_used(
    client: FlaskClient, services: Services, given: dict[str, Any], field: str
) -> None:
    answer = client.post("/api/v1/incidents", json=QUAKE | given, headers=bearer(services, "duty_chief"))
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.get_json()["errors"][0]["field"] == field


@pytest.mark.parametrize("role", sorted(ROLES))
def test_each_role_may_do_what_its_permissions_say(client: FlaskClient, services: Services, role: str) -> None:
    headers = bearer(services, role)
    with services.db.transaction() as session:
        incident_id = make_incident(session, services).id
    may_read, may_write = "incidents.read" in ROLES[role], "incidents.write" in ROLES[role]
    assert client.get("/api/v1/incidents", headers=headers).status_code == (200 if may_read else 403)
    assert client.post("/api/v1/incidents", json=QUAKE, headers=headers).status_code == (201 if may_write else 403)
    closing = client.post(f"/api/v1/incidents/{incident_id}/close", headers=headers)
    assert closing.status_code == (200 if may_write else 403)


def test_an_officer_opens_an_incident_and_keeps_its_log(visitor: Visitor, services: Services) -> None:
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",), zone="Asia/Seoul").name
    visitor.sign_in(name)
    assert "No incidents" in visitor.get("/incidents").text
    form = visitor.get("/incidents/new")
    assert 'value="2026-11-21T12:00"' in form.text, "the form begins with now on the officer's own clock"
    bad = visitor.post("/incidents", FORM | {"kind": "", "lat": "north"})
    assert bad.status_code == 422 and "Earthquake off Fukushima" in bad.text
    made = visitor.post("/incidents", FORM)
    assert made.status_code == 302, made.text
    path = made.headers["Location"]
    page = visitor.get(path).text
    assert "Japan, South Korea, Russia" in page and "11:40 KST" in page and "DRILL" not in page
    assert visitor.post(f"{path}/log", {"words": "12 missing"}).status_code == 302
    assert visitor.post(f"{path}/log", {"words": ""}).status_code == 422
    line = services.db.engine.connect().exec_driver_sql("SELECT max(id) FROM incident_log").scalar_one()
    assert f'name="corrects_id" value="{line}"' in visitor.get(f"{path}?correct={line}").text
    visitor.post(f"{path}/log", {"words": "21 missing", "corrects_id": str(line)})
    part = visitor.get(f"{path}/log").text
    assert "21 missing" in part and f"corrects line {line}" in part
    assert "21 missing" in visitor.get(f"{path}/log?before=99").text
    officer_id = services.db.engine.connect().exec_driver_sql("SELECT max(id) FROM officers").scalar_one()
    visitor.post(f"{path}/team", {"officer_id": str(officer_id), "part": "lead"})
    assert "Leads" in visitor.get(f"{path}/team").text
    assert visitor.post(f"{path}/team", {"officer_id": "0", "part": "lead"}).status_code == 422
    visitor.post(f"{path}/team/1/end")
    edit = visitor.get(f"{path}/change").text
    assert 'value="JP" selected' in edit and 'value="KR, RU"' in edit
    visitor.post(f"{path}/change", FORM | {"version": "1", "severity": "Minor"})
    assert "Severity changed to Minor" in visitor.get(path).text
    visitor.post(f"{path}/change", FORM | {"version": "1"})
    assert "Somebody else changed the incident" in visitor.get(path).text
    visitor.post(f"{path}/close")
    assert "Open again" in visitor.get(path).text
    visitor.post(f"{path}/reopen")
    assert "Earthquake off Fukushima" in visitor.get("/incidents/rows?state=open").text
    assert visitor.get("/incidents/999").status_code == 404


def test_a_drill_is_marked_on_each_of_its_pages(visitor: Visitor, services: Services) -> None:
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",)).name
        number = make_incident(session, services, drill=True).id
    visitor.sign_in(name)
    for path in (f"/incidents/{number}", f"/incidents/{number}/change", f"/incidents/{number}/log?before=99"):
        assert "strip-drill" in visitor.get(path).text, path
    assert "tag-drill" in visitor.get("/incidents").text


def test_a_source_fills_the_form_once(visitor: Visitor, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(prefill._readers, "test", lambda _session, number: {"name_en": "X"} if number == 7 else None)
    with services.db.transaction() as session:
        name = make_officer(session, roles=("duty_chief",)).name
    visitor.sign_in(name)
    assert 'value="test:7"' in visitor.get("/incidents/new?from=test:7").text
    for unknown in ("test:8", "test:x", "other:7", ""):
        assert 'name="source"' not in visitor.get(f"/incidents/new?from={unknown}").text
    made = visitor.post("/incidents", FORM | {"source": "test:7"})
    assert visitor.get("/incidents/new?from=test:7").headers["Location"] == made.headers["Location"]
    assert (
        "open for this already" in visitor.post("/incidents", FORM | {"source": "test:7"}, follow_redirects=True).text
    )
