"""A text and its life: the one table of transitions, and what Twilio shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

from hotline.sandbox.refusals import DELIVERY_ERRORS
from hotline.sandbox.settings import API_VERSION

ACCEPTED, QUEUED, SENT = "accepted", "queued", "sent"
DELIVERED, UNDELIVERED, FAILED = "delivered", "undelivered", "failed"
RECEIVED = "received"

TRANSITIONS: dict[str, frozenset[str]] = {
    ACCEPTED: frozenset({SENT, FAILED}),
    QUEUED: frozenset({SENT, FAILED}),
    SENT: frozenset({DELIVERED, UNDELIVERED}),
    DELIVERED: frozenset(),
    UNDELIVERED: frozenset(),
    FAILED: frozenset(),
    RECEIVED: frozenset(),
}
"""Every change a text may make; a status without successors is final."""

OUTBOUND, INBOUND, REPLY = "outbound-api", "inbound", "outbound-reply"

PRICE_PER_PART = 0.0079
"""A plausible price in USD, so that price fields are filled as Twilio fills them once a text is sent."""


@dataclass(slots=True, eq=False)
class Message:
    """One text in either direction. Times are seconds since 1970 UTC; ``seq`` counts from 1 and never repeats."""

    seq: int
    sid: str
    direction: str
    sender: str
    to: str
    body: str
    status: str
    segments: int
    created: float
    updated: float
    sent: float | None = None
    error_code: int | None = None
    service_sid: str | None = None
    callback_url: str = ""
    validity_s: int = 36_000
    attempt: int = 1

    @property
    def final(self) -> bool:
        """Whether nothing can happen to this text any more."""
        return not TRANSITIONS[self.status]

    @property
    def number(self) -> str:
        """The handset's number: the far end, whichever way the text went."""
        return self.sender if self.direction == INBOUND else self.to

    def move(self, status: str, at: float, error_code: int | None = None) -> None:
        """Change the status; raises ``ValueError`` for a change the table does not know."""
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"{self.sid}: {self.status} cannot become {status}")
        self.status, self.updated, self.error_code = status, at, error_code
        if status == SENT:
            self.sent = at


def as_twilio(message: Message, account_sid: str) -> dict[str, object]:
    """Return the Message resource as Twilio's API shows it (dates in RFC 2822, GMT)."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    unassigned = message.status == ACCEPTED
    price = f"{-PRICE_PER_PART * message.segments:.5f}" if message.sent is not None else None
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created),
        "date_sent": rfc2822(message.sent) if message.sent is not None else None,
        "date_updated": rfc2822(message.updated),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": DELIVERY_ERRORS.get(message.error_code) if message.error_code else None,
        "from": None if unassigned else message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": "0",
        "num_segments": "0" if unassigned else str(message.segments),
        "price": price,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def rfc2822(at: float) -> str:
    """Return a time as ``Sat, 21 Nov 2026 20:17:04 +0000``."""
    return _rfc2822_of_second(int(at))


@lru_cache(maxsize=4096)
def _rfc2822_of_second(second: int) -> str:
    """Thousands of texts share a second, so the last ones are remembered."""
    return formatdate(second, usegmt=True).replace("GMT", "+0000")
