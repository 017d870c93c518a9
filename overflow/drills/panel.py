"""What a mission's own page shows of this room: its lines with their last test and the button, and its training calls."""

from __future__ import annotations

from flask import render_template
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.missions import staff
from overflow.drills import reading, training, words

MAX_TRAININGS = 5


def of_mission(session: Session, actor: Actor, mission_id: int) -> str:
    """Return the part as HTML; raises NotFound and Forbidden as `staff.demand` does."""
    staff.demand(session, actor, mission_id)
    may_test = reading.changeable(session, actor)
    return render_template(
        "drills/_mission.html", lines=reading.lines(session, [mission_id]), mission_id=mission_id, words=words,
        testable=may_test is None or mission_id in may_test,
        trainings=training.listed(session, actor, mission_id=mission_id)[:MAX_TRAININGS],
    )  # fmt: skip
