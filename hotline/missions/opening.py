"""From rows to calendars: whether a mission is open, for one mission or for all, in a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hotline.core.errors import NotFound
from hotline.missions.hours import Calendar, Opening, Override
from hotline.missions.models import Mission, MissionException, MissionHoliday, MissionHours, MissionOverride
from hotline.missions.notation import Hours, compose

_MARGIN = timedelta(days=3)
"""Days before `since` that still count: the local day may be another, and a night runs into the next."""


def at(session: Session, mission_id: int, when: datetime) -> Opening:
    """Whether a mission is open at an aware instant, why, and until when; raises NotFound."""
    return calendar_of(session, mission_id).opening(when)


def calendar_of(session: Session, mission_id: int) -> Calendar:
    """Return one mission's calendar with all its past; raises NotFound."""
    found = calendars(session, [mission_id]).get(mission_id)
    if found is None:
        raise NotFound("mission", mission_id)
    return found


def calendars(
    session: Session, mission_ids: Collection[int] | None = None, *, since: datetime | None = None
) -> dict[int, Calendar]:
    """Return the calendars of these missions, or of all with None, by mission, in four statements.

    With `since` (aware) days and overrides that were over by then are left out: for lists that ask about now.
    """
    ids = None if mission_ids is None else list(mission_ids)
    first_day = None if since is None else (since.astimezone(UTC) - _MARGIN).date()
    holidays = _holidays(session, ids, first_day)
    exceptions = _exceptions(session, ids, first_day)
    overrides = _overrides(session, ids, since)
    statement = select(Mission.id, Mission.zone, MissionHours.hours, MissionHours.holiday_hours).outerjoin(MissionHours)
    found = {}
    for mission_id, zone, hours, holiday_hours in session.execute(_of(statement, Mission.id, ids)):
        changed = exceptions.get(mission_id, {})
        kept = holidays.get(mission_id, {})
        known = None if hours is None else Hours(ordinary=hours, holiday=holiday_hours)
        found[mission_id] = Calendar(
            zone=zone,
            expression=None if known is None else compose(known, kept, {day: one[0] for day, one in changed.items()}),
            holidays=kept,
            exceptions={day: one[1] for day, one in changed.items()},
            overrides=tuple(overrides.get(mission_id, ())),
        )
    return found


def _holidays(session: Session, ids: list[int] | None, first_day: date | None) -> dict[int, dict[date, str]]:
    statement = select(
        MissionHoliday.mission_id, MissionHoliday.day, MissionHoliday.name_ko, MissionHoliday.name_en
    ).where(MissionHoliday.chosen)
    if first_day is not None:
        statement = statement.where(MissionHoliday.day >= first_day)
    found: dict[int, dict[date, str]] = defaultdict(dict)
    statement = statement.order_by(MissionHoliday.day, MissionHoliday.calendar.desc())
    for mission_id, day, name_ko, name_en in session.execute(_of(statement, MissionHoliday.mission_id, ids)):
        found[mission_id][day] = name_ko if name_ko == name_en else f"{name_ko} · {name_en}"
    return found


def _exceptions(
    session: Session, ids: list[int] | None, first_day: date | None
) -> dict[int, dict[date, tuple[str, str]]]:
    statement = select(MissionException.mission_id, MissionException.day, MissionException.hours, MissionException.note)
    if first_day is not None:
        statement = statement.where(MissionException.day >= first_day)
    found: dict[int, dict[date, tuple[str, str]]] = defaultdict(dict)
    for mission_id, day, hours, note in session.execute(_of(statement, MissionException.mission_id, ids)):
        found[mission_id][day] = (hours, note)
    return found


def _overrides(session: Session, ids: list[int] | None, since: datetime | None) -> dict[int, list[Override]]:
    end = func.least(MissionOverride.ends_at, MissionOverride.ended_at)
    statement = (
        select(MissionOverride.mission_id, MissionOverride.kind, MissionOverride.starts_at, end, MissionOverride.reason)
        .where(end > MissionOverride.starts_at)
        .order_by(MissionOverride.starts_at)
    )
    if since is not None:
        statement = statement.where(MissionOverride.ends_at > since)
    found: dict[int, list[Override]] = defaultdict(list)
    for mission_id, kind, starts_at, ends_at, reason in session.execute(
        _of(statement, MissionOverride.mission_id, ids)
    ):
        found[mission_id].append(Override(open=kind == "open_now", starts_at=starts_at, ends_at=ends_at, reason=reason))
    return found


def _of(statement: Select[Any], column: InstrumentedAttribute[int], ids: list[int] | None) -> Select[Any]:
    """The statement for these missions only; None is all of them."""
    return statement if ids is None else statement.where(column.in_(ids))
