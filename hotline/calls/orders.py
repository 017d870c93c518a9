"""Orders to the provider about calls that are on: written with the fact that asks for them, carried out by a job."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from hotline.calls.models import Call, CallOrder, Leg
from hotline.core.clock import Clock

KINDS = ("redirect", "hang_up", "hold", "coach", "announce", "record", "delete_recording")


def give(session: Session, clock: Clock, call: Call, kind: str, *, leg: Leg | None = None, **details: Any) -> CallOrder:
    """Write an order; `redirect` makes a leg ask `/now` again, `hang_up` ends it, the others change it
    in its conference, or delete a recording.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no order {kind!r}")
    now = clock.now()
    order = CallOrder(
        call_id=call.id, leg_id=leg.id if leg is not None else None, kind=kind, details=details, state="waiting",
        due_at=now, created_at=now,
    )  # fmt: skip
    session.add(order)
    session.flush()
    return order
