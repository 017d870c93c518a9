"""A call that the service places to a number which leads back to it comes in anew, as the network would bring it."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.sandbox.client import SandboxError
from hotline.sandbox.forwarding import MOST_AT_ONCE
from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until
from tests.sandbox.service import Service
from tests.sandbox.test_inbound_calls import CALLER, last

MISSION, HANDED_BACK = "+81300000001", "+15005550007"
GREETING = "<Response><Gather numDigits='1' timeout='60' action='/key'><Say>Embassy</Say></Gather></Response>"


@pytest.fixture
def mission(sandbox: RunningSandbox, service: Service) -> None:
    """A mission's line that is still forwarded to the service, and a caller whom the service hands back to it.

    The service answers the forwarded call at ``/again``, and dials the mission at ``/voice``.
    """
    sandbox.control.set_numbers(
        {"number": MISSION, "name": "Tokyo", "forwards_to": HANDED_BACK},
        {"number": HANDED_BACK, "voice_url": service.url + "/again", "status_callback": service.url + "/status"},
    )
    sandbox.control.add_handsets([{"number": CALLER}])
    service.pages |= {"/voice": dial(MISSION), "/again": GREETING}


def dial(number: str, **more: str) -> str:
    attributes = " ".join(f'{name}="{value}"' for name, value in more.items())
    return f'<Response><Dial action="/after" {attributes}><Number>{number}</Number></Dial></Response>'


def arrived(sandbox: RunningSandbox) -> dict[str, Any]:
    """Return the latest call that was passed on."""
    return next(each for each in reversed(sandbox.control.calls()) if each["forwarded_from"])


def outcome(service: Service) -> str:
    wait_until(lambda: service.of("/after"))
    return service.of("/after")[0].fields["DialCallStatus"]


@pytest.mark.usefixtures("mission")
def test_a_hand_back_to_a_forwarded_line_comes_in_again_with_the_number_that_passed_it_on(
    sandbox: RunningSandbox, service: Service
) -> None:
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    wait_until(lambda: service.of("/again"))
    asked = service.of("/again")[0].fields
    assert (asked["From"], asked["To"], asked["ForwardedFrom"]) == (CALLER, HANDED_BACK, MISSION)
    assert (asked["Direction"], asked["CallStatus"]) == ("inbound", "ringing")
    first = sandbox.control.calls(CALLER)[0]
    assert asked["CallSid"] not in (first["sid"], last(sandbox, MISSION)["sid"]), "the network knows no relation"
    assert "ParentCallSid" not in asked
    wait_until(lambda: last(sandbox, MISSION)["status"] == "in-progress")
    assert last(sandbox, MISSION)["parent_sid"] == first["sid"]
    sandbox.control.use_handset(CALLER, "hangup")
    wait_until(lambda: arrived(sandbox)["status"] == "completed")
    assert last(sandbox, MISSION)["status"] == "completed"
    wait_until(lambda: service.of("/status", CallSid=asked["CallSid"], CallStatus="completed"))


@pytest.mark.usefixtures("mission")
def test_the_callers_handset_stays_with_its_own_call(sandbox: RunningSandbox, service: Service) -> None:
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    wait_until(lambda: service.of("/again"))
    wait_until(lambda: last(sandbox, MISSION)["status"] == "in-progress")
    sandbox.control.use_handset(CALLER, "press", "5")
    (own,) = [each for each in sandbox.control.calls(CALLER) if not each["forwarded_from"]]
    assert "#5" in own["lines"] and "#5" not in arrived(sandbox)["lines"]


@pytest.mark.usefixtures("mission")
@pytest.mark.parametrize(
    ("document", "status"),
    [("<Reject reason='busy'/>", "busy"), ("<Reject/>", "no-answer"), ("<Say>Closed</Say><Hangup/>", "completed")],
)
def test_how_the_service_ends_the_call_that_came_back_is_how_its_dial_ended(
    sandbox: RunningSandbox, service: Service, document: str, status: str
) -> None:
    service.pages["/again"] = f"<Response>{document}</Response>"
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    assert outcome(service) == status


@pytest.mark.usefixtures("mission")
def test_a_caller_who_leaves_before_the_answer_ends_the_call_that_came_back(
    sandbox: RunningSandbox, service: Service
) -> None:
    service.pages["/again"] = "<Response><Pause length='60'/></Response>"
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    wait_until(lambda: service.of("/again"))
    assert last(sandbox, MISSION)["status"] == "ringing"
    sandbox.control.use_handset(CALLER, "hangup")
    wait_until(lambda: arrived(sandbox)["status"] == "no-answer")
    assert last(sandbox, MISSION)["status"] == "canceled"


@pytest.mark.usefixtures("mission")
def test_a_line_that_is_never_answered_again_gives_up_after_the_time_of_the_dial(
    sandbox: RunningSandbox, service: Service
) -> None:
    service.pages |= {
        "/voice": dial(MISSION, timeout="1"),
        "/again": "<Response><Pause length='60'/></Response>",
    }
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    assert outcome(service) == "no-answer"
    wait_until(lambda: arrived(sandbox)["status"] == "no-answer")


@pytest.mark.usefixtures("mission")
def test_a_call_of_the_api_to_a_number_of_the_account_comes_in_without_a_forwarder(
    sandbox: RunningSandbox, service: Service
) -> None:
    sandbox.sdk().calls.create(to=HANDED_BACK, from_=SENDER, url=service.url + "/out")
    wait_until(lambda: service.of("/again") and service.of("/out"))
    asked = service.of("/again")[0].fields
    assert (asked["From"], asked["To"], asked.get("ForwardedFrom")) == (SENDER, HANDED_BACK, None)


def test_a_number_that_passes_calls_on_to_nowhere_fails(sandbox: RunningSandbox, service: Service) -> None:
    sandbox.control.set_numbers({"number": "+81300000009", "forwards_to": "+15005558888"})
    sandbox.control.add_handsets([{"number": CALLER}])
    service.pages["/voice"] = dial("+81300000009")
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    assert outcome(service) == "failed"


@pytest.mark.usefixtures("mission")
def test_a_service_without_a_guard_against_loops_meets_a_bound(sandbox: RunningSandbox, service: Service) -> None:
    service.pages["/again"] = dial(MISSION)
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    wait_until(lambda: service.of("/after", DialCallStatus="busy"))
    assert len(service.of("/again")) == MOST_AT_ONCE
    assert {each.fields["ForwardedFrom"] for each in service.of("/again")} == {MISSION}
    wait_until(lambda: all(each["status"] not in ("ringing", "in-progress") for each in sandbox.control.calls()))
    service.pages["/again"] = "<Response><Reject reason='busy'/></Response>"
    service.asked.clear()
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    wait_until(lambda: service.of("/again"))
    assert outcome(service) == "busy"


def test_the_switch_of_who_forwards_lets_the_number_ring_at_its_own_handset(
    sandbox: RunningSandbox, service: Service
) -> None:
    off = {"number": MISSION, "forwards_to": SENDER, "forwarding": "off"}
    sandbox.control.set_numbers(off)
    sandbox.control.set_habit(MISSION, "answer")
    sandbox.sdk().calls.create(to=MISSION, from_=HANDED_BACK, url=service.url + "/out")
    wait_until(lambda: service.of("/out"))
    assert last(sandbox, MISSION)["status"] in ("in-progress", "completed")
    assert not service.of("/voice"), "nothing came back"
    with pytest.raises(SandboxError, match="not forwarded now"):
        sandbox.control.use_handset(CALLER, "dial", MISSION)
    sandbox.control.set_numbers(off | {"forwarding": "always"})
    sandbox.control.use_handset(CALLER, "dial", MISSION)
    wait_until(lambda: service.of("/voice"))
    assert service.of("/voice")[0].fields["ForwardedFrom"] == MISSION


def test_an_exchange_may_show_its_own_number_and_send_a_token_along(sandbox: RunningSandbox, service: Service) -> None:
    token = "t" * 40
    sandbox.control.set_numbers({"number": MISSION, "forwards_to": SENDER, "shows": "line", "context": token})
    sandbox.control.use_handset(CALLER, "dial", MISSION)
    wait_until(lambda: service.of("/voice"))
    asked = service.of("/voice")[0].fields
    assert (asked["From"], asked["Caller"], asked["ForwardedFrom"]) == (MISSION, MISSION, MISSION)
    assert asked["SipHeader_X-Hotline-Context"] == token
    (call,) = sandbox.control.calls(CALLER)
    assert sandbox.sdk().calls(call["sid"]).fetch()._from == MISSION, "the API shows what the webhook showed"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"forwarding": "sometimes"}, "forwarding must be always or off"),
        ({"shows": "nobody"}, "shows must be caller or line"),
        ({"context": "two words"}, "context must be 1 to 80 letters"),
        ({"context": "x" * 81}, "context must be 1 to 80 letters"),
        ({"forwards_to": "12"}, "forwards_to must be E.164"),
    ],
)
def test_a_wrong_setting_is_named_and_changes_nothing(
    sandbox: RunningSandbox, service: Service, wrong: dict[str, str], says: str
) -> None:
    sandbox.control.set_numbers({"number": MISSION, "forwards_to": SENDER})
    with pytest.raises(SandboxError, match=says):
        sandbox.control.set_numbers({"number": MISSION, "forwards_to": SENDER, **wrong})
    sandbox.control.use_handset(CALLER, "dial", MISSION)
    wait_until(lambda: service.of("/voice"))
