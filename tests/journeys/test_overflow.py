"""The embassy's line at night, as real processes: announced, answered as Shanghai, and handed over in the morning.

The exchange is the client that embassies get; the practice carrier forwards the mission's own number to ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hotline.sandbox.client import SandboxClient
from overflow.forwarding import client
from overflow.handover.gathering import SETTLES
from tests.journeys.centre import AGENT, SENIOR, Centre, Handset, wait_until
from tests.journeys.conftest import ROOT, RunningService

pytestmark = pytest.mark.long
LINE, POOL, CHINA = "+862155550101", "+82233330102", ZoneInfo("Asia/Shanghai")
GREETED, OFFICER, MAIL = "상하이", "mission-officer-shanghai", "shanghai@mission.example"


@dataclass
class Mission:
    """The consulate in Shanghai: its exchange, its line, its officer."""

    id: int
    centre: Centre
    exchange: client.Exchange

    def announce(self, caller: Handset, name: str) -> client.Answer:
        """Announce a call, as the exchange does before it forwards it."""
        call = {"version": 1, "caller": caller.number, "called": LINE, "reason": "closed", "reference": name}
        return client.announce(self.exchange, call, name=name)

    def hours(self, opens: datetime, length: timedelta) -> None:
        """Open every day at a moment of the wall, for a while and until midnight at most."""
        closes = opens + length
        span = f"{opens:%H:%M}-{closes:%H:%M}" if closes.date() == opens.date() else f"{opens:%H:%M}-24:00"
        given = {"hours": span, "holiday_hours": span}
        self.centre.api("PUT", f"/missions/{self.id}/hours", "administrator", json=given)

    def end(self, caller: Handset, call: dict[str, Any]) -> None:
        """Let the agent end the call and write it up."""
        self.centre.act(call, "finish")
        self.centre.call_of(caller, "ended")
        self.centre.write_up(disposition="passport", note="Stolen.", mood="worried")

    def forwarded(self, call: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return for whom a call was and how that was known."""
        found = self.centre.rows("SELECT call_id, mission_id, how FROM forwarded_calls")
        return [(mission_id, how) for call_id, mission_id, how in found if call_id == call["id"]]


@pytest.fixture(scope="module")
def mission(service: RunningService) -> Iterator[Mission]:
    """Shanghai with a line that is forwarded to a number of ours, closed for the next two hours."""
    carrier = SandboxClient(service.sandbox_url, *service.sandbox_credentials)
    for number in (AGENT, SENIOR):
        carrier.set_habit(to=number, way="answer", keys="1")
    centre = Centre(service, carrier)
    voice = f"{service.url}/webhooks/twilio/voice"
    carrier.set_numbers(
        {
            "number": POOL, "name": "Shanghai", "voice_url": f"{voice}/inbound", "fallback_url": f"{voice}/fallback",
            "status_callback": f"{voice}/status",
        },
        {"number": LINE, "name": "Consulate in Shanghai", "forwards_to": POOL},
    )  # fmt: skip
    found = centre.api("GET", "/missions", "administrator")["missions"]
    mission_id = next(each["id"] for each in found if each["code"] == "shanghai")
    made = subprocess.run(
        [sys.executable, "-m", "hotline", "overflow", "key", "shanghai"], cwd=ROOT, env=_environment(service),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    key_id, secret = _key(made.stdout)
    yield Mission(mission_id, centre, client.Exchange(service.url, "shanghai", key_id, secret))
    carrier.close()


def night(mission: Mission) -> None:
    """Let the mission be closed for the next two hours."""
    now = datetime.now(CHINA)
    mission.hours((now + timedelta(hours=2)).replace(minute=0), timedelta(minutes=30))


def test_from_the_closed_line_to_the_acknowledged_hand_over(mission: Mission) -> None:
    night(mission)
    mission.centre.only("agent")
    case_id = announced_call(mission)
    webhook_lost(mission)
    webhook_doubled(mission)
    webhook_late(mission)
    mission.centre.only()
    nobody_free(mission)
    opens = (datetime.now(CHINA) + SETTLES + timedelta(seconds=65)).replace(second=0, microsecond=0)
    mission.hours(opens, timedelta(hours=1))
    time.sleep(max(0.0, (opens - datetime.now(CHINA)).total_seconds()))  # real processes keep the real time
    handover = wait_until(lambda: _sent(mission), "the hand-over at the opening")
    assert datetime.fromisoformat(handover["period_end"]) == opens.astimezone(UTC)
    acknowledged(mission, handover["id"], case_id)


def test_with_postgresql_stopped_every_call_is_taken_at_the_last_known_number(mission: Mission) -> None:
    night(mission)
    caller = Handset(mission.centre.carrier)
    assert mission.announce(caller, "stopped-1").told["rule"]["kind"] == "closed"
    mission.centre.service.postgres.stop()
    try:
        answer = mission.announce(caller, "stopped-2")
        assert (answer.status, answer.told["decision"], answer.told["rule"]["kind"]) == (200, "take", "static"), answer
        assert [each["code"] for each in answer.told["notices"]] == ["not-recorded"]
        assert answer.told["destination"]["number"] == POOL
    finally:
        mission.centre.service.postgres.start()
    again = wait_until(lambda: _recorded(mission, caller), "the database again")
    assert again.told["rule"]["kind"] == "closed"


def announced_call(mission: Mission) -> int:
    """A call is announced, arrives, is answered as Shanghai and becomes a case; its id."""
    centre, caller = mission.centre, Handset(mission.centre.carrier)
    answer = mission.announce(caller, "night-1")
    assert (answer.status, answer.told["decision"], answer.told["rule"]["kind"]) == (200, "take", "closed"), answer
    assert answer.told["destination"]["number"] == POOL and answer.told["token"]
    caller.dial("10", LINE)
    call = centre.talking(caller)
    caller.hears(GREETED)
    assert call["mission_id"] == mission.id and mission.forwarded(call) == [(mission.id, "number")]
    case_id = centre.open_case(call, "Passport stolen at the station")
    mission.end(caller, call)
    return case_id


def webhook_lost(mission: Mission) -> None:
    """Nobody announces the call; the number it reaches tells for whom it is."""
    caller = Handset(mission.centre.carrier).dial("10", LINE)
    call = mission.centre.talking(caller)
    caller.hears(GREETED)
    assert mission.forwarded(call) == [(mission.id, "called")]
    mission.end(caller, call)


def webhook_doubled(mission: Mission) -> None:
    """A repetition gets the very same answer and stands once on record."""
    caller = Handset(mission.centre.carrier)
    first, second = mission.announce(caller, "night-3"), mission.announce(caller, "night-3")
    assert first.told == second.told and first.told["decision"] == "take"
    caller.dial("10", LINE)
    call = mission.centre.talking(caller)
    caller.hears(GREETED)
    assert mission.forwarded(call) == [(mission.id, "number")]
    assert mission.centre.rows("SELECT count(*) FROM forwardings WHERE idempotency_key = 'night-3'") == [(1,)]
    mission.end(caller, call)


def webhook_late(mission: Mission) -> None:
    """The call is there before it is announced; it is answered as the mission, and the announcement finds it."""
    caller = Handset(mission.centre.carrier).dial("10", LINE)
    call = mission.centre.talking(caller)
    caller.hears(GREETED)
    assert mission.announce(caller, "night-4").told["decision"] == "take"
    assert mission.centre.rows("SELECT call_id FROM forwardings WHERE idempotency_key = 'night-4'") == [(call["id"],)]
    assert mission.forwarded(call) == [(mission.id, "called")], "how it was known when it came stays on record"
    mission.end(caller, call)


def nobody_free(mission: Mission) -> None:
    """Nobody is free, and the caller gives up."""
    caller = Handset(mission.centre.carrier).dial("1", LINE)
    mission.centre.call_of(caller, "menu")
    time.sleep(6)  # shorter calls count as abandoned at once and are nobody's to call back
    caller.hangs_up()
    mission.centre.call_of(caller, "ended")


def acknowledged(mission: Mission, handover_id: int, case_id: int) -> None:
    """Case and unhelped caller are handed over once, by mail too, and acknowledged item by item by the mission's officer."""
    centre, path = mission.centre, f"/handovers/{handover_id}"
    things = centre.api("GET", path, OFFICER)["items"]
    assert ("case", case_id) in {(each["kind"], each["subject_id"]) for each in things}
    assert "unhelped" in {each["kind"] for each in things}
    assert wait_until(lambda: f"CS-{case_id:06d}" in str(centre.carrier.mails(MAIL)), "the mail to the mission")
    for each in things:
        centre.api("POST", f"{path}/items/{each['id']}/acknowledge", OFFICER)
    assert centre.api("GET", path, OFFICER)["state"] == "acknowledged"
    ours = centre.rows("SELECT count(*), count(DISTINCT (mission_id, period_end)) FROM handovers")
    assert ours[0][0] == ours[0][1]


def _sent(mission: Mission) -> dict[str, Any] | None:
    found = mission.centre.api("GET", f"/handovers?mission_id={mission.id}", OFFICER)["handovers"]
    since = mission.centre.rows("SELECT min(received_at) FROM forwardings WHERE idempotency_key = 'night-1'")[0][0]
    return next(
        (each for each in found if each["state"] == "sent" and datetime.fromisoformat(each["period_end"]) > since), None
    )


def _recorded(mission: Mission, caller: Handset) -> client.Answer | None:
    answer = mission.announce(caller, "stopped-3")
    return answer if answer.told["rule"]["kind"] != "static" else None


def _environment(service: RunningService) -> dict[str, str]:
    kept = json.loads((service.data_dir / "secrets.json").read_text())
    return service.environment | {"HOTLINE_DATA_DIR": str(service.data_dir), "HOTLINE_SECRET_KEY": kept["secret_key"]}


def _key(printed: str) -> tuple[str, str]:
    words = printed.replace(":", " ").replace("=", " ").split()
    key_id = next(each for each in words if each.startswith("shanghai-"))
    secret = next(each for each in words if len(each) == 64)
    return key_id, secret
