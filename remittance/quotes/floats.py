"""Whether a mission's till has the cash: what lies in it less what is spoken for by other quotes."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.errors import Refused
from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balance, hold
from remittance.ledger.models import LedgerAccount
from remittance.ledger.states import MISSION_CASH
from remittance.money.amounts import Money
from remittance.quotes.standing import reserved
from remittance.requests.models import Remittance


def free_cash(session: Session, mission_id: int, currency: str, *, but: int | None = None) -> Money:
    """Return what a mission's till could still promise; less than nothing where too much is promised.

    `but` leaves a remittance out. Whoever decides by it holds the till's account first (`demand_cash` does).
    """
    till = session.scalar(
        select(LedgerAccount.id).where(
            LedgerAccount.kind == MISSION_CASH,
            LedgerAccount.currency == currency,
            LedgerAccount.mission_id == mission_id,
            LedgerAccount.reference == "",
        )
    )
    there = balance(session, till).minor if till is not None else 0
    return Money(there - reserved(session, mission_id, currency, but=but), currency)


def demand_free(session: Session, one: Remittance, paid: Money) -> None:
    """Raise Refused (`float-short`), saying what is free, where the remittance's mission cannot promise it so much."""
    free = free_cash(session, one.mission_id, paid.currency, but=one.id)
    if free < paid:
        left = Money(max(free.minor, 0), paid.currency)
        raise Refused(
            f"The till has {left} free, and {paid} is asked for. Give it to another mission, or have the till replenished.",
            code="float-short", params={"free": left.grouped(), "paid": paid.grouped()},
        )  # fmt: skip


def demand_cash(session: Session, clock: Clock, one: Remittance, paid: Money) -> None:
    """Hold the till until commit, so that nobody else promises its cash meanwhile, and raise Refused (`float-short`) as above."""
    till = account_for(session, clock, MISSION_CASH, paid.currency, mission_id=one.mission_id)
    hold(session, [till])
    demand_free(session, one, paid)
