"""Makers for texts: a quote with its bank account, deposits in the books, and the way of a remittance through its states."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.notices.models import Notice
from remittance.banks.models import BankAccount
from remittance.ledger.accounts import account_for
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import DEPOSITS, SUSPENSE
from remittance.money.amounts import Money
from remittance.quotes.models import Quote
from remittance.requests import moving
from remittance.requests.models import Remittance
from remittance.telling import telling

_codes = itertools.count(1)


def make_quote(session: Session, clock: Clock, one: Remittance, **more: Any) -> Quote:
    """Add a quote for a remittance at a bank of its own."""
    bank = BankAccount(
        code=f"bank-{next(_codes)}", bank_en="Kookmin Bank", bank_ko="국민은행", holder="외교부", number="123-456-789012",
        currency="KRW", created_at=clock.now(),
    )  # fmt: skip
    session.add(bank)
    session.flush()
    values: dict[str, Any] = {
        "remittance_id": one.id, "nth": 1, "bank_account_id": bank.id, "rate": "1450/1", "rate_source": "test",
        "rate_at": clock.now(), "currency": one.currency, "paid_minor": one.wanted_minor, "due_currency": "KRW",
        "due_minor": 1_450_000, "value_minor": 1_450_000, "fee_minor": 0, "residue_minor": 0,
        "limit_minor": one.wanted_minor, "expires_at": clock.now() + timedelta(hours=24), "quoted_at": clock.now(),
    }  # fmt: skip
    quote = Quote(**(values | more))
    session.add(quote)
    session.flush()
    return quote


def make_deposit(session: Session, clock: Clock, one: Remittance, minor: int) -> None:
    """Post a deposit that belongs to a remittance."""
    suspense, held = (account_for(session, clock, kind, "KRW") for kind in (SUSPENSE, DEPOSITS))
    post(
        session, clock, SYSTEM, key=f"test-deposit:{one.id}:{next(_codes)}", occurred_at=clock.now(), memo="deposit",
        lines=[Line(suspense, Money(minor, "KRW")), Line(held, Money(-minor, "KRW"))], about=About("remittance", one.id),
    )  # fmt: skip


def go(services: Services, remittance_id: int, *events: str) -> None:
    """Take a remittance through events of the table, each in a transaction of its own."""
    for event in events:
        with services.db.transaction() as session:
            one = moving.get(session, remittance_id, lock=True)
            moving.move(session, services.clock, SYSTEM, one, event)


def facts(services: Services) -> list[dict[str, Any]]:
    """Return everything that the outbox tells of remittances, the oldest first."""
    with services.db.transaction() as session:
        found = session.scalars(
            select(OutboxEvent).where(OutboxEvent.topic == moving.MOVED).order_by(OutboxEvent.id)
        ).all()
        return [dict(each.payload) for each in found]


def tell_all(services: Services) -> None:
    """Hand every fact to the handler, as the outbox does."""
    for fact in facts(services):
        telling.tell(services, fact)


def texts(services: Services) -> list[tuple[str, str]]:
    """Return number and words of every text about remittances, the oldest first."""
    with services.db.transaction() as session:
        found = session.scalars(select(Notice).where(Notice.purpose == telling.PURPOSE).order_by(Notice.id)).all()
        return [(each.phone, each.body) for each in found]
