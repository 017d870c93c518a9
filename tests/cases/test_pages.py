"""The pages and the API of cases: who may see and change what, refusals in place, and lists that keep their filters."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.cases.erasure import forget
from hotline.cases.models import Case, CaseEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.cases.test_cases import make_case
from tests.factories import make_mission, make_officer, make_token, make_traveller


@pytest.fixture
def case_id(db: Database, clock: FrozenClock) -> int:
    with db.transaction() as session:
        person = make_traveller(session, name="Kim Minsu")
        return make_case(
            session, clock, traveller_id=person.id, place="<b>Roof</b> of the school", lat=14.6, lon=121.0, people=4
        ).id


def officer(db: Database, *roles: str) -> Any:
    with db.transaction() as session:
        return make_officer(session, roles=roles)


def headers(db: Database, *roles: str) -> dict[str, str]:
    with db.transaction() as session:
        return {"Authorization": f"Bearer {make_token(session, make_officer(session, roles=roles))}"}


def test_a_case_is_read_and_taken_and_closed_by_api(client: FlaskClient, db: Database, case_id: int) -> None:
    agent = headers(db, "agent")
    (listed,) = client.get("/api/v1/cases?owner=none&search=minsu", headers=agent).get_json()["cases"]
    assert (listed["id"], listed["person"], listed["priority"], listed["state"]) == (case_id, "Kim Minsu", 3, "open")
    path = f"/api/v1/cases/{case_id}"
    assert client.post(f"{path}/take", headers=agent).get_json()["state"] == "in_hand"
    assert client.get("/api/v1/cases?owner=me", headers=agent).get_json()["cases"][0]["id"] == case_id
    assert client.post(f"{path}/note", headers=agent, json={"body": "rang twice"}).status_code == 200
    assert client.post(f"{path}/wait", headers=agent, json={}).get_json()["state"] == "waiting"
    assert client.post(f"{path}/resume", headers=agent).get_json()["state"] == "in_hand"
    closed = client.post(f"{path}/close", headers=agent, json={"reason": "safe at the embassy"}).get_json()
    assert closed["state"] == "closed"
    assert [entry["kind"] for entry in closed["history"]] == ["closed", "resumed", "waiting", "note", "taken", "answer"]
    assert client.get("/api/v1/cases", headers=agent).get_json()["cases"] == []


def test_the_api_refuses_second_owners_strangers_and_nonsense(client: FlaskClient, db: Database, case_id: int) -> None:
    first, second, reader, none = (headers(db, role) for role in ("agent", "agent", "auditor", "cashier"))
    path = f"/api/v1/cases/{case_id}"
    client.post(f"{path}/take", headers=first)
    taken = client.post(f"{path}/take", headers=second)
    assert (taken.status_code, taken.get_json()["code"]) == (409, "case-taken")
    assert client.post(f"{path}/close", headers=second, json={"reason": "x"}).status_code == 403
    assert client.post(f"{path}/take", headers=reader).status_code == 403
    assert client.get(path, headers=reader).status_code == 200
    assert client.get(path, headers=none).status_code == 403
    assert client.get("/api/v1/cases/999999", headers=first).status_code == 404
    for query in ("state=gone", "owner=x", "priority=9", "limit=0", "cursor=abc", "source=%27"):
        assert client.get(f"/api/v1/cases?{query}", headers=first).status_code == 422, query
    for body in ({}, {"body": ""}, {"body": "x" * 5000}, {"body": "x", "more": 1}):
        assert client.post(f"{path}/note", headers=first, json=body).status_code == 422
    assert client.post(f"{path}/hand-over", headers=first, json={"officer_id": 10**30}).status_code == 422


def test_a_case_is_handed_over_by_api(client: FlaskClient, db: Database, case_id: int) -> None:
    first, receiver = headers(db, "agent"), officer(db, "agent")
    client.post(f"/api/v1/cases/{case_id}/take", headers=first)
    body = {"officer_id": receiver.id, "note": "your shift"}
    given = client.post(f"/api/v1/cases/{case_id}/hand-over", headers=first, json=body).get_json()
    assert given["owner_id"] == receiver.id
    assert client.post(f"/api/v1/cases/{case_id}/release", headers=first, json={}).status_code == 403


def test_the_list_page_shows_filters_and_nothing_as_markup(client: FlaskClient, db: Database, case_id: int) -> None:
    visitor = Visitor(client)
    visitor.sign_in(officer(db, "agent").name)
    shown = client.get("/cases").get_data(as_text=True)
    assert "Kim Minsu" in shown and f"CS-{case_id:06d}" in shown and "<b>Roof</b>" not in shown
    for query in ("mine=1", "state=closed", "country=JP", "q=nobody", "cursor=nonsense", "state=x&source=%27"):
        page = client.get(f"/cases?{query}")
        assert page.status_code == 200
        assert "Kim Minsu" not in page.get_data(as_text=True) or query.startswith("state=x")
    assert "Kim Minsu" in client.get("/cases/rows?free=1").get_data(as_text=True)


def test_a_case_page_offers_what_can_be_done_and_says_why_not(client: FlaskClient, db: Database, case_id: int) -> None:
    agent = officer(db, "agent")
    visitor = Visitor(client)
    visitor.sign_in(agent.name)
    page = f"/cases/{case_id}"
    assert "Take this case" in client.get(page).get_data(as_text=True)
    assert visitor.post(f"{page}/take").status_code == 302
    assert "Take this case" not in client.get(page).get_data(as_text=True)
    refused = visitor.post(f"{page}/close", {"reason": " "})
    assert refused.status_code == 422 and "what became of it" in refused.get_data(as_text=True)
    assert visitor.post(f"{page}/hand-over", {"officer_id": "x"}).status_code == 422
    assert visitor.post(f"{page}/fly", {}).status_code == 404
    assert visitor.post(f"{page}/wait", {"note": "embassy"}).status_code == 302
    assert visitor.post(f"{page}/release").status_code == 302
    assert visitor.post(f"{page}/note", {"note": "called"}).status_code == 302
    assert visitor.get(f"{page}/history").status_code == 200


def test_a_case_names_the_mission_in_charge_of_its_place_first_and_what_each_looks_after(
    client: FlaskClient, db: Database, clock: FrozenClock
) -> None:
    with db.transaction() as session:
        person = make_traveller(session)
        case = make_case(session, clock, traveller_id=person.id, country="CN", place="Pudong, Shanghai").id
        for code, region in (("beijing", "톈진 Tianjin"), ("shanghai", "상하이 Shanghai")):
            make_mission(
                session, code=code, name_en=f"Mission {code}", country="CN", countries=["CN"], regions=[region]
            )
    page = client.get(f"/cases/{case}", headers=headers(db, "agent")).get_data(as_text=True)
    order = [page.index(told) for told in ("Mission shanghai", "상하이 Shanghai", "Mission beijing", "톈진 Tianjin")]
    assert order == sorted(order)


def test_readers_see_cases_without_any_button(client: FlaskClient, db: Database, case_id: int) -> None:
    visitor = Visitor(client)
    visitor.sign_in(officer(db, "author").name)
    shown = client.get(f"/cases/{case_id}").get_data(as_text=True)
    assert "Kim Minsu" in shown and "Take this case" not in shown and "Write down" not in shown
    assert visitor.post(f"/cases/{case_id}/take").status_code == 403


def test_the_overview_and_the_persons_page_show_their_cases(client: FlaskClient, db: Database, case_id: int) -> None:
    visitor = Visitor(client)
    visitor.sign_in(officer(db, "agent").name)
    assert "Kim Minsu" in client.get("/cases/panel").get_data(as_text=True)
    with db.transaction() as session:
        traveller_id = session.scalars(select(Case.traveller_id)).one()
    assert f"CS-{case_id:06d}" in client.get(f"/travellers/{traveller_id}").get_data(as_text=True)


def test_erasing_a_person_empties_their_cases(services: Services, db: Database, case_id: int) -> None:
    with db.transaction() as session:
        traveller_id = session.scalars(select(Case.traveller_id)).one()
    for _ in range(2):
        forget(services, {"traveller_id": traveller_id})
    with db.transaction() as session:
        case, entry = session.scalars(select(Case)).one(), session.scalars(select(CaseEntry)).one()
        assert (case.place, case.lat, entry.body, entry.details) == ("", None, "", {"says": "help", "people": 4})
