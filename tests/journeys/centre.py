"""Callers, agents and desks of a running service, as people use them: handsets of the practice carrier and the API."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests

from hotline.sandbox.client import SandboxClient
from tests.journeys.conftest import RunningService

PATIENCE_S = 120.0
SERVICE = "+15005550006"
AGENT, SENIOR = "+821055500001", "+821055500002"
_numbers = itertools.count(11)


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    """Poll until the condition holds; fail with `what` after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"never happened: {what}")


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, "the page has no form"
    return found[1]


@dataclass
class Handset:
    """Somebody's telephone; numbers are far apart, so that nobody is taken for a machine that counts through them."""

    carrier: SandboxClient
    number: str = field(default_factory=lambda: f"+82109{next(_numbers) * 9973 % 10_000_000:07d}")

    def dial(self, keys: str = "", number: str = SERVICE) -> Handset:
        """Call the centre, or another number, and press the keys one after another, each when it is asked for."""
        self.carrier.use_handset(self.number, "dial", number)
        for key in keys:
            wait_until(lambda: self.now()["wants_key"], f"{self.number} is asked for a key: {self.lines()}")
            self.carrier.use_handset(self.number, "press", key)
        return self

    def now(self) -> dict[str, Any]:
        """Return the call that this telephone is in, or was in last."""
        calls = self.carrier.calls(self.number)
        assert calls, f"{self.number} has no call"
        return calls[-1]

    def lines(self) -> list[str]:
        """Return everything that was heard and pressed in it."""
        return list(self.now()["lines"])

    def hears(self, words: str) -> None:
        """Wait until something is heard."""
        wait_until(
            lambda: any(words in line for line in self.lines()), f"{self.number} hears {words!r}: {self.lines()}"
        )

    def says(self, words: str) -> None:
        """Talk."""
        self.carrier.use_handset(self.number, "talk", words)

    def hangs_up(self) -> None:
        """Hang up."""
        self.carrier.use_handset(self.number, "hangup")


@dataclass
class Centre:
    """The service with its two demo agents, whose telephones are answered by themselves with a press of 1."""

    service: RunningService
    carrier: SandboxClient

    def api(self, method: str, path: str, officer: str = "agent", **more: Any) -> Any:
        """Ask the API; fails on a refusal."""
        answer = self.service.api(method, path, officer, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def agent_id(self, officer: str) -> int:
        """Return the agent that an officer is."""
        return {"agent": 1, "senior-agent": 2}[officer]

    def state(self, officer: str) -> str:
        """Return what an agent is doing."""
        return str(self.api("GET", f"/agents/{self.agent_id(officer)}")["state"])

    def set_state(self, officer: str, state: str, reason: str = "") -> None:
        """Become ready, not ready or off duty."""
        self.api("POST", f"/agents/{self.agent_id(officer)}/state", officer, json={"state": state, "reason": reason})

    def only(self, *officers: str) -> None:
        """Let these be ready and nobody else, whatever the journey before left behind."""
        for officer in ("agent", "senior-agent"):
            if self.state(officer) == "wrap_up":
                self.api("POST", "/calls/write-up", officer, json={"disposition": "other"})
            self.set_state(officer, "ready" if officer in officers else "offline")

    def call_of(self, handset: Handset, state: str) -> dict[str, Any]:
        """Wait until the latest call of a number is in a state, and return it."""
        past = "1" if state == "ended" else "0"

        def found() -> Any:
            calls = self.api("GET", f"/calls?past={past}&q={handset.number[1:]}")["calls"]
            return calls[0] if calls and calls[0]["state"] == state else None

        call: dict[str, Any] = wait_until(found, f"{handset.number} is {state}: {handset.lines()}")
        return call

    def act(self, call: dict[str, Any], act: str, officer: str = "agent", **more: Any) -> dict[str, Any]:
        """Do something in a call."""
        shown: dict[str, Any] = self.api("POST", f"/calls/{call['id']}/act", officer, json={"act": act, **more})
        return shown

    def open_case(self, call: dict[str, Any], summary: str, officer: str = "agent") -> int:
        """Open a case from a call; its id."""
        made = self.api("POST", f"/contacts/{call['contact_id']}/open-case", officer, json={"summary": summary})
        return int(made["case_id"])

    def talking(self, handset: Handset) -> dict[str, Any]:
        """Wait until somebody talks to an agent: the call is theirs, and the telephone is in the bridge."""
        call = self.call_of(handset, "talking")
        handset.hears("entered call-")
        return call

    def write_up(self, officer: str = "agent", **more: Any) -> None:
        """Wait for the wrap-up and write up."""
        wait_until(lambda: self.state(officer) == "wrap_up", f"{officer} wraps up")
        self.api("POST", "/calls/write-up", officer, json={"disposition": "general", **more})

    def hear(self, recording_id: int, officer: str = "agent") -> bytes:
        """Hear a recording on the console as an officer who has signed in."""
        session, url = requests.Session(), self.service.url
        account = self.service.officers[officer]
        token = _token(session.get(f"{url}/sign-in", timeout=30).text)
        given = {"csrf_token": token, "name": account["name"], "password": account["password"]}
        session.post(f"{url}/sign-in", data=given, timeout=30).raise_for_status()
        given = {"csrf_token": _token(session.get(f"{url}/calls", timeout=30).text)}
        answer = session.post(f"{url}/recordings/{recording_id}", data=given, timeout=30)
        answer.raise_for_status()
        return answer.content

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read the database, which nothing of the service stands before."""
        with psycopg.connect(self.service.database_url) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]  # a constant of the test
