"""Lists of callbacks as people work through them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.queues.models import Callback
from hotline.queues.states import GIVEN_UP, OPEN

MAX_ROWS, MAX_OF_CASE = 300, 20


def open_callbacks(session: Session, *, owner_id: int | None = None) -> Sequence[Callback]:
    """Return callbacks that need doing, at most MAX_ROWS: what still runs, the most overdue first, then those given up.

    Given up, a callback stays until somebody settles it: months of them must not push a promise of today off the list.
    """
    wanted = select(Callback).where(Callback.state.in_((*OPEN, GIVEN_UP)))
    if owner_id is not None:
        wanted = wanted.where(Callback.owner_id == owner_id)
    return session.scalars(
        wanted.order_by(Callback.state == GIVEN_UP, Callback.due_at, Callback.id).limit(MAX_ROWS)
    ).all()


def of_case(session: Session, case_id: int) -> Sequence[Callback]:
    """Return the callbacks of a case, what needs doing first and then the latest; at most MAX_OF_CASE."""
    needs_doing = Callback.state.in_((*OPEN, GIVEN_UP))
    wanted = select(Callback).where(Callback.case_id == case_id).order_by(needs_doing.desc(), Callback.id.desc())
    return session.scalars(wanted.limit(MAX_OF_CASE)).all()
