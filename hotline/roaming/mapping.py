"""How each carrier writes its events, read into one form; pure.

Every carrier's system is another product, so a style says where number, network and time stand and in what form. A new
carrier with one of these forms is a row; one with another form is an entry here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hotline.core.errors import InvalidInput
from hotline.core.phone import to_e164
from hotline.geo.countries import NOWHERE
from hotline.geo.networks import country_of_network

MAX_EVENTS = 1_000
MAX_AGE = timedelta(days=7)
"""An older event says nothing about where anybody is."""
AHEAD = timedelta(minutes=5)
"""How far a carrier's clock may be ahead of ours."""
MIN_MCC_DIGITS, MAX_PLMN_DIGITS = 3, 6


class Event(NamedTuple):
    """A number (E.164) has registered in a country (ISO) at a time (aware)."""

    phone: str
    country: str
    at: datetime


@dataclass(frozen=True)
class Style:
    """Where a carrier writes what; `events` is the key of the list, empty for a bare list."""

    label: str
    events: str
    phone: Callable[[Mapping[str, Any]], str]
    network: Callable[[Mapping[str, Any]], tuple[str, str]]
    at: Callable[[Mapping[str, Any]], datetime]


@dataclass(frozen=True)
class Read:
    """What a body says: events that can be used, and how many cannot."""

    events: list[Event]
    refused: int


def read(style: str, body: bytes, now: datetime) -> Read:
    """Read a call's body in a carrier's style. A single event that cannot be used is counted and stops nothing.

    Raises InvalidInput when the body as a whole is no list of 1 to MAX_EVENTS events.
    """
    known = STYLES[style]
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("body", body[:40].decode("latin-1"), "send JSON in UTF-8") from None
    rows = parsed.get(known.events) if known.events and isinstance(parsed, dict) else parsed
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_EVENTS:
        raise InvalidInput("events", type(rows).__name__, f"send a list of 1 to {MAX_EVENTS} events")
    events = [event for row in rows if (event := _event(known, row, now)) is not None]
    return Read(events, len(rows) - len(events))


def _event(style: Style, row: object, now: datetime) -> Event | None:
    if not isinstance(row, dict):
        return None
    try:
        phone, at = style.phone(row), style.at(row).astimezone(UTC)
        country = country_of_network(*style.network(row))
    except (InvalidInput, KeyError, TypeError, ValueError, OverflowError, AttributeError, OSError):
        # Whatever a carrier's system may write: this one event cannot be used, and is counted as such.
        return None
    if country == NOWHERE or not now - MAX_AGE <= at <= now + AHEAD:
        return None
    return Event(phone, country, at)


def _e164_digits(value: object) -> str:
    """Read `821012345678`, as networks write numbers among themselves."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise TypeError("no number")
    return to_e164("+" + str(value).lstrip("+"))


def _home_number(value: object) -> str:
    """Read a number as people write it at home."""
    if not isinstance(value, str):
        raise TypeError("no number")
    return to_e164(value, "KR")


def _plmn(value: object) -> tuple[str, str]:
    """Divide `51503`: three digits of country, two or three of network."""
    if not isinstance(value, str) or not MIN_MCC_DIGITS < len(value) <= MAX_PLMN_DIGITS:
        raise ValueError("no network")
    return value[:MIN_MCC_DIGITS], value[MIN_MCC_DIGITS:]


def _pair(mcc: object, mnc: object) -> tuple[str, str]:
    if isinstance(mcc, bool) or isinstance(mnc, bool):
        raise TypeError("no network")
    return str(mcc), str(mnc)


def _iso(value: object) -> datetime:
    at = datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("the time needs its offset")
    return at


def _epoch_ms(value: object) -> datetime:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no time")
    return datetime.fromtimestamp(value / 1000, UTC)


def _compact_seoul(value: object) -> datetime:
    """Read `20261121120000`, local time in Seoul."""
    return datetime.strptime(str(value), "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo("Asia/Seoul"))


STYLES: dict[str, Style] = {
    "plmn": Style(
        "{events: [{msisdn, plmn, time with offset}]}",
        "events",
        lambda row: _e164_digits(row["msisdn"]),
        lambda row: _plmn(row["plmn"]),
        lambda row: _iso(row["time"]),
    ),
    "pair": Style(
        "[{phone, mcc, mnc, at in milliseconds}]",
        "",
        lambda row: _e164_digits(row["phone"]),
        lambda row: _pair(row["mcc"], row["mnc"]),
        lambda row: _epoch_ms(row["at"]),
    ),
    "nested": Style(
        "{roamingEvents: [{subscriberNumber, visitedNetwork: {mcc, mnc}, eventTime in Seoul}]}",
        "roamingEvents",
        lambda row: _home_number(row["subscriberNumber"]),
        lambda row: _pair(row["visitedNetwork"]["mcc"], row["visitedNetwork"]["mnc"]),
        lambda row: _compact_seoul(row["eventTime"]),
    ),
}
