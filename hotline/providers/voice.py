"""The port for making calls: what is handed over, what comes back, and what the provider's words about a call mean.

The outcomes are those of texts (`hotline.providers.sms.Outcome`): only an unanswered request leaves a doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome

RINGING_WORDS = frozenset({"queued", "initiated", "ringing"})
TALKING_WORD, DONE_WORD = "in-progress", "completed"
NOT_PICKED_UP_WORDS = frozenset({"busy", "no-answer"})
FAILED_WORDS = frozenset({"failed", "canceled"})
STATUS_RANK = {
    **dict.fromkeys(("queued", "initiated"), 1),
    "ringing": 2,
    TALKING_WORD: 3,
    **dict.fromkeys((DONE_WORD, *NOT_PICKED_UP_WORDS, *FAILED_WORDS), 9),
}
"""Call statuses (Twilio's words, which others translate to) in the order of a call's life; a lower word never follows."""


class CallRequest(NamedTuple):
    """One call to make. `to` and `sender` are E.164; `url` answers what is said, `callback_url` takes reports.

    `message_id` and `attempt` name it among ours; `ring_s` is how long the telephone rings.
    """

    message_id: int
    attempt: int
    to: str
    sender: str
    url: str
    callback_url: str
    ring_s: int


class CallResult(NamedTuple):
    """What came of one request."""

    message_id: int
    attempt: int
    outcome: Outcome
    provider_sid: str | None = None
    error_code: str | None = None
    retry_after_s: float | None = None


class CallQuery(NamedTuple):
    """A doubt to clear up: which calls were made to this number since that moment (aware UTC)?

    `sender` is the number they were made from, empty for the provider's usual one.
    """

    message_id: int
    to: str
    since: datetime
    sender: str = ""


class FoundCall(NamedTuple):
    """One call in the provider's record; `created` is aware UTC."""

    provider_sid: str
    status: str
    created: datetime


class CallsFound(NamedTuple):
    """Answer to one query, oldest first; nothing may be concluded from an absence in an incomplete one."""

    query: CallQuery
    found: tuple[FoundCall, ...]
    complete: bool


class VoiceProvider(Protocol):
    """Anything that makes calls."""

    name: str
    sender: str
    breaker: CircuitBreaker

    def place(self, requests: Sequence[CallRequest]) -> list[CallResult]:
        """Hand calls over and wait for every answer; each request gets exactly one result."""
        ...

    def lookup(self, queries: Sequence[CallQuery]) -> list[CallsFound]:
        """Read the provider's record for each query."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
