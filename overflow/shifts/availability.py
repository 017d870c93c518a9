"""When volunteers say that they can come: hours of the week and days away, looked at when others plan for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import Refused
from overflow.shifts.limits import Span
from overflow.shifts.people import Person
from overflow.shifts.wall import Placed, instant
from overflow.volunteers.models import AvailableHours, AwayDays


class Calendars:
    """What some volunteers said, read once."""

    def __init__(self, session: Session, volunteer_ids: Collection[int]) -> None:
        self._hours: dict[int, list[AvailableHours]] = defaultdict(list)
        self._away: dict[int, list[AwayDays]] = defaultdict(list)
        if volunteer_ids:
            for row in session.scalars(select(AvailableHours).where(AvailableHours.volunteer_id.in_(volunteer_ids))):
                self._hours[row.volunteer_id].append(row)
            for away in session.scalars(select(AwayDays).where(AwayDays.volunteer_id.in_(volunteer_ids))):
                self._away[away.volunteer_id].append(away)

    def check(self, person: Person, where: Placed) -> None:
        """Raise Refused when a volunteer is away, or does not come at these hours; one without hours comes at any."""
        assert person.volunteer_id is not None
        zone, params = ZoneInfo(person.zone), {"name": person.name}
        first = where.starts_at.astimezone(zone).date()
        last = (where.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
        if any(away.first <= last and first <= away.last for away in self._away[person.volunteer_id]):
            raise Refused(f"{person.name} is away then.", code="shift-away", params=dict(params))
        hours = self._hours[person.volunteer_id]
        if hours and not _covers(_spans(hours, zone, where), where):
            raise Refused(f"{person.name} cannot come at these hours.", code="shift-not-available", params=dict(params))


def _spans(hours: list[AvailableHours], zone: ZoneInfo, where: Placed) -> list[Span]:
    """Return the hours around a shift as instants, in the person's own zone."""
    day = where.starts_at.astimezone(zone).date() - timedelta(days=1)
    last = where.ends_at.astimezone(zone).date()
    spans = []
    while day <= last:
        for row in hours:
            if row.weekday == day.weekday():
                spans.append((instant(zone, day, row.starts).at, instant(zone, day, row.starts + row.minutes).at))
        day += timedelta(days=1)
    return sorted(spans)


def _covers(spans: list[Span], where: Placed) -> bool:
    reached = where.starts_at
    for start, end in spans:
        if start <= reached < end:
            reached = end
    return reached >= where.ends_at
