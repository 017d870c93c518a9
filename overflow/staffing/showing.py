"""What the page, the panel and the API show of an advice: the row that was kept last, or one made now where it is old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from overflow.staffing import advice, counting, reading
from overflow.staffing.foreseeing import SLOT_MINUTES
from overflow.staffing.models import StaffingAdvice, StaffingMinute

FRESH = timedelta(minutes=3)
BEHIND = timedelta(hours=4)
HISTORY = timedelta(hours=4)


@dataclass(frozen=True)
class Shown:
    """An advice as it is shown; `why` holds codes with numbers, `slots` the quarter hours ahead as JSON values."""

    at: datetime
    drill: bool
    per_hour: float
    usual_per_hour: float
    needed_now: int
    on_duty: int
    call_out: int
    release: int
    by: datetime | None
    why: Sequence[tuple[str, Mapping[str, Any]]]
    slots: Sequence[Mapping[str, Any]]


def shown(session: Session, clock: Clock, *, drill: bool) -> Shown:
    """Return the advice of the last minutes; where no job kept one, it is made now and not kept."""
    row = advice.latest(session, drill=drill)
    if row is not None and row.at > clock.now() - FRESH:
        why = tuple((code, numbers) for code, numbers in row.why)
        return Shown(
            row.at,
            drill,
            row.per_hour,
            row.usual_per_hour,
            row.needed_now,
            row.on_duty,
            row.call_out,
            row.release,
            row.by_at,
            why,
            row.slots,
        )
    made = advice.advise(session, clock, drill=drill)
    return Shown(
        made.at, drill, made.per_hour, made.usual_per_hour, made.needed_now, made.on_duty, made.call_out, made.release,
        made.by, tuple((reason.code, reason.numbers) for reason in made.why), tuple(need.plain() for need in made.slots),
    )  # fmt: skip


def curves(session: Session, clock: Clock, found: Shown) -> dict[str, list[float | None]]:
    """Return the lines of the page's two pictures: calls an hour that came and are foreseen, people needed and on duty.

    `t` is in seconds since 1970 (UTC), one value a quarter hour; None where there is nothing to say.
    """
    first = reading.slot_of(found.at)
    behind = [
        first - timedelta(minutes=SLOT_MINUTES * ago) for ago in range(int(BEHIND / timedelta(minutes=15)), 0, -1)
    ]
    came, kept = _came(session, first, drill=found.drill), _kept(session, first, drill=found.drill)
    lines: dict[str, list[float | None]] = {"t": [at.timestamp() for at in behind]}
    lines["came"] = [came.get(at, 0) * 60 / SLOT_MINUTES for at in behind] + [None] * len(found.slots)
    lines["needed"] = [kept[at][0] if at in kept else None for at in behind]
    lines["on_duty"] = [kept[at][1] if at in kept else None for at in behind]
    lines["t"] += [datetime.fromisoformat(slot["at"]).timestamp() for slot in found.slots]
    for name in ("per_hour", "low", "high", "needed_low", "needed_high"):
        lines[name] = [None] * len(behind) + [slot[name] for slot in found.slots]
    for name in ("needed", "on_duty"):
        lines[name] += [slot[name] for slot in found.slots]
    return lines


def _came(session: Session, until: datetime, *, drill: bool) -> dict[datetime, int]:
    """Return first calls by quarter hour."""
    slot = func.date_bin(
        timedelta(minutes=SLOT_MINUTES), StaffingMinute.minute, datetime(2000, 1, 1, tzinfo=until.tzinfo)
    )
    rows = session.execute(
        select(slot, func.sum(StaffingMinute.first))
        .where(StaffingMinute.drill == drill, StaffingMinute.minute >= until - BEHIND, StaffingMinute.minute < until)
        .group_by(slot)
    ).tuples()
    return {counting.minute_of(at): int(count) for at, count in rows}


def _kept(session: Session, until: datetime, *, drill: bool) -> dict[datetime, tuple[int, int]]:
    """Return the most needed and the fewest on duty of the advices of each quarter hour."""
    slot = func.date_bin(timedelta(minutes=SLOT_MINUTES), StaffingAdvice.at, datetime(2000, 1, 1, tzinfo=until.tzinfo))
    rows = session.execute(
        select(slot, func.max(StaffingAdvice.needed_now), func.min(StaffingAdvice.on_duty))
        .where(StaffingAdvice.drill == drill, StaffingAdvice.at >= until - HISTORY, StaffingAdvice.at < until)
        .group_by(slot)
    ).tuples()
    return {counting.minute_of(at): (needed, on_duty) for at, needed, on_duty in rows}
