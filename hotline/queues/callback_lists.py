"""Lists of callbacks as people work through them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.queues.models import Callback
from hotline.queues.states import GIVEN_UP, OPEN

MAX_ROWS = 300


def open_callbacks(session: Session, *, owner_id: int | None = None) -> Sequence[Callback]:
    """Return callbacks that need doing, those given up included, the most overdue first; at most MAX_ROWS."""
    wanted = select(Callback).where(Callback.state.in_((*OPEN, GIVEN_UP)))
    if owner_id is not None:
        wanted = wanted.where(Callback.owner_id == owner_id)
    return session.scalars(wanted.order_by(Callback.due_at, Callback.id).limit(MAX_ROWS)).all()
