"""Twilio's Calls API: how one call looks on the wire, what the answers mean, and how the record is read after a doubt."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import structlog

from hotline.core.config import Settings
from hotline.core.services import Services
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.bulk_http import BulkHttp, HttpAnswer, HttpCall
from hotline.providers.carriers import NotConfigured
from hotline.providers.sms import Outcome
from hotline.providers.twilio_answers import SID_FORM, read_create
from hotline.providers.twilio_sms import API_VERSION, LOOKUP_MAX_PAGES, LOOKUP_PAGE_SIZE, next_page
from hotline.providers.voice import STATUS_RANK, CallQuery, CallRequest, CallResult, CallsFound, FoundCall

log = structlog.get_logger(__name__)

ROOM = "voice_provider"
IN_FLIGHT = 16
EVENTS = ("initiated", "ringing", "answered", "completed")
"""What Twilio reports; `completed` also brings busy, no-answer, failed and canceled."""
_LATER = ("20429", "10004")
_BLOCKED = (
    "20003",  # wrong credentials
    "20005",  # account not active
    "20006",  # access denied
    "20008",  # test credentials used for a live resource
    "20404",  # wrong account or address
    "10001",  # account not active
    "10002",  # trial account may not do this
    "21205",  # our own address is not acceptable
    "21210",  # the caller's number is not verified
    "21212",  # the caller's number is no valid number
    "21213",  # no caller's number given
)
MEANINGS = {**dict.fromkeys(_LATER, Outcome.RETRY_LATER), **dict.fromkeys(_BLOCKED, Outcome.BLOCKED)}
"""Meaning of a code in a 4xx answer to a call; every other code refuses this one call for good (21214, 21215, 21217 …)."""


@dataclass
class _Search:
    query: CallQuery
    found: list[FoundCall] = field(default_factory=list)
    pages: int = 0
    complete: bool = False


class TwilioVoice:
    """Calls through `{base_url}/2010-04-01/Accounts/{sid}/Calls.json`; `timeout_s` bounds every request."""

    name = "twilio_voice"

    def __init__(
        self, *, base_url: str, account_sid: str, auth_token: str, sender: str, timeout_s: float,
        breaker: CircuitBreaker | None = None,
    ) -> None:  # fmt: skip
        self._http = BulkHttp(user=account_sid, password=auth_token, timeout_s=timeout_s)
        self.sender, self.breaker = sender, breaker or CircuitBreaker()
        self._base_url = base_url
        self._calls_url = f"{base_url}/{API_VERSION}/Accounts/{account_sid}/Calls.json"

    def place(self, requests: Sequence[CallRequest]) -> list[CallResult]:
        """Hand calls over and wait for every answer; a run that breaks off leaves the rest unanswered."""
        waiting = deque(self._create(request) for request in requests)
        results: dict[int, CallResult] = {}

        def take(most: int) -> list[HttpCall]:
            return [waiting.popleft() for _ in range(min(most, len(waiting)))]

        def answered(answer: HttpAnswer) -> None:
            result = self._read_create(answer)
            results[result.message_id] = result

        self._http.run(take, answered, lambda: not waiting, in_flight=IN_FLIGHT)
        lost = (
            CallResult(each.message_id, each.attempt, Outcome.UNANSWERED)
            for each in requests
            if each.message_id not in results
        )
        return [*results.values(), *lost]

    def _create(self, request: CallRequest) -> HttpCall:
        fields = [
            ("To", request.to), ("From", request.sender), ("Url", request.url), ("Method", "POST"),
            ("StatusCallback", request.callback_url), ("StatusCallbackMethod", "POST"),
            *(("StatusCallbackEvent", event) for event in EVENTS), ("Timeout", str(request.ring_s)),
        ]  # fmt: skip
        return HttpCall(request, self._calls_url, urlencode(fields).encode())

    def _read_create(self, answer: HttpAnswer) -> CallResult:
        read = read_create(answer, MEANINGS)
        if read.outcome in (Outcome.UNSENT, Outcome.UNANSWERED):
            self.breaker.failed()
        elif answer.status:
            self.breaker.succeeded()
        return CallResult(
            read.message_id, read.attempt, read.outcome, read.provider_sid, read.error_code, read.retry_after_s
        )

    def lookup(self, queries: Sequence[CallQuery]) -> list[CallsFound]:
        """Read the record by number and pick by time here: a call that has not begun has no StartTime to narrow by."""
        searches = [_Search(query) for query in queries]
        waiting = deque(HttpCall(search, self._first_page(search.query)) for search in searches)
        open_calls = len(waiting)

        def take(most: int) -> list[HttpCall]:
            return [waiting.popleft() for _ in range(min(most, len(waiting)))]

        def answered(answer: HttpAnswer) -> None:
            nonlocal open_calls
            following = self._read_page(answer)
            if following is None:
                open_calls -= 1
            else:
                waiting.append(HttpCall(answer.key, following))

        self._http.run(take, answered, lambda: open_calls == 0, in_flight=IN_FLIGHT)
        return [
            CallsFound(each.query, tuple(sorted(each.found, key=lambda call: call.created)), each.complete)
            for each in searches
        ]

    def _first_page(self, query: CallQuery) -> str:
        return f"{self._calls_url}?{urlencode({'To': query.to, 'PageSize': LOOKUP_PAGE_SIZE})}"

    def _read_page(self, answer: HttpAnswer) -> str | None:
        """Take in one page and return the address of the next one, or None at the end or after a fault."""
        search: _Search = answer.key
        if answer.status != 200:
            log.warning("voice.lookup_failed", status=answer.status, failure=answer.failure)
            return None
        try:
            page = json.loads(answer.body)
            rows: list[dict[str, Any]] = page["calls"]
            calls = [read_row(row) for row in rows if self._is_ours(row, search.query)]
            next_uri = page.get("next_page_uri")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
            log.warning("voice.lookup_unreadable", fault=f"{type(fault).__name__}: {fault}")
            return None
        search.found += [each for each in calls if each.created >= search.query.since.replace(microsecond=0)]
        search.pages += 1
        if not next_uri:
            search.complete = True
            return None
        if search.pages >= LOOKUP_MAX_PAGES:
            log.warning("voice.lookup_too_long", pages=search.pages)
            return None
        return next_page(self._base_url, str(next_uri))

    def _is_ours(self, row: dict[str, Any], query: CallQuery) -> bool:
        outbound = str(row.get("direction", "")).startswith("outbound")
        return outbound and row.get("to") == query.to and row.get("from") == (query.sender or self.sender)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()


def read_row(row: dict[str, Any]) -> FoundCall:
    """Return a row of the record; raises ValueError, KeyError or TypeError when it is not in the documented form."""
    created: datetime = parsedate_to_datetime(row["date_created"]).astimezone(UTC)
    sid, status = str(row["sid"]), str(row["status"])
    if not SID_FORM.fullmatch(sid) or status not in STATUS_RANK:
        raise ValueError("a call's name or status is not in the documented form")
    return FoundCall(sid, status, created)


def voice_provider(services: Services) -> TwilioVoice:
    """Return this process's provider, made on first use; raises NotConfigured."""
    provider: TwilioVoice | None = services.rooms.get(ROOM)
    if provider is None:
        provider = services.rooms[ROOM] = make_voice_provider(services.settings)
    return provider


def make_voice_provider(settings: Settings) -> TwilioVoice:
    """Make the provider the settings name; raises NotConfigured."""
    sender = settings.twilio_voice_from or settings.twilio_from
    needed = {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token.get_secret_value(),
        "TWILIO_VOICE_FROM or TWILIO_FROM": sender,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise NotConfigured(f"{', '.join(missing)} not set")
    return TwilioVoice(
        base_url=settings.twilio_api_base_url,
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sender=sender,
        timeout_s=settings.dispatch_timeout_s,
    )
