"""A bank account is named to nobody before two officers agreed, and one of each currency is chosen for new quotes."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.errors import Forbidden, NotFound, Refused, SeveralFaults
from hotline.core.services import Services
from remittance.banks import accounts
from remittance.banks.accounts import Wish
from remittance.banks.models import BankAccount
from remittance.banks.states import CLOSED, OPEN, WAITING
from remittance.money.amounts import Money
from tests.remittance.ledger.making import at_once
from tests.remittance.quotes.making import make_bank
from tests.remittance.requests.making import make_actor


def wish(**more: object) -> Wish:
    values: dict[str, object] = {
        "code": "main", "bank_en": "Hana Bank", "bank_ko": "하나은행", "holder": "외교부", "number": "123-910001-45604",
        "opened": Money(1_000, "KRW"),
    }  # fmt: skip
    return Wish(**(values | more))  # type: ignore[arg-type]  # fields by name, as tests change them


def finance(services: Services) -> Actor:
    with services.db.transaction() as session:
        return make_actor(session, services.clock, "finance_officer")


def test_nobody_is_told_of_an_account_before_a_second_officer_agreed(services: Services) -> None:
    one, two = finance(services), finance(services)
    with services.db.transaction() as session:
        account = accounts.enter(session, services.clock, one, wish())
        assert accounts.state_of(account) == WAITING and account.opened_minor == 1_000
        with pytest.raises(Refused):
            accounts.choose(session, services.clock, one, account.id)
        with pytest.raises(Forbidden) as own:
            accounts.agree(session, services.clock, one, account.id)
        assert own.value.code == "four-eyes"
        with pytest.raises(Refused) as none:
            accounts.main_of(session, "KRW")
        assert none.value.code == "no-bank-account"
        accounts.agree(session, services.clock, two, account.id)
        with pytest.raises(Refused):
            accounts.main_of(session, "KRW")
        accounts.choose(session, services.clock, one, account.id)
        assert accounts.main_of(session, "KRW").id == account.id and accounts.state_of(account) == OPEN
        with pytest.raises(Refused):
            accounts.agree(session, services.clock, two, account.id)
    with services.db.transaction() as session:
        trail = session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "bank_account")).all()
        assert [entry.action for entry in trail] == ["bank_account.enter", "bank_account.agree", "bank_account.choose"]
        assert "910001" not in str([entry.after for entry in trail]), (
            "the number's end tells it, the rest is the bank's secret"
        )


def test_only_those_who_may_enter_and_close_accounts(services: Services) -> None:
    with services.db.transaction() as session:
        reader = make_actor(session, services.clock, "auditor")
        with pytest.raises(Forbidden):
            accounts.enter(session, services.clock, reader, wish())
        account = make_bank(session, services.clock)
        with pytest.raises(Forbidden):
            accounts.close(session, services.clock, reader, account.id)
        with pytest.raises(NotFound):
            accounts.get(session, 999_999)


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "Main Account"), ("bank_en", " "), ("bank_ko", "은" * 81), ("holder", "a\x07b"), ("number", "12/34"),
     ("number", ""), ("number", "1" * 41), ("opened", Money(-1, "KRW"))],
)  # fmt: skip
def test_a_wrong_account_is_refused_by_its_field(services: Services, field: str, value: object) -> None:
    one = finance(services)
    with services.db.transaction() as session, pytest.raises(SeveralFaults) as caught:
        accounts.enter(session, services.clock, one, wish(**{field: value}))
    assert [fault["field"] for fault in caught.value.faults] == [field]


def test_another_account_is_chosen_and_a_closed_one_is_named_no_more(services: Services) -> None:
    with services.db.transaction() as session:
        first, second = make_bank(session, services.clock), make_bank(session, services.clock, code="second")
        dollars = make_bank(session, services.clock, code="dollars", currency="USD")
        session.refresh(first)
        assert (first.main, second.main, dollars.main) == (False, True, True)
        one = make_actor(session, services.clock, "finance_officer")
        accounts.close(session, services.clock, one, second.id)
        assert accounts.state_of(second) == CLOSED and not second.main
        with pytest.raises(Refused):
            accounts.main_of(session, "KRW")
        with pytest.raises(Refused):
            accounts.choose(session, services.clock, one, second.id)
        assert [account.code for account in accounts.listed(session)] == ["main", "dollars", "second"]
        with pytest.raises(Refused) as taken:
            accounts.enter(session, services.clock, one, wish(code="second"))
        assert taken.value.code == "bank-code-taken", "a short name is an account of the books for good"


def test_two_who_choose_at_once_leave_one_chosen_and_two_who_enter_at_once_one_entered(services: Services) -> None:
    with services.db.transaction() as session:
        found = [make_bank(session, services.clock, code=code).id for code in ("one", "two", "three")]
        actor = make_actor(session, services.clock, "finance_officer")

    def choose(session: Session, number: int) -> None:
        accounts.choose(session, services.clock, actor, number)

    def enter(session: Session, number: int) -> None:
        accounts.enter(session, services.clock, actor, wish(code="new"))

    def run(act: object, number: int) -> None:
        with services.db.transaction() as session:
            act(session, number)  # type: ignore[operator]  # one of the two above

    results = at_once([lambda number=number: run(choose, number) for number in found[:2]])
    assert results == [None, None]
    results = at_once([lambda: run(enter, 0), lambda: run(enter, 0)])
    assert sorted(type(each).__name__ for each in results) == ["NoneType", "Refused"]
    with services.db.transaction() as session:
        rows = session.scalars(select(BankAccount)).all()
        assert sum(row.main for row in rows) == 1 and len(rows) == 4
