"""Reading what the service wants done with a call: every verb is checked before any is followed, and nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Callable

from lxml import etree

from hotline.sandbox.attributes import SCHEMA, Attributes, BadTwiml, absolute, words_of
from hotline.sandbox.twiml_dial import read_dial
from hotline.sandbox.verbs import (
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
    Spoken,
    Verb,
)

MAX_VERBS = 100
MAX_DOCUMENT_BYTES = 64 * 1024
"""Twilio's limit (error 11750)."""
MAX_LINE_CHARACTERS = 4096
"""Longest text of one Say, as in Twilio's documentation."""
XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
"""What Twilio reads as TwiML; text/plain is read aloud and audio played."""
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
DIGITS = re.compile(r"[0-9*#wW]{1,120}")


def read_answer(status: int, content_type: str, document: bytes, base: str) -> list[Verb]:
    """Return the verbs of an HTTP answer from the address ``base``; raises ``BadTwiml`` with Twilio's number."""
    if not 200 <= status < 300:
        raise BadTwiml(11200, f"the service answered {status}" if status else "the service cannot be reached")
    if len(document) > MAX_DOCUMENT_BYTES:
        raise BadTwiml(11750, f"the answer is longer than {MAX_DOCUMENT_BYTES} bytes")
    if content_type == "text/plain":
        return [_line(document.decode("utf-8", "replace").strip(), "", 1)]
    if content_type.startswith("audio/"):
        return [Play(base)]
    if content_type not in XML_TYPES:
        raise BadTwiml(12300, f"the answer has the content type {content_type[:60] or '(none)'}, not text/xml")
    return read_twiml(document, base)


def read_twiml(document: bytes, base: str) -> list[Verb]:
    """Return the verbs of a document that was given at the address ``base``; raises ``BadTwiml``."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as problem:
        raise BadTwiml(12100, f"the answer is no XML: {problem}") from problem
    if root.tag != "Response" or root.getroottree().docinfo.internalDTD is not None:
        raise BadTwiml(12100, "the answer is no TwiML Response")
    verbs = [element for element in root if isinstance(element.tag, str)]
    if len(verbs) > MAX_VERBS:
        raise BadTwiml(SCHEMA, f"the answer has more than {MAX_VERBS} verbs")
    return [_read(element, base) for element in verbs]


def _read(element: etree._Element, base: str) -> Verb:
    reader = READERS.get(str(element.tag))
    if reader is None:
        raise BadTwiml(SCHEMA, f"this carrier does not know the verb {str(element.tag)[:30]}")
    attributes = Attributes(element, base)
    verb = reader(element, attributes)
    attributes.done()
    return verb


def _line(text: str, language: str, loop: int) -> Say:
    if len(text) > MAX_LINE_CHARACTERS:
        raise BadTwiml(13520, f"a Say is longer than {MAX_LINE_CHARACTERS} characters")
    return Say(text, language, loop)


def _say(element: etree._Element, given: Attributes) -> Say:
    given.ignore("voice")
    language = given.text("language")
    if language and not LANGUAGE.fullmatch(language):
        raise BadTwiml(13512, f"Say: language must be a tag as ko-KR, not {language[:30]}")
    return _line(words_of(element), language, given.whole("loop", 1, (0, 1000), 13510))


def _play(element: etree._Element, given: Attributes) -> Play:
    digits, text = given.text("digits"), words_of(element)
    if digits and not DIGITS.fullmatch(digits):
        raise BadTwiml(13410, "Play: digits must be keys and w")
    if not digits and not text:
        raise BadTwiml(13420, "Play: names no sound")
    url = absolute(given.base, text, "Play") if text else ""
    return Play(url, given.whole("loop", 1, (0, 1000), 13410), digits)


def _pause(element: etree._Element, given: Attributes) -> Pause:
    return Pause(given.whole("length", 1, (0, 600), 13910))


def _nested(element: etree._Element, base: str) -> tuple[Spoken, ...]:
    found: list[Spoken] = []
    for each in element:
        if not isinstance(each.tag, str):
            continue
        verb = _read(each, base) if each.tag in ("Say", "Play", "Pause") else None
        if not isinstance(verb, Spoken):
            raise BadTwiml(13320, f"Gather cannot hold {each.tag[:30]}")
        found.append(verb)
    return tuple(found)


def _gather(element: etree._Element, given: Attributes) -> Gather:
    given.ignore("language", "hints", "profanityFilter", "speechTimeout", "barge-in", "bargeIn", "debug", "enhanced")
    given.choice("input", "dtmf", ("dtmf",), 13325)
    digits = given.whole("numDigits", 0, (0, 1000), 13314)
    return Gather(
        lines=_nested(element, given.base),
        action=given.address("action", given.base),
        method=given.method(code=13312),
        num_digits=digits or None,
        timeout_s=float(given.whole("timeout", 5, (0, 600), 13313)),
        finish_on_key=given.keys("finishOnKey", "#", 13310)[:1],
        action_on_empty=given.flag("actionOnEmptyResult", False),
    )


def _record(element: etree._Element, given: Attributes) -> Record:
    given.ignore("trim", "transcribe", "transcribeCallback", "recordingTrack", "recordingStatusCallbackEvent")
    given.method("recordingStatusCallbackMethod")
    return Record(
        action=given.address("action", given.base),
        method=given.method(code=13610),
        max_length_s=given.whole("maxLength", 3600, (1, 14_400), 13612),
        timeout_s=float(given.whole("timeout", 5, (0, 600), 13611)),
        finish_on_key=given.keys("finishOnKey", "1234567890*#", 13613),
        beep=given.flag("playBeep", True, 13614),
        callback=given.address("recordingStatusCallback"),
    )


def _redirect(element: etree._Element, given: Attributes) -> Redirect:
    return Redirect(absolute(given.base, words_of(element), "Redirect"), given.method(code=13710))


def _hangup(element: etree._Element, given: Attributes) -> Hangup:
    return Hangup()


def _reject(element: etree._Element, given: Attributes) -> Reject:
    return Reject(given.choice("reason", "rejected", ("rejected", "busy")))


def _enqueue(element: etree._Element, given: Attributes) -> Enqueue:
    name = words_of(element)
    if not 0 < len(name) <= 64:
        raise BadTwiml(SCHEMA, "Enqueue: the name of the queue must have 1 to 64 characters")
    return Enqueue(
        name=name,
        action=given.address("action"),
        method=given.method(),
        wait_url=given.address("waitUrl"),
        wait_method=given.method("waitUrlMethod"),
    )


def _leave(element: etree._Element, given: Attributes) -> Leave:
    return Leave()


READERS: dict[str, Callable[[etree._Element, Attributes], Verb]] = {
    "Say": _say, "Play": _play, "Pause": _pause, "Gather": _gather, "Record": _record, "Redirect": _redirect,
    "Hangup": _hangup, "Reject": _reject, "Enqueue": _enqueue, "Leave": _leave, "Dial": read_dial,
}  # fmt: skip
"""Every verb of the contract; any other is refused, so that a document that Twilio would stumble over is found here."""
