"""A call and its life: the one table of transitions, what Twilio shows of it, and its line in the journal."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields

from hotline.sandbox.journal import Entry
from hotline.sandbox.messages import OUTBOUND, rfc2822
from hotline.sandbox.settings import API_VERSION

QUEUED, RINGING, IN_PROGRESS = "queued", "ringing", "in-progress"
COMPLETED, BUSY, NO_ANSWER, FAILED, CANCELED = "completed", "busy", "no-answer", "failed", "canceled"

TRANSITIONS: dict[str, frozenset[str]] = {
    QUEUED: frozenset({RINGING, BUSY, NO_ANSWER, FAILED, CANCELED}),
    RINGING: frozenset({IN_PROGRESS, BUSY, NO_ANSWER, FAILED, CANCELED}),
    IN_PROGRESS: frozenset({COMPLETED, FAILED}),
    **dict.fromkeys((COMPLETED, BUSY, NO_ANSWER, FAILED, CANCELED), frozenset()),
}
"""Every change a call may make; a status without successors is final."""
MAX_LINES = 200
"""How much of a conversation is kept; what was said longer ago is forgotten first."""


@dataclass
class Gather:
    """Keys that the service waits for: where they go, and how many end the waiting."""

    action: str
    num_digits: int
    typed: str = ""


@dataclass(eq=False)
class Call:
    """One call from the service. Times are seconds since 1970 UTC."""

    sid: str
    to: str
    sender: str
    url: str
    status: str
    created: float
    updated: float
    callback_url: str = ""
    events: list[str] = field(default_factory=list)
    ring_s: int = 60
    attempt: int = 1
    started: float | None = None
    ended: float | None = None
    lines: list[str] = field(default_factory=list)
    """What was said and pressed; the latter begins with `#`."""
    gather: Gather | None = None
    turn: int = 0
    """Grows with every document and key, so that a timer of an earlier turn does nothing."""

    @property
    def final(self) -> bool:
        """Whether nothing can happen to this call any more."""
        return not TRANSITIONS[self.status]

    def move(self, status: str, at: float) -> None:
        """Change the status; raises ``ValueError`` for a change the table does not know."""
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"{self.sid}: {self.status} cannot become {status}")
        self.status, self.updated = status, at
        if status == IN_PROGRESS:
            self.started = at
        if self.final:
            self.ended, self.gather = at, None

    def say(self, line: str) -> None:
        """Keep what is heard."""
        self.lines = [*self.lines, line][-MAX_LINES:]


def new_call_sid() -> str:
    """Return a fresh call identifier in Twilio's form: CA and 32 hexadecimal digits."""
    return "CA" + secrets.token_hex(16)


_KEPT = tuple(each.name for each in fields(Call) if each.name not in ("gather", "turn"))


def call_entry(call: Call) -> Entry:
    """Return the journal's line of a call as it stands."""
    return {"c": {name: getattr(call, name) for name in _KEPT}}


def read_call(row: object) -> Call:
    """Turn a call's line back into a call; raises ``ValueError`` when its shape is another."""
    if not isinstance(row, dict) or set(row) != set(_KEPT) or row.get("status") not in TRANSITIONS:
        raise ValueError("a call in the journal has another shape")
    return Call(**row)


def call_as_twilio(call: Call, account_sid: str) -> dict[str, object]:
    """Return the Call resource as Twilio's API shows it (dates in RFC 2822, GMT)."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Calls/{call.sid}"
    duration = str(int((call.ended or call.updated) - call.started)) if call.started and call.final else None
    return {
        "account_sid": account_sid,
        "answered_by": None,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.updated),
        "direction": OUTBOUND,
        "duration": duration,
        "end_time": rfc2822(call.ended) if call.ended else None,
        "forwarded_from": None,
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": "PN" + "0" * 32,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": rfc2822(call.started) if call.started else None,
        "status": call.status,
        "subresource_uris": {},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }
