"""The counter's pages and the API: from number and code to the voucher, on two screens, in two languages, for slow lines."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hotline.auth.models import Officer
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.requests import moving
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.payouts.making import Counter, at_night

SLOW_BYTES = 50_000


def visitor_for(app: Any, services: Services, officer_id: int | None) -> Visitor:
    """Return the browser of an officer who is signed in."""
    with services.db.transaction() as session:
        name = session.get_one(Officer, officer_id).name
    visitor = Visitor(app.test_client())
    visitor.sign_in(name)
    return visitor


def form(**more: str) -> dict[str, str]:
    """Return the form as a cashier fills it in."""
    return {
        "document_kind": "passport", "document_number": "M12345678", "document_name": "KIM MINSU", "note-10000": "10",
    } | more  # fmt: skip


def test_from_number_and_code_to_the_voucher_on_two_screens(counter: Counter, services: Services, app: Any) -> None:
    remittance_id = counter.ready()
    with services.db.transaction() as session:
        number = moving.get(session, remittance_id).number
    code = counter.code(remittance_id)
    cashier = visitor_for(app, services, counter.cashier.id)
    listed = cashier.get("/remittances/payouts")
    assert number in listed.get_data(as_text=True) and len(listed.data) < SLOW_BYTES
    wrong = cashier.post("/remittances/payouts/open", {"number": number, "code": "0000"})
    assert wrong.status_code == 409 and "Tries left: 4" in wrong.get_data(as_text=True)
    assert cashier.post("/remittances/payouts/open", {"number": "R-1", "code": code}).status_code == 404
    nothing = cashier.post("/remittances/payouts/open", {"number": " ", "code": code})
    assert nothing.status_code == 422 and "such as R-2026-000001" in nothing.get_data(as_text=True)
    opened = cashier.post("/remittances/payouts/open", {"number": number.lower(), "code": code})
    page = opened.get_data(as_text=True)
    assert opened.status_code == 200 and re.search(r'name="note-10000" value="10"', page), "notes are proposed"
    assert len(opened.data) < SLOW_BYTES
    address = f"/remittances/payouts/of/{remittance_id}"
    faulty = cashier.post(address, form(code=code, document_name="LEE JISU", **{"note-10000": "9"}))
    page = faulty.get_data(as_text=True)
    assert faulty.status_code == 422 and "do not pay" in page and "exactly the amount" in page and "M12345678" in page
    assert cashier.post(address, form(code=code, **{"note-10000": "ten"})).status_code == 422
    prepared = cashier.post(address, form(code=code))
    assert prepared.status_code == 302
    place = prepared.headers["Location"]
    page = cashier.get(place).get_data(as_text=True)
    assert "screen of their own" in page and "Confirm and pay out" not in page
    cashier.post(f"{place}/confirm")
    assert "somebody else than the cashier" in cashier.get(place).get_data(as_text=True)
    again = cashier.post("/remittances/payouts/open", {"number": number, "code": code})
    assert again.status_code == 302 and again.headers["Location"] == place
    witness = visitor_for(app, services, counter.officer.id)
    assert "Waits for a witness" in witness.get("/remittances/payouts").get_data(as_text=True)
    assert "Confirm and pay out" in witness.get(place).get_data(as_text=True)
    assert witness.get(f"{place}/voucher.pdf").status_code == 409
    witness.post(f"{place}/confirm")
    assert counter.state(remittance_id) == "paid"
    first, second = cashier.get(f"{place}/voucher.pdf"), witness.get(f"{place}/voucher.pdf")
    assert first.mimetype == "application/pdf" and first.data == second.data and first.data.startswith(b"%PDF")
    panel = witness.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    assert "Look at the payout" in panel and "Officer" in panel


def test_the_panel_says_what_stands_against_it_and_makes_codes(services: Services, app: Any) -> None:
    counter = Counter(services, cash=0)
    short = counter.deposited()
    agent = visitor_for(app, services, counter.agent.id)
    assert "does not hold so much" in agent.get(f"/remittances/{short}").get_data(as_text=True)
    counter = Counter(services)
    remittance_id = counter.ready()
    old = counter.code(remittance_id)
    assert "Code sent by text" in agent.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    assert agent.post(f"/remittances/{remittance_id}/pickup-code", {"way": "text"}).status_code == 302
    assert counter.code(remittance_id) != old
    refused = agent.post(f"/remittances/{remittance_id}/pickup-code", {"way": "voice"})
    assert refused.status_code == 302
    told = agent.post(f"/remittances/{remittance_id}/pickup-code", {"way": "voice", "proof": "questions"})
    code = re.search(r'id="told-title">([0-9]{4}-[0-9]{4})<', told.get_data(as_text=True))
    assert code is not None and told.headers["Cache-Control"] == "no-store" and "Set-Cookie" not in told.headers
    page = agent.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    assert "Code told by voice" in page and code[1] not in page


def test_a_withdrawn_payout_and_closing_time(
    counter: Counter, services: Services, app: Any, clock: FrozenClock
) -> None:
    payout = counter.prepared(counter.ready())
    cashier = visitor_for(app, services, counter.cashier.id)
    cashier.post(f"/remittances/payouts/{payout.id}/withdraw")
    assert "Withdrawn" in cashier.get(f"/remittances/payouts/{payout.id}").get_data(as_text=True)
    remittance_id = payout.remittance_id
    code = counter.code(remittance_id)
    clock.set(at_night(clock.now()))
    cashier = visitor_for(app, services, counter.cashier.id)
    with services.db.transaction() as session:
        number = moving.get(session, remittance_id).number
    shut = cashier.post("/remittances/payouts/open", {"number": number, "code": code})
    assert shut.status_code == 409 and "can allow an exception" in shut.get_data(as_text=True)
    assert cashier.post(f"/remittances/{remittance_id}/outside-hours", {"reason": "Now"}).status_code == 403
    officer = visitor_for(app, services, counter.officer.id)
    assert "Allow it outside" in officer.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    officer.post(f"/remittances/{remittance_id}/outside-hours", {"reason": ""})
    officer.post(f"/remittances/{remittance_id}/outside-hours", {"reason": "Flight at six"})
    assert "Flight at six" in officer.get(f"/remittances/{remittance_id}").get_data(as_text=True)
    assert cashier.post("/remittances/payouts/open", {"number": number, "code": code}).status_code == 200


def test_another_missions_people_see_nothing(counter: Counter, services: Services, app: Any) -> None:
    payout = counter.prepared(counter.ready())
    other = Counter(services)
    stranger = visitor_for(app, services, other.cashier.id)
    assert "Nothing is ready" in stranger.get("/remittances/payouts").get_data(as_text=True)
    for path in (f"/remittances/payouts/{payout.id}", f"/remittances/payouts/{payout.id}/voucher.pdf"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"/remittances/payouts/{payout.id}/confirm").status_code == 404
    assert stranger.post(f"/remittances/payouts/{payout.id}/withdraw").status_code == 404
    agent = visitor_for(app, services, counter.agent.id)
    assert agent.get("/remittances/payouts").status_code == 403
    auditor = make_visitor(app, services, "auditor")
    assert auditor.get(f"/remittances/payouts/{payout.id}").status_code == 200
    assert "Confirm and pay out" not in auditor.get(f"/remittances/payouts/{payout.id}").get_data(as_text=True)


def make_visitor(app: Any, services: Services, *roles: str) -> Visitor:
    """Return the browser of a new officer."""
    with services.db.transaction() as session:
        officer = make_officer(session, roles=roles)
    return visitor_for(app, services, officer.id)


def test_pages_are_there_in_korean(counter: Counter, services: Services, app: Any) -> None:
    payout = counter.prepared(counter.ready())
    with services.db.transaction() as session:
        session.get_one(Officer, counter.witness.id).language = "ko"
    witness = visitor_for(app, services, counter.witness.id)
    assert "수령 코드" in witness.get("/remittances/payouts").get_data(as_text=True)
    assert "확인하고 지급" in witness.get(f"/remittances/payouts/{payout.id}").get_data(as_text=True)


@pytest.fixture
def call(app: Any, services: Services) -> Any:
    """Return a way to call the API as an officer."""

    def made(actor: Any, method: str, path: str, **more: Any) -> Any:
        with services.db.transaction() as session:
            token = make_token(session, session.get_one(Officer, actor.id))
        return app.test_client().open(
            f"/api/v1/remittances{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **more
        )

    return made


def test_the_api_prepares_confirms_and_disputes(counter: Counter, services: Services, call: Any) -> None:
    remittance_id = counter.ready()
    place = f"/{remittance_id}/payout"
    assert call(counter.cashier, "GET", place).status_code == 404
    renewed = call(counter.agent, "POST", f"/{remittance_id}/pickup-code")
    assert renewed.status_code == 201 and renewed.json["nth"] == 2 and "code" not in renewed.json
    given = {
        "code": counter.code(remittance_id), "document_kind": "passport", "document_name": "KIM MINSU",
        "document_number": "M12345678", "notes": [{"value_minor": 10_000, "count": 10}],
    }  # fmt: skip
    wrong = call(counter.cashier, "POST", place, json=given | {"code": "1"})
    assert wrong.status_code == 409 and wrong.json["code"] == "wrong-code"
    assert call(counter.cashier, "POST", place, json=given | {"notes": []}).status_code == 422
    assert call(counter.agent, "POST", place, json=given).status_code == 403
    made = call(counter.cashier, "POST", place, json=given)
    assert made.status_code == 201 and made.json["state"] == "prepared" and "document_name" not in made.json
    assert call(counter.cashier, "POST", f"{place}/withdraw").json["state"] == "withdrawn"
    assert call(counter.cashier, "POST", place, json=given).status_code == 201
    assert call(counter.cashier, "POST", f"{place}/confirm").json["code"] == "same-officer-payout"
    paid = call(counter.witness, "POST", f"{place}/confirm").json
    assert paid["state"] == "paid" and paid["witness_id"] == counter.witness.id
    assert call(counter.witness, "POST", f"{place}/confirm").json["code"] == "already-paid"
    with services.db.transaction() as session:
        finance = make_officer(session, roles=("finance_officer",))
    disputed = call(finance, "POST", f"/{remittance_id}/dispute", json={"event": "dispute", "reason": "Says no"})
    assert disputed.json["state"] == "disputed"
    hours = call(counter.officer, "POST", f"/{remittance_id}/outside-hours", json={"reason": "Late"})
    assert hours.status_code == 409
