"""A bank's file is taken over whole, once, in whatever form it comes; afterwards the books hold what the bank says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from remittance.deposits import checking, importing, planning
from remittance.deposits.models import BankStatement
from remittance.deposits.reading import read_file
from remittance.deposits.statement import Entry, Statement
from remittance.ledger.accounts import account_for
from remittance.ledger.checking import check
from remittance.ledger.states import BANK
from tests.remittance.deposits.making import TODAY, Bank, make_bank
from tests.remittance.deposits.writing import camt, mt940, table
from tests.remittance.ledger.making import at_once
from tests.remittance.requests.making import make_actor


def sound(bank: Bank) -> None:
    """The books balance, and agree with the bank."""
    with bank.services.db.connection() as connection:
        assert check(connection, bank.services.clock.now()).findings == []
    with bank.services.db.transaction() as session:
        (found,) = checking.bank_balances(session)
        assert found.agrees and found.books == bank.balance, checking.sentence(found)
        assert not checking.month_check(session, "2026-11")


def account_of(session: Session, bank: Bank, kind: str) -> int:
    """Return the account of the books of a kind."""
    return account_for(session, bank.services.clock, kind, "KRW", reference=bank.account.code if kind == BANK else "")


def faults(act: Any) -> str:
    with pytest.raises(SeveralFaults) as caught:
        act()
    return " | ".join(f"{fault['field']}: {fault['mend']}" for fault in caught.value.faults)


def test_a_statement_sets_the_opening_balance_and_every_entry_is_in_suspense(bank: Bank) -> None:
    taken = bank.send(bank.entry(500_000), bank.entry(-20_000, payer="Bank"))
    assert (taken.new, taken.statements, taken.entries, taken.known) == (True, 1, 2, 0)
    assert bank.books() == {"bank": 480_000, "suspense": -480_000}, "what was there before is no movement"
    first, second = bank.entries()
    assert (first.state, first.why, first.balance_minor, second.balance_minor) == (
        "suspense",
        "unknown",
        1_500_000,
        1_480_000,
    )
    assert second.why == "outgoing" and first.payer_name_hash != second.payer_name_hash
    sound(bank)
    bank.send()
    bank.send(bank.entry(7))
    sound(bank)


def test_the_same_file_ten_times_and_ten_at_once_is_one(bank: Bank) -> None:
    data = camt([bank.statement(bank.entry(500_000), bank.entry(1))])
    answers = at_once([lambda: bank.take(data)] * 10)
    assert sorted(answer.new for answer in answers) == [False] * 9 + [True], answers
    for _ in range(10):
        assert not bank.take(data).new
    assert len(bank.entries()) == 2
    sound(bank)


def test_the_same_statement_in_ten_files_at_once_is_one(bank: Bank) -> None:
    given = bank.statement(bank.entry(500_000), bank.entry(-1))
    files = [camt([given]), camt([given], "08"), mt940([given])] + [
        camt([given]) + b"\n" * count for count in range(1, 8)
    ]
    answers = at_once([lambda data=data: bank.take(data) for data in files])
    assert sorted(answer.entries for answer in answers) == [0] * 9 + [2], answers
    assert sum(answer.known for answer in answers) == 18
    sound(bank)


def test_a_table_that_overlaps_brings_only_what_is_new(bank: Bank, clock: FrozenClock) -> None:
    days = [
        replace(bank.entry(amount), booked_on=TODAY - timedelta(days=9 - nth))
        for nth, amount in enumerate((5, 6, -5, 8, 9))
    ]
    first = Statement(1, "", "KRW", "", days[0].booked_on, days[3].booked_on, 1_000_000, 1_000_014, tuple(days[:4]))
    later = Statement(1, "", "KRW", "", days[1].booked_on, days[4].booked_on, 1_000_005, 1_000_023, tuple(days[1:]))
    number = bank.account.id
    for encoding in ("cp949", "utf-8"):
        taken = bank.take(table(first, encoding=encoding), bank_account_id=number)
        assert taken.entries == (4 if encoding == "cp949" else 0)
    taken = bank.take(table(later, newest_first=True), bank_account_id=number)
    assert (taken.entries, taken.known) == (1, 3)
    assert (
        bank.take(table(replace(later, entries=tuple(days[1:3]), closing=1_000_006)), bank_account_id=number).entries
        == 0
    )
    assert [each.payer for each in bank.entries()] == ["김영자"] * 5
    bank.balance = 1_000_023
    sound(bank)


def test_a_gap_is_refused_with_its_days_and_nothing_of_the_file_is_taken(bank: Bank) -> None:
    bank.send(bank.entry(10))
    lost, next_one = bank.statement(bank.entry(20)), bank.statement(bank.entry(30))
    said = faults(lambda: bank.take(camt([replace(next_one, opened_on=TODAY)])))
    assert "2026-11-21 to 2026-11-21 are missing" in said and "opening balance (line" in said
    assert len(bank.entries()) == 1
    assert bank.take(camt([lost, next_one])).entries == 2
    old = replace(lost, opened_on=date(2026, 11, 1), closed_on=date(2026, 11, 1), entries=(), closing=lost.opening)
    assert "known days" in faults(lambda: bank.take(camt([old])))
    sound(bank)


def test_entries_that_could_be_new_or_known_are_refused_unless_the_bank_tells_them_apart(bank: Bank) -> None:
    plain = [bank.entry(amount, bank_reference="") for amount in (70, -70)]
    bank.send(*plain)
    again = replace(bank.statement(*plain), closed_on=TODAY + timedelta(days=1))
    assert "bank's reference of each entry" in faults(lambda: bank.take(camt([again])))
    bank.sent, bank.balance = 1, 1_000_000
    assert bank.send(bank.entry(71), bank.entry(-71)).entries == 2
    assert bank.send(bank.entry(71), bank.entry(-71)).entries == 2, "references of their own"
    sound(bank)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"account": "999888777666"}, "enter this bank account first"),
        ({"currency": "JPY"}, "is kept in KRW"),
        ({"closed_on": date(2026, 12, 1)}, "it lies between"),
        ({"closing": 5}, "leave"),
    ],
)
def test_a_statement_that_is_not_ours_or_cannot_be_is_refused(bank: Bank, change: dict[str, Any], words: str) -> None:
    given = replace(bank.statement(bank.entry(10)), **change)
    assert words in faults(lambda: bank.take(camt([given])))
    tomorrow = replace(bank.entry(10), booked_on=TODAY + timedelta(days=2))
    assert "booked between" in faults(lambda: bank.take(camt([replace(given, entries=(tomorrow,), closing=1_000_010)])))
    assert bank.entries() == []


def test_an_account_that_only_one_officer_entered_takes_nothing(bank: Bank) -> None:
    with bank.services.db.transaction() as session:
        lonely = make_bank(session, number="333-444-555555", agreed_by_id=None)
        stranger = make_actor(session, bank.services.clock, "agent")
    given = bank.statement(bank.entry(10))
    assert "second officer" in faults(lambda: bank.take(camt([replace(given, account="333444555555")])))
    with pytest.raises(Refused, match="second officer"):
        bank.take(table(given), bank_account_id=lonely.id)
    with pytest.raises(NotFound):
        bank.take(table(given), bank_account_id=999)
    with pytest.raises(Forbidden):
        importing.take(bank.services, stranger, camt([given]), name="a.xml")
    with pytest.raises(InvalidInput):
        importing.take(bank.services, bank.officer, camt([given]), name=" \x00 ")


def test_a_table_is_not_taken_as_another_accounts(bank: Bank) -> None:
    with bank.services.db.transaction() as session:
        other = make_bank(session, number="222-333-444444")
    given = bank.statement(bank.entry(10, payer="222-333-444444"))
    assert "choose that account" in faults(lambda: bank.take(table(given), bank_account_id=other.id))
    assert bank.take(table(given), bank_account_id=bank.account.id).entries == 1
    with pytest.raises(Refused, match="another account"):
        bank.take(table(given), bank_account_id=other.id)


def test_an_entry_of_a_closed_month_is_booked_into_the_open_one_and_odd_letters_do_no_harm(bank: Bank) -> None:
    odd = Entry(0, 5, date(2026, 1, 5), payer="A\x07B", details="x" * 500, reference="R", bank_reference="B")
    given = Statement(
        1, bank.number, "KRW", "5/1", date(2026, 1, 5), date(2026, 1, 5), 0, 5, (odd, replace(odd, amount=0))
    )
    bank.take(mt940([replace(given, entries=(odd,))]))
    (entry,) = bank.entries()
    assert "\x07" not in entry.payer and len(entry.details) <= 500


def test_the_largest_files_end_in_time(bank: Bank) -> None:
    many = [bank.entry(1, bank_reference=f"N{count}") for count in range(600)]
    assert bank.send(*many).entries == 600
    assert sum(each.state == "new" for each in bank.entries()) == 400, "the job goes on"
    sound(bank)


def test_what_is_planned_is_what_is_taken(bank: Bank) -> None:
    given = camt([bank.statement(bank.entry(10), bank.entry(20))])
    with bank.services.db.transaction() as session:
        (planned,) = planning.plan(session, bank.services.clock.now(), read_file(given), None)
        assert [entry.amount for entry in planned.new] == [10, 20]
    assert bank.entries() == []
    assert bank.take(given).entries == 2


def test_a_month_does_not_close_while_the_bank_says_something_else(bank: Bank) -> None:
    bank.send(bank.entry(5))
    with bank.services.db.transaction() as session:
        session.execute(update(BankStatement).values(closing_minor=BankStatement.closing_minor + 1))
        (found,) = checking.month_check(session, "2026-11")
    assert found.code == "bank-differs" and found.params["account"] == bank.account.code
