"""Shifts that pass from one person to another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.agents.models import Agent
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Forbidden, HotlineError, InvalidInput, Refused
from overflow.shifts import coverage, planning, reading, swapping
from overflow.shifts.models import Shift, ShiftSwap, ShiftTelling
from overflow.shifts.needed import Need
from overflow.shifts.planning import Change
from overflow.shifts.states import SHIFT, SWAP
from tests.overflow.shifts.making import PLANNER, make_person, make_shift, make_volunteer, wall

SELF = Actor("officer", None, "somebody", frozenset({"agents.self"}))


def test_an_offer_that_nothing_speaks_against_passes_at_once(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        giver, taker = make_person(session), make_person(session)
        shift = make_shift(session, clock, giver)
        swapping.offer(session, clock, SELF, giver.id, shift.id, "my sister marries")
        assert reading.on_shift(session, shift.starts_at) == {giver.id}
        (seen,) = swapping.open_offers(session, clock)
        assert (seen.giver.agent_id, seen.swap.reason) == (giver.id, "my sister marries")
        swap = swapping.take(session, clock, SELF, taker.id, shift.id)
        assert (swap.state, swap.why_asked) == ("approved", "")
        assert reading.on_shift(session, shift.starts_at) == {taker.id}
        assert swapping.open_offers(session, clock) == []
        news = session.execute(
            select(ShiftTelling.agent_id, ShiftTelling.kind).where(ShiftTelling.state == "waiting")
        ).tuples()
        assert set(news) == {
            (giver.id, "passed_on"), (taker.id, "taken"), (taker.id, "remind_day"), (taker.id, "remind_hour"),
        }  # fmt: skip


def test_a_swap_that_begins_soon_waits_for_a_planner(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        giver, taker = make_person(session), make_person(session)
        shift = make_shift(session, clock, giver)
        swapping.offer(session, clock, SELF, giver.id, shift.id)
        clock.set(shift.starts_at - timedelta(hours=12))
        swap = swapping.take(session, clock, SELF, taker.id, shift.id)
        assert (swap.state, swap.why_asked) == ("taken", "soon")
        assert reading.on_shift(session, shift.starts_at) == {giver.id}
        with pytest.raises(Forbidden):
            swapping.decide(session, clock, SELF, swap.id, agreed=True)
        swapping.decide(session, clock, PLANNER, swap.id, agreed=True)
        assert reading.on_shift(session, shift.starts_at) == {taker.id}
        with pytest.raises(Refused):
            swapping.decide(session, clock, PLANNER, swap.id, agreed=False)


def test_a_swap_that_is_not_agreed_to_leaves_the_shift_where_it_was(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        giver, taker = make_person(session), session.get_one(Agent, make_volunteer(session, max_hours_day=10).agent_id)
        shift = make_shift(session, clock, giver)
        swapping.offer(session, clock, SELF, giver.id, shift.id)
        swap = swapping.take(session, clock, SELF, taker.id, shift.id)
        assert swap.why_asked == "kind"
        swapping.decide(session, clock, PLANNER, swap.id, agreed=False)
        assert reading.on_shift(session, shift.starts_at) == {giver.id}
        told = session.scalars(select(ShiftTelling.agent_id).where(ShiftTelling.kind == "refused"))
        assert set(told) == {giver.id, taker.id}
        swapping.offer(session, clock, SELF, giver.id, shift.id)  # and may be offered again


def test_a_skill_that_would_be_missing_asks_a_planner(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        coverage.keep(session, clock, PLANNER, [Need(9, 18, 1, "lang:en", weekday=day) for day in range(7)])
        giver, plain = make_person(session, languages=["ko", "en"]), make_person(session)
        able = make_person(session, languages=["en"])
        first, second = make_shift(session, clock, giver, 0), make_shift(session, clock, giver, 2)
        for shift in (first, second):
            swapping.offer(session, clock, SELF, giver.id, shift.id)
        assert swapping.take(session, clock, SELF, plain.id, first.id).why_asked == "skills"
        assert swapping.take(session, clock, SELF, able.id, second.id).why_asked == ""


def test_rules_hold_for_who_takes(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        giver, busy = make_person(session), make_person(session)
        shift = make_shift(session, clock, giver)
        make_shift(session, clock, busy, 0, "20:00-23:00")
        swapping.offer(session, clock, SELF, giver.id, shift.id)
        for agent, code in ((giver, "shift-own"), (busy, "shift-rest")):
            with pytest.raises(Refused) as caught:
                swapping.take(session, clock, SELF, agent.id, shift.id)
            assert caught.value.code == code


def test_what_held_when_it_was_taken_is_looked_at_again(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        giver, taker = make_person(session), make_person(session)
        shift = make_shift(session, clock, giver)
        swapping.offer(session, clock, SELF, giver.id, shift.id)
        clock.set(shift.starts_at - timedelta(hours=10))
        swap = swapping.take(session, clock, SELF, taker.id, shift.id)
        make_shift(session, clock, taker, 0, "12:00-15:00")
        with pytest.raises(Refused) as caught:
            swapping.decide(session, clock, PLANNER, swap.id, agreed=True)
        assert caught.value.code == "shift-overlap"


@pytest.mark.parametrize("what", ["withdraw", "change", "cancel", "decline"])
def test_an_offer_ends_with_what_was_offered(db: Database, clock: FrozenClock, what: str) -> None:
    with db.transaction() as session:
        giver, taker = make_person(session), make_person(session)
        shift = make_shift(session, clock, giver)
        swap = swapping.offer(session, clock, SELF, giver.id, shift.id)
        if what == "withdraw":
            swapping.withdraw(session, clock, SELF, giver.id, shift.id)
        elif what == "change":
            planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(1), reason="x"))
        elif what == "cancel":
            planning.cancel(session, clock, PLANNER, shift.id, "x")
        else:
            swapping.decline(session, clock, SELF, giver.id, shift.id, "x")
        session.expire_all()
        assert session.get_one(ShiftSwap, swap.id).state == ("withdrawn" if what == "withdraw" else "lapsed")
        with pytest.raises(Refused) as caught:
            swapping.take(session, clock, SELF, taker.id, shift.id)
        assert caught.value.code == "shift-not-offered"


def test_only_ones_own_shift_can_be_offered_or_declined(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        shift, other = make_shift(session, clock, make_person(session)), make_person(session)
        for act in (
            lambda: swapping.offer(session, clock, SELF, other.id, shift.id),
            lambda: swapping.decline(session, clock, SELF, other.id, shift.id, "x"),
            lambda: swapping.withdraw(session, clock, SELF, other.id, shift.id),
        ):
            with pytest.raises(Forbidden) as caught:
                act()
            assert caught.value.code == "shift-not-yours"
        with pytest.raises(InvalidInput):
            swapping.decline(session, clock, SELF, shift.agent_id, shift.id, " ")
        swapping.offer(session, clock, SELF, shift.agent_id, shift.id)
        with pytest.raises(Refused):
            swapping.offer(session, clock, SELF, shift.agent_id, shift.id)
        clock.set(shift.starts_at)
        with pytest.raises(Refused):
            swapping.take(session, clock, SELF, other.id, shift.id)


def test_two_who_take_at_once_are_one(db: Database, clock: FrozenClock) -> None:
    import threading

    with db.transaction() as session:
        giver = make_person(session)
        takers = [make_person(session).id for _ in range(3)]
        shift_id = make_shift(session, clock, giver).id
        swapping.offer(session, clock, SELF, giver.id, shift_id)
    came: list[str] = []

    def take(agent_id: int) -> None:
        try:
            with db.transaction() as session:
                swapping.take(session, clock, SELF, agent_id, shift_id)
            came.append("taken")
        except HotlineError as fault:
            came.append(str(fault.code))

    threads = [threading.Thread(target=take, args=(each,)) for each in takers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert came.count("taken") == 1
    assert set(came) <= {"taken", "shift-not-offered", "shift-changed"}
    with db.transaction() as session:
        assert session.get_one(Shift, shift_id).agent_id in takers


def test_the_tables_know_every_state() -> None:
    assert {"draft", "published", "cancelled", "declined"} == SHIFT.states
    assert {"offered", "taken", "approved", "refused", "withdrawn", "lapsed"} == SWAP.states
