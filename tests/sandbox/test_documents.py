"""Documents on a call: what is read, refused and replaced by the fallback, and questions, recordings and endings."""

from __future__ import annotations

import io
import wave
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException

from hotline.sandbox.attributes import BadTwiml
from hotline.sandbox.settings import Behaviour
from hotline.sandbox.twiml import read_answer, read_twiml
from tests.sandbox.conftest import SENDER, RunningSandbox, wait_until
from tests.sandbox.service import Service
from tests.sandbox.test_inbound_calls import CALLER, last


def ring(sandbox: RunningSandbox, service: Service, page: str | None = None) -> None:
    if page is not None:
        service.pages["/voice"] = f"<Response>{page}</Response>"
    sandbox.control.add_handsets([{"number": CALLER}])
    sandbox.control.use_handset(CALLER, "dial", SENDER)


def over(sandbox: RunningSandbox) -> str:
    wait_until(lambda: last(sandbox)["status"] not in ("ringing", "in-progress"))
    return str(last(sandbox)["status"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<Say>x", 12100), ("<Shout/>", 12200), ("<Say voise='x'>x</Say>", 12200), ("<Say loop='x'>x</Say>", 13510),
        ("<Say language='한국'>x</Say>", 13512), ("<Play/>", 13420), ("<Pause length='-1'/>", 13910),
        ("<Gather numDigits='x'/>", 13314), ("<Gather timeout='x'/>", 13313), ("<Gather finishOnKey='x'/>", 13310),
        ("<Gather input='speech'/>", 13325), ("<Gather><Dial/></Gather>", 13320), ("<Redirect>ftp://x</Redirect>", 11100),
        ("<Dial>12</Dial>", 13223), ("<Dial callerId='x'>+821012340001</Dial>", 13214), ("<Dial timeout='0'>+8210</Dial>", 13223),
        ("<Dial><Conference muted='x'>a</Conference></Dial>", 13230), ("<Dial/>", 13221), ("<Enqueue/>", 12200),
        ("<Dial><Number sendDigits='x'>+821012340001</Number></Dial>", 13222), ("<Reject reason='x'/>", 12200),
        (f"<Say>{'x' * 4097}</Say>", 13520), ("<Dial><Conference>a</Conference>+821012340001</Dial>", 12200),
        ("<Redirect method='PUT'>/x</Redirect>", 13710), ("<Record maxLength='0'/>", 13612), ("<Say/>" * 101, 12200),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_a_document_that_is_wrong_is_refused_with_twilios_number(body: str, code: int) -> None:
    with pytest.raises(BadTwiml) as caught:
        read_twiml(f"<Response>{body}</Response>".encode(), "http://h/a")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "kind", "document", "code"),
    [
        (500, "text/xml", b"<Response/>", 11200), (302, "text/xml", b"", 11200), (200, "application/json", b"{}", 12300),
        (200, "", b"<Response/>", 12300), (200, "text/xml", b" " * 65_537, 11750), (200, "text/html", b"<html/>", 12100),
    ],
)  # fmt: skip
def test_an_answer_in_another_form_is_refused(status: int, kind: str, document: bytes, code: int) -> None:
    with pytest.raises(BadTwiml) as caught:
        read_answer(status, kind, document, "http://h/a")
    assert caught.value.code == code


@given(st.text(alphabet="<>/='\" aDSRGcdeghiklmnoprstuy&;0123456789", max_size=200))
def test_no_document_breaks_the_reader(body: str) -> None:
    for text in (body, f"<Response><Dial>{body}</Dial></Response>", f"<Response><Gather {body}/></Response>"):
        with suppress(BadTwiml):
            read_twiml(text.encode(), "http://h/")


def test_the_fallback_is_asked_with_the_error_and_ends_the_silence(sandbox: RunningSandbox, service: Service) -> None:
    service.statuses["/voice"] = 500
    service.pages["/fallback"] = "<Response><Say language='ko-KR'>잠시만 기다려 주십시오</Say></Response>"
    ring(sandbox, service)
    assert over(sandbox) == "completed"
    (asked,) = service.of("/fallback")
    assert (asked.fields["ErrorCode"], asked.fields["ErrorUrl"]) == ("11200", service.url + "/voice")
    assert "잠시만 기다려 주십시오" in last(sandbox)["lines"]
    (alert,) = sandbox.control.record("alerts")
    assert (alert["code"], alert["call"]) == (11200, last(sandbox)["sid"])


def test_without_a_working_fallback_the_caller_hears_the_application_error(
    sandbox: RunningSandbox, service: Service
) -> None:
    service.kinds |= {"/voice": "application/json", "/fallback": "text/html"}
    service.pages["/fallback"] = "<!doctype html><html><body>502</body></html>"
    ring(sandbox, service)
    assert over(sandbox) == "completed"
    assert "application error" in last(sandbox)["lines"][-1]
    assert [each["code"] for each in sandbox.control.record("alerts")] == [12300, 12100]


def test_a_service_that_is_away_is_an_error_too(sandbox: RunningSandbox) -> None:
    sandbox.control.set_numbers({"number": SENDER, "voice_url": "http://127.0.0.1:9/voice"})
    sandbox.control.add_handsets([{"number": CALLER}])
    sandbox.control.use_handset(CALLER, "dial", SENDER)
    assert over(sandbox) == "completed"
    assert sandbox.control.record("alerts")[0]["code"] == 11205


@pytest.mark.nightly
def test_a_service_that_takes_longer_than_fifteen_seconds_is_given_up(
    sandbox: RunningSandbox, service: Service
) -> None:
    service.waits_s["/voice"] = 16
    assert_given_up(sandbox, service)


def test_a_service_that_takes_longer_than_the_carriers_patience_is_given_up(
    sandbox: RunningSandbox, service: Service
) -> None:
    sandbox.control.behave(webhook_ms=1_000)
    service.waits_s["/voice"] = 4
    assert_given_up(sandbox, service)


def assert_given_up(sandbox: RunningSandbox, service: Service) -> None:
    service.pages["/fallback"] = "<Response><Say>Sorry</Say></Response>"
    ring(sandbox, service)
    wait_until(lambda: service.of("/fallback"), 20)
    (asked,) = service.of("/fallback")
    assert (asked.fields["ErrorCode"], asked.fields["ErrorUrl"]) == ("11205", service.url + "/voice")
    assert over(sandbox) == "completed" and last(sandbox)["lines"][-1] == "Sorry"
    assert len(service.of("/voice")) == 1, "a document is not asked for twice"


def test_fifteen_seconds_are_granted_unless_told_otherwise() -> None:
    assert Behaviour().webhook_ms == 15_000


def test_documents_that_lead_in_a_circle_end_the_call(sandbox: RunningSandbox, service: Service) -> None:
    ring(sandbox, service, "<Say>x</Say><Redirect>/voice</Redirect>")
    assert over(sandbox) == "completed"
    assert len(service.of("/voice")) == 100


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
def test_a_rejected_call_is_never_answered(sandbox: RunningSandbox, service: Service, reason: str, status: str) -> None:
    ring(sandbox, service, f"<Reject reason='{reason}'/>")
    assert over(sandbox) == status
    assert last(sandbox)["started"] is None
    wait_until(lambda: service.of("/status", CallStatus=status))


def test_keys_end_by_number_finish_key_and_time(sandbox: RunningSandbox, service: Service) -> None:
    service.pages["/key"] = "<Response><Gather timeout='1' action='/next'/><Say>Nothing</Say></Response>"
    ring(sandbox, service, "<Gather timeout='60' action='/key'/>")
    wait_until(lambda: last(sandbox)["wants_key"])
    sandbox.control.use_handset(CALLER, "press", "12#")
    wait_until(lambda: service.of("/key"))
    fields = service.of("/key")[0].fields
    assert (fields["Digits"], fields["FinishedOnKey"]) == ("12", "#")
    wait_until(lambda: last(sandbox)["wants_key"])
    sandbox.control.use_handset(CALLER, "press", "7")
    wait_until(lambda: service.of("/next", Digits="7"))


def test_an_empty_answer_goes_on_or_is_asked_for(sandbox: RunningSandbox, service: Service) -> None:
    service.pages["/empty"] = "<Response><Gather timeout='0'><Say>A</Say></Gather><Say>went on</Say></Response>"
    ring(sandbox, service, "<Gather timeout='0' action='/empty' method='GET' actionOnEmptyResult='true'/>")
    assert over(sandbox) == "completed"
    (asked,) = service.of("/empty")
    assert (asked.method, asked.fields["Digits"]) == ("GET", "")
    assert last(sandbox)["lines"][-1] == "went on"


def test_a_message_is_recorded_and_its_sound_can_be_fetched(sandbox: RunningSandbox, service: Service) -> None:
    ring(sandbox, service, "<Record action='/kept' timeout='60' finishOnKey='#' recordingStatusCallback='/recorded'/>")
    wait_until(lambda: "· beep" in last(sandbox)["lines"])
    sandbox.control.use_handset(CALLER, "talk", "도와주세요")
    wait_until(lambda: last(sandbox)["updated"] and sandbox.control.record("recordings"))
    requests.get(sandbox.url, timeout=5)
    sandbox.control.use_handset(CALLER, "press", "#")
    wait_until(lambda: service.of("/kept") and service.of("/recorded"))
    fields = service.of("/kept")[0].fields
    (kept,) = sandbox.control.record("recordings")
    assert (fields["RecordingSid"], fields["Digits"]) == (kept["sid"], "#")
    assert kept["words"] == [f"{CALLER}: 도와주세요"]
    assert service.of("/recorded")[0].fields["RecordingStatus"] == "completed"
    auth = (sandbox.account_sid, sandbox.auth_token)
    assert requests.get(fields["RecordingUrl"], timeout=5).status_code == 401
    sound = requests.get(fields["RecordingUrl"] + ".wav", auth=auth, timeout=5).content
    with wave.open(io.BytesIO(sound)) as read:
        assert abs(read.getnframes() / read.getframerate() - kept["duration_s"]) < 0.01
    sandbox.sdk().recordings(kept["sid"]).delete()
    assert sandbox.sdk().recordings.list() == []


def test_silence_and_hanging_up_end_a_recording(sandbox: RunningSandbox, service: Service) -> None:
    ring(sandbox, service, "<Record action='/kept' timeout='1'/><Say>No message</Say>")
    assert over(sandbox) == "completed"
    assert last(sandbox)["lines"][-1] == "No message"
    assert service.of("/kept") == []
    ring(sandbox, service, "<Record action='/kept' timeout='60'/>")
    wait_until(lambda: "· beep" in last(sandbox)["lines"])
    sandbox.control.use_handset(CALLER, "talk", "Help")
    sandbox.control.use_handset(CALLER, "hangup")
    wait_until(lambda: service.of("/kept", Digits="hangup", CallStatus="completed"))


def test_a_call_is_recorded_by_the_api_paused_and_stopped(sandbox: RunningSandbox, service: Service) -> None:
    ring(sandbox, service, "<Pause length='0'/><Say>Hello</Say><Pause length='60'/>")
    wait_until(lambda: last(sandbox)["status"] == "in-progress")
    recordings = sandbox.sdk().calls(last(sandbox)["sid"]).recordings
    made = recordings.create(recording_status_callback=service.url + "/recorded")
    assert recordings(made.sid).update(status="paused").status == "paused"
    assert recordings("Twilio.CURRENT").update(status="in-progress").status == "in-progress"
    assert recordings(made.sid).update(status="stopped").status == "completed"
    wait_until(lambda: service.of("/recorded", RecordingSid=made.sid))
    with pytest.raises(TwilioRestException) as caught:
        recordings(made.sid).update(status="paused")
    assert caught.value.code == 20001


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("callback_double", ["initiated", "initiated", "ringing", "ringing", "in-progress", "in-progress"]),
        ("callback_lost", []),
        ("callback_reorder", ["ringing", "initiated"]),
    ],
)
def test_reports_are_doubled_lost_and_turned_round(
    sandbox: RunningSandbox, service: Service, fault: str, seen: list[str]
) -> None:
    sandbox.control.set_fault(fault, CALLER)
    sandbox.control.set_habit(CALLER, "answer", after_ms=50)
    sandbox.sdk().calls.create(
        to=CALLER, from_=SENDER, twiml="<Response><Pause length='60'/></Response>", status_callback=service.url + "/s",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )  # fmt: skip
    wait_until(lambda: last(sandbox)["status"] == "in-progress")
    wait_until(lambda: len(service.of("/s")) >= len(seen))
    arrived = service.events("/s", "CallStatus")[: len(seen)]
    # What is sent twice at the same moment may arrive in any order.
    assert (arrived if fault == "callback_reorder" else sorted(arrived)) == (
        seen if fault == "callback_reorder" else sorted(seen)
    )


def test_calls_what_was_said_rooms_and_recordings_survive_a_kill(tmp_path: Path) -> None:
    mortal = RunningSandbox(tmp_path, "--sent-ms", "5")
    try:
        mortal.control.behave(char_ms=0)
        mortal.control.set_habit(CALLER, "answer")
        twiml = "<Response><Say>안녕</Say><Dial><Conference>r</Conference></Dial></Response>"
        call = mortal.sdk().calls.create(to=CALLER, from_=SENDER, twiml=twiml, record=True)
        wait_until(lambda: mortal.sdk().conferences.list() and mortal.control.record("recordings"))
        wait_until(lambda: "♪ hold-music" in last(mortal)["lines"])
        wait_until(lambda: (tmp_path / "sandbox" / "journal.jsonl").read_text().count("hold-music"))
        mortal.kill()
        mortal.start()
        assert mortal.sdk().calls(call.sid).fetch().status == "failed"
        assert [each["text"] for each in last(mortal)["heard"]] == ["안녕", "entered r", "hold-music"]
        assert mortal.sdk().conferences.list()[0].status == "completed"
        assert mortal.sdk().recordings.list(call_sid=call.sid)[0].status == "completed"
        mortal.sdk().calls(call.sid).delete()
        mortal.stop()
        mortal.start()
        assert mortal.control.calls() == []
    finally:
        mortal.stop()
