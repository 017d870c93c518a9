"""What people hear about their own call: that it is recorded, who is before them, how long it takes; and the browser's key."""

from __future__ import annotations

import base64
import json
import time

import pytest
from pydantic import SecretStr

from hotline.calls import browser, handling, speaking
from hotline.calls.speaking import Line, Place
from hotline.core.services import Services
from tests.calls.centre import Centre
from tests.calls.conftest import Hook, Rows, said, sid, twiml
from tests.calls.telephones import Telephones
from tests.calls.test_handling import do, picks_up


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre with one agent on a telephone, who is ready."""
    return Centre(hook, rows, services, telephones)


def record(services: Services, on: bool) -> None:
    """Record every call by policy, or none."""
    services.settings = services.settings.model_copy(update={"record_calls": on})


@pytest.mark.parametrize("on", [True, False])
def test_a_caller_hears_first_that_the_call_is_recorded_and_only_then_it_is(centre: Centre, on: bool) -> None:
    record(centre.services, on)
    first = centre.hook.ring()
    assert ("이 통화는 녹음됩니다." in said(first), "This call is recorded." in said(first)) == (on, on)
    centre.hook.key(centre.hook.key(first, "1"), "0")
    request, leg_sid = centre.agent_rings()
    centre.hook.key(centre.hook(request.url, CallSid=leg_sid), "1", int(leg_sid[2:], 16))
    centre.carry_out()
    url = [each["Url"] for each in centre.telephones.ordered(sid(1)) if "Url" in each][-1]
    bridge = twiml(centre.hook(url, CallSid=sid(1))).find("Dial/Conference")
    assert bridge is not None
    assert bridge.get("record") == ("record-from-start" if on else None)
    assert ("kind=conversation" in (bridge.get("recordingStatusCallback") or "")) is on
    assert centre.rows.call().recorded is on


@pytest.mark.parametrize("on", [True, False])
def test_whoever_is_called_by_us_hears_it_before_the_bridge(centre: Centre, on: bool) -> None:
    record(centre.services, on)
    do(centre, handling.call_out, "+821055512345", language="en")
    picks_up(centre)
    request, leg_sid, _ = centre.telephones.made[-1]
    document = centre.hook(request.url, CallSid=leg_sid)
    assert ("This call is recorded." in said(document)) is on
    bridge = twiml(document).find("Dial/Conference")
    assert bridge is not None and bridge.get("record") == ("record-from-start" if on else None)


@pytest.mark.parametrize(("language", "words"), [("ko", "이 통화는 녹음됩니다."), ("en", "This call is recorded.")])
def test_the_first_warning_says_that_recording_begins(language: str, words: str) -> None:
    assert words in speaking.words(language)["abuse_warned"]


@pytest.mark.parametrize(
    ("place", "korean", "english"),
    [
        (
            Place(ahead=3, expected_s=290, offer=True),
            "앞에 3분이 기다리고 있습니다.|약 5분입니다.",
            "3 callers are before you.|about 5 minutes.",
        ),
        (Place(ahead=1, expected_s=59, offer=True), "앞에 1분이|1분 이내입니다.", "1 callers|less than a minute."),
        (
            Place(ahead=0, expected_s=None, offer=False),
            "가능한 한 빨리 연결하겠습니다.",
            "We will be with you as soon as we can.",
        ),
    ],
)
def test_who_waits_hears_who_is_before_them_and_how_long_it_takes(place: Place, korean: str, english: str) -> None:
    for language, words in (("ko", korean), ("en", english)):
        document = speaking.wait(Line("https://centre.example", 1, language=language), place, 1)
        assert all(part in document for part in words.split("|")), document
        assert "hold.wav" in document


def test_a_browsers_key_is_good_for_ten_minutes_and_one_agents_calls_alone(services: Services) -> None:
    services.settings = services.settings.model_copy(
        update={
            "twilio_account_sid": "AC" + "1" * 32, "twilio_api_key_sid": "SK" + "2" * 32,
            "twilio_api_key_secret": SecretStr("s" * 32), "twilio_twiml_app_sid": "",
        }
    )  # fmt: skip
    _, claims, _ = browser.token_for(services, 7).split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert 0 < told["exp"] - time.time() <= browser.TTL_S == 600
    assert told["grants"]["identity"].endswith("7")
    assert told["grants"]["voice"] == {"incoming": {"allow": True}}
