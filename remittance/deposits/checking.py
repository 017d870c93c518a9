"""Whether our bank accounts are, in the books, what the banks' last statements say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from remittance.banks.models import BankAccount
from remittance.deposits.models import BankStatement
from remittance.ledger.balances import balances
from remittance.ledger.closing import Hindrance
from remittance.ledger.models import LedgerAccount
from remittance.ledger.states import BANK
from remittance.money.amounts import Money


@dataclass(frozen=True, slots=True)
class BankBalance:
    """An account at a bank: what the books say, what its last statement says (minor units), and of which day that is."""

    bank_account_id: int
    code: str
    currency: str
    books: int
    statement: int
    closed_on: date

    @property
    def agrees(self) -> bool:
        """Say whether both are the same."""
        return self.books == self.statement


def bank_balances(session: Session) -> list[BankBalance]:
    """Return every account that has a statement, by code."""
    latest = (
        select(BankStatement)
        .distinct(BankStatement.bank_account_id)
        .order_by(BankStatement.bank_account_id, BankStatement.id.desc())
        .subquery()
    )
    rows = session.execute(
        select(BankAccount, latest.c.closing_minor, latest.c.closed_on, LedgerAccount.id)
        .join(latest, latest.c.bank_account_id == BankAccount.id)
        .outerjoin(
            LedgerAccount,
            (LedgerAccount.kind == BANK)
            & (LedgerAccount.reference == BankAccount.code)
            & (LedgerAccount.currency == BankAccount.currency),
        )
        .order_by(BankAccount.code)
    ).all()
    books = balances(session, [row[3] for row in rows if row[3] is not None])
    return [
        BankBalance(bank.id, bank.code, bank.currency, bank.opened_minor + books.get(number, 0), closing, closed_on)
        for bank, closing, closed_on, number in rows
    ]


def sentence(one: BankBalance) -> str:
    """Say in plain words what differs."""
    books, bank = Money(one.books, one.currency), Money(one.statement, one.currency)
    return (
        f"The bank account {one.code} holds {books} in the books and {bank} in the bank's statement of {one.closed_on}."
    )


def month_check(session: Session, _period: str) -> Sequence[Hindrance]:
    """Return what stands against closing a month: an account that is not what the bank says."""
    return [
        Hindrance("bank-differs", {"account": one.code, "closed_on": str(one.closed_on)})
        for one in bank_balances(session)
        if not one.agrees
    ]
