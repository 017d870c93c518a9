"""Planning, publishing, changing and cancelling, with every rule that stands in the way."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from hotline.core.actor import Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.db import Database
from hotline.core.errors import Conflict, Forbidden, HotlineError, InvalidInput, NotFound, Refused
from overflow.shifts import planning, reading
from overflow.shifts.models import Shift, ShiftTelling
from overflow.shifts.planning import Change, Wanted
from overflow.volunteers.models import AvailableHours, AwayDays, Volunteer
from tests.overflow.shifts.making import MONDAY, PLANNER, make_person, make_shift, make_volunteer, wall

READER = Actor("officer", 1, "reader", frozenset({"shifts.read"}))


def test_who_is_on_shift_at_a_moment(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        first, second, third = make_person(session), make_person(session), make_person(session)
        shift = make_shift(session, clock, first, 0, "09:00-18:00")
        make_shift(session, clock, second, 0, "12:00-20:00")
        make_shift(session, clock, third, 0, "09:00-18:00", publish=False)
        assert reading.on_shift(session, shift.starts_at) == {first.id}
        assert reading.on_shift(session, shift.starts_at + timedelta(hours=5)) == {first.id, second.id}
        assert reading.on_shift(session, shift.ends_at) == {second.id}
        assert reading.on_shift(session, shift.ends_at + timedelta(hours=3)) == set()


@pytest.mark.parametrize(
    ("day", "times", "code"),
    [
        (0, "17:00-20:00", "shift-overlap"),
        (0, "22:00-06:00", "shift-rest"),
        (0, "00:30-05:00", "shift-rest"),
        (2, "08:00-21:00", "shift-day-full"),
    ],
)
def test_a_rule_that_is_broken_is_named(db: Database, clock: FrozenClock, day: int, times: str, code: str) -> None:
    with db.transaction() as session:
        agent = make_person(session, max_duty_minutes=720)
        make_shift(session, clock, agent, 0, "09:00-18:00")
        with pytest.raises(Refused) as caught:
            make_shift(session, clock, agent, day, times)
        assert caught.value.code == code


def test_more_than_52_hours_in_seven_days_are_refused(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        agent = make_person(session)
        for day in range(5):
            make_shift(session, clock, agent, day, "09:00-19:00")
        with pytest.raises(Refused) as caught:
            make_shift(session, clock, agent, 5, "09:00-12:00")
        assert caught.value.code == "shift-week-full"
        make_shift(session, clock, agent, 5, "09:00-11:00")


def test_volunteers_have_hours_of_their_own(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        volunteer = make_volunteer(session, max_hours_day=6, max_hours_week=10)
        agent = planning.people(session, [volunteer.agent_id or 0])[volunteer.agent_id or 0]
        assert (agent.volunteer_id, agent.language) == (volunteer.id, "ko")
        for times, code in (("09:00-16:00", "shift-day-full"), ("09:00-15:00", None)):
            try:
                planning.make(session, clock, PLANNER, Wanted(agent.agent_id, wall(0, times)))
            except Refused as fault:
                assert fault.code == code
            else:
                assert code is None
        with pytest.raises(Refused) as caught:
            planning.make(session, clock, PLANNER, Wanted(agent.agent_id, wall(2, "09:00-14:00")))
        assert caught.value.code == "shift-week-full"


def test_volunteers_are_planned_for_when_they_said_they_can_come(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        volunteer = make_volunteer(session, zone="Europe/Paris")
        session.add(AvailableHours(volunteer_id=volunteer.id, weekday=0, starts=20 * 60, minutes=240))
        session.add(AvailableHours(volunteer_id=volunteer.id, weekday=1, starts=0, minutes=120))
        session.add(AwayDays(volunteer_id=volunteer.id, first=date(2026, 12, 7), last=date(2026, 12, 8)))
        session.flush()
        agent_id = volunteer.agent_id or 0

        def outcome(day: int, times: str) -> str:
            try:
                planning.make(session, clock, PLANNER, Wanted(agent_id, wall(day, times, zone="Europe/Paris")))
            except Refused as fault:
                return str(fault.code)
            return "made"

        assert outcome(0, "19:30-23:00") == "shift-not-available"
        assert outcome(0, "21:00-02:30") == "shift-not-available"
        assert outcome(0, "21:00-02:00") == "made"  # across midnight, over two rows of hours
        assert outcome(14, "20:00-23:00") == "shift-away"


def test_people_who_left_are_not_planned_for(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        gone, suspended = make_person(session, active=False), make_volunteer(session)
        session.execute(update(Volunteer).where(Volunteer.id == suspended.id).values(state="suspended"))
        for agent_id in (gone.id, suspended.agent_id or 0):
            with pytest.raises(Refused) as caught:
                planning.make(session, clock, PLANNER, Wanted(agent_id, wall()))
            assert caught.value.code == "shift-person-inactive"
        with pytest.raises(NotFound):
            planning.make(session, clock, PLANNER, Wanted(999_999, wall()))


def test_the_past_and_the_far_future_are_refused(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        agent = make_person(session)
        with pytest.raises(Refused) as caught:
            planning.make(session, clock, PLANNER, Wanted(agent.id, wall(-3)))
        assert caught.value.code == "shift-past"
        with pytest.raises(InvalidInput):
            planning.make(session, clock, PLANNER, Wanted(agent.id, wall(401)))


def test_of_many_those_that_can_be_are_made_and_the_others_told(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        agents = [make_person(session) for _ in range(3)]
        wanted = [Wanted(each.id, wall(day), line=day) for each in agents for day in range(3)]
        wanted += [
            Wanted(agents[0].id, wall(1, "17:00-20:00"), line=7),
            Wanted(agents[1].id, wall(1, zone="Nowhere/X"), line=8),
        ]
        outcome = planning.make_many(session, clock, PLANNER, wanted)
        assert len(outcome.made) == 9
        assert {each.line for each, _ in outcome.left} == {7, 8}
        with pytest.raises(InvalidInput):
            planning.make_many(session, clock, PLANNER, wanted * 200)


def test_the_database_itself_refuses_two_shifts_at_once(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        first = make_shift(session, clock, make_person(session))
        values = {name: getattr(first, name) for name in (
            "agent_id", "zone", "day", "starts", "ends", "part", "ends_at", "created_at", "updated_at",
        )}  # fmt: skip
    with pytest.raises(IntegrityError), db.transaction() as session:
        session.add(Shift(starts_at=first.starts_at + timedelta(hours=1), state="draft", version=1, **values))
    with db.transaction() as session:  # one that was cancelled does not stand in the way
        cancelled = Shift(starts_at=first.starts_at, state="cancelled", ended_at=clock.now(), version=1, **values)
        session.add(cancelled)


def test_two_planners_at_once_make_one_shift(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        agent_id = make_person(session).id
    came: list[str] = []

    def plan(times: str) -> None:
        try:
            with db.transaction() as session:
                planning.make(session, clock, PLANNER, Wanted(agent_id, wall(0, times)))
            came.append("made")
        except HotlineError as fault:
            came.append(str(fault.code))

    threads = [threading.Thread(target=plan, args=(f"{hour:02d}:00-{hour + 8:02d}:00",)) for hour in range(6, 12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(came) == ["made", *["shift-overlap"] * 5]


def test_publishing_tells_each_once_and_leaves_who_has_gone(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        agent, gone = make_person(session), make_person(session)
        shifts = [make_shift(session, clock, agent, day, publish=False) for day in range(2)]
        left = make_shift(session, clock, gone, 1, publish=False)
        gone.active = False
        since = shifts[0].starts_at
        result = planning.publish(session, clock, PLANNER, since, since + timedelta(days=7))
        assert ([each.id for each in result.told], [each.id for each, _ in result.left]) == (
            [each.id for each in shifts],
            [left.id],
        )
        assert planning.publish(session, clock, PLANNER, since, since + timedelta(days=7)).told == []
        kinds = session.scalars(
            select(ShiftTelling.kind).where(ShiftTelling.agent_id == agent.id).order_by(ShiftTelling.id)
        )
        assert list(kinds) == ["published", "remind_day", "remind_hour"] * 2


def test_a_change_needs_a_reason_only_where_somebody_was_told(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        agent, other = make_person(session), make_person(session)
        draft = make_shift(session, clock, agent, 0, publish=False)
        planning.change(session, clock, PLANNER, draft.id, Change(1, wall=wall(0, "10:00-19:00")))
        told = make_shift(session, clock, other, 0)
        with pytest.raises(InvalidInput) as caught:
            planning.change(session, clock, PLANNER, told.id, Change(1, wall=wall(0, "10:00-19:00")))
        assert caught.value.field == "reason"
        changed = planning.change(
            session, clock, PLANNER, told.id, Change(1, wall=wall(0, "10:00-19:00"), reason="storm")
        )
        assert (changed.version, changed.state, changed.reason) == (2, "published", "storm")
        waiting = session.scalars(
            select(ShiftTelling.kind)
            .where(ShiftTelling.shift_id == told.id, ShiftTelling.state == "waiting")
            .order_by(ShiftTelling.kind)
        )
        assert list(waiting) == ["changed", "remind_day", "remind_hour"]
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == told.id)).all()
        assert "shift.changed" in actions


def test_a_change_by_somebody_who_looked_at_an_older_one_is_refused(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        shift = make_shift(session, clock, make_person(session), publish=False)
        planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(0, "10:00-19:00")))
        with pytest.raises(Conflict):
            planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(0, "11:00-19:00")))
        with pytest.raises(InvalidInput):
            planning.change(session, clock, PLANNER, shift.id, Change(2, wall=wall(0, "10:00-19:00")))


def test_a_shift_may_move_within_its_own_hours(db: Database, clock: FrozenClock) -> None:
    """The rules look at what lies beside a shift, not at where it was itself."""
    with db.transaction() as session:
        shift = make_shift(session, clock, make_person(session), publish=False)
        moved = planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(0, "09:30-18:30")))
        assert moved.starts == 570


def test_giving_a_shift_to_somebody_else_checks_them(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        giver, taker, busy = make_person(session), make_person(session), make_person(session)
        shift = make_shift(session, clock, giver)
        make_shift(session, clock, busy)
        with pytest.raises(Refused) as caught:
            planning.change(session, clock, PLANNER, shift.id, Change(1, agent_id=busy.id, reason="ill"))
        assert caught.value.code == "shift-overlap"
        planning.change(session, clock, PLANNER, shift.id, Change(1, agent_id=taker.id, reason="ill"))
        told = session.execute(
            select(ShiftTelling.agent_id, ShiftTelling.kind).where(
                ShiftTelling.state == "waiting", ShiftTelling.shift_id == shift.id, ~ShiftTelling.kind.startswith("remind"),
            )
        )  # fmt: skip
        assert set(told.tuples()) == {(giver.id, "cancelled"), (taker.id, "published")}


def test_cancelling(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        shift = make_shift(session, clock, make_person(session))
        with pytest.raises(InvalidInput):
            planning.cancel(session, clock, PLANNER, shift.id, "  ")
        with pytest.raises(Conflict):
            planning.cancel(session, clock, PLANNER, shift.id, "not needed", version=9)
        planning.cancel(session, clock, PLANNER, shift.id, "not needed")
        assert reading.on_shift(session, shift.starts_at) == set()
        with pytest.raises(Refused):
            planning.cancel(session, clock, PLANNER, shift.id, "again")
        make_shift(session, clock, session.get_one(type(make_person(session)), shift.agent_id))


def test_what_is_over_stays_as_it_was(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        shift = make_shift(session, clock, make_person(session))
        clock.set(shift.ends_at)
        for act in (
            lambda: planning.cancel(session, clock, PLANNER, shift.id, "late"),
            lambda: planning.change(session, clock, PLANNER, shift.id, Change(1, wall=wall(9), reason="late")),
        ):
            with pytest.raises(Refused) as caught:
                act()
            assert caught.value.code == "shift-past"


def test_who_only_reads_changes_nothing(db: Database, clock: FrozenClock) -> None:
    with db.transaction() as session:
        shift = make_shift(session, clock, make_person(session))
        with pytest.raises(Forbidden):
            planning.cancel(session, clock, READER, shift.id, "because")
        with pytest.raises(Forbidden):
            planning.change(session, clock, READER, shift.id, Change(1, wall=wall(1), reason="because"))
    assert MONDAY.weekday() == 0
