"""Reading a Dial: its numbers, clients, SIP addresses, a conference or a queue."""

from __future__ import annotations

import re

from lxml import etree

from hotline.sandbox.attributes import SCHEMA, Attributes, BadTwiml, words_of
from hotline.sandbox.handsets import NUMBER
from hotline.sandbox.verbs import Dial, Leg, Room

MAX_LEGS = 10
CLIENT = re.compile(r"[A-Za-z0-9_.@+-]{1,121}")
SIP = re.compile(r"sips?:[A-Za-z0-9_.!~*'()&=+$,;?/%-]{1,120}@[A-Za-z0-9.:-]{1,120}(;[\x21-\x7e]{1,200})?")
CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
ROOM_EVENTS = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
RECORDINGS = (
    "do-not-record", "record-from-answer", "record-from-ringing", "record-from-answer-dual", "record-from-ringing-dual",
    "true", "false",
)  # fmt: skip
DIGITS = re.compile(r"[0-9*#wW]{0,32}")


def read_dial(element: etree._Element, given: Attributes) -> Dial:
    """Return the Dial; raises ``BadTwiml`` with Twilio's number for what is wrong with it."""
    given.ignore("answerOnBridge", "ringTone", "trim", "recordingTrack", "sequential", "recordingStatusCallbackEvent")
    given.ignore("referUrl", "referMethod", "events")
    given.method("recordingStatusCallbackMethod")
    caller_id = given.text("callerId")
    if caller_id and not (NUMBER.fullmatch(caller_id) or caller_id.startswith("client:")):
        raise BadTwiml(13214, f"Dial: callerId must be a number, not {caller_id[:30]}")
    record = given.choice("record", "do-not-record", RECORDINGS)
    legs, rooms, queues = _nouns(element, given.base)
    if len(legs) > MAX_LEGS:
        raise BadTwiml(SCHEMA, f"Dial: at most {MAX_LEGS} can be rung at once")
    if bool(legs) + len(rooms) + len(queues) != 1:
        raise BadTwiml(
            13221 if not (legs or rooms or queues) else SCHEMA, "Dial: needs numbers or one room or one queue"
        )
    return Dial(
        legs=tuple(legs),
        room=rooms[0] if rooms else None,
        queue=queues[0] if queues else "",
        action=given.address("action"),
        method=given.method(),
        ring_s=given.whole("timeout", 30, (1, 600), 13212),
        limit_s=given.whole("timeLimit", 14_400, (1, 86_400), 13216),
        caller_id=caller_id,
        hang_up_on_star=given.flag("hangupOnStar", False, 13213),
        record=record not in ("do-not-record", "false"),
        recording_callback=given.address("recordingStatusCallback"),
    )


def _nouns(element: etree._Element, base: str) -> tuple[list[Leg], list[Room], list[str]]:
    legs: list[Leg] = []
    rooms: list[Room] = []
    queues: list[str] = []
    plain = (element.text or "").strip()
    if plain:
        legs.append(Leg(_number(plain)))
    for each in element:
        if not isinstance(each.tag, str):
            continue
        if (each.tail or "").strip():
            raise BadTwiml(SCHEMA, "Dial: holds words beside its numbers")
        given = Attributes(each, base)
        if each.tag == "Conference":
            rooms.append(_room(each, given))
        elif each.tag == "Queue":
            given.ignore("url", "method")
            queues.append(_name(words_of(each), "Queue"))
        elif each.tag in ("Number", "Client", "Sip"):
            legs.append(_leg(each, given))
        else:
            raise BadTwiml(SCHEMA, f"Dial cannot hold {each.tag[:30]}")
        given.done()
    return legs, rooms, queues


def _leg(element: etree._Element, given: Attributes) -> Leg:
    given.ignore("byoc", "username", "password", "machineDetection")
    given.method("statusCallbackMethod")
    digits = given.text("sendDigits")
    if not DIGITS.fullmatch(digits):
        raise BadTwiml(13222, "Number: sendDigits must be keys and w")
    return Leg(
        address=_address(element),
        url=given.address("url"),
        method=given.method(),
        callback=given.address("statusCallback"),
        events=given.events("statusCallbackEvent", CALL_EVENTS, ("completed",)),
        send_digits=digits,
    )


def _address(element: etree._Element) -> str:
    text = words_of(element)
    if element.tag == "Number":
        return _number(text)
    if element.tag == "Sip":
        if not SIP.fullmatch(text):
            raise BadTwiml(SCHEMA, f"Sip: not an address: {text[:40]}")
        return text
    identity = element.find("Identity")
    name = words_of(identity) if identity is not None else text
    if not CLIENT.fullmatch(name):
        raise BadTwiml(SCHEMA, f"Client: not a name: {name[:40]}")
    return f"client:{name}"


def _number(text: str) -> str:
    found = re.sub(r"[\s().-]", "", text)
    if not NUMBER.fullmatch(found):
        raise BadTwiml(13223, f"Dial: not a number: {text[:30]}")
    return found


def _name(text: str, what: str) -> str:
    if not 0 < len(text) <= 128:
        raise BadTwiml(SCHEMA, f"{what}: the name must have 1 to 128 characters")
    return text


def _room(element: etree._Element, given: Attributes) -> Room:
    given.ignore("jitterBufferSize", "region", "trim", "eventCallbackUrl", "recordingStatusCallbackEvent")
    given.method("statusCallbackMethod")
    given.method("recordingStatusCallbackMethod")
    record = given.choice("record", "do-not-record", ("do-not-record", "record-from-start", "true", "false"))
    label = given.text("participantLabel")
    if len(label) > 128:
        raise BadTwiml(SCHEMA, "Conference: participantLabel has at most 128 characters")
    return Room(
        name=_name(words_of(element), "Conference"),
        muted=given.flag("muted", False, 13230),
        beep=given.choice("beep", "true", ("true", "false", "onEnter", "onExit"), 13235),
        start_on_enter=given.flag("startConferenceOnEnter", True, 13232),
        end_on_exit=given.flag("endConferenceOnExit", False, 13231),
        wait_url=given.address("waitUrl"),
        wait_method=given.method("waitMethod", 13234),
        most=given.whole("maxParticipants", 250, (2, 250)),
        record=record in ("record-from-start", "true"),
        label=label,
        coach=given.text("coach"),
        callback=given.address("statusCallback"),
        events=given.events("statusCallbackEvent", ROOM_EVENTS, ("start", "end")),
        recording_callback=given.address("recordingStatusCallback"),
    )
