"""Reading calls and legs, with the row's lock where a change follows; a call's lock orders everything that happens to it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls.models import Call, Leg
from hotline.calls.states import OPEN_LEGS
from hotline.core.errors import NotFound


def get_call(session: Session, call_id: int, *, lock: bool = True) -> Call:
    """Return a call; raises NotFound."""
    call = session.get(Call, call_id, with_for_update=lock, populate_existing=lock)
    if call is None:
        raise NotFound("call", call_id)
    return call


def call_of_leg(session: Session, leg_id: int) -> tuple[Call, Leg]:
    """Return a leg with its call, the call locked first; raises NotFound."""
    call_id = session.scalar(select(Leg.call_id).where(Leg.id == leg_id))
    if call_id is None:
        raise NotFound("leg", leg_id)
    call = get_call(session, call_id)
    return call, session.get_one(Leg, leg_id, populate_existing=True)


def leg_of_sid(session: Session, sid: str) -> tuple[Call, Leg] | None:
    """Return the leg that the provider knows under a name, with its call locked; None for one we do not know."""
    leg_id = session.scalar(select(Leg.id).where(Leg.provider_sid == sid))
    return call_of_leg(session, leg_id) if leg_id is not None else None


def legs_of(session: Session, call_id: int) -> Sequence[Leg]:
    """Return the legs of a call, the oldest first."""
    return session.scalars(
        select(Leg).where(Leg.call_id == call_id).order_by(Leg.id).execution_options(populate_existing=True)
    ).all()


def open_legs(session: Session, call_id: int) -> list[Leg]:
    """Return the legs that are not over."""
    session.flush()
    return [leg for leg in legs_of(session, call_id) if leg.state in OPEN_LEGS]


def caller_leg(session: Session, call_id: int) -> Leg | None:
    """Return the person's own leg, the latest where there was more than one."""
    return session.scalar(
        select(Leg).where(Leg.call_id == call_id, Leg.role == "caller").order_by(Leg.id.desc()).limit(1)
    )


def has_others(session: Session, call_id: int) -> bool:
    """Say whether anybody else was ever in a call, or rung for it."""
    others = select(Leg.id).where(Leg.call_id == call_id, Leg.role != "caller").limit(1)
    return session.scalar(others) is not None
