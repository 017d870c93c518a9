"""What the advice about staff is told of call-outs: how many are on their way, and how long people took to come."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from overflow.surge.models import AskedPerson, Callout
from overflow.surge.states import BRIEFED, CONFIRMED, OVER

LEAST_COMERS = 5
LOOKED_AT = 200


def coming(session: Session, drill: bool) -> int:
    """Return how many have said yes to an open call-out and are not on duty yet; those who come later do not count."""
    found = session.scalar(
        select(func.count())
        .select_from(AskedPerson)
        .join(Callout, Callout.id == AskedPerson.callout_id)
        .where(Callout.drill == drill, Callout.state.not_in(OVER), AskedPerson.state.in_((CONFIRMED, BRIEFED)))
    )
    return found or 0


def minutes_to_come(session: Session, drill: bool) -> float | None:
    """Return the middle of the minutes from the question to being ready, of the last who said "now"; None for too few."""
    spans = (
        select(func.extract("epoch", AskedPerson.ready_at - AskedPerson.asked_at).label("span"))
        .join(Callout, Callout.id == AskedPerson.callout_id)
        .where(
            Callout.drill == drill, AskedPerson.ready_at > AskedPerson.asked_at, AskedPerson.answer == "now",
            AskedPerson.asks == 1,
        )
        .order_by(AskedPerson.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )  # fmt: skip
    count, middle = session.execute(
        select(func.count(), func.percentile_cont(0.5).within_group(spans.c.span)).select_from(spans)
    ).one()
    return float(middle) / 60 if count >= LEAST_COMERS else None
