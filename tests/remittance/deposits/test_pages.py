"""The pages and the API of deposits: a file from the look to the books, what waits given away, decisions about deposits."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from hotline.auth.models import Officer
from hotline.core.services import Services
from remittance.deposits.statement import MAX_BYTES
from remittance.requests.models import Remittance
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.deposits.test_placing import last
from tests.remittance.deposits.writing import camt, mt940, table


@pytest.fixture
def visitor(app: Any) -> Visitor:
    """Return somebody at the sign-in page."""
    return Visitor(app.test_client())


@pytest.fixture
def colleague(app: Any) -> Visitor:
    """Return somebody else there."""
    return Visitor(app.test_client())


def officer(services: Services, *roles: str, language: str = "en") -> Officer:
    with services.db.transaction() as session:
        return make_officer(session, roles=roles, language=language)


def upload(visitor: Visitor, data: bytes, **more: str) -> Any:
    return visitor.post("/remittances/statements/import", {"file": (io.BytesIO(data), "bank.xml")} | more)


def carried(page: str) -> dict[str, str]:
    """Return what the preview's form sends."""
    return dict(re.findall(r'<input type="hidden" name="(step|name|account|data)" value="([^"]*)"', page))


def test_a_file_is_looked_at_first_and_taken_over_then(bank: Bank, visitor: Visitor) -> None:
    one = bank.quoted()
    visitor.sign_in(officer(bank.services, "finance_officer").name)
    assert "Take a statement over" in visitor.get("/remittances/statements").get_data(as_text=True)
    assert bank.account.number in visitor.get("/remittances/statements/import").get_data(as_text=True)
    data = camt(
        [
            bank.statement(
                bank.entry(DUE, reference=one.reference), bank.entry(12, payer="<b>WANG</b>".replace("<", "&lt;"))
            )
        ]
    )
    page = upload(visitor, data).get_data(as_text=True)
    assert "Nothing is changed yet" in page and one.number in page and "Deposit complete" in page
    assert "&lt;b&gt;WANG" in page and bank.entries() == []
    form = carried(page)
    assert form["step"] == "take"
    for _ in range(2):  # the second time is a button pressed twice
        assert visitor.post("/remittances/statements/import", form).status_code == 302
    assert bank.state(one) == "deposited" and len(bank.entries()) == 2
    shown = visitor.get("/remittances/statements").get_data(as_text=True)
    assert "agrees" in shown and "taken over before" in shown and "1 entry waits" in shown
    statement = last(bank).statement_id
    assert one.number in visitor.get(f"/remittances/statements/{statement}").get_data(as_text=True)
    assert visitor.get("/remittances/statements/9999").status_code == 404


def test_a_table_needs_its_account_and_faults_are_named_with_their_lines(bank: Bank, visitor: Visitor) -> None:
    visitor.sign_in(officer(bank.services, "finance_officer").name)
    given = bank.statement(bank.entry(12))
    refused = upload(visitor, table(given))
    assert refused.status_code == 422 and "choose the bank account" in refused.get_data(as_text=True)
    page = upload(visitor, table(given), account=str(bank.account.id)).get_data(as_text=True)
    assert visitor.post("/remittances/statements/import", carried(page)).status_code == 302
    assert last(bank).payer == "김영자", "code page 949 comes through the page"
    broken = upload(visitor, mt940([given]).replace(b":62F:C", b":62F:D"))
    assert broken.status_code == 422 and "closing balance (line" in broken.get_data(as_text=True)
    bomb = upload(visitor, b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;&x;">]><Document>&z;</Document>')
    assert bomb.status_code == 422 and "a statement has none" in bomb.get_data(as_text=True)
    assert visitor.post("/remittances/statements/import", {"step": "take", "data": "!", "name": "x"}).status_code == 422
    assert visitor.post("/remittances/statements/import", {}).status_code == 422
    for size in (MAX_BYTES + 1, 2 * MAX_BYTES):  # the second is more than any request may have
        large = upload(visitor, b"x" * size)
        assert large.status_code == 413 and re.search("at most 3 MB|more than 4 MiB", large.get_data(as_text=True)), (
            size
        )
    assert "at most 3 MB" in upload(visitor, b"x" * (MAX_BYTES + 1)).get_data(as_text=True)


def test_faults_are_told_in_korean_too(bank: Bank, visitor: Visitor) -> None:
    visitor.sign_in(officer(bank.services, "finance_officer", language="ko").name)
    bank.send(bank.entry(1))
    bank.statement(bank.entry(5))
    page = upload(visitor, camt([bank.statement(bank.entry(7))])).get_data(as_text=True)
    assert "마지막 거래내역서" in page and "3행" in page


def test_what_waits_is_given_to_a_remittance_or_explained_by_two(
    bank: Bank, visitor: Visitor, colleague: Visitor
) -> None:
    one = bank.quoted()
    visitor.sign_in(officer(bank.services, "finance_officer").name)
    colleague.sign_in(officer(bank.services, "finance_officer").name)
    bank.send(bank.entry(DUE, payer="WANG FEI"), bank.entry(-1_100, payer="Bank"), bank.entry(77, payer="CHEN LU"))
    deposit, charge, stray = bank.entries()
    page = visitor.get("/remittances/suspense").get_data(as_text=True)
    assert one.number in page and "Money out that nothing explains yet" in page and "alike" in page
    assert "CHEN LU" in visitor.get("/remittances/suspense?q=chen").get_data(as_text=True)
    found = visitor.get("/remittances/suspense?q=1,100").get_data(as_text=True)
    assert "CHEN LU" not in found and "Bank" in found
    here = f"/remittances/suspense/{deposit.id}"
    assert one.number in visitor.get(here).get_data(as_text=True)
    wrong = visitor.post(f"{here}/assign", {"number": "R-1999-000001", "reason": "x"})
    assert wrong.status_code == 422 and "number or reference" in wrong.get_data(as_text=True)
    assert visitor.post(f"{here}/assign", {"number": one.number, "reason": ""}).status_code == 422
    assert visitor.post(f"{here}/assign", {"number": one.reference.lower(), "reason": "His cousin"}).status_code == 302
    assert bank.state(one) == "wrong_depositor"
    again = visitor.post(f"{here}/assign", {"number": one.number, "reason": "again"})
    assert again.status_code == 302 and bank.held(one) == DUE
    there = f"/remittances/suspense/{charge.id}"
    assert visitor.post(f"{there}/ask", {"what": "ask_fees", "reason": "Charge"}).status_code == 302
    assert "a colleague has to agree" in visitor.get(there).get_data(as_text=True)
    visitor.post(f"{there}/agree", {})
    assert bank.books()["suspense"] == 1_100 - 77, "not by the same"
    colleague.post(f"{there}/agree", {})
    assert bank.books()["suspense"] == -77
    back = f"/remittances/suspense/{stray.id}"
    visitor.post(f"{back}/ask", {"what": "ask_refund", "reason": "Nobody knows it"})
    colleague.post(f"{back}/refuse", {"reason": "Wait a day"})
    visitor.post(f"{back}/ask", {"what": "ask_refund", "reason": "Nobody knows it"})
    colleague.post(f"{back}/agree", {})
    assert "CHEN LU" in visitor.get("/remittances/refunds").get_data(as_text=True)
    bank.send(bank.entry(-77, payer="CHEN LU"))
    out = last(bank)
    assert "Both undo each other" in visitor.get(f"/remittances/suspense/{out.id}").get_data(as_text=True)
    visitor.post(f"/remittances/suspense/{out.id}/pair", {"other": "x"})
    visitor.post(f"/remittances/suspense/{out.id}/pair", {"other": str(stray.id)})
    assert "suspense" not in bank.books()
    assert visitor.get("/remittances/suspense/99999").status_code == 404


def test_an_assignment_is_taken_back_on_the_entrys_page(bank: Bank, visitor: Visitor, colleague: Visitor) -> None:
    one, named = bank.quoted(), bank.quoted()
    visitor.sign_in(officer(bank.services, "finance_officer").name)
    colleague.sign_in(officer(bank.services, "finance_officer", language="ko").name)
    bank.send(bank.entry(DUE, payer="WANG FEI"), bank.entry(DUE, reference=named.reference))
    stray, found = bank.entries()
    here, there = (f"/remittances/suspense/{each.id}" for each in (stray, found))
    visitor.post(f"{here}/assign", {"number": one.number, "reason": "His cousin"})
    assert "Take the assignment back" in visitor.get(here).get_data(as_text=True)
    assert visitor.post(f"{here}/undo", {"reason": " "}).status_code == 422 and bank.held(one) == DUE
    visitor.post(f"{here}/undo", {"reason": "Another's cousin"})
    page = visitor.get(here).get_data(as_text=True)
    assert "It was given to a remittance by mistake" in page and one.number in page and "Another&#39;s cousin" in page
    assert bank.state(one) == "quoted"
    assert "Deposit of another remittance taken back" in visitor.get(f"/remittances/{one.id}").get_data(as_text=True)
    visitor.post(f"{there}/undo", {"reason": "The bank erred"})
    assert "a colleague has to agree" in visitor.get(there).get_data(as_text=True) and bank.state(named) == "deposited"
    visitor.post(f"{there}/undo", {"step": "agree"})
    assert bank.state(named) == "deposited", "not by the same"
    assert "The bank erred" in colleague.get(there).get_data(as_text=True)
    colleague.post(f"{there}/undo", {"step": "refuse", "reason": "No"})
    assert "배정을 그대로 둡니다" in colleague.get(there).get_data(as_text=True)
    visitor.post(f"{there}/undo", {"reason": "It did"})
    colleague.post(f"{there}/undo", {"step": "agree"})
    assert bank.state(named) == "quoted" and bank.books()["suspense"] == -2 * DUE


def decide(visitor: Visitor, one: Remittance, **form: str) -> Any:
    return visitor.post(f"/remittances/{one.id}/deposits/decide", form)


def test_decisions_are_on_the_remittances_page(bank: Bank, visitor: Visitor, colleague: Visitor) -> None:
    one, other = bank.quoted(), bank.quoted()
    visitor.sign_in(officer(bank.services, "finance_officer").name)
    colleague.sign_in(officer(bank.services, "duty_chief").name)
    bank.send(bank.entry(DUE + 5, reference=one.reference), bank.entry(DUE - 5, reference=other.reference))
    page = visitor.get(f"/remittances/{one.id}").get_data(as_text=True)
    assert "Accept it as it came" in page and "김영자" in page
    seen = colleague.get(f"/remittances/{one.id}").get_data(as_text=True)
    assert "Too much deposited" in seen and "Accept it as it came" not in seen
    assert decide(colleague, one, event="accept", reason="x").status_code == 403
    assert decide(visitor, one, event="accept", reason="").status_code == 302
    assert bank.state(one) == "overpaid"
    decide(visitor, one, event="accept", reason="The rest goes back")
    assert bank.state(one) == "deposited"
    assert one.number in visitor.get("/remittances/refunds").get_data(as_text=True)
    decide(visitor, other, event="refund", reason="The relative wants it back")
    assert bank.state(other) == "refund_pending"
    assert decide(visitor, other, event="refund", reason="again").status_code == 302
    assert visitor.post("/remittances/99999/deposits/decide", {"event": "accept", "reason": "x"}).status_code == 404


@pytest.mark.parametrize("role", ["agent", "cashier", "duty_chief"])
def test_statements_are_for_finance_and_audit(bank: Bank, visitor: Visitor, role: str) -> None:
    bank.send(bank.entry(5))
    visitor.sign_in(officer(bank.services, role).name)
    for address in ("statements", "statements/1", "statements/import", "suspense", "suspense/1", "refunds"):
        assert visitor.get(f"/remittances/{address}").status_code == 403, address


def test_an_auditor_sees_all_and_changes_nothing(bank: Bank, visitor: Visitor) -> None:
    bank.send(bank.entry(5))
    visitor.sign_in(officer(bank.services, "auditor").name)
    for address in ("statements", "suspense", f"suspense/{last(bank).id}", "refunds"):
        assert visitor.get(f"/remittances/{address}").status_code == 200
    assert upload(visitor, b"x").status_code == 403
    assert (
        visitor.post(f"/remittances/suspense/{last(bank).id}/ask", {"what": "ask_fees", "reason": "x"}).status_code
        == 403
    )


def test_the_api_takes_files_over_and_gives_what_waits_away(bank: Bank, client: Any) -> None:
    one, part = bank.quoted(), bank.quoted()
    with bank.services.db.transaction() as session:
        finance = make_token(session, make_officer(session, roles=("finance_officer",)))
        agent = make_token(session, make_officer(session, roles=("agent",)))
    data = camt([bank.statement(bank.entry(DUE, payer=""), bank.entry(DUE - 9, reference=part.reference))])

    def call(method: str, path: str, token: str = finance, **more: Any) -> Any:
        return client.open(f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **more)

    assert call("POST", "/statements", agent, data=data, content_type="application/xml").status_code == 403
    assert call("POST", "/statements", data=data, content_type="image/png").status_code == 415
    for new in (True, False):
        answer = call("POST", "/statements?name=a.xml", data=data, content_type="application/xml")
        assert answer.status_code == 200 and answer.json["new"] is new, answer.json
    assert call("POST", "/statements", data=b"nonsense", content_type="text/plain").json["errors"][0]["mend"]
    for size, code in ((MAX_BYTES + 1, "statement-too-large"), (2 * MAX_BYTES, "body-too-large")):
        large = call("POST", "/statements", data=b"x" * size, content_type="text/plain")
        assert (large.status_code, large.json["code"]) == (413, code), large.json
    assert call("POST", "/statements?account=none", data=b"x", content_type="text/csv").status_code == 422
    rows = table(bank.statement(bank.entry(3)))
    assert (
        call("POST", f"/statements?account={bank.account.code}", data=rows, content_type="text/csv").json["entries"]
        == 1
    )
    assert [each["account"] for each in call("GET", "/statements").json["statements"]] == [bank.account.code] * 2
    waits = call("GET", "/suspense?state=suspense").json
    assert [each["amount_minor"] for each in waits["entries"]] == [DUE, 3] and waits["next_after"] is None
    number = waits["entries"][0]["id"]
    given = {"remittance_id": one.id, "reason": "The relative sent the receipt"}
    assert call("POST", f"/suspense/{number}/assign", agent, json=given).status_code == 403
    assert call("POST", f"/suspense/{number}/assign", json=given).json["event"] == "deposit"
    assert call("POST", f"/suspense/{number}/assign", json=given).status_code == 409
    assert call("POST", "/suspense/99999/assign", json=given).status_code == 404
    assert call("POST", f"/suspense/{number}/assign", json={"remittance_id": one.id}).status_code == 422
    decided = call("POST", f"/remittances/{part.id}/deposit/accept", json={"reason": "Enough"})
    assert decided.json["state"] == "deposited", decided.json
    assert (
        call("POST", f"/remittances/{part.id}/deposit/refund", json={"reason": "Changed"}).json["state"]
        == "refund_pending"
    )
    undo = {"reason": "It was another's"}
    assert call("POST", f"/suspense/{number}/undo", agent, json=undo).status_code == 403
    assert call("POST", f"/suspense/{number}/undo", json={}).status_code == 422
    undone = call("POST", f"/suspense/{number}/undo", json=undo)
    assert (undone.json["state"], undone.json["remittance_state"]) == ("done", "quoted"), undone.json
    assert call("POST", f"/suspense/{number}/undo", json=undo).json["code"] == "not-assigned"
    asked = bank.entries(remittance_id=part.id)[0].id
    assert call("POST", f"/suspense/{asked}/undo", json=undo).json["needs_two"] is True
    assert call("POST", f"/suspense/{asked}/undo/agree").json["code"] == "same-officer-asked"
    assert call("POST", f"/suspense/{asked}/undo/refuse", json=undo).json["state"] == "refused"
    assert call("POST", f"/suspense/{asked}/undo/agree").json["code"] == "no-undo-asked"
