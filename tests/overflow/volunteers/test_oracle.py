"""Property: the one statement finds exactly whom a plain reading of the rules finds, for random people, zones and instants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from overflow.volunteers.candidates import LEAST_MINUTES, candidates
from overflow.volunteers.models import CertifiedSkill
from tests.overflow.volunteers.making import make_away, make_certificate, make_change, make_hours, make_volunteer

ZONES = ("Asia/Seoul", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Pacific/Apia", "Asia/Kathmandu", "UTC")
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
"""Any moment, and (below) those around the changes of summer time."""
CHANGES = st.sampled_from(
    [
        datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 4, 4, 14, tzinfo=UTC), datetime(2026, 9, 26, 14, tzinfo=UTC),
    ]
)  # fmt: skip
MINUTE = st.integers(0, 1439)


@dataclass
class Person:
    """Somebody made up, with everything that decides about them; times before the instant in minutes."""

    zone: str
    quiet_from: int
    quiet_to: int
    hours: list[tuple[int, int, int]]
    away: list[tuple[int, int]]
    """Days from the instant's UTC day to the first, and how many more follow."""
    max_day: int
    max_week: int
    worked: list[tuple[int, int]]
    """Minutes before the instant at which they began, and for how long."""
    languages: list[str]
    level: int
    certificates: list[tuple[int, int]]
    """Level, and minutes from the instant to its end."""
    not_before: int | None = None
    drill: bool = False
    state: str = "approved"
    verified: bool = True
    agent_state: str = "offline"
    ids: dict[str, int] = field(default_factory=dict)


PEOPLE = st.builds(
    Person, zone=st.sampled_from(ZONES), quiet_from=MINUTE, quiet_to=MINUTE,
    hours=st.lists(st.tuples(st.integers(0, 6), MINUTE, st.integers(15, 1440)), max_size=8),
    away=st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), max_size=2),
    max_day=st.integers(1, 12), max_week=st.integers(1, 52),
    worked=st.lists(st.tuples(st.integers(1, 12_000), st.integers(1, 600)), max_size=4),
    languages=st.lists(st.sampled_from(["ko", "en", "es"]), max_size=3, unique=True), level=st.integers(0, 3),
    certificates=st.lists(st.tuples(st.integers(1, 3), st.integers(1, 1_000)), max_size=2),
    not_before=st.none() | st.integers(-100, 100), drill=st.booleans(), state=st.sampled_from(["approved"] * 4 + ["suspended"]),
    verified=st.booleans() | st.just(True), agent_state=st.sampled_from(["offline"] * 5 + ["not_ready"]),
)  # fmt: skip


def _spans(person: Person, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return what they worked as spans that do not overlap, as changes of presence would write them."""
    spans: list[tuple[datetime, datetime]] = []
    for before, length in sorted(person.worked, reverse=True):
        began = now - timedelta(minutes=before)
        if spans and began <= spans[-1][1]:
            continue
        spans.append((began, min(began + timedelta(minutes=length), now)))
    return spans


def left_minutes(person: Person, now: datetime) -> int:
    """Return the minutes that somebody may still work, counted second by second."""
    left = []
    for hours, most in ((24, person.max_day), (168, person.max_week)):
        since = now - timedelta(hours=hours)
        done = sum(max(0.0, (ended - max(began, since)).total_seconds()) for began, ended in _spans(person, now))
        left.append(most * 60 - int(done // 60))
    return min(left)


def is_there(person: Person, now: datetime) -> bool:
    """Say whether somebody's own clock and calendar let them be asked."""
    local = now.astimezone(ZoneInfo(person.zone))
    minute, today = local.hour * 60 + local.minute, local.date()
    if person.quiet_from < person.quiet_to and person.quiet_from <= minute < person.quiet_to:
        return False
    if person.quiet_from > person.quiet_to and not person.quiet_to <= minute < person.quiet_from:
        return False
    for first, more in person.away:
        begins = now.date() + timedelta(days=first)
        if begins <= today <= begins + timedelta(days=more):
            return False
    wall = local.replace(tzinfo=None)
    if not person.hours:
        return True
    for weekday, starts, length in person.hours:
        for day in (today, today - timedelta(days=1)):
            begins_at = datetime(day.year, day.month, day.day) + timedelta(minutes=starts)  # noqa: DTZ001 - a clock on the wall
            if day.weekday() == weekday and begins_at <= wall.replace(second=0, microsecond=0) < begins_at + timedelta(
                minutes=length
            ):
                return True
    return False


def expected(person: Person, now: datetime, until: datetime, wanted: dict[str, Any]) -> bool:
    """Say whether somebody is a candidate, one rule after the other."""
    certificate = any(
        level >= wanted["level"] and now + timedelta(minutes=ends) > until for level, ends in person.certificates
    )
    return (
        person.state == "approved" and person.verified and person.drill == wanted["drill"] and person.agent_state == "offline"
        and (person.not_before is None or person.not_before <= 0) and set(wanted["languages"]) <= set(person.languages)
        and (wanted["level"] == 0 or (person.level >= wanted["level"] and (certificate or not wanted["certified"])))
        and is_there(person, now) and left_minutes(person, now) >= LEAST_MINUTES
    )  # fmt: skip


def write(session: Session, person: Person, now: datetime) -> None:
    """Write somebody down as the roster keeps them."""
    volunteer = make_volunteer(
        session, state="approved", zone=person.zone, quiet_from=person.quiet_from, quiet_to=person.quiet_to,
        max_hours_day=person.max_day, max_hours_week=person.max_week, languages=person.languages,
        skills={"visa": person.level} if person.level else {}, drill=person.drill,
        not_before=None if person.not_before is None else now + timedelta(minutes=person.not_before),
    )  # fmt: skip
    if not person.verified:
        volunteer.consent_at = None
    volunteer.state = person.state
    assert volunteer.agent_id is not None
    person.ids["volunteer"] = volunteer.id
    for weekday, starts, minutes in person.hours:
        make_hours(session, volunteer, weekday=weekday, starts=starts, minutes=minutes)
    for first, more in person.away:
        begins: date = now.date() + timedelta(days=first)
        make_away(session, volunteer, first=begins, last=begins + timedelta(days=more))
    for level, ends in person.certificates:
        issued, ending = now - timedelta(days=1), now + timedelta(minutes=ends)
        make_certificate(session, volunteer, skill="visa", level=level, issued_at=issued, expires_at=ending)
    for began, ended in _spans(person, now):
        make_change(session, volunteer.agent_id, began, "ready")
        make_change(session, volunteer.agent_id, ended, "offline")
    session.execute(
        text("UPDATE agents SET state = :state WHERE id = :id"), {"state": person.agent_state, "id": volunteer.agent_id}
    )


@contextmanager
def undone(services: Services) -> Iterator[Session]:
    """Open a transaction that is taken back at the end, so that one example leaves nothing for the next."""
    with services.db.transaction() as session:
        yield session
        session.rollback()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(PEOPLE, min_size=1, max_size=6), moment=INSTANTS | CHANGES, minutes=st.integers(-200, 200),
    hours=st.integers(0, 12), languages=st.lists(st.sampled_from(["ko", "en", "es"]), max_size=2, unique=True),
    level=st.integers(0, 3), drill=st.booleans(), certified=st.booleans(),
)  # fmt: skip
@example(
    people=[Person("Europe/Berlin", 0, 0, [(5, 1320, 480)], [], 6, 20, [], ["ko"], 0, [])],
    moment=datetime(2026, 10, 25, 1, tzinfo=UTC), minutes=0, hours=1, languages=["ko"], level=0, drill=False, certified=True,
)  # fmt: skip
def test_the_statement_finds_exactly_whom_the_rules_allow(
    services: Services, people: list[Person], moment: datetime, minutes: int, hours: int, languages: list[str], level: int,
    drill: bool, certified: bool,
) -> None:  # fmt: skip
    now = moment.replace(microsecond=0) + timedelta(minutes=minutes)
    until = now + timedelta(hours=hours)
    wanted = {"languages": languages, "level": level, "drill": drill, "certified": certified}
    with undone(services) as session:
        if certified:
            session.add(CertifiedSkill(skill="visa"))
        for person in people:
            write(session, person, now)
        found = candidates(
            session, FrozenClock(now), skills={"visa": level} if level else {}, languages=languages, drill=drill,
            until=until, most=100,
        )  # fmt: skip
        shown = {each.volunteer_id: each.hours_left_minutes for each in found}
    meant = {
        person.ids["volunteer"]: left_minutes(person, now) for person in people if expected(person, now, until, wanted)
    }
    assert shown == meant
