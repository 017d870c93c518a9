"""Until when a call-out needs somebody at a desk."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from overflow.surge.models import AskedPerson, Callout
from overflow.surge.states import DESK, OVER


def duty_until(session: Session, clock: Clock, volunteer_id: int) -> datetime | None:
    """Return the end of what a volunteer agreed to, while they are coming or there; None when no call-out waits for them."""
    until = session.scalar(
        select(func.max(Callout.until_at))
        .join(AskedPerson, AskedPerson.callout_id == Callout.id)
        .where(
            AskedPerson.volunteer_id == volunteer_id, AskedPerson.state.in_(DESK), Callout.state.not_in(OVER)
        )
    )  # fmt: skip
    # Who is still in a call after the agreed end has a desk until they are released.
    return max(until, clock.now()) if until is not None else None
