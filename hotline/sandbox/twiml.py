"""Reading what the service wants said on the telephone: the few verbs a warning needs, in order, nothing ever fetched."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree

MAX_VERBS = 50
MAX_LINE_CHARACTERS = 4096
"""Longest text of one Say, as in Twilio's documentation."""


class BadTwiml(ValueError):
    """The answer is no TwiML that this carrier can follow; the text says why."""


@dataclass(frozen=True)
class Say:
    """Something is said; ``language`` is a BCP 47 tag or empty."""

    text: str
    language: str


@dataclass(frozen=True)
class Wait:
    """Keys are waited for while and after the lines are said."""

    lines: tuple[Say, ...]
    action: str
    num_digits: int
    timeout_s: float


@dataclass(frozen=True)
class Redirect:
    """The service has more to say at another address."""

    url: str


@dataclass(frozen=True)
class Hangup:
    """The service ends the call."""


Verb = Say | Wait | Redirect | Hangup


def read_twiml(document: bytes, base: str) -> list[Verb]:
    """Return the verbs of a document that was given at the address ``base``; raises ``BadTwiml``."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as problem:
        raise BadTwiml(f"the answer is no XML: {problem}") from problem
    if root.tag != "Response" or root.getroottree().docinfo.internalDTD is not None:
        raise BadTwiml("the answer is no TwiML Response")
    if len(root) > MAX_VERBS:
        raise BadTwiml(f"the answer has more than {MAX_VERBS} verbs")
    return [_read(element, base) for element in root if isinstance(element.tag, str) and element.tag != "Pause"]


def _read(element: etree._Element, base: str) -> Verb:
    if element.tag == "Say":
        return _say(element)
    if element.tag == "Gather":
        digits, timeout = element.get("numDigits", "20"), element.get("timeout", "5")
        if not digits.isdecimal() or not timeout.isdecimal() or len(digits + timeout) > 6:
            raise BadTwiml("a Gather's numDigits and timeout must be whole numbers")
        lines = tuple(_say(each) for each in element if each.tag == "Say")
        action = urljoin(base, element.get("action") or base)
        return Wait(lines, action, max(1, int(digits)), float(timeout))
    if element.tag == "Redirect":
        return Redirect(urljoin(base, _text(element)))
    if element.tag == "Hangup":
        return Hangup()
    raise BadTwiml(f"this carrier does not know the verb {str(element.tag)[:30]}")


def _say(element: etree._Element) -> Say:
    text = _text(element)
    if len(text) > MAX_LINE_CHARACTERS:
        raise BadTwiml(f"a Say is longer than {MAX_LINE_CHARACTERS} characters")
    return Say(text, element.get("language", ""))


def _text(element: etree._Element) -> str:
    return str(element.xpath("string()")).strip()
