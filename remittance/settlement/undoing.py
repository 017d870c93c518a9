"""A payout that was settled and is refunded after a dispute: its part of the settlement is taken back with it.

`SETTLEMENT -paid / FX +paid`: the payout and the release are reversed by the room that booked them, so that the cash is the
mission's to put back, and owed to it again. The settlement itself stays as it was agreed to.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from remittance.ledger.accounts import account_for
from remittance.ledger.posting import About, Line, post
from remittance.ledger.states import FX, SETTLEMENT
from remittance.money.amounts import Money
from remittance.requests.effects import Step
from remittance.requests.models import Remittance
from remittance.requests.states import DISPUTED, REFUND_PENDING
from remittance.settlement.models import Settlement, SettlementItem
from remittance.settlement.settling import ABOUT


def take_back(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
    """Take a remittance's part of its settlement back when a dispute ends in a refund; runs with every change of one."""
    if step.before != DISPUTED or step.after != REFUND_PENDING:
        return
    row = session.execute(
        select(SettlementItem, Settlement)
        .join(Settlement, Settlement.id == SettlementItem.settlement_id)
        .where(SettlementItem.remittance_id == one.id, SettlementItem.settled)
    ).one_or_none()
    if row is None:
        return
    item, settlement = row
    paid = Money(item.minor, settlement.currency)
    owed = account_for(session, clock, SETTLEMENT, settlement.currency, mission_id=settlement.mission_id)
    exchange = account_for(session, clock, FX, settlement.currency)
    post(
        session, clock, step.actor, key=f"unsettled:{one.id}", occurred_at=clock.now(), late=True,
        memo=f"{one.number}: settlement taken back", about=About(ABOUT, settlement.id),
        lines=[Line(owed, -paid), Line(exchange, paid)],
    )  # fmt: skip
