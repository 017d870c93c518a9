"""From the dates of a stay, as the calendar of the place shows them, to the moments between which it counts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hotline.core.errors import InvalidInput
from hotline.geo.zones import zone_at, zones_of
from hotline.people.fields import FIRST_YEAR, LAST_YEAR

MAX_STAY_DAYS = 3 * 366
"""A longer stay is no journey any more: the person lives there and says so as a place."""


def midnight(day: date, zone: str) -> datetime:
    """Return the moment (UTC) at which a day begins in a zone.

    Where the clock leaps over midnight (Beirut in spring) that is the moment of the leap; a day that a zone left out when it
    moved across the date line (Samoa, 30 December 2011) begins and ends in the same moment.
    """
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)


def zones_at(lat: float, lon: float, country: str, *, whole_country: bool) -> tuple[str, ...]:
    """Return the zones whose dates count for a stay: that of the place, or all that a country has."""
    return (zones_of(country) if whole_country else ()) or (zone_at(lat, lon, country),)


def span(first: date, last: date, zones: Iterable[str]) -> tuple[datetime, datetime]:
    """Return from when (included) until when (not included) the days `first` to `last` count, both UTC.

    In a country with several zones from its earliest midnight to its latest one, since nobody knows in which of them the
    person is. Raises InvalidInput for dates that are no stay.
    """
    if not (FIRST_YEAR <= first.year <= LAST_YEAR and FIRST_YEAR <= last.year <= LAST_YEAR):
        raise InvalidInput("from_date", first.isoformat(), f"write years from {FIRST_YEAR} to {LAST_YEAR}")
    if last < first:
        raise InvalidInput("to_date", last.isoformat(), "the last day must not lie before the first one")
    if (last - first).days >= MAX_STAY_DAYS:
        raise InvalidInput("to_date", last.isoformat(), f"a stay has at most {MAX_STAY_DAYS} days; set a place instead")
    used = tuple(zones)
    starts_at = min(midnight(first, zone) for zone in used)
    ends_at = max(midnight(last + timedelta(days=1), zone) for zone in used)
    if starts_at >= ends_at:
        raise InvalidInput("from_date", first.isoformat(), "this day does not exist at the place; correct the dates")
    return starts_at, ends_at
