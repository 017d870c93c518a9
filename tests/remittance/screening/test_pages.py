"""The pages and the API of screening: from the list's file to a decision, for those who may; nobody else learns why it waits."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import MissionStaff
from remittance.requests import moving, reviewing
from remittance.screening import holding, thresholds
from remittance.screening.models import SanctionList, ScreeningFinding
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.requests.making import make_actor, make_hong_kong, make_remittance
from tests.remittance.screening.making import HEAD, ROWS, make_finding, make_list

LISTED = {"payee_name": "오덕삼"}


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """Return somebody at the sign-in page."""
    return Visitor(app.test_client())


def officer(services: Services, *roles: str) -> Officer:
    with services.db.transaction() as session:
        return make_officer(session, roles=roles)


def make_held(services: Services, clock: FrozenClock, **more: Any) -> tuple[int, int]:
    """Make a remittance that a list holds; its number and its finding's."""
    with services.db.transaction() as session:
        if session.scalar(select(SanctionList.id).limit(1)) is None:
            make_list(session, clock)
        one = make_remittance(session, clock, **(LISTED | more))
    holding.on_moved(services, {"remittance_id": one.id})
    with services.db.transaction() as session:
        found = session.scalars(select(ScreeningFinding.id).where(ScreeningFinding.remittance_id == one.id)).one()
        return one.id, found


def test_a_list_is_taken_over_by_upload_and_its_faults_are_named(services: Services, visitor: Visitor) -> None:
    visitor.sign_in(officer(services, "administrator").name)
    assert "Without a list" in visitor.get("/screening/lists").get_data(as_text=True)

    def send(content: str, **more: Any) -> Any:
        files = {"file": (io.BytesIO(content.encode()), "list.csv"), "code": "test"} | more
        return visitor.post("/screening/lists", files, content_type="multipart/form-data")

    bad = send("name,reference\n,T-1\n")
    assert bad.status_code == 422 and "name (list line 2)" in bad.get_data(as_text=True)
    assert send(HEAD + ROWS, code="Not A Code").status_code == 422
    assert visitor.post("/screening/lists", {"code": "test"}).status_code == 422
    for _ in range(2):
        assert send(HEAD + ROWS).status_code == 302
    page = visitor.get("/screening/lists").get_data(as_text=True)
    assert "holds already" in page and page.count('<th scope="row">test') == 1
    short = send(HEAD + "김덕배,,,XX,TEST,T-9\n")
    assert short.status_code == 409 and 'name="smaller"' in short.get_data(as_text=True)
    assert send(HEAD + "김덕배,,,XX,TEST,T-9\n", smaller="1").status_code == 302


def test_a_finding_is_decided_on_its_page(services: Services, clock: FrozenClock, visitor: Visitor) -> None:
    remittance_id, finding_id = make_held(services, clock)
    visitor.sign_in(officer(services, "duty_chief").name)
    panel = visitor.get("/").get_data(as_text=True)
    assert "1 finding holds money" in panel and "more to look at" not in panel
    listed = visitor.get("/screening/findings").get_data(as_text=True)
    assert "오덕삼" in listed and "Name on a list" in listed and "Holds the money" in listed
    page = visitor.get(f"/screening/findings/{finding_id}").get_data(as_text=True)
    for part in ("오덕삼", "O Deog Sam", "OH, Deoksam", "1970", "test T-2", "the service itself"):
        assert part in page, part
    assert "Name on a list" in visitor.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    empty = visitor.post(f"/screening/findings/{finding_id}/clear", {"reason": " "})
    assert empty.status_code == 422 and "1 to 500" in empty.get_data(as_text=True)
    assert visitor.post(f"/screening/findings/{finding_id}/clear", {"reason": "Born in 1990"}).status_code == 302
    page = visitor.get(f"/screening/findings/{finding_id}").get_data(as_text=True)
    assert "Born in 1990" in page and "Cleared" in page and "nothing for you to decide" in page
    visitor.post(f"/screening/findings/{finding_id}/clear", {"reason": "again"})
    assert "Cleared" in visitor.get("/screening/findings?state=all&q=오덕").get_data(as_text=True)
    assert "No finding holds money" in visitor.get("/").get_data(as_text=True)
    assert "No findings here" in visitor.get("/screening/findings").get_data(as_text=True)
    assert visitor.get("/screening/findings/0").status_code == 404


def test_confirming_keeps_it_and_whoever_had_a_part_is_told_so(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    chief = officer(services, "duty_chief")
    with services.db.transaction() as session:
        one = make_remittance(session, clock, **LISTED)
        mine = make_actor(session, clock, "duty_chief")
        reviewing.take_up(session, clock, type(mine)(**{**vars(mine), "id": chief.id}), one.id)
        make_list(session, clock)
    holding.sweep(services)
    visitor.sign_in(chief.name)
    finding_id = 1
    visitor.post(f"/screening/findings/{finding_id}/confirm", {"reason": "It is them"})
    assert "had a part" in visitor.get(f"/screening/findings/{finding_id}").get_data(as_text=True)
    visitor.post("/sign-out")
    visitor.sign_in(officer(services, "finance_officer").name)
    visitor.post(f"/screening/findings/{finding_id}/confirm", {"reason": "It is them"})
    page = visitor.get(f"/screening/findings/{finding_id}").get_data(as_text=True)
    assert "stays on hold" in page and "It is them" in page
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "on_hold"


def test_work_lists_have_pages(services: Services, clock: FrozenClock, visitor: Visitor) -> None:
    _, finding_id = make_held(services, clock)
    with services.db.transaction() as session:
        one = moving.get(session, session.get_one(ScreeningFinding, finding_id).remittance_id)
        for _ in range(60):
            make_finding(session, clock, one)
    visitor.sign_in(officer(services, "auditor").name)
    assert "60 more to look at" in visitor.get("/").get_data(as_text=True)
    page = visitor.get("/screening/findings").get_data(as_text=True)
    assert page.count("far from the case") == 50 and 'rel="next"' in page
    older = visitor.get("/screening/findings?state=open&before=12").get_data(as_text=True)
    assert older.count("far from the case") == 10
    shown = visitor.get(f"/screening/findings/{finding_id + 5}").get_data(as_text=True)
    assert "does not look after" in shown and "Brazil" in shown and "Decide" not in shown


def test_rules_are_kept_on_their_page(services: Services, visitor: Visitor) -> None:
    visitor.sign_in(officer(services, "administrator").name)
    page = visitor.get("/screening/rules").get_data(as_text=True)
    assert "come with the software" in page and 'name="cluster.times"' in page
    given = {
        "depositor_many.severity": "hold", "depositor_many.count": "4", "depositor_many.days": "10",
        "payer_phone_many.severity": "note", "payer_phone_many.count": "2", "payer_phone_many.days": "9",
        "payee_again.severity": "off", "payee_again.days": "9", "cluster.severity": "hold", "cluster.count": "5",
        "same_device.severity": "note",
        "same_device.count": "3",
        "same_device.days": "7",
        "cluster.hours": "12", "cluster.times": "4", "far_mission.severity": "off",
        "depositor_many.incident": "10", "payer_phone_many.incident": "8", "cluster_place.severity": "hold",
        "cluster_place.count": "4", "cluster_place.hours": "24", "cluster_place.times": "3", "cluster_place.km": "30",
        "country_jump.severity": "note", "country_jump.count": "4", "country_jump.hours": "720", "country_jump.times": "3",
    }  # fmt: skip
    wrong = visitor.post("/screening/rules", given | {"cluster.count": "1"})
    assert wrong.status_code == 422 and "use 2 to 50" in wrong.get_data(as_text=True)
    assert visitor.post("/screening/rules", given).status_code == 302
    with services.db.transaction() as session:
        assert thresholds.current(session).numbers["cluster"] == {
            "severity": "hold",
            "count": 5,
            "hours": 12,
            "times": 4,
        }
    visitor.post("/sign-out")
    visitor.sign_in(officer(services, "auditor").name)
    page = visitor.get("/screening/rules").get_data(as_text=True)
    assert "Keep these rules" not in page and "Version 1" in page
    assert visitor.post("/screening/rules", given).status_code == 403


@pytest.mark.parametrize("role", ["agent", "senior_agent", "mission_officer", "cashier", "administrator"])
def test_whoever_may_not_see_findings_sees_a_hold_and_no_reason(
    services: Services, clock: FrozenClock, visitor: Visitor, role: str
) -> None:
    with services.db.transaction() as session:
        staff, mission = make_officer(session, roles=(role,)), make_hong_kong(session)
        session.add(MissionStaff(officer_id=staff.id, mission_id=mission.id, since=clock.now()))
        by_hand = make_remittance(session, clock, mission=mission)
        chief = make_actor(session, clock, "duty_chief")
        reviewing.decide(session, clock, chief, by_hand.id, "hold", reason="To be looked into")
    listed, finding_id = make_held(services, clock, mission=mission)
    visitor.sign_in(staff.name)
    for path in ("/screening/findings", f"/screening/findings/{finding_id}"):
        assert visitor.get(path).status_code == 403
    for path in ("/screening/lists", "/screening/rules"):
        shown = visitor.get(path)
        assert shown.status_code == (200 if role == "administrator" else 403)
        assert "/screening/findings" not in shown.get_data(as_text=True)
    assert visitor.post(f"/screening/findings/{finding_id}/clear", {"reason": "x"}).status_code == 403
    page = visitor.get(f"/remittances/{listed}").get_data(as_text=True)
    assert "On hold" in page
    for word in ("Screening", "Name on a list", "sanction", "Sanction", "OH, Deoksam", "of-remittance"):
        assert word not in page, word


def test_the_api_lists_shows_and_decides(services: Services, clock: FrozenClock, app: Any) -> None:
    with services.db.transaction() as session:
        tokens = {
            role: make_token(session, make_officer(session, roles=(role,)))
            for role in ("duty_chief", "agent", "auditor")
        }
    _, finding_id = make_held(services, clock)
    client = app.test_client()

    def call(method: str, path: str, role: str, **more: Any) -> Any:
        head = {"Authorization": f"Bearer {tokens[role]}"}
        return client.open(f"/api/v1/screening/findings{path}", method=method, headers=head, **more)

    assert call("GET", "", "agent").status_code == 403
    found = call("GET", "", "auditor").json["findings"]
    assert [(each["id"], each["score"], each["state"]) for each in found] == [(finding_id, 100.0, "open")]
    assert "오덕삼" not in str(found), "people's names stay with the page"
    assert call("GET", f"/{finding_id}", "auditor").json["listed_name"] == "OH, Deoksam"
    assert call("POST", f"/{finding_id}/clear", "auditor", json={"reason": "x"}).status_code == 403
    assert call("POST", f"/{finding_id}/clear", "duty_chief", json={"reason": "  "}).status_code == 422
    assert call("POST", f"/{finding_id}/clear", "duty_chief", json={"reason": "Another"}).json["state"] == "cleared"
    assert call("POST", f"/{finding_id}/confirm", "duty_chief", json={"reason": "No"}).status_code == 409
    assert call("GET", "?state=cleared&q=deoksam", "auditor").json["next_before"] is None
    assert call("GET", "/999999", "auditor").status_code == 404
