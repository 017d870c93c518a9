"""Changing calls that are on, through Twilio's API: redirect, end, hold and mute participants, fetch statuses, delete recordings.

Everything here says what shall be, so that an unanswered request may be given again. Creating calls is in `twilio_voice`.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.providers.bulk_http import BulkHttp, HttpAnswer, HttpCall
from hotline.providers.carriers import NotConfigured
from hotline.providers.twilio_answers import SID_FORM
from hotline.providers.twilio_sms import API_VERSION
from hotline.providers.voice import STATUS_RANK

ROOM = "call_control"
IN_FLIGHT = 16
GONE = frozenset({404, 410})
NOT_ON = frozenset({"21220", "20404"})
"""Codes that say the call is over already or unknown: nothing is left to change."""


class Command(NamedTuple):
    """One change. `kind` is `call`, `participant`, `record` (a call) or `delete` (a recording); `fields` are Twilio's own."""

    key: int
    kind: str
    call: str = ""
    conference: str = ""
    conference_name: str = ""
    recording: str = ""
    fields: tuple[tuple[str, str], ...] = ()


class Done(NamedTuple):
    """What came of a change: done, or the thing is gone, or an error; and the conference's name at the provider if looked up."""

    key: int
    ok: bool
    gone: bool = False
    error: str = ""
    conference: str = ""


class TwilioCalls:
    """Calls and conferences under `{base_url}/2010-04-01/Accounts/{sid}`; used by one thread at a time."""

    def __init__(self, *, base_url: str, account_sid: str, auth_token: str, timeout_s: float) -> None:
        self._http = BulkHttp(user=account_sid, password=auth_token, timeout_s=timeout_s)
        self._base = f"{base_url}/{API_VERSION}/Accounts/{account_sid}"

    def carry_out(self, commands: Sequence[Command]) -> list[Done]:
        """Make the changes; each gets exactly one answer. A conference that is only known by our name is looked up first."""
        names = self._find_conferences(commands)
        calls: list[HttpCall] = []
        answers: list[Done] = []
        for command in commands:
            conference = command.conference or names.get(command.key, "")
            if command.kind == "participant" and not conference:
                answers.append(Done(command.key, ok=False, error="the conference is not known yet"))
            else:
                calls.append(HttpCall((command.key, conference), *self._request(command, conference)))
        return [*answers, *(_read(answer) for answer in self._run(calls))]

    def _request(self, command: Command, conference: str) -> tuple[str, bytes | None, str]:
        body = urlencode(command.fields).encode()
        if command.kind == "call":
            return f"{self._base}/Calls/{command.call}.json", body, ""
        if command.kind == "participant":
            return f"{self._base}/Conferences/{conference}/Participants/{command.call}.json", body, ""
        if command.kind == "record":
            return f"{self._base}/Calls/{command.call}/Recordings.json", body, ""
        if command.kind == "delete":
            return f"{self._base}/Recordings/{command.recording}.json", None, "DELETE"
        raise ValueError(f"there is no change {command.kind!r}")

    def _find_conferences(self, commands: Sequence[Command]) -> dict[int, str]:
        wanted = [each for each in commands if each.kind == "participant" and not each.conference]
        calls = [
            HttpCall(
                each.key, f"{self._base}/Conferences.json?" + urlencode({"FriendlyName": each.conference_name, "PageSize": 20})
            )
            for each in wanted
        ]  # fmt: skip
        found: dict[int, str] = {}
        for answer in self._run(calls):
            rows = _json(answer).get("conferences")
            for row in rows if answer.status == 200 and isinstance(rows, list) else ():
                if isinstance(row, dict) and row.get("status") in ("init", "in-progress"):
                    sid = str(row.get("sid", ""))
                    if SID_FORM.fullmatch(sid):
                        found[answer.key] = sid
                        break
        return found

    def fetch(self, sids: Sequence[str]) -> dict[str, str]:
        """Return the provider's present word about each call; what cannot be read is left out."""
        calls = [HttpCall(sid, f"{self._base}/Calls/{sid}.json") for sid in sids]
        found: dict[str, str] = {}
        for answer in self._run(calls):
            status = _json(answer).get("status")
            if answer.status == 200 and status in STATUS_RANK:
                found[answer.key] = str(status)
            elif answer.status in GONE:
                found[answer.key] = "completed"  # the provider has no such call any more
        return found

    def sound(self, recording: str) -> bytes | None:
        """Return a recording as WAV (at most what `BulkHttp` reads); None when it cannot be had."""
        (answer,) = self._run([HttpCall(recording, f"{self._base}/Recordings/{recording}.wav")])
        return answer.body if answer.status == 200 else None

    def _run(self, calls: Sequence[HttpCall]) -> list[HttpAnswer]:
        waiting = deque(calls)
        answers: list[HttpAnswer] = []

        def take(most: int) -> list[HttpCall]:
            return [waiting.popleft() for _ in range(min(most, len(waiting)))]

        if waiting:
            self._http.run(take, answers.append, lambda: not waiting, in_flight=IN_FLIGHT)
        return answers

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


def _read(answer: HttpAnswer) -> Done:
    key, conference = answer.key
    if 200 <= answer.status < 300:
        return Done(key, ok=True, conference=conference)
    code = str(_json(answer).get("code", ""))[:10]
    gone = answer.status in GONE or code in NOT_ON
    return Done(key, ok=False, gone=gone, error=code or answer.failure or f"http{answer.status}", conference=conference)


def _json(answer: HttpAnswer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def call_control(services: Services) -> TwilioCalls:
    """Return this process's control, made on first use; raises NotConfigured."""
    control: TwilioCalls | None = services.rooms.get(ROOM)
    if control is None:
        control = services.rooms[ROOM] = make_call_control(services.settings)
    return control


def make_call_control(settings: Settings) -> TwilioCalls:
    """Make the control the settings name; raises NotConfigured."""
    token = settings.twilio_auth_token.get_secret_value()
    if not settings.twilio_account_sid or not token:
        raise NotConfigured("TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN not set")
    return TwilioCalls(
        base_url=settings.twilio_api_base_url, account_sid=settings.twilio_account_sid, auth_token=token,
        timeout_s=min(settings.dispatch_timeout_s, 10.0),
    )  # fmt: skip
