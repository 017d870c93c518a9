"""Reports of one call keep their order however many are on their way, unless a fault turns them round."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until
from tests.sandbox.service import Service

CALLER = "+821012340201"
EVENTS = ["initiated", "ringing", "answered", "completed"]


def test_reports_of_one_call_do_not_overtake_each_other(sandbox: RunningSandbox, service: Service) -> None:
    """The first answers last: without a lane of its own each later report would arrive before it."""
    service.waits_s["/first"] = 0.3
    sandbox.control.set_habit("*", "answer")
    sids = [
        sandbox.sdk()
        .calls.create(
            to=f"+8210777700{number:02d}", from_=SENDER, twiml="<Response/>", status_callback=service.url + "/first",
            status_callback_event=EVENTS,
        )
        .sid
        for number in range(4)
    ]  # fmt: skip
    wait_until(lambda: len(service.of("/first", CallStatus="completed")) == 4)
    for sid in sids:
        reports = service.of("/first", CallSid=sid)
        assert [each.fields["CallStatus"] for each in reports] == ["initiated", "ringing", "in-progress", "completed"]
        assert [each.fields["SequenceNumber"] for each in reports] == ["0", "1", "2", "3"]


def test_an_unnamed_handset_calls_is_led_on_by_get_and_refuses_what_comes_too_late(
    sandbox: RunningSandbox, service: Service
) -> None:
    service.pages |= {
        "/voice": '<Response><Pause length="60"/></Response>',
        "/menu": '<Response><Say>Again</Say><Pause length="60"/></Response>',
    }
    sid = sandbox.control.use_handset(CALLER, "dial", SENDER)["sid"]
    wait_until(lambda: service.of("/voice"))
    sdk = sandbox.sdk()
    wait_until(lambda: sandbox.control.calls(CALLER)[-1]["status"] == "ringing")
    sandbox.control.behave(char_ms=0)
    service.pages["/voice"] = '<Response><Say>Hello</Say><Pause length="60"/></Response>'
    sandbox.control.use_handset(CALLER, "hangup")
    sid = sandbox.control.use_handset(CALLER, "dial", SENDER)["sid"]
    wait_until(lambda: sdk.calls(sid).fetch().status == "in-progress")
    sdk.calls(sid).update(url=service.url + "/menu", method="GET")
    wait_until(lambda: "Again" in sandbox.control.calls(CALLER)[-1]["lines"])
    assert service.of("/menu")[0].method == "GET"
    sdk.calls(sid).update(status="completed")
    wait_until(lambda: sdk.calls(sid).fetch().status == "completed")
    for change, code in (
        ({"twiml": "<Response/>"}, 21220),
        ({"twiml": "<Oops"}, 12100),
        ({"status": "dancing"}, 20001),
    ):
        with pytest.raises(TwilioRestException) as caught:
            sdk.calls(sid).update(**change)
        assert caught.value.code == code
