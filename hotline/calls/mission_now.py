"""What a desk shows of the mission that a call was meant for: open or not, its clock, services, hours, bulletins, duty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.calls import duty
from hotline.calls.models import Call, Leg
from hotline.missions import opening
from hotline.missions.hours import Opening
from hotline.missions.models import Mission, MissionHours, MissionNotice

MAX_NOTICES = 5


@dataclass(frozen=True)
class MissionNow:
    """One mission at one moment. `hours` is the notation as the mission gave it, empty when it gave none."""

    mission: Mission
    at: datetime
    opening: Opening
    hours: str
    notices: Sequence[MissionNotice]
    on_duty: int
    """How many telephones its chain has."""
    unreached: bool
    """The chain was rung in this call, and nobody took it."""


def mission_now(session: Session, call: Call, legs: list[Leg], now: datetime) -> MissionNow | None:
    """Return the mission of a call as it is at `now` (UTC); None for a call that was meant for the centre itself."""
    mission = session.get(Mission, call.mission_id) if call.mission_id is not None else None
    if mission is None:
        return None
    notices = session.scalars(
        select(MissionNotice)
        .where(
            MissionNotice.mission_id == mission.id, MissionNotice.valid_from <= now,
            (MissionNotice.valid_until > now) | MissionNotice.valid_until.is_(None), MissionNotice.withdrawn_at.is_(None),
        )
        .order_by(MissionNotice.id.desc())
        .limit(MAX_NOTICES)
    ).all()  # fmt: skip
    return MissionNow(
        mission=mission,
        at=now,
        opening=opening.at(session, mission.id, now),
        hours=session.scalar(select(MissionHours.hours).where(MissionHours.mission_id == mission.id)) or "",
        notices=notices,
        on_duty=len(duty.chain(session, call)),
        unreached=duty.unreached(legs),
    )
