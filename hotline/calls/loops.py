"""Whether a number leads back to us: a line that is forwarded here, one that was called, or one of our own."""

from __future__ import annotations

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from hotline.calls.models import Call, CallLine
from hotline.missions.models import MissionLine


def comes_back(session: Session, call: Call, number: str) -> bool:
    """Say whether a call that is sent to `number` (E.164) would come round to us again.

    Source: an embassy's line that is forwarded to the centre rings at the centre; so do the numbers of our own pool.
    """
    if number in (call.forwarded_from, call.called):
        return True
    of_mission = or_(MissionLine.number == number, MissionLine.pool_number == number)
    forwarded = exists().where(of_mission, MissionLine.closed_at.is_(None))
    return bool(session.scalar(select(or_(exists().where(CallLine.number == number), forwarded))))
