"""A call-out that follows the forecast lets people go as the advice about staff recommends, a few at a time."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import select

from hotline.core.actor import SYSTEM
from hotline.core.errors import Refused
from hotline.core.services import Services
from overflow.staffing.advice import advise
from overflow.surge import opening, telling
from overflow.surge.models import Callout
from overflow.surge.moving import get_callout
from overflow.surge.states import OPEN_CALLOUTS, PAUSED

log = structlog.get_logger(__name__)

JOB = "surge.follow_forecast"
EVERY_S = 60
BETWEEN = timedelta(minutes=5)
"""What follows on letting people go is seen in the queue before more of them go."""


def follow(services: Services) -> int:
    """Stand people down where the advice says that they may go; the job. How many."""
    now = services.clock.now()
    with services.db.transaction() as session:
        found = session.execute(
            select(Callout.id, Callout.drill)
            .where(
                Callout.follows_forecast,
                Callout.state.in_(OPEN_CALLOUTS),
                Callout.state != PAUSED,
                Callout.by_at <= now,
            )
            .order_by(Callout.id)
        ).tuples()
        due = list(found)
    return sum(_follow(services, callout_id, drill) for callout_id, drill in due)


def _follow(services: Services, callout_id: int, drill: bool) -> int:
    now = services.clock.now()
    try:
        with services.db.transaction() as session:
            callout = get_callout(session, callout_id, lock=True)
            checked = callout.release_checked_at
            if callout.state not in OPEN_CALLOUTS or (checked is not None and now - checked < BETWEEN):
                return 0
            spare = advise(session, services.clock, drill=drill).release
            if spare <= 0:
                return 0
            callout.release_checked_at = now
            released = opening.stand_down_some(session, services, callout, spare, SYSTEM)
    except Refused as refusal:
        log.info("surge.nobody_to_release", callout=callout_id, code=refusal.code)
        return 0
    telling.tell(services, callout_id)
    return released
