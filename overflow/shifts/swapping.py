"""A shift passes from one person to another: offered, taken, and agreed to by a planner where the rules ask for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import SYSTEM, Actor
from hotline.core.clock import Clock
from hotline.core.errors import Forbidden, NotFound, Refused
from overflow.shifts import coverage, reading, telling
from overflow.shifts.models import Shift, ShiftSwap
from overflow.shifts.needed import cover
from overflow.shifts.people import Person, people
from overflow.shifts.planning import Table, Wanted, check_reason, held
from overflow.shifts.states import (
    DECLINED,
    NEWS_PASSED_ON,
    NEWS_REFUSED,
    NEWS_TAKEN,
    OFFERED,
    OPEN_SWAPS,
    PUBLISHED,
    SHIFT,
    SWAP,
)
from overflow.shifts.wall import Placed, Wall

SOON = timedelta(hours=12)
"""A swap of a shift that begins sooner is looked at by a planner: there is no time left to mend it."""
WHY_SOON, WHY_SKILLS, WHY_KIND = "soon", "skills", "kind"
MAX_OFFERS = 100


def offer(session: Session, clock: Clock, actor: Actor, agent_id: int, shift_id: int, reason: str = "") -> ShiftSwap:
    """Offer one's own shift to others; it stays one's own until somebody has it. Raises NotFound, Forbidden, Refused."""
    shift = _own(held(session, shift_id), agent_id)
    SHIFT.next_state(shift.state, "offer", actor)
    _not_begun(shift, clock)
    if _open_swap(session, shift_id) is not None:
        raise Refused("This shift is offered already.", code="shift-offered")
    swap = ShiftSwap(
        shift_id=shift_id, version=shift.version, from_agent_id=agent_id, state=OFFERED,
        reason=check_reason(reason, required=False), why_asked="", offered_at=clock.now(),
    )  # fmt: skip
    session.add(swap)
    session.flush()
    audit.record(session, clock, actor, "shift.offered", "shift", shift_id, after={"swap": swap.id})
    return swap


def withdraw(session: Session, clock: Clock, actor: Actor, agent_id: int, shift_id: int) -> None:
    """Take one's offer back, also after somebody said they would. Raises NotFound, Forbidden, Refused."""
    _own(held(session, shift_id), agent_id)
    swap = _open_swap(session, shift_id)
    if swap is None:
        raise Refused("This shift is not offered any more.", code="shift-not-offered")
    swap.state = SWAP.next_state(swap.state, "withdraw", actor)
    swap.settled_at = clock.now()
    audit.record(session, clock, actor, "shift.offer_withdrawn", "shift", shift_id, after={"swap": swap.id})


def take(session: Session, clock: Clock, actor: Actor, agent_id: int, shift_id: int) -> ShiftSwap:
    """Take a shift that somebody offered: at once, or once a planner agreed where a rule asks for that.

    Raises NotFound, Refused with the code of the rule that forbids it for this person.
    """
    shift = held(session, shift_id, agent_id)
    swap = _open_swap(session, shift_id)
    if swap is None or swap.state != OFFERED:
        raise Refused("This shift is not offered any more.", code="shift-not-offered")
    if shift.agent_id == agent_id:
        raise Refused("This shift is your own.", code="shift-own")
    _not_begun(shift, clock)
    state = SWAP.next_state(swap.state, "take", actor)
    taker = _could(session, clock, shift, agent_id, own_choice=True)
    swap.state, swap.to_agent_id, swap.taken_at = state, agent_id, clock.now()
    swap.why_asked = must_be_approved(session, clock, shift, taker)
    if not swap.why_asked:
        swap.state, swap.settled_at = SWAP.next_state(state, "pass", SYSTEM), clock.now()
        _pass_on(session, clock, shift, swap)
    session.flush()
    audit.record(session, clock, actor, "shift.taken", "shift", shift_id, after={"swap": swap.id, "state": swap.state})
    return swap


def must_be_approved(session: Session, clock: Clock, shift: Shift, taker: Person) -> str:
    """Return which rule wants a planner to look at a swap; empty where none does.

    It begins soon; or a drill's person would stand in for a real one; or hours would lack a skill that the giver brought.
    """
    giver = people(session, [shift.agent_id])[shift.agent_id]
    if shift.starts_at <= clock.now() + SOON:
        return WHY_SOON
    if (giver.volunteer_id is None) != (taker.volunteer_id is None) or giver.drill != taker.drill:
        return WHY_KIND
    return WHY_SKILLS if _weakens(session, shift, giver, taker) else ""


def _weakens(session: Session, shift: Shift, giver: Person, taker: Person) -> bool:
    """Say whether somebody with a needed skill would be missing who is not missing now."""
    kept = coverage.plain(coverage.needs(session))
    if not any(need.mark for need in kept):
        return False
    zone = ZoneInfo(shift.zone)
    days = {at.astimezone(zone).date() for at in (shift.starts_at, shift.ends_at)}
    since, until = shift.starts_at - timedelta(days=1), shift.ends_at + timedelta(days=1)
    others = [each for each in reading.between(session, since, until, states=(PUBLISHED,)) if each.id != shift.id]
    duties = coverage.duties_of(session, others, people(session, {each.agent_id for each in others}))
    missing = []
    for whose in (giver, taker):
        whole = [*duties, *coverage.duties_of(session, [shift], {shift.agent_id: whose})]
        hours = [hour for day in days for hour in cover(zone, day, kept, whole)]
        missing.append(sum(count for hour in hours for mark, count in hour.missing.items() if mark))
    return missing[1] > missing[0]


def decide(session: Session, clock: Clock, actor: Actor, swap_id: int, *, agreed: bool, reason: str = "") -> ShiftSwap:
    """Agree to a swap or not; what held when it was taken is looked at again. Raises NotFound, Forbidden, Refused."""
    found = session.get(ShiftSwap, swap_id)
    if found is None:
        raise NotFound("swap", swap_id)
    shift = held(session, found.shift_id, found.to_agent_id)
    swap = session.get_one(ShiftSwap, swap_id, with_for_update=True, populate_existing=True)
    state = SWAP.next_state(swap.state, "approve" if agreed else "refuse", actor)
    given = check_reason(reason, required=False)
    if agreed:
        assert swap.to_agent_id is not None
        _could(session, clock, shift, swap.to_agent_id, own_choice=True)
    swap.state, swap.settled_at, swap.settled_by_id = state, clock.now(), actor.id
    if agreed:
        _pass_on(session, clock, shift, swap)
    else:
        for agent_id in (swap.from_agent_id, swap.to_agent_id):
            telling.news(session, clock, shift, NEWS_REFUSED, to=agent_id, about=f"swap {swap.id}")
    session.flush()
    audit.record(
        session, clock, actor, "shift.swap_approved" if agreed else "shift.swap_refused", "shift", shift.id,
        after={"swap": swap.id, "reason": given},
    )  # fmt: skip
    return swap


def _could(session: Session, clock: Clock, shift: Shift, agent_id: int, *, own_choice: bool) -> Person:
    where = Placed(shift.starts_at, shift.ends_at, shift.start_note, shift.end_note)
    wall = Wall(shift.zone, shift.day, shift.starts, shift.ends)
    table = Table.of(session, clock, [(where, Wanted(agent_id, wall))], without=[shift.id])
    return table.check(agent_id, where, own_choice=own_choice)


def _pass_on(session: Session, clock: Clock, shift: Shift, swap: ShiftSwap) -> None:
    """Make a shift the taker's, and have both told."""
    assert swap.to_agent_id is not None
    shift.state = SHIFT.next_state(shift.state, "pass_on", SYSTEM)
    telling.drop(session, clock, shift.id)
    shift.agent_id, shift.version, shift.updated_at, shift.missed_at = (
        swap.to_agent_id,
        shift.version + 1,
        clock.now(),
        None,
    )
    session.flush()
    telling.news(session, clock, shift, NEWS_PASSED_ON, to=swap.from_agent_id)
    telling.news(session, clock, shift, NEWS_TAKEN)
    telling.reminders(session, clock, shift)


def decline(session: Session, clock: Clock, actor: Actor, agent_id: int, shift_id: int, reason: str) -> Shift:
    """Say that one cannot come to a shift, and why; planners see it at once.

    Raises NotFound, Forbidden, InvalidInput, Refused.
    """
    shift = _own(held(session, shift_id), agent_id)
    state = SHIFT.next_state(shift.state, "decline", actor)
    if shift.ends_at <= clock.now():
        raise Refused("This shift is over.", code="shift-past")
    shift.reason = check_reason(reason, required=True)
    shift.state, shift.ended_at, shift.updated_at, shift.version = state, clock.now(), clock.now(), shift.version + 1
    assert shift.state == DECLINED
    telling.lapse_swaps(session, clock, shift.id)
    telling.drop(session, clock, shift.id)
    audit.record(session, clock, actor, "shift.declined", "shift", shift_id)
    return shift


def _own(shift: Shift, agent_id: int) -> Shift:
    if shift.agent_id != agent_id:
        raise Forbidden("This shift is somebody else's.", code="shift-not-yours")
    return shift


def _not_begun(shift: Shift, clock: Clock) -> None:
    if shift.starts_at <= clock.now():
        raise Refused("This shift has begun.", code="shift-begun")


def _open_swap(session: Session, shift_id: int) -> ShiftSwap | None:
    return session.scalar(
        select(ShiftSwap).where(ShiftSwap.shift_id == shift_id, ShiftSwap.state.in_(OPEN_SWAPS)).with_for_update()
    )


@dataclass(frozen=True)
class Offer:
    """A shift that is offered, by whom, and by whom it was taken."""

    swap: ShiftSwap
    shift: Shift
    giver: Person
    taker: Person | None


def open_offers(session: Session, clock: Clock, *, states: Sequence[str] = OPEN_SWAPS) -> list[Offer]:
    """Return the open offers of shifts that have not begun, the earliest first."""
    rows = session.execute(
        select(ShiftSwap, Shift)
        .join(Shift, Shift.id == ShiftSwap.shift_id)
        .where(ShiftSwap.state.in_(states), Shift.state == PUBLISHED, Shift.starts_at > clock.now())
        .order_by(Shift.starts_at, ShiftSwap.id)
        .limit(MAX_OFFERS)
    ).tuples().all()  # fmt: skip
    ids = {swap.from_agent_id for swap, _ in rows} | {swap.to_agent_id for swap, _ in rows if swap.to_agent_id}
    known = people(session, ids)
    return [Offer(swap, shift, known[swap.from_agent_id], known.get(swap.to_agent_id or 0)) for swap, shift in rows]
