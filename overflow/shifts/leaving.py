"""What becomes of somebody's shifts when they leave the roster, and of their words when they are erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hotline.core import audit, live
from hotline.core.actor import SYSTEM
from hotline.core.clock import Clock
from hotline.core.services import Services
from overflow.shifts import reading, telling
from overflow.shifts.missing import TOPIC
from overflow.shifts.models import Shift, ShiftCalendar, ShiftSwap
from overflow.shifts.people import lock
from overflow.shifts.states import LIVE, NEWS_REFUSED, PUBLISHED, SHIFT, SWAP, TAKEN


def left(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `VolunteerLeft`: what lies ahead of them is taken back without a text; a second telling changes nothing."""
    agent_id = int(payload["agent_id"])
    if not agent_id:
        return
    with services.db.transaction() as session:
        _leave(session, services.clock, agent_id)
    live.notify(services.redis, TOPIC)


def _leave(session: Session, clock: Clock, agent_id: int) -> None:
    taken = select(ShiftSwap.shift_id).where(ShiftSwap.to_agent_id == agent_id, ShiftSwap.state == TAKEN)
    others = dict(session.execute(select(Shift.id, Shift.agent_id).where(Shift.id.in_(taken))).tuples().all())
    lock(session, [agent_id, *others.values()])
    for shift_id in sorted(others):
        _give_back(session, clock, agent_id, shift_id)
    ahead = select(Shift).where(Shift.agent_id == agent_id, Shift.state.in_(LIVE), Shift.ends_at > clock.now())
    locked = ahead.order_by(Shift.id).with_for_update().execution_options(populate_existing=True)
    for shift in session.scalars(locked).all():
        before, now = shift.state, clock.now()
        shift.state, shift.ended_at, shift.updated_at = SHIFT.next_state(before, "cancel", SYSTEM), now, now
        shift.version += 1
        telling.lapse_swaps(session, clock, shift.id)
        telling.drop(session, clock, shift.id)
        audit.record(
            session, clock, SYSTEM, "shift.cancelled", "shift", shift.id,
            before={"state": before}, after={"agent_id": agent_id, "reason": "left"},
        )  # fmt: skip


def _give_back(session: Session, clock: Clock, agent_id: int, shift_id: int) -> None:
    """Let a shift that they said they would take stay with whom it is, who is told."""
    shift = reading.get(session, shift_id, lock=True)
    swap = session.scalar(
        select(ShiftSwap)
        .where(ShiftSwap.shift_id == shift_id, ShiftSwap.to_agent_id == agent_id, ShiftSwap.state == TAKEN)
        .with_for_update()
    )
    if swap is None:
        return
    swap.state, swap.settled_at = SWAP.next_state(swap.state, "lapse", SYSTEM), clock.now()
    session.flush()
    if shift.state == PUBLISHED:
        telling.news(session, clock, shift, NEWS_REFUSED, about=f"swap {swap.id}")


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `VolunteerErased`: their words about shifts go, and their calendar's address; the shifts stay without a name."""
    agent_id = int(payload["agent_id"])
    if not agent_id:
        return
    with services.db.transaction() as session:
        session.execute(update(Shift).where(Shift.agent_id == agent_id, Shift.reason != "").values(reason=""))
        session.execute(
            update(ShiftSwap).where(ShiftSwap.from_agent_id == agent_id, ShiftSwap.reason != "").values(reason="")
        )
        session.execute(delete(ShiftCalendar).where(ShiftCalendar.agent_id == agent_id))
