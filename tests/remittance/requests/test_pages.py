"""The pages and the API of remittances: from the form to a yes, with refusals on the page and other missions' kept apart."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hotline.auth.models import Officer
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import MissionStaff
from remittance.requests.models import Remittance
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.requests.making import make_case, make_hong_kong, make_remittance


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """Return somebody at the sign-in page."""
    return Visitor(app.test_client())


def officer(services: Services, *roles: str) -> Officer:
    with services.db.transaction() as session:
        return make_officer(session, roles=roles)


def form(case_id: int, mission_id: int, **more: str) -> dict[str, str]:
    """Return the form as an agent fills it in."""
    return {
        "key": "form-1", "case_id": str(case_id), "mission_id": str(mission_id), "amount": "1,000", "currency": "USD",
        "reason": "robbed", "payee_name": "KIM MINSU", "payee_born_on": "1990-12-31", "payee_phone": "+852 6123 4567",
        "payee_language": "ko", "identity": "passport", "payer_name": "김영자", "payer_phone": "010-2000-0011",
        "payer_language": "ko", "consent": "1",
    } | more  # fmt: skip


def test_a_case_that_is_not_there_is_named_in_the_readers_language(services: Services, visitor: Visitor) -> None:
    agent = officer(services, "agent")
    with services.db.transaction() as session:
        mission = make_hong_kong(session).id
    visitor.sign_in(agent.name)
    for language, words in (("en", "There is no case 999."), ("ko", "찾을 수 없습니다: 사건 999.")):
        visitor.post("/language", {"language": language, "next": "/remittances"})
        answer = visitor.post("/remittances", form(999, mission))
        assert answer.status_code == 404 and words in answer.get_data(as_text=True)


def test_a_request_goes_from_the_form_to_a_yes(services: Services, clock: FrozenClock, visitor: Visitor) -> None:
    agent, chief = officer(services, "agent"), officer(services, "duty_chief")
    with services.db.transaction() as session:
        case, mission = make_case(session, clock).id, make_hong_kong(session).id
    visitor.sign_in(agent.name)
    page = visitor.get(f"/remittances/new?case={case}").get_data(as_text=True)
    assert f'value="{case}"' in page and "USD 3,000.00" in page
    wrong = visitor.post("/remittances", form(case, mission, amount="1.000,00"))
    assert wrong.status_code == 422 and "KIM MINSU" in wrong.get_data(as_text=True), "what was written is kept"
    assert visitor.post("/remittances", form(case, mission, consent="")).status_code == 422
    faulty = visitor.post("/remittances", form(case, mission, amount="5,000", payee_born_on="2990-01-01"))
    page = faulty.get_data(as_text=True)
    assert faulty.status_code == 422 and "at most the limit" in page and "a day of the past since 1900" in page
    short = visitor.post("/remittances", form(case, mission, payer_phone="010-1234"))
    assert short.status_code == 422 and "Write the number as 010-2000-0011" in short.get_data(as_text=True)
    for _ in range(2):  # the second time is a button pressed twice
        answer = visitor.post("/remittances", form(case, mission))
        assert answer.status_code == 302
    address = answer.headers["Location"]
    assert visitor.post(f"{address}/approve").status_code == 403
    listed = visitor.get("/remittances").get_data(as_text=True)
    assert listed.count("KIM MINSU") == 1 and "USD 1,000.00" in listed
    assert "R-2026-" in visitor.get(f"/remittances/of-case/{case}").get_data(as_text=True)
    visitor.post("/sign-out")
    visitor.sign_in(chief.name)
    visitor.post(f"{address}/review")
    refused = visitor.post(f"{address}/note", {"duress": "free", "identity": "second_factor", "payer_name": "김영자"})
    assert refused.status_code == 422
    noted = {
        "duress": "free",
        "identity": "passport",
        "payer_name": "김영자",
        "payer_phone": "010-2000-0011",
        "consent": "1",
    }
    assert visitor.post(f"{address}/note", noted).status_code == 302
    assert visitor.post(f"{address}/approve", {"version": "1"}).status_code == 302
    assert "Look at it again" in visitor.get(address).get_data(as_text=True), "what was read is no longer what is there"
    with services.db.transaction() as session:
        version = session.get_one(Remittance, int(address.rpartition("/")[2])).version
    visitor.post(f"{address}/approve", {"version": str(version)})
    page = visitor.get(address).get_data(as_text=True)
    assert "Approved" in page and "Speaks freely" in page
    assert visitor.post(f"{address}/decide", {"event": "hold", "reason": ""}).status_code == 422
    visitor.post(f"{address}/decide", {"event": "hold", "reason": "To be looked into"})
    page = visitor.get(address).get_data(as_text=True)
    assert "On hold" in page and "To be looked into" in page
    visitor.post(f"{address}/lift", {"reason": "I was the one who approved"})
    assert "Whoever had a part" in visitor.get(address).get_data(as_text=True)


def test_the_interview_is_for_reviewers_alone_and_another_missions_are_nobodys(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, clock)
        one.duress = "under_pressure"
        staff = make_officer(session, roles=("mission_officer",))
        session.add(MissionStaff(officer_id=staff.id, mission_id=make_hong_kong(session).id, since=clock.now()))
    auditor = officer(services, "auditor")
    visitor.sign_in(auditor.name)
    assert "Under pressure" not in visitor.get(f"/remittances/{one.id}").get_data(as_text=True)
    visitor.post("/sign-out")
    visitor.sign_in(staff.name)
    assert visitor.get(f"/remittances/{one.id}").status_code == 404
    assert "No remittances here" in visitor.get("/remittances").get_data(as_text=True)
    assert visitor.get("/remittances/0").status_code == 404


def test_the_api_asks_shows_and_decides(services: Services, clock: FrozenClock, app: Any) -> None:
    with services.db.transaction() as session:
        agent, chief = make_officer(session, roles=("agent",)), make_officer(session, roles=("duty_chief",))
        tokens = [make_token(session, each) for each in (agent, chief)]
        case, mission, other = (
            make_case(session, clock).id,
            make_hong_kong(session).id,
            make_hong_kong(session, code="macau").id,
        )
    client = app.test_client()

    def call(method: str, path: str, token: str, **more: Any) -> Any:
        return client.open(
            f"/api/v1/remittances{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **more
        )

    wish = {
        "key": "api-1", "case_id": case, "mission_id": mission, "wanted_minor": 100_000, "currency": "USD", "reason": "lost",
        "payee_name": "KIM MINSU", "identity": "passport", "payer_name": "김영자", "payer_phone": "+821020000011",
        "consent": True,
    }  # fmt: skip
    made = call("POST", "", tokens[0], json=wish)
    assert made.status_code == 201 and made.json["state"] == "requested" and "payee_name" not in made.json
    assert call("POST", "", tokens[0], json=wish).json["id"] == made.json["id"]
    assert call("POST", "", tokens[0], json=wish | {"key": "api-2"}).status_code == 409
    bad = call("POST", "", tokens[0], json=wish | {"key": "api-3", "reason": "fun", "currency": "XQX"})
    assert bad.status_code == 422 and "currency" in bad.get_data(as_text=True)
    number = made.json["id"]
    assert call("POST", f"/{number}/review", tokens[0]).status_code == 403
    assert call("POST", f"/{number}/review", tokens[1]).json["state"] == "under_review"
    note = {
        "identity": "passport",
        "duress": "free",
        "payer_name": "김영자",
        "payer_phone": "+821020000011",
        "consent": True,
    }
    version = call("POST", f"/{number}/note", tokens[1], json=note).json["version"]
    assert call("POST", f"/{number}/approve", tokens[1], json={"version": version - 1}).status_code == 409
    assert call("POST", f"/{number}/approve", tokens[1], json={"version": version}).json["state"] == "approved"
    moved = call("POST", f"/{number}/reroute", tokens[1], json={"mission_id": other, "reason": "Short of dollars"})
    assert moved.json["mission_id"] == other
    assert (
        call("POST", f"/{number}/decide", tokens[1], json={"event": "hold", "reason": "Looked into"}).json["held_state"]
        == "approved"
    )
    assert call("POST", f"/{number}/lift", tokens[1], json={"reason": "Fine"}).status_code == 409
    story = call("GET", f"/{number}", tokens[0]).json
    assert [each["event"] for each in story["changes"]] == ["request", "review", "note", "approve", "reroute", "hold"]
    assert [each["id"] for each in call("GET", "?state=on_hold&q=kim", tokens[0]).json["remittances"]] == [number]
    assert call("GET", "/999999", tokens[0]).status_code == 404


def test_what_is_wrong_is_said_in_the_readers_language_beside_every_field(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    agent = officer(services, "agent")
    with services.db.transaction() as session:
        case, mission = make_case(session, clock).id, make_hong_kong(session).id
    visitor.sign_in(agent.name)
    visitor.post("/language", {"language": "ko", "next": "/remittances"})
    wrong = form(
        case, mission, reason="", payee_name=" ", identity="second_factor", consent="", payer_phone="12", payee_phone="1",
        payer_name="x" * 200, words="x" * 1001, payee_language="fr", payer_language="fr", currency="KRW",
        payee_born_on="1800-01-01",
    )  # fmt: skip
    page = visitor.post("/remittances", wrong).get_data(as_text=True)
    said = re.findall(r'<p class="error" id="([a-z_-]+)">.*?</svg>([^<]*)</p>', page, re.DOTALL)
    assert len(said) == 12, said
    assert not [each for each in said if not re.search("[가-힣]", each[1])]


def test_what_a_review_still_lacks_is_named_in_the_readers_language(
    services: Services, clock: FrozenClock, visitor: Visitor
) -> None:
    chief = officer(services, "duty_chief")
    with services.db.transaction() as session:
        number = make_remittance(session, clock).id
    visitor.sign_in(chief.name)
    visitor.post(f"/remittances/{number}/review")
    with services.db.transaction() as session:
        one = session.get_one(Remittance, number)
        one.payer_consent_at, version = None, one.version
    for language, words in (
        ("en", "Still missing: Private interview, the traveller&#39;s consent."),
        ("ko", "아직 없는 항목: 개별 면담, 여행자의 동의."),
    ):
        visitor.post("/language", {"language": language, "next": "/remittances"})
        visitor.post(f"/remittances/{number}/approve", {"version": str(version)})
        assert words in visitor.get(f"/remittances/{number}").get_data(as_text=True)
