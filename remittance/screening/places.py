"""Where people asked from: whether two cases are at one place, by their positions or, where one has none, by their own words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.cases.models import Case
from hotline.geo.area import Circle
from hotline.geo.cells import longitude_units, to_units
from hotline.geo.geodesic import within
from remittance.requests.models import Remittance
from remittance.screening.rules import USUAL_DAYS

MAX_COMPARED = 2_000
"""Requests of the latest months whose place is compared with a new one's."""
MM_PER_KM = 1_000_000
NOWHERE = ("", "ZZ")
_MARKS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Place:
    """Where a case is: degrees or none, and what the person or an officer wrote, in a country."""

    lat: float | None
    lon: float | None
    words: str
    country: str

    @property
    def named(self) -> tuple[str, str] | None:
        """The words without marks and capitals, with their country; None where nothing is written, or not in which country."""
        plain = _MARKS.sub("", unicodedata.normalize("NFKC", self.words).casefold())
        return (plain, self.country) if plain and self.country not in NOWHERE else None


@dataclass(frozen=True)
class Asked:
    """Another request: whose, when, and from where."""

    remittance_id: int
    person_id: int
    at: datetime
    place: Place


@dataclass(frozen=True)
class Around:
    """Other people's requests from one place: the latest of each person within the hours, and how many came before that."""

    here: list[int]
    before: int


def of_case(case: Case) -> Place:
    """Return where a case is."""
    return Place(case.lat, case.lon, case.place, case.country)


def around(session: Session, one: Remittance, *, hours: int, km: int) -> Around | None:
    """Find other people's requests from the place of this one's case, up to the moment of this one; None where it is unknown.

    Requests of a declared incident, and drills, are left out, as they are where missions are counted.
    """
    place = of_case(session.get_one(Case, one.case_id))
    if place.lat is None and place.named is None:
        return None
    begin = one.requested_at - timedelta(hours=hours)
    others = _others(session, one, begin - timedelta(days=USUAL_DAYS))
    same = [each for each, is_near in zip(others, _near(place, others, km), strict=True) if is_near]
    latest: dict[int, int] = {}
    for each in same:
        if each.at > begin:
            latest[each.person_id] = max(each.remittance_id, latest.get(each.person_id, 0))
    return Around(sorted(latest.values()), sum(each.at <= begin for each in same))


def _others(session: Session, one: Remittance, since: datetime) -> list[Asked]:
    rows = session.execute(
        select(
            Remittance.id, Remittance.person_id, Remittance.requested_at, Case.lat, Case.lon, Case.place, Case.country
        )
        .join(Case, Case.id == Remittance.case_id)
        .where(
            Remittance.requested_at > since,
            Remittance.requested_at <= one.requested_at,
            Remittance.incident_id.is_(None),
            Remittance.drill.is_(False),
            Remittance.id != one.id,
            Remittance.person_id != one.person_id,
        )
        .order_by(Remittance.id.desc())
        .limit(MAX_COMPARED)
    )
    return [Asked(number, person, at, Place(*where)) for number, person, at, *where in rows]


def _near(place: Place, others: Sequence[Asked], km: int) -> list[bool]:
    """Say of each whether it is within `km` by WGS84; where one of both has no position, whether both wrote the same place."""
    measured = [False] * len(others)
    if place.lat is not None and place.lon is not None:
        circle = Circle(int(to_units(place.lat)), int(longitude_units(place.lon)), km * MM_PER_KM)
        known = [nth for nth, each in enumerate(others) if each.place.lat is not None]
        lats, lons = ([getattr(others[nth].place, axis) for nth in known] for axis in ("lat", "lon"))
        for nth, inside in zip(known, within(circle, to_units(lats), longitude_units(lons)), strict=True):
            measured[nth] = bool(inside)
    return [
        near or ((place.lat is None or each.place.lat is None) and _same_words(place, each.place))
        for near, each in zip(measured, others, strict=True)
    ]


def _same_words(one: Place, other: Place) -> bool:
    return one.named is not None and one.named == other.named
