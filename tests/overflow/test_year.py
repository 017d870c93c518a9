"""A year of 180 missions in 24 zones on the injected clock, against an oracle that knows nothing of our evaluator.

Hours change, holidays come, clocks are put forward and back, missions close and open by one tap, ask us to take all calls or end
for good, the centre fills up, and incidents overrule everything. Every forwarded call lands where and by the rule that the oracle
names (`landing.py`), and every closing has one hand-over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from hotline.agents.models import Agent
from hotline.cases.protection_models import NumberFlag
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.core.signed_body import sign
from hotline.missions import missions
from hotline.missions.models import (
    Mission,
    MissionException,
    MissionHoliday,
    MissionHours,
    MissionLine,
    MissionOverride,
)
from hotline.missions.notation import read_day, read_hours
from overflow.forwarding import keys, rules, standing, take_all, taking
from overflow.forwarding.taking import Webhook
from overflow.handover import looking
from overflow.handover.models import Handover
from tests.factories import make_mission
from tests.overflow.landing import SPOKEN_HERE, House, Landing, lands
from tests.overflow.offices import SHAPES, Office, Tap, day_notation, make_offices, notation
from tests.queues.making import call_in, make_agent, make_queue

SERVICE_KEY = "a secret for tests only"
REASONS = ("closed", "busy", "no_answer", "all", "test", "")
SPEAK = ("", "", "ko", "fr", "zh-CN", "ar", "es")
FLAGGED = "+8613900000099"
LANDINGS = {
    ("incident", "take"), ("incident", "return"), ("take_all", "take"), ("ended", "take"), ("protected", "take"),
    ("test", "take"), ("closed", "take"), ("busy", "take"), ("no_answer", "take"), ("language", "return"), ("capacity", "return"),
    ("partner", "return"), ("default", "take"),
}  # fmt: skip
"""Every rule there is, with what it decides as it comes; incidents both ways."""
SPECIAL_DAYS: tuple[tuple[tuple[int, int], ...], ...] = ((), ((600, 720),), ((60, 180), (600, 660)))
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Year:
    """The service and the oracle side by side."""

    services: Services
    clock: FrozenClock
    offices: list[Office]
    random: Random
    start: datetime
    keys: dict[int, Any] = field(default_factory=dict)
    house: House = field(default_factory=House)
    landed: dict[tuple[str, str], int] = field(default_factory=dict)
    """How many calls by rule and what it decided."""
    calls: int = 0

    def move_in(self) -> None:
        """Write the missions down as the oracle knows them."""
        with self.services.db.transaction() as session:
            for office in self.offices:
                mission = make_mission(
                    session, code=office.code, zone=office.zone.key, country="PH", languages=sorted(office.languages)
                )
                office.mission_id = mission.id
                session.add(
                    MissionLine(
                        mission_id=mission.id, number=office.line, pool_number=office.pool, return_number=office.back or None,
                        label="main", technique="webhook", created_at=self.clock.now(),
                    )
                )  # fmt: skip
                session.add(
                    MissionHours(
                        mission_id=mission.id, hours=self._hours(office.weeks[0][1]), updated_at=self.clock.now()
                    )
                )
                session.add_all(
                    MissionHoliday(
                        mission_id=mission.id, day=day, name_ko="휴일", name_en="Holiday", calendar="own", chosen=True
                    )
                    for day in sorted(office.holidays)
                )
                self.keys[office.number] = keys.add(session, self.clock, SYSTEM, SERVICE_KEY, mission.id)
            for office in self.offices:
                if office.partner is not None:
                    partner_id = self.offices[office.partner].mission_id
                    session.execute(
                        update(Mission).where(Mission.id == office.mission_id).values(partner_id=partner_id)
                    )
            make_queue(session)
            make_agent(session, languages=sorted(SPOKEN_HERE))
            for _ in range(25):
                call_in(session, self.clock)
            session.add(
                NumberFlag(
                    phone=FLAGGED,
                    kind="burst",
                    path="separate",
                    since=self.start,
                    until=self.start + timedelta(days=400),
                )
            )

    def crowd(self, *, full: bool) -> None:
        """Let the only agent be away while many wait, or come back."""
        state, reason = ("not_ready", "meal") if full else ("ready", "")
        with self.services.db.transaction() as session:
            session.execute(update(Agent).values(state=state, reason=reason))
        self.house.full = full

    def end(self, office: Office) -> None:
        """Close a mission for good."""
        if office.ended is None:
            with self.services.db.transaction() as session:
                missions.close(session, self.clock, SYSTEM, office.mission_id)
            office.ended = self.clock.now()

    def change_hours(self, office: Office) -> None:
        """Give an office another week from now on."""
        week = self.random.choice(SHAPES)
        with self.services.db.transaction() as session:
            session.execute(
                update(MissionHours).where(MissionHours.mission_id == office.mission_id).values(hours=self._hours(week))
            )
        office.weeks.append((self.clock.now(), week))

    def change_day(self, office: Office) -> None:
        """Give one of the coming days, or today, times of its own."""
        now = self.clock.now()
        day: date = now.astimezone(office.zone).date() + timedelta(days=self.random.randrange(4))
        times = self.random.choice(SPECIAL_DAYS)
        with self.services.db.transaction() as session:
            session.execute(
                delete(MissionException).where(
                    MissionException.mission_id == office.mission_id, MissionException.day == day
                )
            )
            session.add(MissionException(mission_id=office.mission_id, day=day, hours=read_day(day_notation(times))))
        office.exceptions.setdefault(day, []).append((now, times))

    def tap(self, office: Office) -> None:
        """Close or open an office by one tap for some hours; one that holds ends with it."""
        now, opens = self.clock.now(), self.random.random() < 0.4
        ends = now + timedelta(minutes=self.random.choice((30, 90, 240, 600, 1500)))
        with self.services.db.transaction() as session:
            mine = MissionOverride.mission_id == office.mission_id
            session.execute(
                update(MissionOverride)
                .where(mine, MissionOverride.ended_at.is_(None), MissionOverride.ends_at > now)
                .values(ended_at=now)
            )
            session.execute(update(MissionOverride).where(mine).values(last=False))
            session.add(
                MissionOverride(
                    mission_id=office.mission_id, kind="open_now" if opens else "closed_now", starts_at=now, ends_at=ends,
                    reason="훈련",
                )
            )  # fmt: skip
        for each in office.taps:
            each.end = min(each.end, now)
        office.taps.append(Tap(opens, now, ends))

    def ask_for_all(self, office: Office) -> None:
        """Let an office ask us to take all its calls."""
        now = self.clock.now()
        until = now + timedelta(hours=self.random.choice((2, 8, 30)))
        with self.services.db.transaction() as session:
            take_all.request(session, self.clock, SYSTEM, office.mission_id, until, "이전")
        office.takes = [(start, min(end, now)) for start, end in office.takes] + [(now, until)]

    def begin_incident(self) -> None:
        """Overrule everything for some hours, everywhere."""
        now = self.clock.now()
        ends, action = now + timedelta(hours=6), ("take", "return")[len(self.house.incidents) % 2]
        with self.services.db.transaction() as session:
            rules.add_incident(
                session, self.clock, SYSTEM, action=action, mission_id=None, country="PH", ends_at=ends, note="지진"
            )
        self.house.incidents.append((action, now, ends))

    def forward(self, office: Office) -> None:
        """Let a call be announced, and compare where it lands with the oracle."""
        now, reason = self.clock.now(), self.random.choice(REASONS)
        language, flagged = self.random.choice(SPEAK), self.random.random() < 0.03
        self.calls += 1
        caller = FLAGGED if flagged else "+8613912345678"
        call = {"version": 1, "caller": caller, "called": office.line, "reason": reason, "language": language}
        body = json.dumps(call).encode()
        key, timestamp, name = self.keys[office.number], str(int(now.timestamp())), f"call-{self.calls}"
        signature = sign(key.secret, timestamp, body, idempotency_key=name)
        self.services.rooms.pop(standing.ROOM, None)  # else a change holds only after its few seconds
        answer = json.loads(
            taking.take(self.services, Webhook(office.code, key.key_id, timestamp, signature, name, body))
        )
        expected = lands(self.house, self.offices, office, now, reason=reason, language=language, flagged=flagged)
        found = Landing(answer["rule"]["kind"], answer["decision"], answer["destination"]["number"])
        assert found == expected, (
            f"{office.code} in {office.zone.key} at {now.isoformat()} ({now.astimezone(office.zone).isoformat()}), "
            f"reason {reason!r}, language {language!r}: {answer['why']}"
        )
        by = (expected.kind, expected.decision)
        self.landed[by] = self.landed.get(by, 0) + 1

    def look(self) -> None:
        """Let the hand-over's job look."""
        looking.see(self.services)

    def _hours(self, week: dict[int, Any]) -> str:
        return read_hours(notation(week)).ordinary


def moments(
    random: Random, offices: list[Office], start: datetime, days: int, calls_a_day: float
) -> Iterator[tuple[datetime, str, int]]:
    """Return what happens when, in order: calls, changes and rounds of the job."""
    seconds = days * 86_400
    found: list[tuple[float, str, int]] = []
    for office in offices:
        kinds = {
            "forward": calls_a_day * days, "hours": days / 120, "day": days / 25, "tap": days / 30, "all": days / 60,
        }  # fmt: skip
        for kind, expected in kinds.items():
            count = int(expected) + (random.random() < expected % 1)
            found += [(random.randrange(seconds), kind, office.number) for _ in range(count)]
    found += [(random.randrange(seconds), "incident", 0) for _ in range(max(4, days // 20))]
    for _ in range(max(8, days // 6)):
        fills = random.randrange(seconds)
        found += [(fills, "crowd", 0), (fills + 6 * 3_600, "calm", 0)]
    found += [(random.randrange(seconds), "end", office.number) for office in offices if random.random() < 0.05]
    at = 0.0
    while at < seconds:
        found.append((at, "look", 0))
        at += random.choice((30, 600, 3_600, 14_400))
    found.append((seconds, "look", 0))
    for at, kind, number in sorted(each for each in found if each[0] <= seconds):
        yield start + timedelta(seconds=at), kind, number


def live(year: Year, days: int, calls_a_day: float) -> None:
    """Go through the days."""
    acts = {
        "hours": year.change_hours, "day": year.change_day, "tap": year.tap, "all": year.ask_for_all,
        "forward": year.forward, "end": year.end, "crowd": lambda _office: year.crowd(full=True),
        "calm": lambda _office: year.crowd(full=False), "incident": lambda _office: year.begin_incident(),
        "look": lambda _office: None,
    }  # fmt: skip
    for at, kind, number in moments(year.random, year.offices, year.start, days, calls_a_day):
        year.clock.set(at)
        if kind != "forward":
            year.look()
        acts[kind](year.offices[number])


def check_handovers(year: Year, days: int) -> int:
    """Compare the hand-overs with the oracle's closings; how many there were."""
    end, count = year.start + timedelta(days=days), 0
    with year.services.db.transaction() as session:
        rows = session.execute(
            select(Handover.mission_id, Handover.period_start, Handover.period_end).order_by(Handover.period_end)
        ).tuples()
        kept: dict[int, list[tuple[datetime, datetime]]] = {office.mission_id: [] for office in year.offices}
        for mission_id, began, ended in rows:
            # What changes at the very moment of a look is seen a microsecond later; the look before it had settled that moment.
            kept[mission_id].append((_second(began), _second(ended)))
    for office in year.offices:
        expected = office.closings(year.start, min(end, office.ended or end))
        mine = [each for each in kept[office.mission_id] if each[0] > year.start]
        assert mine == expected, f"{office.code} in {office.zone.key}"
        count += len(mine)
    return count


def _second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def run(
    services: Services, clock: FrozenClock, *, seed: int, offices: int, start: datetime, days: int, calls_a_day: float
) -> Year:
    """Simulate, and compare everything."""
    random = Random(seed)
    clock.set(start)
    year = Year(services, clock, make_offices(random, offices, start, days), random, start)
    year.move_in()
    live(year, days, calls_a_day)
    assert check_handovers(year, days) > 0
    return year


@pytest.mark.long
def test_the_weeks_of_the_changing_clocks_in_every_zone(services: Services, clock: FrozenClock) -> None:
    # 5 March to 7 April 2026: the clocks change in North America, Europe, Chile, Australia and New Zealand.
    start = datetime(2026, 3, 5, tzinfo=UTC)
    year = run(services, clock, seed=20260305, offices=48, start=start, days=33, calls_a_day=1.2)
    assert set(year.landed) == LANDINGS


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
def test_a_year_of_180_missions(services: Services, clock: FrozenClock) -> None:
    year = run(services, clock, seed=2026, offices=180, start=FIRST, days=365, calls_a_day=1.0)
    assert year.calls > 60_000
    assert set(year.landed) == LANDINGS and min(year.landed.values()) > 20, year.landed


def test_the_oracle_itself_reads_the_wall(clock: FrozenClock) -> None:
    random = Random(1)
    paris = next(each for each in make_offices(random, 24, FIRST, 30) if each.zone.key == "Europe/Paris")
    paris.weeks, paris.holidays = [(FIRST - timedelta(days=30), SHAPES[0])], {date(2026, 1, 6)}
    assert paris.is_open(datetime(2026, 1, 5, 8, 0, tzinfo=UTC)) and not paris.is_open(
        datetime(2026, 1, 5, 7, 59, tzinfo=UTC)
    )
    assert not paris.is_open(datetime(2026, 1, 6, 8, 0, tzinfo=UTC)), "its holiday"
    assert paris.is_open(datetime(2026, 7, 6, 7, 0, tzinfo=UTC)), "summer time"
    closed = paris.closings(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 7, 12, tzinfo=UTC))
    assert [(a.hour, b.hour) for a, b in closed] == [(11, 12), (17, 8), (11, 12)][: len(closed)]
