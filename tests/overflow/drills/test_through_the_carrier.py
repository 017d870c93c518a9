"""Tests of lines over real HTTP: the service dials at the practice carrier, whose number passes the call on, or does not.

The carrier is a process of its own, and the service answers its signed webhooks on a socket. Only the clock is ours.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from werkzeug.serving import make_server

from hotline.calls import hands as hands_module
from hotline.calls.hands import hands
from hotline.calls.models import Call, CallLine
from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.missions.models import MissionLine
from overflow.drills import placing, planning, settling
from overflow.drills.models import LineAlarm, LineTest
from overflow.forwarding import client, keys
from overflow.handover import statistics
from tests.factories import make_mission
from tests.overflow.drills.conftest import HANOI, HANOI_POOL, MANILA, MANILA_POOL, make_line
from tests.queues.making import make_queue
from tests.sandbox.conftest import RunningSandbox, sandbox, shared_sandbox, wait_until  # noqa: F401 - fixtures by their names

TEST_NUMBER, NOBODYS, OFFICER = "+82232100499", "+82233339999", "+63255550123"
PATIENCE_S = 60.0
_names = itertools.count(1)


@pytest.fixture
def settings(settings: Settings, sandbox: RunningSandbox) -> Settings:  # noqa: F811
    """The service dials at the practice carrier, tests from a number that is kept for them."""
    return settings.model_copy(
        update={
            "twilio_api_base_url": sandbox.url, "twilio_account_sid": sandbox.account_sid,
            "twilio_auth_token": SecretStr(sandbox.auth_token), "line_test_from": TEST_NUMBER,
        }
    )  # fmt: skip


@dataclass
class House:
    """The running service, its carrier, and the two embassies whose own numbers are passed on to ours."""

    services: Services
    clock: FrozenClock
    carrier: RunningSandbox
    url: str
    manila: int = 0
    hanoi: int = 0

    def __post_init__(self) -> None:
        """Make both embassies with their lines, and let their exchanges forward."""
        with self.services.db.transaction() as session:
            for code in ("general", "incident", "passport"):
                make_queue(session, code=code)
            self.manila = make_mission(session, code="manila").id
            self.hanoi = make_mission(
                session, code="hanoi", name_en="Embassy in Hanoi", name_ko="주베트남 대사관", country="VN", countries=["VN"],
                city="Hanoi", zone="Asia/Ho_Chi_Minh",
            ).id  # fmt: skip
            make_line(session, self.clock, self.manila, MANILA, MANILA_POOL)
            make_line(session, self.clock, self.hanoi, HANOI, HANOI_POOL)
        voice = f"{self.url}/webhooks/twilio/voice"
        ours = {
            "voice_url": f"{voice}/inbound",
            "fallback_url": f"{voice}/fallback",
            "status_callback": f"{voice}/status",
        }
        self.carrier.control.set_numbers(*({"number": number, **ours} for number in (MANILA_POOL, HANOI_POOL, NOBODYS)))
        self.forward(MANILA, MANILA_POOL)
        self.forward(HANOI, HANOI_POOL)

    def forward(self, number: str, to: str, **more: str) -> None:
        """Set how the exchange of a number passes calls on."""
        self.carrier.control.set_numbers({"number": number, "forwards_to": to, **more})

    def close_line(self, number: str) -> None:
        """Leave only the other line to be tested."""
        with self.services.db.transaction() as session:
            session.scalars(select(MissionLine).where(MissionLine.number == number)).one().closed_at = self.clock.now()

    def start(self) -> LineTest:
        """Test Manila's line now; waits until the carrier has said how it went on."""
        with self.services.db.transaction() as session:
            line = session.scalars(select(MissionLine).where(MissionLine.number == MANILA)).one()
            now = self.clock.now()
            test = LineTest(line_id=line.id, state="planned", due_at=now, attempts=0, created_at=now)
            session.add(test)
            session.flush()
            test_id = test.id
        placing.carry_out(self.services)
        return self.test(test_id)

    def test(self, test_id: int) -> LineTest:
        """Return a test as it is now."""
        with self.services.db.transaction() as session:
            return session.get_one(LineTest, test_id)

    def latest(self) -> LineTest:
        """Return the latest test that was placed."""
        with self.services.db.transaction() as session:
            return session.scalars(
                select(LineTest).where(LineTest.attempts > 0).order_by(LineTest.id.desc())
            ).first() or self.test(0)

    def becomes(self, test_id: int, state: str, reason: str = "") -> LineTest:
        """Wait, in real time, until a test has a state; the clock stands."""
        wait_until(lambda: self.test(test_id).state == state, PATIENCE_S)
        found = self.test(test_id)
        assert found.reason == reason
        return found

    def later(self, seconds: float) -> None:
        """Move the clock and let the job run."""
        self.clock.advance(timedelta(seconds=seconds))
        placing.carry_out(self.services)

    def alarms(self) -> list[LineAlarm]:
        """Return the alarms."""
        with self.services.db.transaction() as session:
            return list(session.scalars(select(LineAlarm).order_by(LineAlarm.id)))

    def calls(self) -> list[Call]:
        """Return the calls that came in."""
        hands(self.services).settle()
        with self.services.db.transaction() as session:
            return list(session.scalars(select(Call).order_by(Call.id)))

    def value(self, statement: str) -> Any:
        """Return one value of the database."""
        with self.services.db.transaction() as session:
            return session.scalar(text(statement))

    def heard(self, called: str) -> str:
        """Return what was said in the latest call that came in at a number of ours."""
        found = [
            each for each in self.carrier.control.calls() if each["to"] == called and each["direction"] == "inbound"
        ]
        return " ".join(found[-1]["lines"])

    def exchange(self) -> client.Exchange:
        """Return Manila's exchange with a key of its own, on the machine's own clock as every exchange is."""
        self.clock.set(datetime.now(UTC))
        with self.services.db.transaction() as session:
            key = keys.add(
                session, self.clock, SYSTEM, self.services.settings.secret_key.get_secret_value(), self.manila
            )
        return client.Exchange(self.url, "manila", key.key_id, key.secret)


@pytest.fixture
def house(
    services: Services,
    clock: FrozenClock,
    sandbox: RunningSandbox,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    """Serve the application on a socket until the test ends; a busy machine sends no test call to the duty number."""
    from wsgi import create_app

    monkeypatch.setattr(hands_module, "DEADLINE_S", 60.0)
    monkeypatch.setattr(client, "TIMEOUT_S", 120.0)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    url = f"http://127.0.0.1:{server.server_port}"
    services.settings = services.settings.model_copy(update={"public_url": url})
    server.app = create_app(services=services)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield House(services, clock, sandbox, url)
    sandbox.control.reset()
    server.shutdown()
    server.server_close()
    thread.join(5)


def twice(house: House, fails: Callable[[int], None]) -> LineTest:
    """Let a line's first test and its repetition fail; returns the second. The alarm is raised by the second alone."""
    first = house.start()
    fails(first.id)
    assert house.alarms() == []
    house.later(settling.REPEAT_AFTER.total_seconds())
    again = house.latest()
    assert again.repeat_of_id == first.id
    fails(again.id)
    (alarm,) = house.alarms()
    assert (alarm.test_id, alarm.resolved_at) == (again.id, None)
    return house.test(again.id)


def test_the_weekly_test_goes_through_the_missions_line_and_comes_home(house: House) -> None:
    house.close_line(HANOI)
    for _ in range(8):
        if planning.plan(house.services):
            break
        house.clock.advance(timedelta(days=1))
    due = house.value("SELECT due_at FROM line_tests")
    house.clock.set(due - timedelta(seconds=1))
    assert placing.carry_out(house.services) == 0, "it waits for its time"
    house.later(1)
    test = house.becomes(house.latest().id, "passed")
    assert test.round_id is not None and test.sender == TEST_NUMBER
    assert (test.recognised_how, test.greeted_mission_id) == ("forwarded_from", house.manila)
    assert "Embassy in Manila" in house.heard(MANILA_POOL) and "주필리핀 대사관" in house.heard(MANILA_POOL)
    (call,) = house.calls()
    assert (call.phone, call.called, call.forwarded_from) == (TEST_NUMBER, MANILA_POOL, MANILA)
    assert (call.id, call.end_reason, call.drill, call.contact_id) == (test.arrived_call_id, "line_test", True, None)
    wait_until(lambda: all(each["status"] == "completed" for each in house.carrier.control.calls()), PATIENCE_S)
    assert house.alarms() == []


def test_a_line_that_is_no_longer_forwarded_rings_at_the_mission_and_raises_the_alarm(house: House) -> None:
    house.forward(MANILA, MANILA_POOL, forwarding="off")
    house.carrier.control.set_habit(MANILA, "answer")

    def fails(test_id: int) -> None:
        wait_until(lambda: house.test(test_id).leg_word == "in-progress", PATIENCE_S)
        house.later(91)
        house.becomes(test_id, "failed", "answered_elsewhere")
        house.carrier.control.use_handset(MANILA, "hangup")

    twice(house, fails)
    assert house.calls() == []
    house.forward(MANILA, MANILA_POOL)
    house.clock.advance(timedelta(minutes=20))
    house.becomes(house.start().id, "passed")
    (alarm,) = house.alarms()
    assert alarm.resolved_at is not None, "a later test that passes ends the alarm"


@pytest.mark.parametrize(("way", "reason"), [("busy", "busy"), ("dead", "unreachable"), ("reject", "busy")])
def test_a_line_that_is_not_forwarded_and_not_answered_says_which(house: House, way: str, reason: str) -> None:
    house.forward(MANILA, MANILA_POOL, forwarding="off")
    house.carrier.control.set_habit(MANILA, way)
    twice(house, lambda test_id: house.becomes(test_id, "failed", reason) and None)


def test_a_line_that_is_forwarded_to_another_missions_number_is_the_wrong_mission(house: House) -> None:
    house.forward(MANILA, HANOI_POOL)
    twice(house, lambda test_id: house.becomes(test_id, "failed", "wrong_mission") and None)
    assert "Embassy in Hanoi" in house.heard(HANOI_POOL), "what a caller of Manila would have heard"
    assert {each.mission_id for each in house.calls()} == {house.hanoi}


def test_a_line_that_is_forwarded_to_a_number_of_nobodys_is_still_known_by_who_passed_it_on(
    house: House,
) -> None:
    house.forward(MANILA, NOBODYS)
    test = house.becomes(house.start().id, "passed")
    assert test.recognised_how == "forwarded_from", (
        "the carrier tells which number passed it on: it is answered as Manila"
    )


def test_a_line_that_is_forwarded_to_somebody_outside_never_arrives(house: House) -> None:
    house.forward(MANILA, OFFICER)

    def fails(test_id: int) -> None:
        house.becomes(test_id, "failed", "unreachable")

    twice(house, fails)
    assert house.calls() == []


def test_a_line_that_answers_with_another_missions_words_raises_the_alarm(house: House) -> None:
    with house.services.db.transaction() as session:
        words = {"ko": "주베트남 대사관을 대신하여 받습니다.", "en": "Answering for the Embassy in Hanoi."}
        session.add(CallLine(number=MANILA_POOL, mission_id=house.manila, greeting=words, drill=False))
    twice(house, lambda test_id: house.becomes(test_id, "failed", "wrong_greeting") and None)
    assert "Embassy in Hanoi" in house.heard(MANILA_POOL)


def test_a_call_that_gets_lost_on_its_way_raises_the_alarm_after_90_seconds(house: House) -> None:
    house.forward(MANILA, MANILA_POOL, forwarding="off")
    house.carrier.control.set_habit(MANILA, "silent")

    def fails(test_id: int) -> None:
        wait_until(lambda: house.test(test_id).leg_word == "ringing", PATIENCE_S)
        house.later(89)
        assert house.test(test_id).state == "ringing"
        house.later(1)
        house.becomes(test_id, "failed", "not_arrived")
        house.carrier.control.use_handset(MANILA, "decline")

    twice(house, fails)


def test_the_exchange_announces_the_test_and_its_token_tells_though_the_callers_number_is_hidden(house: House) -> None:
    exchange = house.exchange()
    call = {"version": 1, "caller": TEST_NUMBER, "called": MANILA, "reason": "test", "reference": "weekly"}
    told = client.announce(exchange, call, name=f"test-{next(_names)}").told
    assert (told["decision"], told["destination"]["number"]) == ("take", MANILA_POOL)
    house.forward(MANILA, MANILA_POOL, shows="line", context=told["token"])
    test = house.becomes(house.start().id, "passed")
    (call_row,) = house.calls()
    assert (call_row.phone, call_row.id) == (MANILA, test.arrived_call_id)
    assert house.value("SELECT how FROM forwarded_calls") == "token"
    assert "Embassy in Manila" in house.heard(MANILA_POOL)


def test_a_technicians_test_call_is_known_by_its_token_greeted_as_the_mission_and_counted_nowhere(house: House) -> None:
    exchange, technician = house.exchange(), "+639175550101"
    call = {"version": 1, "caller": technician, "called": MANILA, "reason": "test", "language": "ko"}
    told = client.announce(exchange, call, name=f"test-{next(_names)}").told
    house.forward(MANILA, MANILA_POOL, context=told["token"])
    house.carrier.control.use_handset(technician, "dial", MANILA)
    wait_until(lambda: house.carrier.control.calls(technician)[-1]["status"] == "completed", PATIENCE_S)
    assert "주필리핀 대사관" in house.heard(MANILA_POOL)
    (row,) = house.calls()
    assert (row.mission_id, row.drill, row.end_reason, row.contact_id) == (house.manila, True, "line_test", None)
    assert house.value("SELECT how FROM forwarded_calls") == "token"
    for counted in ("contacts", "queue_entries", "callbacks", "line_tests", "cases"):
        assert house.value(f"SELECT count(*) FROM {counted}") == 0, counted  # noqa: S608  # names of this test
    with house.services.db.transaction() as session:
        counted_calls = statistics.figures(session, house.manila, "Asia/Manila", house.clock.now()).calls
    assert counted_calls == 0, "no caller of the mission's"
    house.carrier.control.use_handset(technician, "dial", MANILA)
    wait_until(lambda: len(house.calls()) == 2, PATIENCE_S)
    assert not house.calls()[1].drill, "the token is spent: the same number is a caller as any other"
