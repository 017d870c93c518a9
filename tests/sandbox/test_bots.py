"""Bots place many calls by a plan: what they meet is counted, and a stream with the same seed repeats."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from click.testing import CliRunner

from hotline.sandbox.bots import parse_plan
from hotline.sandbox.bots_cli import bots
from hotline.sandbox.client import SandboxError
from hotline.sandbox.settings import BadInput
from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until
from tests.sandbox.service import Service


def finished(sandbox: RunningSandbox) -> dict[str, Any]:
    wait_until(lambda: not sandbox.control.bots()["running"], timeout_s=30)
    return sandbox.control.bots()


def test_bots_press_keys_meet_agents_and_hang_up(sandbox: RunningSandbox, service: Service) -> None:
    """The service leads each caller to an agent's telephone, which is screened by pressing 1."""
    agents = itertools.count(10)
    service.pages |= {
        "/voice": '<Response><Gather numDigits="1" timeout="30" action="/key"><Say>Press 2</Say></Gather></Response>',
        "/key": lambda fields: (
            f'<Response><Dial><Number url="/screen">+82880000{next(agents):04d}</Number></Dial></Response>'
            if fields["Digits"] == "2"
            else "<Response/>"
        ),
        "/screen": '<Response><Gather numDigits="1" timeout="9" action="/taken"/><Hangup/></Response>',
    }
    sandbox.control.set_habit("+8288*", "answer", keys="1", keys_after_ms=50)
    sandbox.control.start_bots(
        to=SENDER, calls=30, per_s=200, keys=["2"], think_ms=20, talk_ms=100, words="help", seed=3
    )
    report = finished(sandbox)
    assert (report["placed"], report["refused"], report["connected"], report["abandoned"]) == (30, 0, 30, 0)
    assert report["ends"] == {"completed": 30} and report["keys_pressed"] == 30 and report["application_errors"] == 0
    assert len(service.of("/taken", Digits="1")) == 30
    assert 0 <= report["connected_after_ms"]["p50"] <= report["connected_after_ms"]["p99"]
    heard = [line for call in sandbox.control.calls() if call["to"].startswith("+8288") for line in call["lines"]]
    assert sum(line.endswith(": help") for line in heard) == 30


def test_bots_lose_patience_and_the_same_seed_is_the_same_stream(sandbox: RunningSandbox, service: Service) -> None:
    service.pages["/voice"] = '<Response><Say>Wait</Say><Pause length="600"/></Response>'
    plan = {"to": SENDER, "calls": 20, "per_s": 500, "patience_ms": 50, "seed": 9}
    sandbox.control.start_bots(**plan)
    first = finished(sandbox)
    assert (first["placed"], first["abandoned"], first["connected"]) == (20, 20, 0)
    callers = {each["sender"] for each in sandbox.control.calls()}
    assert len(callers) == 20 and callers == {f"+82990000000{n:02d}" for n in range(20)}


def test_mistakes_of_the_service_are_counted_and_no_more_than_allowed_are_on_at_once(
    sandbox: RunningSandbox, service: Service
) -> None:
    service.statuses |= {"/voice": 500, "/fallback": 500}
    sandbox.control.start_bots(to=SENDER, calls=10, per_s=500)
    assert finished(sandbox)["application_errors"] == 10
    service.statuses.clear()
    service.pages["/voice"] = '<Response><Pause length="600"/></Response>'
    sandbox.control.start_bots(to=SENDER, calls=10, per_s=1000, at_once=4)
    wait_until(lambda: sandbox.control.bots()["refused"] == 6)
    with pytest.raises(SandboxError, match="under way"):
        sandbox.control.start_bots(to=SENDER, calls=1)
    stopped = sandbox.control.stop_bots()
    assert (stopped["running"], stopped["placed"], stopped["on"], sum(stopped["ends"].values())) == (False, 4, 0, 4)


def test_the_command_prints_what_was_met(
    sandbox: RunningSandbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", sandbox.account_sid)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", sandbox.auth_token)
    service.pages["/voice"] = "<Response><Say>Bye</Say></Response>"
    words = ["--url", sandbox.url, "--calls", "5", "--per-s", "200"]
    outcome = CliRunner().invoke(bots, words)
    assert outcome.exit_code == 0 and '"placed": 5' in outcome.output
    assert CliRunner().invoke(bots, [*words, "--to", "+19995550000"]).exit_code == 1


@pytest.mark.parametrize(
    "change",
    [
        {"to": "x"}, {"calls": 0}, {"calls": True}, {"per_s": 0}, {"per_s": "1"}, {"keys": "1"}, {"keys": ["a"]}, {"dance": 1},
        {"at_once": 10**9}, {"first": "0"}, {"words": 1}, {"longest_ms": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_plan_in_a_wrong_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        parse_plan({"to": SENDER, "calls": 1} | change)
