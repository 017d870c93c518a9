"""Holidays of a mission: the library proposes those of host country and home, the mission chooses and adds its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused
from hotline.missions import holiday_names, missions, staff
from hotline.missions.keeping import local_day
from hotline.missions.models import MissionHoliday

HOME = "KR"
MAX_A_YEAR = 120
MAX_NAME = 120
HOST_CALENDAR, HOME_CALENDAR, OWN_CALENDAR = "host", "home", "own"


@dataclass(frozen=True)
class Day:
    """One holiday that a mission may keep; `calendar` is host, home or own."""

    day: date
    calendar: str
    name_ko: str
    name_en: str
    chosen: bool = False


def proposed(country: str, year: int) -> list[Day]:
    """Return the holidays of host country (ISO 3166) and home in a year, in order; a country not known proposes none."""
    found = [Day(day, HOST_CALENDAR, ko, en) for day, ko, en in _of_country(country, year)] if country != HOME else []
    found += [Day(day, HOME_CALENDAR, ko, en) for day, ko, en in _of_country(HOME, year)]
    return sorted(found, key=lambda one: (one.day, one.calendar))


def of_year(session: Session, mission_id: int, year: int) -> list[Day]:
    """Return what is proposed for a year and what the mission has chosen or added, in order; raises NotFound."""
    mission = missions.get(session, mission_id)
    found = {(one.day, one.calendar): one for one in proposed(mission.country, year)}
    for row in _rows(session, mission_id, year):
        known = found.get((row.day, row.calendar))
        # A day that was kept before its Korean name was known shows it all the same.
        korean = known.name_ko if known is not None and row.name_ko == row.name_en else row.name_ko
        found[row.day, row.calendar] = Day(row.day, row.calendar, korean, row.name_en, row.chosen)
    return sorted(found.values(), key=lambda one: (one.day, one.calendar))


def choose(
    session: Session, clock: Clock, actor: Actor, mission_id: int, year: int, chosen: Collection[tuple[date, str]]
) -> int:
    """Keep exactly these (day, calendar) of a year and return how many; those of before now are left as they were.

    Raises NotFound, Forbidden, and InvalidInput for a year far away or a day that is neither proposed nor the mission's own.
    """
    staff.demand(session, actor, mission_id, change=True)
    mission = missions.get(session, mission_id, lock=True)
    today = local_day(mission, clock.now())
    _check_year(year, today)
    known = {(one.day, one.calendar): one for one in of_year(session, mission_id, year)}
    strange = next((key for key in chosen if key not in known), None)
    if strange is not None:
        raise InvalidInput("chosen", f"{strange[0]} {strange[1]}", f"choose among the holidays proposed for {year}")
    rows = {(row.day, row.calendar): row for row in _rows(session, mission_id, year)}
    wanted = set(chosen)
    before = sorted(key[0].isoformat() for key, row in rows.items() if row.chosen)
    for key, one in known.items():
        row = rows.get(key)
        if row is None:
            session.add(
                MissionHoliday(
                    mission_id=mission_id, day=one.day, calendar=one.calendar,
                    name_ko=one.name_ko, name_en=one.name_en, chosen=key in wanted,
                )
            )  # fmt: skip
        else:
            row.name_ko, row.chosen = one.name_ko, key in wanted
    session.flush()
    after = sorted(key[0].isoformat() for key in wanted)
    if before != after:
        audit.record(
            session, clock, actor, "mission.holidays_chosen", "mission", mission_id,
            before={"year": year, "days": before}, after={"year": year, "days": after},
        )  # fmt: skip
    return len(wanted)


def add_own(
    session: Session, clock: Clock, actor: Actor, mission_id: int, day: date, name_ko: str, name_en: str
) -> None:
    """Add a holiday of the mission's own, such as its foundation day; the same day again renames it.

    Raises NotFound, Forbidden, InvalidInput for a name or a day far away, Refused beyond 120 a year.
    """
    staff.demand(session, actor, mission_id, change=True)
    mission = missions.get(session, mission_id, lock=True)
    _check_year(day.year, local_day(mission, clock.now()))
    names = {"name_ko": _name("name_ko", name_ko), "name_en": _name("name_en", name_en)}
    rows = _rows(session, mission_id, day.year)
    if len(rows) >= MAX_A_YEAR:
        raise Refused(f"A year has at most {MAX_A_YEAR} holidays here.", code="too-many-holidays")
    row = next((one for one in rows if (one.day, one.calendar) == (day, OWN_CALENDAR)), None)
    if row is None:
        row = MissionHoliday(mission_id=mission_id, day=day, calendar=OWN_CALENDAR)
        session.add(row)
    row.name_ko, row.name_en, row.chosen = names["name_ko"], names["name_en"], True
    session.flush()
    audit.record(
        session, clock, actor, "mission.holiday_added", "mission", mission_id, after={"day": day.isoformat(), **names}
    )


def _rows(session: Session, mission_id: int, year: int) -> list[MissionHoliday]:
    return list(
        session.scalars(
            select(MissionHoliday).where(
                MissionHoliday.mission_id == mission_id,
                MissionHoliday.day.between(date(year, 1, 1), date(year, 12, 31)),
            )
        )
    )


def _check_year(year: int, today: date) -> None:
    if not today.year - 1 <= year <= today.year + 2:
        raise InvalidInput("year", year, f"use {today.year - 1} to {today.year + 2}")


def _name(field: str, text: str) -> str:
    tidy = " ".join(text.split())
    if not 1 <= len(tidy) <= MAX_NAME or not tidy.isprintable():
        raise InvalidInput(field, text, f"write 1 to {MAX_NAME} characters")
    return tidy


@lru_cache(maxsize=1024)
def _of_country(country: str, year: int) -> tuple[tuple[date, str, str], ...]:
    """Day and names in Korean and English; where neither library nor our table knows Korean, English stands for it."""
    if country not in holidays.list_supported_countries(include_aliases=False):
        return ()
    english = _named(country, year, "en_US")
    known = _named(country, year, "ko") if country == HOME else {}
    return tuple(
        (day, (known.get(day) or holiday_names.korean(country, name))[:MAX_NAME], name[:MAX_NAME])
        for day, name in sorted(english.items())
    )


def _named(country: str, year: int, language: str) -> dict[date, str]:
    languages = holidays.country_holidays(country).supported_languages
    chosen = next((one for one in (language, "en_US", "en_GB", "en") if one in languages), None)
    return dict(holidays.country_holidays(country, years=year, language=chosen))
