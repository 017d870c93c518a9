"""The pages and the API of bank accounts: entered by one officer, agreed to by another, chosen, closed; and for nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.banks import accounts, demo
from remittance.banks.models import BankAccount
from tests.auth.conftest import Visitor
from tests.factories import make_officer, make_token
from tests.remittance.quotes.making import make_bank

FORM = {
    "code": "main", "bank_en": "Hana Bank", "bank_ko": "하나은행", "holder": "외교부", "number": "123-910001-45604",
    "currency": "krw", "opened": "1,000",
}  # fmt: skip


def visit(app: Any, services: Services, *roles: str) -> Visitor:
    """Return somebody with these roles, signed in."""
    with services.db.transaction() as session:
        officer = make_officer(session, roles=roles)
    visitor = Visitor(app.test_client())
    visitor.sign_in(officer.name)
    return visitor


def only(services: Services) -> BankAccount:
    with services.db.transaction() as session:
        return session.scalars(select(BankAccount)).one()


def test_an_account_goes_through_two_officers_pages(app: Any, services: Services) -> None:
    one, two = visit(app, services, "finance_officer"), visit(app, services, "finance_officer")
    assert "No bank account yet" in one.get("/bank-accounts").get_data(as_text=True)
    assert 'name="number"' in one.get("/bank-accounts/new").get_data(as_text=True)
    for change, words in (
        ({"number": "12/34"}, "as the bank does"), ({"code": "Main Account"}, "small letters"), ({"holder": ""}, "1 to 80"),
        ({"currency": "XQX"}, "ISO 4217"), ({"opened": "1,5"}, "Write digits"), ({"bank_ko": " "}, "1 to 80"),
    ):  # fmt: skip
        wrong = one.post("/bank-accounts", FORM | change)
        page = wrong.get_data(as_text=True)
        assert wrong.status_code == 422 and words in page, change
        assert 'value="Hana Bank"' in page, "what was typed is still there"
    assert one.post("/bank-accounts", FORM).status_code == 302
    taken = one.post("/bank-accounts", FORM)
    assert taken.status_code == 409 and "stands for another account" in taken.get_data(as_text=True)
    path = f"/bank-accounts/{only(services).id}"
    page = one.get("/bank-accounts").get_data(as_text=True)
    assert "another officer agrees" in page and f"{path}/agree" not in page and "KRW 1,000" in page
    one.post(f"{path}/agree")
    assert "Another one does" in one.get("/bank-accounts").get_data(as_text=True)
    two.post(f"{path}/agree")
    assert f"{path}/choose" in two.get("/bank-accounts").get_data(as_text=True)
    two.post(f"{path}/choose")
    assert "named in new quotes" in two.get("/bank-accounts").get_data(as_text=True) and only(services).main
    one.post(f"{path}/close")
    assert "account closed" in one.get("/bank-accounts").get_data(as_text=True)
    assert one.post("/bank-accounts/999999/close").status_code == 404


@pytest.mark.parametrize(("role", "reads"), [("auditor", True), ("agent", False), ("cashier", False)])
def test_others_read_at_most(app: Any, services: Services, clock: FrozenClock, role: str, reads: bool) -> None:
    with services.db.transaction() as session:
        account = make_bank(session, clock)
    visitor = visit(app, services, role)
    answer = visitor.get("/bank-accounts")
    assert answer.status_code == (200 if reads else 403)
    assert "What to do" not in answer.get_data(as_text=True)
    for path in ("/bank-accounts", f"/bank-accounts/{account.id}/agree", f"/bank-accounts/{account.id}/choose",
                 f"/bank-accounts/{account.id}/close"):  # fmt: skip
        assert visitor.post(path, FORM).status_code == 403, path
    assert visitor.get("/bank-accounts/new").status_code == 403


def test_the_api_lists_accounts(app: Any, services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        account = make_bank(session, clock)
        token = make_token(session, make_officer(session, roles=("auditor",)))
        other = make_token(session, make_officer(session, roles=("agent",)))
    client = app.test_client()
    (shown,) = client.get("/api/v1/bank-accounts", headers={"Authorization": f"Bearer {token}"}).get_json()[
        "bank_accounts"
    ]
    assert (shown["id"], shown["code"], shown["state"], shown["main"]) == (account.id, "main", "open", True)
    assert client.get("/api/v1/bank-accounts", headers={"Authorization": f"Bearer {other}"}).status_code == 403


def test_the_demo_has_an_account_that_is_chosen_and_loads_once(services: Services) -> None:
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert accounts.listed(session) == [], "no demo without its officers"
        for name in (demo.ENTERS, demo.AGREES):
            make_officer(session, name=name, roles=("finance_officer",))
    for _ in range(2):
        demo.load(services, SYSTEM)
    assert only(services).main
