"""When a hand-over is due: nothing that comes later puts off what waits, and what is urgent comes at once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls.models import Call
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionDuty
from hotline.notices.models import Notice
from overflow.handover import looking
from overflow.handover.models import Handover
from tests.overflow.handover.making import (
    EVENING,
    HOUR,
    MINUTE,
    MORNING,
    handovers_of,
    make_call,
    make_case_of,
)


def end(session: Session, call_id: int, clock: FrozenClock) -> None:
    """Let a call that was on end now."""
    call = session.get_one(Call, call_id)
    call.state, call.ended_at, call.end_reason = "ended", clock.now(), "hangup"


def look(services: Services, clock: FrozenClock, minutes: int, mission_id: int) -> tuple[Handover, int]:
    """Look so many minutes after the opening; the hand-over and how many things are in it."""
    clock.set(MORNING + minutes * MINUTE)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        return told.handover, len(told.items)


def test_what_waits_keeps_its_time_and_late_things_are_gathered_unless_one_is_urgent(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = session.get_one(Mission, mission_id)
        make_case_of(session, make_call(session, mission, at=EVENING + HOUR))
        on = [make_call(session, mission, at=MORNING - number * MINUTE, ended=False) for number in (9, 5)]
        for call, priority in zip(on, (3, 1), strict=True):
            make_case_of(session, call, priority=priority)
        calm, urgent = (call.id for call in on)
    told, count = look(services, clock, 0, mission_id)
    assert (told.due_at, told.urgent, count) == (MORNING + timedelta(minutes=180), False, 1)
    clock.set(MORNING + MINUTE)
    with services.db.transaction() as session:
        end(session, calm, clock)
    assert look(services, clock, 9, mission_id)[1] == 1, "what is not urgent is gathered for ten minutes"
    told, count = look(services, clock, 10, mission_id)
    assert (told.due_at, count) == (MORNING + timedelta(minutes=180), 2), "what waits already keeps its time"
    clock.set(MORNING + 11 * MINUTE)
    with services.db.transaction() as session:
        end(session, urgent, clock)
    told, count = look(services, clock, 12, mission_id)
    assert (told.due_at, told.urgent, count) == (MORNING + timedelta(minutes=72), True, 3)


def test_the_duty_telephone_reads_the_time_of_its_own_clock(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        session.add(MissionDuty(mission_id=mission_id, position=1, name="당직", phone="+8613800138000"))
        make_case_of(
            session, make_call(session, session.get_one(Mission, mission_id), at=EVENING + HOUR), priority=1
        )  # fmt: skip
    for minutes in (0, 60):
        look(services, clock, minutes, mission_id)
    with services.db.transaction() as session:
        (notice,) = session.scalars(select(Notice)).all()
        assert "(10:00 기한)" in notice.body, "an hour after nine in Shanghai"


def test_calls_of_a_drill_and_of_those_who_hung_up_at_once_are_told_to_nobody_but_danger_is(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    at, second = EVENING + HOUR, timedelta(seconds=1)
    with services.db.transaction() as session:
        mission = session.get_one(Mission, mission_id)
        make_call(session, mission, at=at, connected=False, drill=True)
        make_call(session, mission, at=at, connected=False, lasts=4 * second)
        danger = make_call(session, mission, at=at, connected=False, lasts=4 * second, danger=True).id
        longer = make_call(session, mission, at=at, connected=False, lasts=5 * second).id
    look(services, clock, 0, mission_id)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert {(item.kind, item.subject_id, item.urgency) for item in told.items} == {
            ("unhelped", danger, 1), ("unhelped", longer, 4),
        }  # fmt: skip
