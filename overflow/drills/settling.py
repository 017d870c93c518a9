"""How a test ends: passed, or failed with a reason; the one repetition; and the alarm that stands until a later test passes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core import audit, live
from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from overflow.drills import alarming
from overflow.drills.models import LineAlarm, LineTest
from overflow.drills.states import ARRIVED, LEG_FAULTS, LINE_CLOSED, PICKED_UP, PLANNED, RINGING, TEST

TOPIC = "linetests"
REPEAT_AFTER = timedelta(minutes=10)


def passed(session: Session, services: Services, test: LineTest) -> None:
    """End a test well; an alarm of the line that stood is over."""
    test.state, test.finished_at, test.due_at = TEST.next_state(test.state, "pass", SYSTEM), services.clock.now(), None
    session.flush()
    standing = session.scalar(
        select(LineAlarm).where(LineAlarm.line_id == test.line_id, LineAlarm.resolved_at.is_(None)).with_for_update()
    )
    if standing is not None and standing.test_id < test.id:
        standing.resolved_at, standing.resolved_by_test_id = services.clock.now(), test.id
        audit.record(
            session,
            services.clock,
            SYSTEM,
            "line_alarm.resolved",
            "line_test",
            test.id,
            after={"line_id": test.line_id},
        )
    live.notify(services.redis, TOPIC)


def failed(session: Session, services: Services, test: LineTest, reason: str) -> None:
    """End a test with a reason: the first failure is tried once more in ten minutes, the second raises the alarm.

    A line that was closed while its test waited has nothing to be repeated and nobody to be woken for.
    """
    now = services.clock.now()
    test.state, test.reason, test.finished_at, test.due_at = (
        TEST.next_state(test.state, "fail", SYSTEM),
        reason,
        now,
        None,
    )
    session.flush()
    if reason != LINE_CLOSED:
        if test.repeat_of_id is None:
            _repeat(session, services, test)
        else:
            alarming.raise_alarm(session, services, test)
    live.notify(services.redis, TOPIC)


def _repeat(session: Session, services: Services, test: LineTest) -> None:
    now = services.clock.now()
    again = insert(LineTest).values(
        line_id=test.line_id, round_id=test.round_id, repeat_of_id=test.id, started_by_id=test.started_by_id,
        state=PLANNED, due_at=now + REPEAT_AFTER, created_at=now,
    )  # fmt: skip
    session.execute(again.on_conflict_do_nothing(index_elements=["repeat_of_id"]))


def heard_of_our_end(session: Session, services: Services, test: LineTest) -> None:
    """Judge a test anew by the provider's word about our own end (`leg_word`).

    A call has passed only when it arrived and our end was picked up: when the wrong one of two tests was met by a call, its own
    end is busy or rings on. A call that rings and was picked up may still be on its way through the exchange's own greeting.
    """
    if test.state not in (RINGING, ARRIVED):
        return
    if test.leg_word in LEG_FAULTS:
        failed(session, services, test, LEG_FAULTS[test.leg_word])
    elif test.state == ARRIVED and test.leg_word in PICKED_UP:
        passed(session, services, test)
