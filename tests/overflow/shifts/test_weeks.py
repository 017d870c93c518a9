"""Random weeks of planning, changing, swapping and cancelling in zones that change their clocks, held against plain oracles."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from hotline.notices.models import Notice
from overflow.shifts import people, planning, reading, sending, swapping
from overflow.shifts.models import Shift, ShiftTelling
from overflow.shifts.needed import Duty, Need, cover
from overflow.shifts.planning import Change, Wanted
from overflow.shifts.wall import Wall
from tests.overflow.shifts.making import PLANNER, make_person, make_volunteer
from tests.overflow.shifts.test_swapping import SELF

ZONES = ("Asia/Seoul", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago")
CHANGES = (date(2027, 3, 12), date(2027, 3, 26), date(2027, 4, 2), date(2027, 10, 29), date(2027, 11, 5))
"""Days before which clocks change in one zone or another."""
MINUTE = timedelta(minutes=1)

_needs = st.lists(
    st.builds(
        lambda first, length, needed, mark, weekday: Need(first, min(24, first + length), needed, mark, weekday=weekday),
        st.integers(0, 23), st.integers(1, 24), st.integers(0, 4), st.sampled_from(["", "lang:en"]), st.integers(0, 6),
    ),
    max_size=6,
)  # fmt: skip
_duties = st.lists(st.tuples(st.integers(-600, 3000), st.integers(30, 1440), st.booleans()), max_size=8)


@settings(deadline=None, max_examples=60)
@given(zone=st.sampled_from(ZONES), day=st.sampled_from(CHANGES), step=st.integers(0, 3), needs=_needs, rows=_duties)
def test_coverage_equals_what_counting_minutes_gives(
    zone: str, day: date, step: int, needs: list[Need], rows: list[tuple[int, int, bool]]
) -> None:
    where, day = ZoneInfo(zone), day + timedelta(days=step)
    base = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=12)
    duties = [
        Duty(base + start * MINUTE, base + (start + length) * MINUTE, frozenset({"lang:en"} if able else ()))
        for start, length, able in rows
    ]
    hours = cover(where, day, needs, duties)
    assert all(first.ends_at == second.starts_at for first, second in itertools.pairwise(hours))
    minutes = [
        base + step * MINUTE for step in range(72 * 60) if (base + step * MINUTE).astimezone(where).date() == day
    ]
    assert (hours[0].starts_at, hours[-1].ends_at) == (minutes[0], minutes[-1] + MINUTE)
    for hour in hours:
        inside = [at for at in minutes if hour.starts_at <= at < hour.ends_at]
        assert {at.astimezone(where).hour for at in inside} == {hour.hour}
        for mark, there in hour.there.items():
            able = [duty for duty in duties if not mark or mark in duty.marks]
            assert there == min(sum(duty.starts_at <= at < duty.ends_at for duty in able) for at in inside)
            wanted = [
                n.needed
                for n in needs
                if n.mark == mark and n.weekday == day.weekday() and n.hour_from <= hour.hour < n.hour_to
            ]
            assert hour.needed[mark] == max(wanted, default=0)


class Centre:
    """A few people in as many zones, and what planners and they do at random."""

    def __init__(self, services: Services, clock: FrozenClock, random: Random, first: date) -> None:
        self.services, self.clock, self.random, self.first = services, clock, random, first
        with services.db.transaction() as session:
            self.agents = [make_person(session, zone=random.choice(ZONES)).id for _ in range(4)]
            self.agents += [
                make_volunteer(session, zone=random.choice(ZONES), max_hours_day=8, max_hours_week=24).agent_id or 0
                for _ in range(2)
            ]

    def wall(self) -> Wall:
        """Return some local times of these two weeks."""
        day = self.first + timedelta(days=self.random.randrange(1, 14))
        starts = self.random.randrange(0, 1440, 15)
        return Wall(self.random.choice(ZONES), day, starts, (starts + self.random.randrange(60, 720, 15)) % 1440)

    def act(self) -> None:
        """Do something; what a rule forbids changes nothing."""
        what = self.random.choice(("make", "make", "make", "change", "cancel", "offer", "take", "decline", "give"))
        try:
            with self.services.db.transaction() as session:
                live = session.scalars(select(Shift).where(Shift.state == "published").order_by(Shift.id)).all()
                shift = self.random.choice(live) if live else None
                someone = self.random.choice(self.agents)
                if what == "make" or shift is None:
                    made = planning.make(session, self.clock, PLANNER, Wanted(someone, self.wall()))
                    planning.publish(session, self.clock, PLANNER, made.starts_at, made.starts_at + MINUTE)
                elif what in ("change", "give"):
                    change = Change(
                        shift.version,
                        self.wall() if what == "change" else None,
                        someone if what == "give" else None,
                        "x",
                    )
                    planning.change(session, self.clock, PLANNER, shift.id, change)
                elif what == "cancel":
                    planning.cancel(session, self.clock, PLANNER, shift.id, "x")
                elif what == "offer":
                    swapping.offer(session, self.clock, SELF, shift.agent_id, shift.id)
                elif what == "take":
                    swapping.take(session, self.clock, SELF, someone, shift.id)
                else:
                    swapping.decline(session, self.clock, SELF, shift.agent_id, shift.id, "x")
        except HotlineError:
            return

    def check_people(self) -> None:
        """Nobody has two shifts at once, too little rest or too many hours."""
        with self.services.db.transaction() as session:
            known = people.people(session, self.agents)
            live = reading.between(
                session, self.clock.now() - timedelta(days=30), self.clock.now() + timedelta(days=60)
            )
            for agent_id, person in known.items():
                spans = sorted((each.starts_at, each.ends_at) for each in live if each.agent_id == agent_id)
                for (_, end), (start, _) in itertools.pairwise(spans):
                    assert start - end >= timedelta(hours=11)
                for window, most in ((timedelta(days=1), person.allowed.day), (timedelta(days=7), person.allowed.week)):
                    for since in [a for a, _ in spans] + [b - window for _, b in spans]:
                        inside = [min(b, since + window) - max(a, since) for a, b in spans]
                        assert sum((each for each in inside if each > timedelta()), timedelta()) <= most

    def check_reminders(self) -> None:
        """Every reminder that was told belongs to a start, came once, at its hour and before the shift."""
        with self.services.db.transaction() as session:
            told = session.scalars(
                select(ShiftTelling).where(ShiftTelling.kind.startswith("remind"), ShiftTelling.state == "sent")
            ).all()
            texts = session.scalars(select(Notice.dedupe_key)).all()
            known = people.people(session, self.agents)
        assert max(Counter(texts).values(), default=1) == 1
        assert (
            max(Counter((each.shift_id, each.agent_id, each.kind, each.starts_at) for each in told).values(), default=1)
            == 1
        )
        for each in told:
            assert each.settled_at is not None and each.settled_at < each.starts_at
            early = each.starts_at - each.settled_at
            if each.kind == "remind_hour":
                assert timedelta(minutes=30) < early <= timedelta(hours=1)
                continue
            assert timedelta(hours=1) < early <= timedelta(hours=24)
            local = each.settled_at.astimezone(ZoneInfo(known[each.agent_id].zone))
            since, until = known[each.agent_id].quiet
            minute = local.hour * 60 + local.minute
            assert until <= minute < since, "no reminder of the day before in somebody's night"


@pytest.mark.parametrize("seed", range(4))
def test_two_weeks_over_a_change_of_clocks(services: Services, clock: FrozenClock, seed: int) -> None:
    random = Random(seed)
    first = random.choice(CHANGES) - timedelta(days=3)
    clock.set(datetime(first.year, first.month, first.day, 3, tzinfo=UTC))
    centre = Centre(services, clock, random, first)
    for _ in range(40):
        centre.act()
    for step in range(15 * 24 * 2):
        if random.random() < 0.06:
            centre.act()
        if random.random() < 0.02:
            services.redis.flushall()
        sending.send(services)
        if step % 96 == 0:
            centre.check_people()
        clock.advance(timedelta(minutes=30) - (MINUTE if step == 0 else timedelta()))
    centre.check_people()
    centre.check_reminders()
    with services.db.transaction() as session:
        kinds = Counter(session.scalars(select(ShiftTelling.kind).where(ShiftTelling.state == "sent")))
    assert kinds["published"] > 3 and kinds["remind_hour"] > 0, kinds
