"""The button: a test of one line now, by those who work at its mission or keep missions."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.errors import NotFound, Refused
from hotline.core.services import Services
from hotline.missions import staff
from hotline.missions.keeping import officer_id
from hotline.missions.models import Mission, MissionLine
from overflow.drills.models import LineTest
from overflow.drills.states import IN_FLIGHT, PLANNED

AGAIN_AFTER = timedelta(minutes=10)


def start(session: Session, services: Services, actor: Actor, line_id: int) -> LineTest:
    """Have a line tested at once. The caller enqueues `placing.JOB` after the commit.

    Raises NotFound, Forbidden for who does not work there, Refused for a closed line, while a test of it is under way, and within
    ten minutes of the last test that somebody asked for.
    """
    line = session.get(MissionLine, line_id, with_for_update=True, populate_existing=True)
    if line is None:
        raise NotFound("mission line", line_id)
    staff.demand(session, actor, line.mission_id, change=True)
    if line.closed_at is not None or session.get_one(Mission, line.mission_id).closed_at is not None:
        raise Refused("This line is closed.", code="line-closed")
    now = services.clock.now()
    if (
        session.scalar(select(LineTest.id).where(LineTest.line_id == line_id, LineTest.state.in_(IN_FLIGHT)))
        is not None
    ):
        raise Refused("A test of this line is under way.", code="line-test-on")
    last = session.scalar(
        select(LineTest.created_at)
        .where(LineTest.line_id == line_id, LineTest.round_id.is_(None), LineTest.repeat_of_id.is_(None))
        .order_by(LineTest.id.desc())
        .limit(1)
    )
    if last is not None and now < last + AGAIN_AFTER:
        raise Refused("This line was tested by hand within the last ten minutes.", code="line-test-recent")
    test = LineTest(
        line_id=line_id, state=PLANNED, due_at=now, started_by_id=officer_id(actor), attempts=0, created_at=now
    )
    session.add(test)
    audit.record(
        session, services.clock, actor, "line_test.started", "mission", line.mission_id, after={"line_id": line_id}
    )
    return test
