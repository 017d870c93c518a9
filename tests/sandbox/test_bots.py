"""Bots that call in numbers: each presses its keys when asked, agents' phones press 1, and what they met is reported."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from hotline.sandbox import bots
from hotline.sandbox.cli import call_bots
from tests.sandbox.conftest import SENDER, RunningSandbox
from tests.sandbox.service import Service

MENU = "<Response><Gather numDigits='1' timeout='30' action='/key'><Say>1</Say></Gather></Response>"
SCREEN = "<Response><Gather numDigits='1' timeout='30' action='/yes'/><Hangup/></Response>"


def test_bots_call_press_keys_and_are_answered_by_bots(
    sandbox: RunningSandbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.pages |= {
        "/voice": MENU, "/screen": SCREEN,
        "/key": lambda form: f"<Response><Dial><Number url='/screen'>{bots.AGENTS}{form['From'][-7:]}</Number></Dial></Response>",
    }  # fmt: skip
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", sandbox.account_sid)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", sandbox.auth_token)
    words = [
        "--url",
        sandbox.url,
        "--to",
        SENDER,
        "--calls",
        "30",
        "--per-s",
        "100",
        "--talk-s",
        "3",
        "--limit-s",
        "60",
    ]
    told = CliRunner().invoke(call_bots, words, env=dict(os.environ))
    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[:3] == ["placed 30", "agents' phones answered 30", "ended completed: 30"]
    assert "first word after" in told.output
    assert len(service.of("/key", Digits="1")) == len(service.of("/yes", Digits="1")) == 30


def test_a_number_out_of_service_is_reported_and_too_many_calls_are_refused(sandbox: RunningSandbox) -> None:
    met = bots.run(sandbox.control, bots.Plan(to="+15005559999", calls=2, per_s=200, limit_s=1))
    assert (met.placed, sum(met.refused.values())) == (0, 2)
    with pytest.raises(ValueError, match="5000"):
        bots.run(sandbox.control, bots.Plan(to=SENDER, calls=bots.MAX_CALLS + 1))
