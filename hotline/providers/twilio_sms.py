"""Twilio's Messages API: how one text looks on the wire, and how the record is read when an answer was lost."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode, urljoin

import structlog

from hotline.providers.breaker import CircuitBreaker
from hotline.providers.bulk_http import BulkHttp, HttpAnswer, HttpCall
from hotline.providers.sms import (
    VALIDITY_MAX_S,
    VALIDITY_MIN_S,
    FoundMessage,
    HttpSmsProvider,
    LookedUp,
    SmsQuery,
    SmsRequest,
    SmsResult,
)
from hotline.providers.twilio_answers import SID_FORM, STATUS_FORM, read_create

log = structlog.get_logger(__name__)

API_VERSION = "2010-04-01"
LOOKUPS_IN_FLIGHT = 16
LOOKUP_PAGE_SIZE = 100
LOOKUP_MAX_PAGES = 3
"""A traveller's number with more than 300 texts of ours in the provider's record is looked up in vain, and stays in doubt."""


@dataclass
class _Search:
    """One query on its way through the pages of the record."""

    query: SmsQuery
    found: list[FoundMessage] = field(default_factory=list)
    pages: int = 0
    complete: bool = False


class TwilioSms(HttpSmsProvider):
    """Sends through `{base_url}/2010-04-01/Accounts/{sid}/Messages.json`.

    `timeout_s` bounds every request. The base address may be Twilio's own or any compatible server's.
    """

    name = "twilio"

    def __init__(
        self,
        *,
        base_url: str,
        account_sid: str,
        auth_token: str,
        sender: str,
        timeout_s: float,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        def pool() -> BulkHttp:
            return BulkHttp(user=account_sid, password=auth_token, timeout_s=timeout_s)

        super().__init__(pool(), pool(), breaker or CircuitBreaker())
        self.sender = sender
        self._base_url = base_url
        self._messages_url = f"{base_url}/{API_VERSION}/Accounts/{account_sid}/Messages.json"

    def build_send(self, request: SmsRequest) -> HttpCall:
        """Return the create request; what all texts of a batch share is encoded once."""
        validity_s = max(VALIDITY_MIN_S, min(VALIDITY_MAX_S, request.validity_s))
        shared = _shared_fields(request.sender, request.body, validity_s)
        own = f"&To={_escaped(request.to)}&StatusCallback={_escaped(request.callback_url)}"
        return HttpCall(request, self._messages_url, shared + own.encode())

    def read_send(self, answer: HttpAnswer) -> SmsResult:
        """Say what the answer means."""
        return read_create(answer)

    def lookup(self, queries: Sequence[SmsQuery]) -> list[LookedUp]:
        """Read the record for each query by its number, and pick by time and body here.

        The list is not narrowed by DateSent: a text that Twilio has accepted but not sent yet has no such date.
        """
        searches = [_Search(query) for query in queries]
        waiting = deque(HttpCall(search, self._first_page(search.query)) for search in searches)
        open_calls = len(waiting)

        def take(most: int) -> list[HttpCall]:
            return [waiting.popleft() for _ in range(min(most, len(waiting)))]

        def answered(answer: HttpAnswer) -> None:
            nonlocal open_calls
            next_url = self._read_page(answer)
            if next_url is None:
                open_calls -= 1
            else:
                waiting.append(HttpCall(answer.key, next_url))

        self._lookups.run(take, answered, lambda: open_calls == 0, in_flight=LOOKUPS_IN_FLIGHT)
        return [
            LookedUp(each.query, tuple(sorted(each.found, key=lambda found: found.created)), each.complete)
            for each in searches
        ]

    def _first_page(self, query: SmsQuery) -> str:
        return f"{self._messages_url}?{urlencode({'To': query.to, 'PageSize': LOOKUP_PAGE_SIZE})}"

    def _read_page(self, answer: HttpAnswer) -> str | None:
        """Take in one page and return the address of the next one, or None at the end or after a fault."""
        search: _Search = answer.key
        if answer.status != 200:
            log.warning("sms.lookup_failed", provider=self.name, status=answer.status, failure=answer.failure)
            return None
        try:
            page = json.loads(answer.body)
            rows: list[dict[str, Any]] = page["messages"]
            found = [read_row(row) for row in rows if _matches(row, search.query)]
            next_uri = page.get("next_page_uri")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
            log.warning("sms.lookup_unreadable", provider=self.name, fault=f"{type(fault).__name__}: {fault}")
            return None
        search.found += [each for each in found if each.created >= search.query.since.replace(microsecond=0)]
        search.pages += 1
        if not next_uri:
            search.complete = True
            return None
        if search.pages >= LOOKUP_MAX_PAGES:
            log.warning("sms.lookup_too_long", provider=self.name, pages=search.pages)
            return None
        following = next_page(self._base_url, str(next_uri))
        if following is None:
            log.warning("sms.lookup_elsewhere", provider=self.name)
        return following


def next_page(base_url: str, next_uri: str) -> str | None:
    """Return the address of a record's next page; None when it lies elsewhere.

    Our credentials go with every request, so an answer does not decide to which host.
    """
    following = urljoin(base_url + "/", next_uri)
    return following if following.startswith(base_url + "/") else None


_ESCAPES = {code: quote_plus(chr(code)) for code in range(128)}


def _escaped(text: str) -> str:
    """Return a form value as `quote_plus` does; ten times as fast for ASCII, and this runs twice for every text."""
    return text.translate(_ESCAPES) if text.isascii() else quote_plus(text)


@lru_cache(maxsize=256)
def _shared_fields(sender: str, body: str, validity_s: int) -> bytes:
    """Encode what a whole batch has in common.

    `SmartEncoded=false` because the officer has already decided about every character; nothing is replaced behind them.
    """
    by_service = sender.startswith("MG") and len(sender) == 34
    fields = {
        "MessagingServiceSid" if by_service else "From": sender,
        "Body": body,
        "ValidityPeriod": validity_s,
        "SmartEncoded": "false",
    }
    return urlencode(fields).encode()


def _matches(row: dict[str, Any], query: SmsQuery) -> bool:
    """Say whether a row of the record is the text asked for.

    A trial account puts words of its own in front of the body, and blanks at the ends may be lost on the way.
    """
    body = row.get("body")
    outbound = str(row.get("direction", "")).startswith("outbound")
    return (
        outbound and row.get("to") == query.to and isinstance(body, str) and body.strip().endswith(query.body.strip())
    )


def read_row(row: dict[str, Any]) -> FoundMessage:
    """Return a row of the record; raises ValueError, KeyError or TypeError when it is not in the documented form."""
    created: datetime = parsedate_to_datetime(row["date_created"]).astimezone(UTC)
    code, sid, status = row.get("error_code"), str(row["sid"]), str(row["status"])
    if not SID_FORM.fullmatch(sid) or not STATUS_FORM.fullmatch(status):
        raise ValueError("a message's name or status is not in the documented form")
    return FoundMessage(sid, status, None if code is None else f"{int(code):d}"[:10], created)
