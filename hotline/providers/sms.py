"""The port for sending texts: what a lane hands over, what it gets back, and the base every vendor's adapter stands on.

The base owns timing, counting, logging and the circuit breaker. A vendor adds two things: how a request looks on the wire,
and what its answers mean. Nothing here touches the database.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

import structlog

from hotline.providers.breaker import CircuitBreaker
from hotline.providers.bulk_http import BulkHttp, HttpAnswer, HttpCall

log = structlog.get_logger(__name__)

VALIDITY_MIN_S, VALIDITY_MAX_S = 1, 36_000


class Outcome(StrEnum):
    """What is known about one hand-over.

    Only `UNANSWERED` leaves a doubt: the request left this machine, so the provider may have taken it. It must be looked
    up before anything is sent again.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """For good: this text never reaches this number."""
    RETRY_LATER = "retry_later"
    """Not taken, through no fault of the number or the text."""
    BLOCKED = "blocked"
    """Not taken because of our own account, credentials or sender: every further request would meet the same."""
    UNSENT = "unsent"
    """The request never left: no connection, or given back before it was handed over."""
    UNANSWERED = "unanswered"


class SmsRequest(NamedTuple):
    """One text to hand over. `to` is E.164; `sender` a number, an alphanumeric name or a messaging service's id.

    `attempt` numbers this message's hand-overs from 1. `validity_s` is how long the provider may keep trying; the
    adapter holds it within VALIDITY_MIN_S and VALIDITY_MAX_S.
    """

    message_id: int
    attempt: int
    to: str
    sender: str
    body: str
    callback_url: str
    validity_s: int


class SmsResult(NamedTuple):
    """What came of one request; `retry_after_s` is the provider's own wish, when it named one; `took_s` the time it took."""

    message_id: int
    attempt: int
    outcome: Outcome
    provider_sid: str | None = None
    provider_status: str | None = None
    error_code: str | None = None
    retry_after_s: float | None = None
    took_s: float = 0.0
    part_sids: tuple[str, ...] = ()
    """The provider's names of the parts, where it gave one to each; `provider_sid` is then the first."""


class SmsQuery(NamedTuple):
    """A doubt to clear up: was a text with this body accepted for this number since that moment (aware UTC)?"""

    message_id: int
    to: str
    body: str
    since: datetime


class FoundMessage(NamedTuple):
    """One text in the provider's record; `created` is aware UTC, `error_code` None unless delivery failed."""

    provider_sid: str
    provider_status: str
    error_code: str | None
    created: datetime


class LookedUp(NamedTuple):
    """Answer to one query: texts found, oldest first. `complete` False means the record could not be read to its end.

    Nothing may be concluded from the absence of a text in an incomplete answer.
    """

    query: SmsQuery
    found: tuple[FoundMessage, ...]
    complete: bool


class SmsFeed(Protocol):
    """Where a stream takes its requests from and gives its results to; called from the stream's thread only."""

    def take(self, most: int) -> Sequence[SmsRequest]:
        """Return up to `most` requests that are at hand; never waits."""
        ...

    def give(self, result: SmsResult) -> None:
        """Take the result of one request; every request taken gets exactly one."""
        ...

    def finished(self) -> bool:
        """Say whether no further request will come."""
        ...

    def on_more(self, wake: Callable[[], None]) -> None:
        """Receive the function that, called from any thread, makes the stream ask again at once."""
        ...


class SmsProvider(Protocol):
    """Anything texts can be handed to: a vendor over HTTP, an SMSC, a fake."""

    name: str
    sender: str
    breaker: CircuitBreaker
    keeps_record: bool
    """Whether `lookup` can tell what the provider accepted. Where it cannot, the feed is told before texts leave."""

    def stream(self, feed: SmsFeed, *, in_flight: int) -> StreamReport:
        """Send what the feed brings, at most `in_flight` at once, until it is finished and all are answered."""
        ...

    def lookup(self, queries: Sequence[SmsQuery]) -> list[LookedUp]:
        """Read the provider's record for each query."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


@dataclass
class StreamReport:
    """Counts by outcome and answer times of one stream (seconds)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    answer_s_sum: float = 0.0
    answer_s_max: float = 0.0
    took_s: float = 0.0

    def note(self, result: SmsResult, took_s: float) -> None:
        """Count one result."""
        self.outcomes[result.outcome] += 1
        self.answered += 1
        self.answer_s_sum += took_s
        self.answer_s_max = max(self.answer_s_max, took_s)

    @property
    def answer_s_mean(self) -> float:
        """Mean time to an answer in seconds, 0 without any."""
        return self.answer_s_sum / self.answered if self.answered else 0.0


class HttpSmsProvider(ABC):
    """Base of vendors with one HTTP request per text."""

    keeps_record = True

    name: str
    sender: str

    def __init__(self, http: BulkHttp, lookups: BulkHttp, breaker: CircuitBreaker) -> None:
        """`http` carries the texts; `lookups` has its own few connections, so that doubts never wait for texts."""
        self._http = http
        self._lookups = lookups
        self.breaker = breaker

    @abstractmethod
    def build_send(self, request: SmsRequest) -> HttpCall:
        """Return the vendor's request for one text, with the SmsRequest as its key."""

    @abstractmethod
    def read_send(self, answer: HttpAnswer) -> SmsResult:
        """Say what the vendor's answer means; must never raise, whatever the answer holds."""

    @abstractmethod
    def lookup(self, queries: Sequence[SmsQuery]) -> list[LookedUp]:
        """Read the vendor's record for each query."""

    def stream(self, feed: SmsFeed, *, in_flight: int) -> StreamReport:
        """Send what the feed brings, at most `in_flight` at once, until it is finished and all are answered."""
        report, started = StreamReport(), time.monotonic()

        def take(most: int) -> list[HttpCall]:
            return [self.build_send(request) for request in feed.take(most)]

        def answered(answer: HttpAnswer) -> None:
            result = self.read_send(answer)._replace(took_s=answer.took_s)
            self._tell_breaker(result, answer)
            report.note(result, answer.took_s)
            feed.give(result)

        feed.on_more(self._http.wake)
        try:
            self._http.run(take, answered, feed.finished, in_flight=in_flight)
        finally:
            report.took_s = time.monotonic() - started
            self._log(report)
        return report

    def _tell_breaker(self, result: SmsResult, answer: HttpAnswer) -> None:
        """Count what says that the provider is away: no connection, no answer, or an answer of its own trouble."""
        if result.outcome in (Outcome.UNSENT, Outcome.UNANSWERED):
            self.breaker.failed()
        elif answer.status:
            self.breaker.succeeded()

    def _log(self, report: StreamReport) -> None:
        if not report.answered:
            return
        log.info(
            "sms.stream",
            provider=self.name,
            seconds=round(report.took_s, 3),
            answer_ms_mean=round(report.answer_s_mean * 1000, 1),
            answer_ms_max=round(report.answer_s_max * 1000, 1),
            **{f"count_{outcome}": count for outcome, count in sorted(report.outcomes.items())},
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        self._lookups.close()
