"""The round: which closings have ended, one hand-over for each, exactly once; then what follows, each step its own transaction.

A crash between any two steps leaves rows that the next round goes on with. Doubled jobs wait for each other at the record of a
mission, and the constraint on (mission, opening) holds besides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core import jobs, live
from hotline.core.services import Services
from hotline.missions.models import Mission
from hotline.missions.opening import calendars
from overflow.handover import composing, escalating, mailing
from overflow.handover.duty import duty_officer
from overflow.handover.models import Handover, HandoverWatch
from overflow.handover.openings import Closing, Seen, first_look, look
from overflow.handover.states import COMPOSING

JOB = "handover.round"
EVERY_S = 30
MAX_COMPOSED = 400
"""Hand-overs composed in one round; an hour with more openings than missions exist does not occur."""
_LOCK = 0x48_4F_54_22
"""Only one round at a time looks; another one that begins meanwhile has nothing to add."""
_PAST = timedelta(days=40)
"""Days and switches older than this are no part of any look (see `openings.MAX_LOOK_BACK`)."""


def run(services: Services) -> int:
    """Do one round; how many closings were found. Safe to run at any time, twice at once, and after any crash."""
    found = see(services)
    composed = compose_waiting(services)
    added = composing.add_late(services)
    escalated = escalating.escalate_due(services)
    if composed or added or escalated:
        jobs.enqueue(services, mailing.JOB)
    return found


def see(services: Services) -> int:
    """Bring every mission's record up to now, and write down a hand-over for each closing that ended. One transaction."""
    now = services.clock.now()
    with services.db.transaction() as session:
        if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}):
            return 0
        missions = list(session.scalars(select(Mission.id).where(Mission.closed_at.is_(None)).order_by(Mission.id)))
        times = calendars(session, missions, since=now - _PAST)
        records = {each.mission_id: each for each in session.scalars(select(HandoverWatch).with_for_update())}
        seen: dict[int, Seen] = {}
        ended: list[tuple[int, Closing]] = []
        for mission_id in missions:
            record = records.get(mission_id)
            if record is None:
                seen[mission_id] = first_look(times[mission_id], now)
                continue
            before = Seen(record.open, record.since, record.until)
            seen[mission_id], closings = look(times[mission_id], before, now)
            ended += [(mission_id, each) for each in closings]
        _open_handovers(session, now, ended)
        _keep(session, seen, records)
    return len(ended)


def _open_handovers(session: Session, now: datetime, ended: list[tuple[int, Closing]]) -> None:
    if not ended:
        return
    officer_id = duty_officer(session)
    rows = [
        {
            "mission_id": mission_id, "period_start": each.start, "period_end": each.end, "state": COMPOSING,
            "duty_officer_id": officer_id, "created_at": now,
        }
        for mission_id, each in ended
    ]  # fmt: skip
    session.execute(insert(Handover).on_conflict_do_nothing(index_elements=["mission_id", "period_end"]), rows)


def _keep(session: Session, seen: dict[int, Seen], records: dict[int, HandoverWatch]) -> None:
    rows = [
        {
            "mission_id": mission_id, "open": each.open, "since": each.since, "until": each.until,
            "begun_at": each.since,
        }
        for mission_id, each in seen.items()
        if (known := records.get(mission_id)) is None or (known.open, known.since, known.until) != (
            each.open, each.since, each.until
        )
    ]  # fmt: skip
    if not rows:
        return
    made = insert(HandoverWatch)
    changed = {name: getattr(made.excluded, name) for name in ("open", "since", "until")}
    session.execute(made.on_conflict_do_update(index_elements=["mission_id"], set_=changed), rows)


def compose_waiting(services: Services) -> int:
    """Write the summaries that are still to be written, each mission's in order; how many."""
    with services.db.transaction() as session:
        oldest = select(func.min(Handover.id)).where(Handover.state == COMPOSING).group_by(Handover.mission_id)
        waiting = list(session.scalars(oldest.limit(MAX_COMPOSED)))
    done = 0
    for first in waiting:
        handover_id: int | None = first
        for _ in range(MAX_COMPOSED):
            if handover_id is None:
                break
            handover_id = composing.compose(services, handover_id)
            done += 1
    if done:
        live.notify(services.redis, "handovers")
    return done
