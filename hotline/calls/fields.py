"""What of a webhook is read: few fields, each in its documented form and within a length."""

from __future__ import annotations

import re
from typing import NamedTuple

from flask import request

from hotline.calls.menus import NODE_NAME
from hotline.core.errors import InvalidInput
from hotline.providers.voice import STATUS_RANK

_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESSED = re.compile(r"sips?:(\+[1-9][0-9]{6,14})@", re.IGNORECASE)
"""A call over SIP names both ends by an address; the number is its first part."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,80}")
_DIVERTED = re.compile(r"[^+0-9]{0,40}(?:\+|00)([1-9][0-9]{6,14})(?![0-9])")
_SMALL = re.compile(r"[0-9]{1,9}")
_ID = re.compile(r"[0-9]{1,18}")
_WORD = re.compile(r"[a-z][a-z-]{0,39}")
_NODE = re.compile(NODE_NAME)
_KEYS = re.compile(r"[0-9#*]{0,1}")
WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""What Twilio puts in place of a number that was withheld (ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE on the keys)."""
SENTENCES = frozenset({"", "left", "passed_on", "abuse_warned", "abuse_warned_again"})


class Ring(NamedTuple):
    """A call that comes in; numbers are E.164 or empty."""

    sid: str
    phone: str
    called: str
    forwarded_from: str
    context: str = ""
    """The forwarding webhook's one-time token, from a header of the embassy's exchange."""
    diversion: str = ""
    """The number that was forwarded, from a header that the exchange copied from its Diversion."""


def field(name: str, form: re.Pattern[str], *, optional: bool = False) -> str:
    """Return a field of the form; raises InvalidInput when it is not as documented."""
    value = request.form.get(name, "")
    if (optional and not value) or form.fullmatch(value):
        return value
    raise InvalidInput(name, value, "send the field in the provider's documented form")


def call_sid() -> str:
    """Return the provider's name of the leg that the webhook is about."""
    return field("CallSid", _SID)


def ring() -> Ring:
    """Read a call that comes in."""
    phone = telephone("From")
    return Ring(
        call_sid(), "" if phone in WITHHELD else phone, telephone("To"), telephone("ForwardedFrom"),
        context_token(), diverted_from(),
    )  # fmt: skip


def context_token() -> str:
    """Return the one-time token of a SIP header `X-Hotline-Context`; empty for none, and for what is no token."""
    value = request.form.get("SipHeader_X-Hotline-Context", "").strip()[:80]
    return value if _TOKEN.fullmatch(value) else ""


def diverted_from() -> str:
    """Return the number of a SIP header `X-Diversion` (`<sip:+8621…@exchange>;reason=…`, or the number alone); empty for none."""
    for name in ("SipHeader_X-Diversion", "SipHeader_X-Original-Called"):
        found = _DIVERTED.match(request.form.get(name, "").strip()[:200])
        if found is not None:
            return f"+{found.group(1)}"
    return ""


def telephone(name: str) -> str:
    """Return a number in E.164, also of a SIP address; empty for one that is withheld, missing, or no number at all."""
    value = request.form.get(name, "").strip()[:80]
    if (addressed := _ADDRESSED.match(value)) is not None:
        return addressed.group(1)
    return value if _NUMBER.fullmatch(value) else ""


def pressed() -> str:
    """Return the key that was pressed; empty for none, and for what is no single key."""
    value = request.form.get("Digits", "")[:1]
    return value if _KEYS.fullmatch(value) else ""


def status() -> str:
    """Return the provider's word about the leg."""
    value = request.form.get("CallStatus", "")
    if value not in STATUS_RANK:
        raise InvalidInput("CallStatus", value, "use one of the provider's documented words")
    return value


def word(name: str) -> str:
    """Return a documented word, empty when it is missing."""
    return field(name, _WORD, optional=True)


def dialled() -> str:
    """Return how a telephone outside was reached: `unscreened` when it was picked up and nobody there pressed the key."""
    how = word("DialCallStatus")
    return "unscreened" if how in ("completed", "answered") and request.form.get("DialBridged") == "false" else how


def sid(name: str) -> str:
    """Return a provider's name of a thing, empty when it is missing."""
    return field(name, _SID, optional=True)


def small(name: str) -> int:
    """Return a whole number of the form, 0 when it is missing."""
    return int(field(name, _SMALL, optional=True) or 0)


def given_id(name: str) -> int:
    """Return an id from the address, which we made and the provider signed."""
    value = request.args.get(name, "")
    if not value.isascii() or not _ID.fullmatch(value):
        raise InvalidInput(name, value, "give the numbers as in our own address")
    return int(value)


def turn() -> int:
    """Return which document of the call this follows on."""
    return given_id("turn")


def sentence() -> str:
    """Return which of our own sentences is to be said first; empty for none."""
    value = request.args.get("say", "")
    if value not in SENTENCES:
        raise InvalidInput("say", value, "give the words as in our own address")
    return value


def anybody() -> Ring:
    """Read who is on the line for the emergency document, whatever else is wrong with the request."""
    value = request.form.get("CallSid", "")
    return Ring(
        value if _SID.fullmatch(value) else "", telephone("From"), telephone("To"), telephone("ForwardedFrom"),
        context_token(), diverted_from(),
    )  # fmt: skip


def node() -> str:
    """Return which question of the menu a key was pressed in."""
    value = request.args.get("node", "")
    if not _NODE.fullmatch(value):
        raise InvalidInput("node", value, "give the words as in our own address")
    return value


def error_code() -> str:
    """Return the provider's error code, empty for none."""
    value = request.form.get("ErrorCode", "")[:10]
    return value if value.isascii() and value.isdigit() and value != "0" else ""
