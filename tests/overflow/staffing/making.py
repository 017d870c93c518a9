"""Makers of calls, counted minutes and staff for the tests of staffing; keyword-only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from hotline.calls.models import Call
from overflow.staffing.models import StaffingMinute
from overflow.volunteers.models import Volunteer
from tests.factories import NOW
from tests.queues.making import make_agent

MINUTE = timedelta(minutes=1)
_numbers = itertools.count(1)


def make_call(session: Session, *, at: datetime, phone: str | None = None, **more: Any) -> Call:
    """Add a call that asked for an agent at a moment, answered unless told otherwise."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "direction": "in", "state": "ended", "phone": f"+8210{30_000_000 + number}" if phone is None else phone,
        "started_at": at, "heard_at": at, "queued_at": at, "connected_at": at, "ended_at": at + MINUTE,
    }  # fmt: skip
    call = Call(**(values | more))
    session.add(call)
    session.flush()
    return call


def make_minutes(
    session: Session, counts: Sequence[int], *, until: datetime, country: str = "", drill: bool = False
) -> None:
    """Add counted minutes, the last of them just before `until`."""
    rows = [
        {
            "drill": drill,
            "minute": until - (len(counts) - number) * MINUTE,
            "country": country,
            "first": count,
            "calls": count,
        }
        for number, count in enumerate(counts)
        if count
    ]
    for start in range(0, len(rows), 5_000):
        session.execute(insert(StaffingMinute), rows[start : start + 5_000])


def make_history(session: Session, *, weeks: int, per_minute: int, until: datetime, country: str = "") -> None:
    """Add weeks of steady minutes."""
    make_minutes(session, [per_minute] * (weeks * 7 * 1440), until=until, country=country)


def make_volunteer(session: Session, *, drill: bool = False, **more: Any) -> Volunteer:
    """Add an approved volunteer whose agent is ready unless told otherwise."""
    number = next(_numbers)
    agent = make_agent(session, **more)
    volunteer = Volunteer(
        name="Lee", phone=f"+8210{40_000_000 + number}", phone_verified_at=NOW, languages=["ko"], skills={}, drill=drill,
        state="approved", agent_id=agent.id, officer_id=agent.officer_id, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    session.add(volunteer)
    session.flush()
    return volunteer
