"""Reading the forms of Twilio's Calls and Participants APIs; every fault is refused with Twilio's number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from hotline.sandbox.attributes import BadTwiml
from hotline.sandbox.calls import Call
from hotline.sandbox.exchange import make_call
from hotline.sandbox.handsets import NUMBER
from hotline.sandbox.refusals import Refusal
from hotline.sandbox.twilio_api import MAX_FORM_FIELDS, parse_callback
from hotline.sandbox.twiml import read_twiml
from hotline.sandbox.twiml_dial import CLIENT, DIGITS, ROOM_EVENTS, SIP
from hotline.sandbox.verbs import Room

EVENTS = ("initiated", "ringing", "answered", "completed")
LONGEST_RING_S = 600
MAX_TWIML_CHARACTERS = 4_000


@dataclass(frozen=True)
class Form:
    """A form whose fields may come more than once."""

    values: Mapping[str, str]
    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """Return the last value of a field, without blanks around it."""
        return self.values.get(name, default).strip()

    def all(self, name: str) -> list[str]:
        """Return every value of a field; several in one value are separated by blanks."""
        return [word for key, value in self.pairs if key == name for word in value.split()]

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false; raises ``Refusal`` 20001."""
        text = self.get(name).lower()
        if text not in ("", "true", "false"):
            raise Refusal(20001, f"{name} must be true or false")
        return default if not text else text == "true"

    def address(self, name: str, code: int = 21609) -> str:
        """Return an http address, empty for none; raises ``Refusal``."""
        text = self.get(name)
        try:
            return parse_callback(text)
        except Refusal as refusal:
            raise Refusal(code, text) from refusal

    def method(self, name: str) -> str:
        """Return POST or GET; raises ``Refusal`` 20001."""
        text = self.get(name, "POST").upper() or "POST"
        if text not in ("POST", "GET"):
            raise Refusal(20001, f"{name} must be POST or GET")
        return text


async def read_fields(request: web.Request) -> Form:
    """Return a form; like Twilio, take any other content type for one without fields. Raises ``Refusal``."""
    if request.content_type != "application/x-www-form-urlencoded":
        return Form({}, ())
    try:
        text = (await request.read()).decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError as problem:
        raise Refusal(20001, f"more than {MAX_FORM_FIELDS} fields") from problem
    return Form(dict(pairs), tuple(pairs))


def read_target(to: str) -> str:
    """Return whom a call is for: a number, a client or a SIP address; raises ``Refusal``."""
    if not to:
        raise Refusal(21201)
    if to.startswith("client:") and CLIENT.fullmatch(to.removeprefix("client:")):
        return to
    if not NUMBER.fullmatch(to) and not SIP.fullmatch(to):
        raise Refusal(21217, to)
    return to


def read_instructions(form: Form) -> tuple[str, str]:
    """Return the address or the document that a call is to follow; raises ``Refusal``."""
    url, twiml = form.get("Url"), form.get("Twiml")
    if twiml:
        if len(twiml) > MAX_TWIML_CHARACTERS:
            raise Refusal(21240)
        try:
            read_twiml(twiml.encode(), "http://localhost/")
        except BadTwiml as problem:
            raise Refusal(problem.code if problem.code in (12100,) else 12200, str(problem)) from problem
        return "", twiml
    return form.address("Url") or url, ""


def read_call(form: Form, attempt: int) -> Call:
    """Check the form of a create request; raises ``Refusal`` with Twilio's code for the first fault."""
    to, sender = read_target(form.get("To")), form.get("From")
    if not sender:
        raise Refusal(21213)
    if not NUMBER.fullmatch(sender) and not sender.startswith("client:"):
        raise Refusal(21212, sender)
    url, twiml = read_instructions(form)
    if not url and not twiml:
        raise Refusal(21205, url)
    return make_call(to=to, sender=sender, url=url, twiml=twiml, attempt=attempt, **read_manner(form))


def read_manner(form: Form) -> dict[str, Any]:
    """Return how a call is rung, reported and recorded; raises ``Refusal``."""
    ring = form.get("Timeout") or "60"
    if not ring.isascii() or not ring.isdigit() or len(ring) > 4 or not 1 <= int(ring) <= LONGEST_RING_S:
        raise Refusal(20001, "Timeout must be 1 to 600 seconds")
    events = form.all("StatusCallbackEvent")
    if unknown := [event for event in events if event not in EVENTS]:
        raise Refusal(20001, f"StatusCallbackEvent {unknown[0]}")
    digits = form.get("SendDigits")
    if not DIGITS.fullmatch(digits):
        raise Refusal(20001, "SendDigits must be keys and w")
    form.method("StatusCallbackMethod")
    return {
        "method": form.method("Method"),
        "fallback_url": form.address("FallbackUrl"),
        "callback_url": form.address("StatusCallback"),
        "events": events or ["completed"],
        "ring_s": int(ring),
        "send_digits": digits,
        "detect_machine": form.get("MachineDetection") in ("Enable", "DetectMessageEnd"),
        "record": form.flag("Record", False),
        "recording_callback": form.address("RecordingStatusCallback"),
    }


def read_room(form: Form, name: str) -> Room:
    """Return the entry of a participant that the API calls in; raises ``Refusal``."""
    events = form.all("ConferenceStatusCallbackEvent")
    if unknown := [event for event in events if event not in ROOM_EVENTS]:
        raise Refusal(20001, f"ConferenceStatusCallbackEvent {unknown[0]}")
    beep = form.get("Beep") or "true"
    if beep not in ("true", "false", "onEnter", "onExit"):
        raise Refusal(20001, "Beep must be true, false, onEnter or onExit")
    label = form.get("Label")
    if len(label) > 128:
        raise Refusal(20001, "Label has at most 128 characters")
    coach = form.get("CallSidToCoach")
    if form.flag("Coaching", False) and not coach:
        raise Refusal(20001, "Coaching needs CallSidToCoach")
    return Room(
        name=name,
        muted=form.flag("Muted", False),
        beep=beep,
        start_on_enter=form.flag("StartConferenceOnEnter", True),
        end_on_exit=form.flag("EndConferenceOnExit", False),
        wait_url=form.address("WaitUrl"),
        wait_method=form.method("WaitMethod"),
        record=form.get("ConferenceRecord") in ("true", "record-from-start"),
        label=label,
        coach=coach if form.flag("Coaching", bool(coach)) else "",
        callback=form.address("ConferenceStatusCallback"),
        events=tuple(events) or ("start", "end"),
        recording_callback=form.address("ConferenceRecordingStatusCallback"),
    )
