"""Two missions whose own numbers are forwarded to ours, and what happens to their tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import MissionLine
from overflow.drills import placing, settling
from overflow.drills.models import LineAlarm, LineTest
from overflow.drills.placing import PATH
from tests.calls.conftest import Hook, Rows, hook, rows, sid, telephones, visitor  # noqa: F401 - fixtures by their names
from tests.calls.telephones import Telephones
from tests.factories import make_mission

SENDER = "+15005550006"
MANILA, MANILA_POOL = "+63288569210", "+82233330001"
HANOI, HANOI_POOL = "+842438315111", "+82233330002"


def make_line(session: Session, clock: FrozenClock, mission_id: int, number: str, pool: str | None) -> int:
    """Add a line of a mission."""
    line = MissionLine(
        mission_id=mission_id, number=number, pool_number=pool, label="", technique="number" if pool else "sip",
        created_at=clock.now(),
    )  # fmt: skip
    session.add(line)
    session.flush()
    return line.id


@dataclass
class World:
    """A house with tests: each step of a test's life as a method."""

    hook: Hook
    services: Services
    clock: FrozenClock
    telephones: Telephones
    manila: int = 0
    hanoi: int = 0
    lines: dict[str, int] = field(default_factory=dict)
    rung: int = 100

    def __post_init__(self) -> None:
        """Make both missions and their lines."""
        with self.services.db.transaction() as session:
            self.manila = make_mission(session, code="manila").id
            self.hanoi = make_mission(
                session, code="hanoi", name_en="Embassy in Hanoi", name_ko="주베트남 대사관", country="VN", countries=["VN"],
                city="Hanoi", zone="Asia/Ho_Chi_Minh",
            ).id  # fmt: skip
            self.lines["manila"] = make_line(session, self.clock, self.manila, MANILA, MANILA_POOL)
            self.lines["hanoi"] = make_line(session, self.clock, self.hanoi, HANOI, HANOI_POOL)

    def plan(self, line: str = "manila", **more: Any) -> int:
        """Write down a test that is due now."""
        with self.services.db.transaction() as session:
            now = self.clock.now()
            values = {"line_id": self.lines[line], "state": "planned", "due_at": now, "attempts": 0, "created_at": now}
            test = LineTest(**(values | more))
            session.add(test)
            session.flush()
            return test.id

    def carry_out(self) -> int:
        """Run the job."""
        return placing.carry_out(self.services)

    def place(self, line: str = "manila") -> int:
        """Plan and place a test."""
        test_id = self.plan(line)
        self.carry_out()
        return test_id

    def arrive(self, called: str = MANILA_POOL, forwarded: str = "", phone: str = SENDER) -> TestResponse:
        """Let a call come in, as a test does from the exchange."""
        self.rung += 1
        more = {"ForwardedFrom": forwarded} if forwarded else {}
        return self.hook.ring(self.rung, From=phone, To=called, **more)

    def word(self, test_id: int, word: str, attempt: int = 1, number: int = 9_000) -> TestResponse:
        """Let the provider report about our own end."""
        return self.hook(
            f"{PATH}/status?test={test_id}&attempt={attempt}",
            CallSid=sid(number + test_id),
            CallStatus=word,
            From=SENDER,
            To=MANILA,
        )

    def later(self, seconds: float) -> None:
        """Move the clock and let the job run."""
        self.clock.advance(timedelta(seconds=seconds))
        self.carry_out()

    def test(self, test_id: int) -> LineTest:
        """Return a test as it is now."""
        with self.services.db.transaction() as session:
            return session.get_one(LineTest, test_id)

    def tests(self) -> list[LineTest]:
        """Return all tests."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(LineTest).order_by(LineTest.id)))

    def state(self, test_id: int) -> tuple[str, str]:
        """Return a test's state and reason."""
        found = self.test(test_id)
        return found.state, found.reason

    def alarms(self) -> list[LineAlarm]:
        """Return all alarms."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(LineAlarm).order_by(LineAlarm.id)))

    def fail(self, line: str = "manila") -> int:
        """Let a line's test and its repetition fail; the repetition's id."""
        first = self.place(line)
        self.later(91)
        assert self.state(first)[0] == "failed"
        self.later(settling.REPEAT_AFTER.total_seconds())
        self.later(91)
        return self.tests()[-1].id


@pytest.fixture
def world(hook: Hook, services: Services, clock: FrozenClock, telephones: Telephones, rows: Rows) -> World:  # noqa: F811
    """Return the world."""
    return World(hook, services, clock, telephones)


Advance = Callable[[float], None]
