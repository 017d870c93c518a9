"""Makers for deposits: an agreed bank account, a quoted remittance, and a bank that sends its statements one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.services import Services
from remittance.banks.models import BankAccount
from remittance.deposits import importing
from remittance.deposits.holding import held_for
from remittance.deposits.importing import Taken
from remittance.deposits.models import BankEntry
from remittance.deposits.statement import Entry, Statement
from remittance.ledger.balances import balances
from remittance.ledger.models import LedgerAccount
from remittance.quotes.models import Quote
from remittance.requests import moving
from remittance.requests.models import Remittance
from tests.factories import NOW, make_officer
from tests.remittance.deposits.writing import camt
from tests.remittance.requests.making import make_actor, make_approved

DUE = 1_450_000
TODAY = date(2026, 11, 21)
_numbers = itertools.count(1)


def make_bank(session: Session, *, number: str = "110-123-456789", currency: str = "KRW", **more: Any) -> BankAccount:
    """Add a bank account that two officers agreed to."""
    one, two = make_officer(session, roles=("finance_officer",)), make_officer(session, roles=("finance_officer",))
    values: dict[str, Any] = {
        "code": f"main-{next(_numbers)}", "bank_en": "Woori Bank", "bank_ko": "우리은행", "holder": "외교부", "number": number,
        "currency": currency, "entered_by_id": one.id, "agreed_by_id": two.id, "created_at": NOW,
    }  # fmt: skip
    bank = BankAccount(**(values | more))
    session.add(bank)
    session.flush()
    return bank


def make_quote(session: Session, clock: Clock, one: Remittance, bank: BankAccount, **more: Any) -> Quote:
    """Add a quote of 1,000 dollars for 1,450,000 won."""
    values: dict[str, Any] = {
        "remittance_id": one.id, "nth": 1, "bank_account_id": bank.id, "rate": "1447/1", "rate_source": "test",
        "rate_at": clock.now(), "currency": one.currency, "paid_minor": one.wanted_minor, "due_currency": bank.currency,
        "due_minor": DUE, "value_minor": DUE - 3_000, "fee_minor": 3_000, "residue_minor": 0, "limit_minor": 100_000,
        "expires_at": clock.now() + timedelta(hours=24), "quoted_at": clock.now(),
    }  # fmt: skip
    quote = Quote(**(values | more))
    session.add(quote)
    session.flush()
    return quote


def make_quoted(session: Session, clock: Clock, bank: BankAccount, **more: Any) -> Remittance:
    """Add a remittance whose deposit of 1,450,000 won by 김영자 is awaited."""
    one = make_approved(session, clock, **more)
    make_quote(session, clock, one, bank)
    return moving.move(session, clock, make_actor(session, clock, "finance_officer"), one, "quote")


@dataclass
class Bank:
    """A bank that holds one account, and whose statements follow each other."""

    services: Services
    currency: str = "KRW"
    number: str = "110-123-456789"
    balance: int = 1_000_000
    day: date = TODAY
    sent: int = 0
    files: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.services.db.transaction() as session:
            self.account = make_bank(session, number=self.number, currency=self.currency)
            self.officer: Actor = make_actor(session, self.services.clock, "finance_officer")
            self.second: Actor = make_actor(session, self.services.clock, "finance_officer")

    def quoted(self, **more: Any) -> Remittance:
        """Add a remittance whose deposit is awaited."""
        with self.services.db.transaction() as session:
            return make_quoted(session, self.services.clock, self.account, **more)

    def entry(self, amount: int, *, reference: str = "", payer: str = "김영자", **more: Any) -> Entry:
        """Make an entry of today."""
        values: dict[str, Any] = {"bank_reference": f"B{next(_numbers)}", "details": "송금"}
        return Entry(line=0, amount=amount, booked_on=self.day, reference=reference, payer=payer, **(values | more))

    def statement(self, *entries: Entry) -> Statement:
        """Make the next statement."""
        self.sent += 1
        opening, self.balance = self.balance, self.balance + sum(entry.amount for entry in entries)
        return Statement(
            1,
            self.number.replace("-", ""),
            self.currency,
            str(self.sent),
            self.day,
            self.day,
            opening,
            self.balance,
            entries,
        )

    def take(self, data: bytes, **more: Any) -> Taken:
        """Take a file over."""
        return importing.take(self.services, self.officer, data, name="statement.xml", **more)

    def send(self, *entries: Entry) -> Taken:
        """Take the next statement over, with these entries."""
        self.files.append(camt([self.statement(*entries)]))
        return self.take(self.files[-1])

    def entries(self, **wanted: Any) -> list[BankEntry]:
        """Return the entries that are kept, the oldest first."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(BankEntry).filter_by(**wanted).order_by(BankEntry.id)))

    def state(self, one: Remittance) -> str:
        """Return a remittance's state now."""
        with self.services.db.transaction() as session:
            return moving.get(session, one.id).state

    def held(self, one: Remittance) -> int:
        """Return what is held for a remittance."""
        with self.services.db.transaction() as session:
            return held_for(session, [one.id]).get((one.id, self.currency), 0)

    def books(self) -> Mapping[str, int]:
        """Return the balances of this currency by kind of account."""
        with self.services.db.transaction() as session:
            kinds = {
                each.id: each.kind for each in session.scalars(select(LedgerAccount).filter_by(currency=self.currency))
            }
            return {kinds[number]: minor for number, minor in balances(session, list(kinds)).items() if minor}
