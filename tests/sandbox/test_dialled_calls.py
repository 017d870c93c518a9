"""Dial: legs that ring handsets, press-1 screening, bridges, and what the service is told of how it went."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until
from tests.sandbox.service import Service
from tests.sandbox.test_inbound_calls import AGENT, BOSS, CALLER, last, said

LEG = "initiated ringing answered completed"
SCREEN = "<Response><Gather numDigits='1' timeout='1' action='/accepted'/><Hangup/></Response>"


def dial(nouns: str, **more: str) -> str:
    attributes = " ".join(f'{name}="{value}"' for name, value in more.items())
    return f'<Response><Dial action="/after" {attributes}>{nouns}</Dial></Response>'


@pytest.fixture
def call(sandbox: RunningSandbox, service: Service) -> Any:
    """Place a call whose document is a Dial with these nouns; gives it back once the legs ring or it is over."""
    sandbox.control.add_handsets([{"number": CALLER}])

    def place(nouns: str, **more: str) -> None:
        service.pages["/voice"] = dial(nouns, **more)
        sandbox.control.use_handset(CALLER, "dial", SENDER)

    return place


def outcome(service: Service) -> dict[str, str]:
    wait_until(lambda: service.of("/after"))
    return service.of("/after")[0].fields


def ringing(sandbox: RunningSandbox, number: str = AGENT) -> None:
    wait_until(lambda: sandbox.control.calls(number) and last(sandbox, number)["status"] == "ringing")


def test_two_numbers_ring_the_first_to_answer_talks_and_the_other_stops(
    sandbox: RunningSandbox, service: Service, call: Any
) -> None:
    call(f'<Number statusCallback="/leg" statusCallbackEvent="{LEG}">{AGENT}</Number><Number>{BOSS}</Number>')
    ringing(sandbox)
    ringing(sandbox, BOSS)
    sandbox.control.use_handset(AGENT, "answer")
    wait_until(lambda: last(sandbox, BOSS)["status"] == "canceled")
    leg = last(sandbox, AGENT)
    assert (leg["direction"], leg["parent_sid"], leg["sender"]) == ("outbound-dial", last(sandbox)["sid"], CALLER)
    sandbox.control.use_handset(CALLER, "talk", "여보세요")
    assert said(sandbox, AGENT) == ["여보세요"]
    sandbox.control.use_handset(AGENT, "hangup")
    found = outcome(service)
    assert (found["DialCallStatus"], found["DialCallSid"], found["DialBridged"]) == ("completed", leg["sid"], "true")
    wait_until(lambda: len(service.of("/leg")) == 4)
    assert service.events("/leg", "CallStatus") == ["initiated", "ringing", "in-progress", "completed"]
    assert service.events("/leg", "SequenceNumber") == ["0", "1", "2", "3"]
    assert [each.sid for each in sandbox.sdk().calls.list(parent_call_sid=last(sandbox)["sid"], to=AGENT)] == [
        leg["sid"]
    ]


@pytest.mark.parametrize(
    ("way", "status"), [("busy", "busy"), ("reject", "busy"), ("dead", "failed"), ("silent", "no-answer")]
)
def test_what_became_of_a_leg_is_said(
    sandbox: RunningSandbox, service: Service, call: Any, way: str, status: str
) -> None:
    sandbox.control.set_habit(AGENT, way)
    call(f"<Number>{AGENT}</Number>", timeout="1")
    assert outcome(service)["DialCallStatus"] == status


def test_press_one_accepts_and_an_answering_machine_does_not(
    sandbox: RunningSandbox, service: Service, call: Any
) -> None:
    service.pages |= {"/screen": SCREEN, "/accepted": "<Response><Say>Connected</Say></Response>"}
    sandbox.control.set_habit(AGENT, "voicemail")
    call(f'<Number url="/screen">{AGENT}</Number>')
    found = outcome(service)
    assert (found["DialCallStatus"], found["DialBridged"]) == ("no-answer", "false")
    assert "cannot come to the telephone" in said(sandbox, AGENT)[0]
    wait_until(lambda: last(sandbox)["status"] == "completed")
    sandbox.control.set_habit(AGENT, "answer", keys="1", keys_after_ms=50, talk_ms=300)
    service.asked.clear()
    call(f'<Number url="/screen">{AGENT}</Number>')
    found = outcome(service)
    assert (found["DialCallStatus"], found["DialBridged"]) == ("completed", "true")
    assert service.of("/accepted")[0].fields["ParentCallSid"] == last(sandbox)["sid"]


def test_the_caller_who_hangs_up_ends_the_leg_and_the_service_hears_of_it(
    sandbox: RunningSandbox, service: Service, call: Any
) -> None:
    call(f"<Number>{AGENT}</Number>", record="record-from-answer", recordingStatusCallback="/recorded")
    ringing(sandbox)
    sandbox.control.use_handset(CALLER, "hangup")
    wait_until(lambda: last(sandbox, AGENT)["status"] == "canceled")
    assert outcome(service)["CallStatus"] == "completed"


def test_a_client_and_a_sip_address_ring_handsets_of_their_own(
    sandbox: RunningSandbox, service: Service, call: Any
) -> None:
    call("<Client><Identity>agent-7</Identity></Client><Sip>sip:desk@embassy.example</Sip>", callerId=SENDER)
    ringing(sandbox, "client:agent-7")
    ringing(sandbox, "sip:desk@embassy.example")
    assert last(sandbox, "client:agent-7")["sender"] == SENDER
    sandbox.control.use_handset("client:agent-7", "answer")
    wait_until(lambda: last(sandbox, "sip:desk@embassy.example")["status"] == "canceled")
    sandbox.control.use_handset("client:agent-7", "hangup")
    assert outcome(service)["DialCallStatus"] == "completed"


def test_the_star_leaves_a_bridge_and_the_time_limit_ends_one(
    sandbox: RunningSandbox, service: Service, call: Any
) -> None:
    sandbox.control.set_habit(AGENT, "answer")
    call(f"<Number>{AGENT}</Number>", hangupOnStar="true")
    wait_until(lambda: last(sandbox)["place"] == "bridge")
    sandbox.control.use_handset(CALLER, "press", "*")
    assert outcome(service)["DialCallStatus"] == "completed"
    wait_until(lambda: last(sandbox)["status"] == "completed")
    service.asked.clear()
    call(f"<Number>{AGENT}</Number>", timeLimit="1")
    assert outcome(service)["DialBridged"] == "true"


def test_a_leg_that_is_led_elsewhere_leaves_the_caller_alone(
    sandbox: RunningSandbox, service: Service, call: Any
) -> None:
    sandbox.control.set_habit(AGENT, "answer")
    call(f"<Number>{AGENT}</Number>")
    wait_until(lambda: last(sandbox)["place"] == "bridge")
    sandbox.sdk().calls(last(sandbox, AGENT)["sid"]).update(
        twiml="<Response><Say>Elsewhere</Say><Pause length='60'/></Response>"
    )
    assert outcome(service)["DialCallStatus"] == "completed"
    assert last(sandbox, AGENT)["status"] == "in-progress"
    assert "Elsewhere" in last(sandbox, AGENT)["lines"]


def test_the_carriers_own_queue_counts_places_and_says_how_it_ended(sandbox: RunningSandbox, service: Service) -> None:
    wait = "<Response><Gather numDigits='1' timeout='60' action='/out'/></Response>"
    service.pages |= {
        "/voice": "<Response><Enqueue action='/left' waitUrl='/wait'>main</Enqueue></Response>", "/wait": wait,
        "/out": "<Response><Leave/></Response>", "/agent": dial("<Queue>main</Queue>"),
    }  # fmt: skip
    callers = [CALLER, BOSS, "+821012340005"]
    sandbox.control.add_handsets([{"number": number} for number in callers])
    for place, number in enumerate(callers, 1):
        sandbox.control.use_handset(number, "dial", SENDER)
        wait_until(lambda: service.of("/wait", QueuePosition=str(place)))  # noqa: B023 - asked at once
    sandbox.control.set_habit(AGENT, "answer")
    sandbox.sdk().calls.create(to=AGENT, from_=SENDER, url=service.url + "/agent")
    wait_until(lambda: last(sandbox)["place"] == "bridge")
    sandbox.control.use_handset(AGENT, "talk", "What happened?")
    assert said(sandbox, CALLER) == ["What happened?"]
    sandbox.control.use_handset(AGENT, "hangup")
    wait_until(lambda: service.of("/left", QueueResult="bridged"))
    wait_until(lambda: last(sandbox, BOSS)["wants_key"])
    sandbox.control.use_handset(BOSS, "press", "1")
    wait_until(lambda: service.of("/left", QueueResult="leave"))
    sandbox.control.use_handset(callers[2], "hangup")
    wait_until(lambda: service.of("/left", QueueResult="hangup"))
