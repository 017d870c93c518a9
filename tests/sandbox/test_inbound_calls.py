"""A call from a handset to the service: menus, conferences, holding, and everything the service is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from hotline.sandbox.client import SandboxError
from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until
from tests.sandbox.service import Service

CALLER, AGENT, BOSS = "+821012340001", "+821012340002", "+821012340003"
EVENTS = "start end join leave mute hold modify"


def menu() -> str:
    """A question with one key, asked again without one."""
    found = VoiceResponse()
    gather = Gather(num_digits=1, timeout=60, action="/key")
    gather.say("한국어는 1번", language="ko-KR")
    found.append(gather)
    found.redirect("/voice")
    return str(found)


def room(name: str = "call-1", **more: Any) -> str:
    """A document that enters a conference."""
    found, dial = VoiceResponse(), Dial(action="/after")
    options = {"status_callback": "/room", "status_callback_event": EVENTS, "beep": False}
    dial.conference(name, **(options | more))
    found.append(dial)
    return str(found)


def last(sandbox: RunningSandbox, number: str = CALLER) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.control.calls(number)[-1]
    return found


def test_a_caller_goes_through_a_menu_into_a_conference_and_out_again(
    sandbox: RunningSandbox, service: Service
) -> None:
    service.pages |= {"/voice": menu(), "/key": room(), "/after": "<Response><Say>Bye</Say></Response>"}
    sandbox.control.add_handsets([{"number": CALLER, "name": "Kim", "country": "KR"}])
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    wait_until(lambda: last(sandbox)["wants_key"])
    (asked,) = service.of("/voice")
    assert (asked.fields["Direction"], asked.fields["From"], asked.fields["To"], asked.fields["CallStatus"]) == (
        "inbound", CALLER, SENDER, "ringing",
    )  # fmt: skip
    sandbox.control.use_handset(CALLER, "press", "1")
    wait_until(lambda: service.of("/room", StatusCallbackEvent="participant-join"))
    assert service.of("/key")[0].fields["Digits"] == "1"
    (conference,) = sandbox.sdk().conferences.list(friendly_name="call-1")
    assert conference.status == "init", "one alone hears music"
    (participant,) = sandbox.sdk().conferences(conference.sid).participants.list()
    assert (participant.call_sid, participant.status, participant.hold) == (last(sandbox)["sid"], "connected", False)
    sandbox.sdk().conferences(conference.sid).participants(participant.call_sid).delete()
    wait_until(lambda: last(sandbox)["status"] == "completed")
    assert "Bye" in last(sandbox)["lines"]
    assert service.of("/after")[0].fields["DialCallStatus"] == "answered"
    wait_until(lambda: service.of("/status", CallStatus="completed"))
    assert sandbox.sdk().conferences(conference.sid).fetch().reason_conference_ended == "last-participant-kicked"


def confer(sandbox: RunningSandbox, service: Service, number: str, path: str = "/room-of") -> str:
    """Call a handset into the room as the service does with an agent; returns the call's identifier."""
    call = sandbox.sdk().calls.create(to=number, from_=SENDER, url=service.url + path)
    wait_until(lambda: last(sandbox, number)["status"] == "ringing")
    sandbox.control.use_handset(number, "answer")
    return str(call.sid)


@pytest.fixture
def talking(sandbox: RunningSandbox, service: Service) -> tuple[str, str]:
    """A caller and an agent in one conference; their calls' identifiers."""
    service.pages |= {"/voice": room(), "/room-of": room(end_conference_on_exit=True)}
    sandbox.control.add_handsets([{"number": CALLER}])
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    wait_until(lambda: service.of("/room", StatusCallbackEvent="participant-join"))
    agent = confer(sandbox, service, AGENT)
    wait_until(lambda: service.of("/room", StatusCallbackEvent="conference-start"))
    return str(last(sandbox)["sid"]), agent


def said(sandbox: RunningSandbox, number: str) -> list[str]:
    return [line["text"] for line in last(sandbox, number)["heard"] if line["kind"] == "talk"]


def test_words_are_heard_by_mute_hold_and_coaching(
    sandbox: RunningSandbox, service: Service, talking: tuple[str, str]
) -> None:
    caller, agent = talking
    parties = sandbox.sdk().conferences("call-1").participants
    sandbox.control.use_handset(CALLER, "talk", "여권을 잃었어요")
    assert said(sandbox, AGENT) == ["여권을 잃었어요"]
    service.pages["/boss"] = room(coach=agent)
    boss = confer(sandbox, service, BOSS, "/boss")
    wait_until(lambda: len(parties.list()) == 3)
    sandbox.control.use_handset(BOSS, "talk", "Ask for the number")
    assert said(sandbox, AGENT)[-1] == "Ask for the number"
    assert "Ask for the number" not in said(sandbox, CALLER)
    parties(boss).update(coaching=False)
    sandbox.control.use_handset(BOSS, "talk", "I am the supervisor")
    assert said(sandbox, CALLER)[-1] == "I am the supervisor"
    parties(agent).update(muted=True)
    sandbox.control.use_handset(AGENT, "talk", "unheard")
    assert "unheard" not in said(sandbox, CALLER)
    service.pages["/music"] = "<Response><Say>Please hold</Say><Pause length='60'/></Response>"
    held = parties(caller).update(hold=True, hold_url=service.url + "/music")
    assert held.hold is True
    wait_until(lambda: "Please hold" in last(sandbox)["lines"])
    sandbox.control.use_handset(BOSS, "talk", "not for the caller")
    assert "not for the caller" not in said(sandbox, CALLER)
    parties(caller).update(hold=False)
    wait_until(lambda: service.of("/room", StatusCallbackEvent="participant-unhold"))
    assert {"participant-mute", "participant-hold", "participant-modify"} <= set(
        service.events("/room", "StatusCallbackEvent")
    )


def test_the_conference_ends_with_whoever_ends_it_and_the_caller_goes_on(
    sandbox: RunningSandbox, service: Service, talking: tuple[str, str]
) -> None:
    service.pages["/after"] = "<Response><Say>How was it?</Say></Response>"
    sandbox.control.use_handset(AGENT, "hangup")
    wait_until(lambda: last(sandbox)["status"] == "completed")
    assert "How was it?" in last(sandbox)["lines"]
    wait_until(lambda: service.of("/room", StatusCallbackEvent="conference-end"))
    (ended,) = service.of("/room", StatusCallbackEvent="conference-end")
    assert ended.fields["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert ended.fields["CallSidEndingConference"] == talking[1]
    numbers = [int(each) for each in service.events("/room", "SequenceNumber")]
    assert numbers == sorted(set(numbers))


def test_a_call_that_is_led_elsewhere_leaves_its_conference(
    sandbox: RunningSandbox, service: Service, talking: tuple[str, str]
) -> None:
    sandbox.sdk().calls(talking[0]).update(twiml="<Response><Say>Moved</Say><Pause length='60'/></Response>")
    wait_until(lambda: "Moved" in last(sandbox)["lines"])
    assert [each.call_sid for each in sandbox.sdk().conferences("call-1").participants.list()] == [talking[1]]
    sandbox.sdk().calls(talking[0]).update(status="completed")
    assert last(sandbox)["status"] == "completed"
    with pytest.raises(TwilioRestException) as caught:
        sandbox.sdk().calls(talking[0]).update(twiml="<Response/>")
    assert caught.value.code == 21220


def test_a_participant_is_called_in_by_the_api(
    sandbox: RunningSandbox, service: Service, talking: tuple[str, str]
) -> None:
    made = sandbox.sdk().conferences("call-1").participants.create(
        to=BOSS, from_=SENDER, label="interpreter", beep="false", status_callback=service.url + "/leg",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )  # fmt: skip
    assert made.status == "queued"
    wait_until(lambda: last(sandbox, BOSS)["status"] == "ringing")
    sandbox.control.use_handset(BOSS, "answer")
    wait_until(lambda: len(sandbox.sdk().conferences("call-1").participants.list()) == 3)
    assert sandbox.sdk().conferences("call-1").participants("interpreter").fetch().call_sid == made.call_sid
    sandbox.sdk().conferences(made.conference_sid).update(status="completed")
    wait_until(lambda: last(sandbox, BOSS)["status"] == "completed")
    wait_until(lambda: len(service.events("/leg", "CallStatus")) >= 3)
    assert service.events("/leg", "CallStatus")[:3] == ["initiated", "ringing", "in-progress"]
    with pytest.raises(TwilioRestException) as caught:
        sandbox.sdk().conferences("call-1").fetch()
    assert caught.value.code == 20404


def test_a_number_that_is_not_in_service_and_a_second_call_are_refused(
    sandbox: RunningSandbox, service: Service
) -> None:
    sandbox.control.add_handsets([{"number": CALLER}])
    service.pages["/voice"] = menu()
    with pytest.raises(SandboxError, match="not in service"):
        sandbox.control.use_handset(CALLER, "dial", "+15005559999")
    sandbox.control.set_numbers({"number": "+81300000001", "name": "Tokyo", "forwards_to": SENDER})
    sandbox.control.use_handset(CALLER, "dial", "+81300000001")
    wait_until(lambda: service.of("/voice"))
    assert service.of("/voice")[0].fields["ForwardedFrom"] == "+81300000001"
    with pytest.raises(SandboxError, match="another call"):
        sandbox.control.use_handset(CALLER, "dial", SENDER)
