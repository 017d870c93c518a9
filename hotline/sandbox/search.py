"""Finding texts in the record as Twilio's list does: by number, by time of sending, in bounded pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hotline.sandbox.carrier import Carrier
from hotline.sandbox.messages import Message
from hotline.sandbox.refusals import Refusal
from hotline.sandbox.settings import MAX_PAGE_SIZE

SCAN_LIMIT = 50_000
"""How many texts one page looks at; a search that finds little answers a short page and a next one."""

DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class Search:
    """What to find. Times are seconds since 1970 UTC, ``sent_from`` included and ``sent_before`` not."""

    to: str
    sender: str
    sent_from: float
    sent_before: float
    page_size: int
    page: int
    below_seq: int | None


def parse_search(query: Mapping[str, str]) -> Search:
    """Read the list's query; raises ``Refusal`` 20001 for a value that makes no sense."""
    sent_from, sent_before = 0.0, float("inf")
    if text := query.get("DateSent"):
        sent_from, sent_before = _parse_moment(text)
    if text := query.get("DateSent>") or query.get("DateSentAfter"):
        sent_from = max(sent_from, _parse_moment(text)[0])
    if text := query.get("DateSent<") or query.get("DateSentBefore"):
        sent_before = min(sent_before, _parse_moment(text)[1])
    token = query.get("PageToken", "")
    return Search(
        to=query.get("To", ""),
        sender=query.get("From", ""),
        sent_from=sent_from,
        sent_before=sent_before,
        page_size=min(MAX_PAGE_SIZE, _whole(query, "PageSize", DEFAULT_PAGE_SIZE, least=1)),
        page=_whole(query, "Page", 0, least=0),
        below_seq=int(token[2:]) if token.startswith("PB") and token[2:].isdecimal() else None,
    )


def _whole(query: Mapping[str, str], name: str, default: int, least: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or len(text) > 9 or int(text) < least:
        raise Refusal(20001, f"{name} must be a whole number of at least {least}")
    return int(text)


def _parse_moment(text: str) -> tuple[float, float]:
    """Return the seconds a day (YYYY-MM-DD) or a moment (ISO 8601, GMT unless it says otherwise) covers."""
    try:
        if len(text) == 10:
            start = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return start.timestamp(), (start + timedelta(days=1)).timestamp()
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Refusal(20001, f"{text[:40]} is not a date as 2026-11-21 or 2026-11-21T20:17:04Z") from problem
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    second = float(int(aware.timestamp()))
    return second, second + 1.0


def find_page(carrier: Carrier, search: Search) -> tuple[list[Message], int | None]:
    """Return one page, newest first, and the sequence number below which the next page starts (None at the end)."""
    found: list[Message] = []
    scanned = 0
    last_seq: int | None = None
    for message in _candidates(carrier, search):
        if len(found) == search.page_size or scanned == SCAN_LIMIT:
            return found, last_seq
        scanned, last_seq = scanned + 1, message.seq
        if _matches(carrier, search, message):
            found.append(message)
    return found, None


def _candidates(carrier: Carrier, search: Search) -> Iterator[Message]:
    """Use the handset's own texts where a number narrows the search, all texts otherwise."""
    for number, usable in ((search.to, True), (search.sender, not carrier.is_sender(search.sender))):
        if number and usable and not (number == search.to and carrier.is_sender(number)):
            handset = carrier.handsets.get(number)
            texts = handset.texts if handset else []
            below = search.below_seq
            return (text for text in reversed(texts) if below is None or text.seq < below)
    return carrier.ledger.before(search.below_seq)


def _matches(carrier: Carrier, search: Search, message: Message) -> bool:
    if search.to and message.to != search.to:
        return False
    if search.sender and message.sender != search.sender:
        return False
    # Twilio's dates have whole seconds. A text that is not sent yet counts by its acceptance, so that looking up
    # an unanswered create by recipient and time finds it at once.
    moment = float(int(message.sent if message.sent is not None else message.created))
    if not search.sent_from <= moment < search.sent_before:
        return False
    lag = carrier.strike("list_lag", message.to, message.attempt) if carrier.faults.any else None
    return lag is None or time.time() >= message.created + lag.value / 1000


@dataclass(frozen=True)
class CallSearch:
    """Which calls to find; ``started`` tells whether a start (whole seconds since 1970 UTC) is wanted, None takes all."""

    to: str
    sender: str
    started: Callable[[float], bool] | None
    page_size: int
    page: int


def parse_call_search(query: Mapping[str, str]) -> CallSearch:
    """Read the query of a list of calls; raises ``Refusal`` 20001 for a value that makes no sense."""
    low, high = 0.0, float("inf")
    if text := query.get("StartTime"):
        low, high = _parse_moment(text)
    if text := query.get("StartTime>") or query.get("StartTimeAfter"):
        low = max(low, _parse_moment(text)[0])
    if text := query.get("StartTime<") or query.get("StartTimeBefore"):
        high = min(high, _parse_moment(text)[1])
    narrowed = low > 0 or high < float("inf")
    return CallSearch(
        to=query.get("To", ""),
        sender=query.get("From", ""),
        started=(lambda at: low <= at < high) if narrowed else None,
        page_size=min(MAX_PAGE_SIZE, _whole(query, "PageSize", DEFAULT_PAGE_SIZE, least=1)),
        page=_whole(query, "Page", 0, least=0),
    )
