"""Makers of what a quote needs: a bank account, rates that count, cash in a till, and an approved remittance."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.missions.models import Mission
from remittance.banks import accounts
from remittance.banks.models import BankAccount
from remittance.ledger.accounts import account_for
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import MISSION_CASH, SETTLEMENT
from remittance.money.amounts import Money
from remittance.quotes.models import ExchangeRate
from remittance.requests import policies
from remittance.requests.models import Policy, Remittance
from tests.remittance.requests.making import make_actor, make_approved, make_hong_kong

_keys = itertools.count(1)
HOUR = timedelta(hours=1)
EVERYWHERE = ("USD", "EUR", "JPY", "BHD", "IQD", "HKD", "KRW")
RATES = {"USD": "1.08", "KRW": "1566", "JPY": "162.5", "BHD": "0.4072", "IQD": "1414.8", "HKD": "8.424"}
"""What one euro costs, so that one dollar is 1,450 won."""


def make_bank(
    session: Session, clock: Clock, *, code: str = "main", currency: str = "KRW", chosen: bool = True
) -> BankAccount:
    """Enter an account, have a second officer agree, and choose it."""
    one, two = make_actor(session, clock, "finance_officer"), make_actor(session, clock, "finance_officer")
    wish = accounts.Wish(
        code=code,
        bank_en="Hana Bank",
        bank_ko="하나은행",
        holder="외교부",
        number="123-910001-45604",
        opened=Money(0, currency),
    )
    account = accounts.enter(session, clock, one, wish)
    accounts.agree(session, clock, two, account.id)
    return accounts.choose(session, clock, one, account.id) if chosen else account


def make_rate(session: Session, *, base: str, quoted: str, value: str, at: datetime, **more: Any) -> ExchangeRate:
    """Put a rate on record that counts."""
    values: dict[str, Any] = {"source": "ecb", "entered_at": at, "agreed_at": at, "digest": "0" * 64}
    rate = ExchangeRate(base=base, quoted=quoted, value=value, at=at, **(values | more))
    session.add(rate)
    session.flush()
    return rate


def make_rates(session: Session, clock: Clock, **more: Any) -> None:
    """Put a day's rates on record, an hour old unless another time is given."""
    at = more.pop("at", clock.now() - HOUR)
    for currency, value in RATES.items():
        make_rate(session, base="EUR", quoted=currency, value=value, at=at, **more)


def fill_till(session: Session, clock: Clock, mission: Mission, amount: Money) -> None:
    """Put cash into a mission's till."""
    lines = [
        Line(account_for(session, clock, kind, amount.currency, mission_id=mission.id), each)
        for kind, each in ((MISSION_CASH, amount), (SETTLEMENT, -amount))
    ]
    post(
        session,
        clock,
        SYSTEM,
        key=f"till:{next(_keys)}",
        occurred_at=clock.now(),
        memo="Float",
        about=About(),
        lines=lines,
    )


def make_policy(session: Session, clock: Clock, **more: Any) -> Policy:
    """Have a policy hold that pays out in many currencies."""
    values: dict[str, Any] = {
        "limit": Money(300_000, "USD"), "reasons": policies.REASONS, "deposit_currency": "KRW",
        "payout_currencies": EVERYWHERE, "fee_minor": 3_000, "spread_basis_points": 100,
    }  # fmt: skip
    return policies.keep(session, clock, SYSTEM, policies.Rules(**(values | more)))


def make_quotable(session: Session, clock: Clock, *, cash: Money | None = None, **more: Any) -> Remittance:
    """Make everything that a quote needs, and an approved remittance; `cash` is what the till holds."""
    make_bank(session, clock)
    make_rates(session, clock)
    mission = more.pop("mission", None) or make_hong_kong(session)
    wanted = more.get("wanted", Money(100_000, "USD"))
    fill_till(session, clock, mission, cash or wanted)
    return make_approved(session, clock, mission=mission, **more)
