"""Twilio's Calls API of the practice carrier through the official SDK: a call's life, its webhooks, faults and journal."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from hotline.sandbox.attributes import BadTwiml
from hotline.sandbox.client import SandboxError
from hotline.sandbox.twiml import read_twiml
from hotline.sandbox.verbs import Gather, Hangup, Redirect, Say
from tests.sandbox.conftest import SENDER, Receiver, RunningSandbox, wait_until

TO = "+821012340001"
EVENTS = ["initiated", "ringing", "answered", "completed"]
ASK = b"""<?xml version="1.0" encoding="UTF-8"?><Response><Gather numDigits="1" timeout="0" action="/key?x=1">
<Say language="ko-KR">\xeb\xac\xbc 1 \xec\x95\x88\xec\xa0\x84</Say></Gather><Redirect>/say</Redirect></Response>"""
BYE = b"<Response><Say>Thank you.</Say><Hangup/></Response>"


def place(sandbox: RunningSandbox, receiver: Receiver, to: str = TO, **more: Any) -> Any:
    values = {
        "url": receiver.url + "/say",
        "status_callback": receiver.url + "/status",
        "status_callback_event": EVENTS,
    }
    return sandbox.sdk().calls.create(to=to, from_=SENDER, **(values | more))


def status_of(sandbox: RunningSandbox, sid: str) -> str:
    return str(sandbox.sdk().calls(sid).fetch().status)


def ring(sandbox: RunningSandbox, receiver: Receiver, **more: Any) -> Any:
    call = place(sandbox, receiver, **more)
    wait_until(lambda: status_of(sandbox, call.sid) == "ringing")
    return call


def lines(sandbox: RunningSandbox, to: str = TO) -> list[str]:
    found: list[str] = sandbox.control.calls(to)[-1]["lines"]
    return found


def test_a_call_rings_is_answered_says_what_the_service_wants_and_passes_a_key_on(
    sandbox: RunningSandbox, receiver: Receiver
) -> None:
    sandbox.control.behave(char_ms=5_000)
    receiver.answer = ASK
    call = ring(sandbox, receiver)
    sandbox.control.use_handset(TO, "answer")
    wait_until(lambda: lines(sandbox))
    sandbox.control.behave(char_ms=0)
    receiver.answer = BYE
    sandbox.control.use_handset(TO, "press", "2")
    wait_until(lambda: status_of(sandbox, call.sid) == "completed")
    assert lines(sandbox) == ["물 1 안전", "#2", "Thank you."]
    (pressed,) = [each for each in receiver.received if each.path == "/key?x=1"]
    assert (pressed.fields["Digits"], pressed.fields["CallSid"], pressed.fields["To"]) == ("2", call.sid, TO)
    validator = RequestValidator(sandbox.auth_token)
    assert all(validator.validate(receiver.url + each.path, each.fields, each.signature) for each in receiver.received)
    wait_until(lambda: len(receiver.of(CallSid=call.sid, CallStatus="completed")) == 1)
    reported = [each.fields["CallStatus"] for each in receiver.received if each.path == "/status"]
    assert reported == ["initiated", "ringing", "in-progress", "completed"]


def test_without_a_key_the_service_is_asked_again_and_hanging_up_ends_it(
    sandbox: RunningSandbox, receiver: Receiver
) -> None:
    sandbox.control.behave(char_ms=0)
    receiver.answer = ASK
    call = ring(sandbox, receiver)
    sandbox.control.use_handset(TO, "answer")
    wait_until(lambda: len([each for each in receiver.received if each.path == "/say"]) >= 3)
    sandbox.control.use_handset(TO, "hangup")
    assert status_of(sandbox, call.sid) == "completed"


def test_nobody_picks_up_declines_or_is_on_another_call(sandbox: RunningSandbox, receiver: Receiver) -> None:
    first = ring(sandbox, receiver, timeout=1)
    second = place(sandbox, receiver)
    wait_until(lambda: status_of(sandbox, second.sid) == "busy")
    wait_until(lambda: status_of(sandbox, first.sid) == "no-answer")
    third = ring(sandbox, receiver, to="+821012340009")
    sandbox.control.use_handset("+821012340009", "decline")
    assert status_of(sandbox, third.sid) == "busy"


def test_an_answer_that_is_no_twiml_is_an_application_error(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.answer = b"<html>oh no</html>"
    call = ring(sandbox, receiver)
    sandbox.control.use_handset(TO, "answer")
    wait_until(lambda: status_of(sandbox, call.sid) == "completed")
    assert any("application error" in line for line in lines(sandbox))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "12"}, 21217), ({"to": "+15005550001"}, 21217), ({"to": "+15005550003"}, 21215), ({"from_": "x"}, 21212),
        ({"url": "ftp://x"}, 21609), ({"timeout": 0}, 20001),
    ],
    ids=str,
)  # fmt: skip
def test_a_call_in_a_wrong_form_is_refused(
    sandbox: RunningSandbox, receiver: Receiver, change: dict[str, Any], code: int
) -> None:
    values = {"to": TO, "from_": SENDER, "url": receiver.url} | change
    with pytest.raises(TwilioRestException) as caught:
        sandbox.sdk().calls.create(**values)
    assert caught.value.code == code


def test_calls_are_listed_by_number_and_start_newest_first_in_pages(
    sandbox: RunningSandbox, receiver: Receiver
) -> None:
    made = [place(sandbox, receiver, to=f"+82101234{number:04d}").sid for number in (5, 5, 6)]
    sdk = sandbox.sdk()
    assert [each.sid for each in sdk.calls.list(to="+821012340005", page_size=1)] == [made[1], made[0]]
    assert sdk.calls.list(to="+821012340005", start_time_after=datetime.now(UTC) - timedelta(days=1)) == [], "not begun"
    wait_until(lambda: status_of(sandbox, made[2]) == "ringing")
    sandbox.control.use_handset("+821012340006", "answer")
    today = sdk.calls.list(to="+821012340006", start_time_after=datetime.now(UTC) - timedelta(days=1))
    assert [each.sid for each in today] == [made[2]]


@pytest.mark.parametrize(("kind", "made"), [("answer_lost_after", 1), ("answer_lost_before", 0), ("http_500_after", 1)])
def test_an_answer_can_be_lost_before_or_after_the_call_is_taken(
    sandbox: RunningSandbox, receiver: Receiver, kind: str, made: int
) -> None:
    sandbox.control.set_fault(kind, TO)
    with pytest.raises((requests.ConnectionError, TwilioRestException)):
        place(sandbox, receiver)
    assert len(sandbox.control.calls(TO)) == made


def test_what_does_not_fit_the_call_is_refused(sandbox: RunningSandbox, receiver: Receiver) -> None:
    ring(sandbox, receiver)
    for act, keys in (("press", "1"), ("hangup", ""), ("dance", "")):
        with pytest.raises(SandboxError):
            sandbox.control.use_handset(TO, act, keys)


def test_a_killed_carrier_remembers_its_calls_and_those_that_were_on_have_failed(
    tmp_path: Path, receiver: Receiver
) -> None:
    mortal = RunningSandbox(tmp_path, "--sent-ms", "5")
    try:
        call = ring(mortal, receiver)
        mortal.kill()
        mortal.start()
        assert status_of(mortal, call.sid) == "failed"
        wait_until(lambda: receiver.of(CallSid=call.sid, CallStatus="failed"))
    finally:
        mortal.stop()


def test_the_verbs_of_a_document_are_read_in_order() -> None:
    assert read_twiml(ASK, "http://h/say") == [
        Gather((Say("물 1 안전", "ko-KR"),), "http://h/key?x=1", num_digits=1, timeout_s=0.0), Redirect("http://h/say"),
    ]  # fmt: skip
    assert read_twiml(BYE, "http://h/") == [Say("Thank you.", ""), Hangup()]


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: f"<Response>{t}</Response>".encode()))
def test_no_document_whatever_breaks_the_reader(document: bytes) -> None:
    with suppress(BadTwiml):
        read_twiml(document, "http://h/")


def test_entities_and_unknown_verbs_are_refused() -> None:
    for document in (
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><Response><Say>&x;</Say></Response>',
        b"<Response><Dial>1</Dial></Response>", b"<Response><Gather numDigits='x'/></Response>", b"<Say>x</Say>", b"",
    ):  # fmt: skip
        with pytest.raises(BadTwiml):
            read_twiml(document, "http://h/")
