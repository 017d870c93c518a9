"""What has to lie in each till and what of it is spoken for, reckoned from what people did; the books and the views must agree.

Cash is what was put in, less what was taken out and paid, with what came back after a dispute and what was explained; reserved is
every quote that holds and is not paid. Nothing of this looks at a posting.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from remittance.payouts.models import Payout
from remittance.quotes.models import Quote
from remittance.quotes.standing import reserved
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import DISPUTED, REFUND_PENDING
from remittance.tills import overview
from remittance.tills.models import TillDifference, TillMove

Key = tuple[int, str]
PROMISED = ("quoted", "partial", "overpaid", "wrong_depositor", "deposited", "ready")


@dataclass
class Tills:
    """Cash and reservations by mission and currency, in minor units."""

    cash: Counter[Key] = field(default_factory=Counter)
    held: Counter[Key] = field(default_factory=Counter)


def reckon(session: Session) -> Tills:
    """Return what the tills must be."""
    made = Tills()
    for move in session.scalars(select(TillMove).where(TillMove.state == "done")):
        made.cash[move.mission_id, move.currency] += (
            move.amount_minor if move.kind == "replenish" else -move.amount_minor
        )
    for payout in session.scalars(select(Payout).where(Payout.paid_at.is_not(None))):
        made.cash[payout.mission_id, payout.currency] -= payout.paid_minor
    for back in session.scalars(
        select(RemittanceChange).where(RemittanceChange.before == DISPUTED, RemittanceChange.after == REFUND_PENDING)
    ):
        made.cash[int(back.facts["mission_id"]), str(back.facts["currency"])] += int(back.facts["minor"])
    for known in session.scalars(select(TillDifference).where(TillDifference.state == "explained")):
        made.cash[known.mission_id, known.currency] += known.minor
    newest = {quote.remittance_id: quote for quote in session.scalars(select(Quote).order_by(Quote.nth))}
    for one in session.scalars(select(Remittance)):
        if (one.held_state or one.state) in PROMISED and one.state in (*PROMISED, "on_hold"):
            quote = newest[one.id]
            made.held[one.mission_id, quote.currency] += quote.paid_minor
    return made


def check(session: Session, now: datetime) -> None:
    """Raise AssertionError where headquarters' view, or what a quote may promise, is not what the tills must be."""
    must = reckon(session)
    shown = {(each.mission_id, each.currency): each for each in overview.tills(session, now)}
    for key in must.cash.keys() | must.held.keys() | shown.keys():
        there = shown.get(key)
        seen = (there.cash, there.reserved, there.free) if there else (0, 0, 0)
        assert seen == (must.cash[key], must.held[key], must.cash[key] - must.held[key]), f"till {key}: {seen}"
        assert reserved(session, *key) == must.held[key], f"what quotes reserve in {key}"
        assert seen[2] >= 0, f"till {key} is promised more than it has"
