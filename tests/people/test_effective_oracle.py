"""Whatever is seen, planned and changed in whatever order: the position held is the one that a slow, plain rule gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.people import effective, itineraries, travellers
from hotline.people.itineraries import ItineraryFields
from hotline.people.legs import LegFields
from hotline.people.placing import record_sighting
from tests.conftest import NOW
from tests.people.test_sightings import make_person

CITIES = {
    "PH": ("Manila", "Asia/Manila"), "JP": ("Tokyo", "Asia/Tokyo"), "FR": ("Paris", "Europe/Paris"),
    "NZ": ("Auckland", "Pacific/Auckland"), "FJ": ("Suva", "Pacific/Fiji"),
}  # fmt: skip
RANK = {"exact": 1, "city": 2, "country": 3}
SOURCES = ("app", "import", "roaming:kt", "console")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class See:
    """A report that comes in `late_h` hours after it was made, and holds for `for_h` hours."""

    country: str
    precision: str
    source: str
    late_h: int
    for_h: int


@dataclass(frozen=True)
class Plan:
    """A journey of one leg, from so many days from now."""

    country: str
    in_days: int
    days: int


@dataclass(frozen=True)
class Wait:
    """Time that passes; the sweep comes by afterwards."""

    hours: int


@dataclass(frozen=True)
class Drop:
    """The oldest journey is deleted."""


STEPS = st.one_of(
    st.builds(
        See,
        st.sampled_from(sorted(CITIES)),
        st.sampled_from(sorted(RANK)),
        st.sampled_from(SOURCES),
        st.integers(0, 30),
        st.integers(1, 60),
    ),
    st.builds(Plan, st.sampled_from(sorted(CITIES)), st.integers(-3, 4), st.integers(1, 4)),
    st.builds(Wait, st.integers(1, 40)),
    st.just(Drop()),
)


@dataclass(frozen=True)
class Known:
    """Something that may say where a person is."""

    country: str
    precision: str
    source: str
    since: datetime
    until: datetime
    leg: bool = False

    @property
    def decisive(self) -> bool:
        return self.source in ("roaming:kt", "console")


class Oracle:
    """The rule in words of its own: every report is kept, and each question looks through all of them."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], Known] = {}
        self.legs: dict[int, Known] = {}

    def see(self, step: See, now: datetime) -> None:
        at = now - step.late_h * HOUR
        held = self.seen.get((step.precision, step.source))
        if held is None or held.since <= at:
            self.seen[step.precision, step.source] = Known(
                step.country, step.precision, step.source, at, at + step.for_h * HOUR
            )

    def where(self, now: datetime) -> tuple[str, str, str, datetime] | None:
        alive = [each for each in (*self.seen.values(), *self.legs.values()) if each.since <= now < each.until]
        standing = [each for each in alive if not any(_refutes(proof, each) for proof in alive)]
        if not standing:
            return None
        best = min(standing, key=lambda each: (RANK[each.precision], -each.since.timestamp(), each.leg, each.source))
        return best.precision, best.country, best.source, best.since


def _refutes(proof: Known, other: Known) -> bool:
    if not proof.decisive or proof.country == other.country:
        return False
    return proof.since > other.since or (proof.since == other.since and not other.decisive)


def _held(services: Services, person: int) -> tuple[str, str, str, datetime] | None:
    with services.db.transaction() as session:
        position = travellers.position_of(session, person)
        if position is None or position.valid_until is None or position.valid_until <= services.clock.now():
            return None
        return position.precision, position.country, position.source, position.observed_at


def _days(step: Plan, now: datetime) -> tuple[date, date]:
    first = now.date() + timedelta(days=step.in_days)
    return first, first + timedelta(days=step.days - 1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=1, max_size=14))
def test_the_position_held_is_what_the_plain_rule_gives(
    services: Services, clock: FrozenClock, steps: list[Any]
) -> None:
    # Examples share the fixtures; each begins at the same moment with somebody nobody knows anything of.
    clock.advance(NOW - clock.now())
    person, oracle = make_person(services.db), Oracle()
    for step in steps:
        _act(services, clock, person, oracle, step)
        assert _held(services, person) == oracle.where(clock.now()), step
    with services.db.transaction() as session:
        session.execute(text("UPDATE positions SET recheck_at = NULL WHERE traveller_id = :id"), {"id": person})


def _act(services: Services, clock: FrozenClock, person: int, oracle: Oracle, step: Any) -> None:
    now = clock.now()
    if isinstance(step, Wait):
        clock.advance(step.hours * HOUR)
        effective.take_over_due(services)
        return
    with services.db.transaction() as session:
        if isinstance(step, See):
            record_sighting(
                session, clock, person, lat=1.0, lon=1.0, country=step.country, precision=step.precision,
                source=step.source, observed_at=now - step.late_h * HOUR,
                valid_until=now + (step.for_h - step.late_h) * HOUR,
            )  # fmt: skip
            oracle.see(step, now)
        elif isinstance(step, Plan):
            city, zone = CITIES[step.country]
            first, last = _days(step, now)
            leg = LegFields(place=city, country=step.country, from_date=first, to_date=last)
            made = itineraries.add(session, clock, SYSTEM, person, ItineraryFields(legs=[leg]), source="api")
            starts = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
            after = last + timedelta(days=1)
            ends = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
            oracle.legs[made.id] = Known(step.country, "city", "itinerary", starts, ends, leg=True)
        elif oracle.legs:
            oldest = min(oracle.legs)
            itineraries.delete(session, clock, SYSTEM, oldest)
            del oracle.legs[oldest]
