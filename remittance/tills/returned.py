"""Cash of a payout that was taken back after a dispute: by the books it is in the till again, and somebody has to have seen it.

Whoever ends the dispute says where the cash is. Missing: it is an open difference of the till at once, as if a count had
found it. In the till: the mission is asked to count, until two people have; if it is not there after all, that count finds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from remittance.requests.models import Remittance, RemittanceChange
from remittance.requests.states import DISPUTED, REFUND_PENDING
from remittance.tills.models import TillCount, TillDifference
from remittance.tills.states import OPEN, WITNESSED

IN_TILL, MISSING = "in_till", "missing"
WHERE = (IN_TILL, MISSING)
MAX_SHOWN = 20


@dataclass(frozen=True)
class Returned:
    """Cash that is in a till by the books since a dispute ended, and that nobody has counted since."""

    remittance_id: int
    number: str
    minor: int
    at: datetime


def open_missing(
    session: Session, clock: Clock, remittance_id: int, mission_id: int, currency: str, minor: int
) -> TillDifference:
    """Open the difference for cash that a held till has by the books alone; two finance officers explain it, as any other."""
    made = TillDifference(
        remittance_id=remittance_id, mission_id=mission_id, currency=currency, minor=-minor, state=OPEN, opened_at=clock.now()
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def uncounted(session: Session, mission_id: int, currency: str) -> Sequence[Returned]:
    """Return what was said to be in a till since a dispute and was not counted after that, the oldest first."""
    last = session.scalar(
        select(TillCount.counted_at)
        .where(TillCount.mission_id == mission_id, TillCount.currency == currency, TillCount.state == WITNESSED)
        .order_by(TillCount.counted_at.desc())
        .limit(1)
    )
    facts = RemittanceChange.facts
    ended = (
        select(RemittanceChange, Remittance.number)
        .join(Remittance, Remittance.id == RemittanceChange.remittance_id)
        .where(
            RemittanceChange.before == DISPUTED, RemittanceChange.after == REFUND_PENDING,
            facts["cash"].as_string() == IN_TILL, facts["mission_id"].as_integer() == mission_id,
            facts["currency"].as_string() == currency,
        )
        .order_by(RemittanceChange.id)
        .limit(MAX_SHOWN)
    )  # fmt: skip
    if last is not None:
        ended = ended.where(RemittanceChange.at > last)
    return [
        Returned(change.remittance_id, number, int(change.facts["minor"]), change.at)
        for change, number in session.execute(ended)
    ]
