"""A mission asks the centre to take all its calls for a while: "until 18:00", for a funeral, a move, or too few people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from hotline.missions import missions
from overflow.forwarding.models import TakeAll

LONGEST = timedelta(days=14)
"""Longer absences are hours or exceptions of the mission; a forgotten request must not hide its line for ever."""
MAX_REASON_CHARS = 200


def request(session: Session, clock: Clock, actor: Actor, mission_id: int, until: datetime, reason: str) -> TakeAll:
    """Take all calls of a mission from now until `until` (aware); one that holds is replaced.

    The caller has checked that the actor may act for the mission. Raises NotFound, InvalidInput.
    """
    now = clock.now()
    if until.tzinfo is None or not now < until <= now + LONGEST:
        raise InvalidInput("until", until.isoformat(), f"choose a time within the next {LONGEST.days} days")
    words = " ".join(reason.split())
    if len(words) > MAX_REASON_CHARS or not words.isprintable():
        raise InvalidInput("reason", reason, f"use at most {MAX_REASON_CHARS} characters")
    missions.get(session, mission_id, lock=True)
    for old in _live(session, mission_id, now):
        old.ended_at, old.ended_by_id = now, actor.id
    until = until.astimezone(UTC)
    row = TakeAll(mission_id=mission_id, since=now, until=until, reason=words, by_id=actor.id)
    session.add(row)
    session.flush()
    audit.record(
        session, clock, actor, "overflow.take_all", "mission", mission_id, after={"until": until, "reason": words}
    )
    return row


def end(session: Session, clock: Clock, actor: Actor, mission_id: int) -> bool:
    """Take the request back; whether one held. Raises NotFound for an unknown mission."""
    missions.get(session, mission_id, lock=True)
    now, ended = clock.now(), False
    for row in _live(session, mission_id, now):
        row.ended_at, row.ended_by_id, ended = now, actor.id, True
    if ended:
        session.flush()
        audit.record(session, clock, actor, "overflow.take_all_ended", "mission", mission_id)
    return ended


def current(session: Session, mission_id: int, when: datetime) -> TakeAll | None:
    """Return the request that holds at `when` (aware), if any."""
    return next(iter(_live(session, mission_id, when)), None)


def _live(session: Session, mission_id: int, when: datetime) -> list[TakeAll]:
    found = (
        select(TakeAll)
        .where(
            TakeAll.mission_id == mission_id, TakeAll.since <= when, TakeAll.until > when,
            TakeAll.ended_at.is_(None) | (TakeAll.ended_at > when),
        )
        .order_by(TakeAll.id.desc())
    )  # fmt: skip
    return list(session.scalars(found))
