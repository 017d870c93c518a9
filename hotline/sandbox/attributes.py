"""Reading the attributes of a verb: each is checked, and one that is unknown is a fault, as a spelling mistake would be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from lxml import etree

MAX_URL_CHARACTERS = 4000
SCHEMA = 12200
"""Twilio's number for a document that does not follow its schema."""
KEYS = frozenset("0123456789*#")


class BadTwiml(ValueError):
    """The answer is no TwiML that this carrier can follow; ``code`` is Twilio's number and the text says why."""

    def __init__(self, code: int, words: str) -> None:
        """``code`` is one of https://www.twilio.com/docs/api/errors."""
        super().__init__(words)
        self.code = code


class Attributes:
    """The attributes of one element; ``done`` refuses those that nobody asked for."""

    def __init__(self, element: etree._Element, base: str) -> None:
        """``base`` is the address the document came from."""
        self.verb, self.base = str(element.tag), base
        self._left = {str(name): str(value).strip() for name, value in element.attrib.items()}

    def text(self, name: str, default: str = "") -> str:
        """Return an attribute as it stands."""
        return self._left.pop(name, default)

    def whole(self, name: str, default: int, bounds: tuple[int, int], code: int = SCHEMA) -> int:
        """Return a whole number within ``bounds``, both included; raises ``BadTwiml``."""
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) <= 6 and bounds[0] <= int(text) <= bounds[1]):
            raise BadTwiml(code, f"{self.verb}: {name} must be a whole number from {bounds[0]} to {bounds[1]}")
        return int(text)

    def flag(self, name: str, default: bool, code: int = SCHEMA) -> bool:
        """Return true or false; raises ``BadTwiml``."""
        text = self.text(name, str(default)).lower()
        if text not in ("true", "false"):
            raise BadTwiml(code, f"{self.verb}: {name} must be true or false")
        return text == "true"

    def choice(self, name: str, default: str, known: Sequence[str], code: int = SCHEMA) -> str:
        """Return one of the ``known`` words; raises ``BadTwiml``."""
        text = self.text(name, default)
        if text not in known:
            raise BadTwiml(code, f"{self.verb}: {name} must be one of {', '.join(known)}")
        return text

    def method(self, name: str = "method", code: int = SCHEMA) -> str:
        """Return POST or GET; raises ``BadTwiml``."""
        return self.choice(name, "POST", ("POST", "GET"), code)

    def address(self, name: str, default: str = "") -> str:
        """Return an http address, relative ones from where the document came; raises ``BadTwiml``."""
        text = self.text(name)
        return absolute(self.base, text, f"{self.verb}: {name}") if text else default

    def keys(self, name: str, default: str, code: int) -> str:
        """Return the keys that end an input, of which there may be none; raises ``BadTwiml``."""
        text = self.text(name, default)
        if not set(text) <= KEYS:
            raise BadTwiml(code, f"{self.verb}: {name} must be keys of a telephone")
        return text

    def events(self, name: str, known: Sequence[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """Return the events somebody wants to hear of, separated by blanks; raises ``BadTwiml``."""
        found = tuple(self.text(name).split()) or default
        if unknown := [each for each in found if each not in known]:
            raise BadTwiml(SCHEMA, f"{self.verb}: {name} does not know {unknown[0][:30]}")
        return found

    def ignore(self, *names: str) -> None:
        """Pass over attributes that change nothing in a practice call."""
        for name in names:
            self._left.pop(name, None)

    def done(self) -> None:
        """Raise ``BadTwiml`` for an attribute that does not exist."""
        if self._left:
            raise BadTwiml(SCHEMA, f"{self.verb} has no attribute {sorted(self._left)[0][:40]}")


def absolute(base: str, text: str, what: str) -> str:
    """Return the address that ``text`` means in a document from ``base``; raises ``BadTwiml`` 11100 for none."""
    try:
        found = urljoin(base, text)
        parts = urlsplit(found)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        sound = False
    if not sound or len(found) > MAX_URL_CHARACTERS or not re.fullmatch(r"[\x21-\x7e]+", found):
        raise BadTwiml(11100, f"{what} is no address: {text[:60]}")
    return found


def words_of(element: etree._Element) -> str:
    """Return the text inside an element, without blanks around it."""
    return str(element.xpath("string()")).strip()
