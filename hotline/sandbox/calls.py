"""A call and its life: the one table of transitions, what Twilio shows of it, and its line in the journal."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from hotline.sandbox.journal import Entry
from hotline.sandbox.messages import INBOUND, OUTBOUND, rfc2822
from hotline.sandbox.settings import API_VERSION
from hotline.sandbox.verbs import Verb

DIALLED = "outbound-dial"
"""The direction of a leg that a Dial rings."""

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


SAY, KEY, PLAY, TALK, NOTE = "say", "key", "play", "talk", "note"
"""What a line of a call is: said by the service, pressed, played, said by somebody, or what happened."""


@dataclass(frozen=True)
class Source:
    """Where the next document comes from: an address, or the document itself, or verbs that are read already."""

    url: str = ""
    method: str = "POST"
    fields: dict[str, str] = field(default_factory=dict)
    twiml: str = ""
    verbs: tuple[Verb, ...] = ()


@dataclass(frozen=True)
class Line:
    """One moment of a call; ``at`` is seconds since 1970 UTC, ``who`` said it (empty: the service)."""

    at: float
    kind: str
    text: str
    language: str = ""
    who: str = ""

    def plain(self) -> str:
        """Return the line as one text: a key begins with ``#``, a sound with ``♪``, what a person says with the name."""
        if self.kind == TALK:
            return f"{self.who}: {self.text}"
        return {KEY: "#", PLAY: "♪ ", NOTE: "· "}.get(self.kind, "") + self.text


@dataclass(eq=False)
class Call:
    """One call in either direction. Times are seconds since 1970 UTC."""

    sid: str
    to: str
    sender: str
    status: str
    created: float
    updated: float
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    direction: str = OUTBOUND
    fallback_url: str = ""
    callback_url: str = ""
    events: list[str] = field(default_factory=list)
    ring_s: int = 60
    attempt: int = 1
    parent_sid: str = ""
    forwarded_from: str = ""
    shown: str = ""
    """The number that the service is shown instead of the caller's; empty for the caller's own."""
    context: str = ""
    """What the exchange that passed the call on sent along as `X-Hotline-Context`."""
    send_digits: str = ""
    detect_machine: bool = False
    answered_by: str = ""
    record: bool = False
    recording_callback: str = ""
    started: float | None = None
    ended: float | None = None
    queue_s: int = 0
    sequence: int = 0
    """How many reports on this call were made."""
    heard: list[Line] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    """Follows the documents while the call is on."""
    listen: Callable[[str, str], None] | None = None
    """Who waits for keys (``key``) and words (``talk``) of this handset."""
    wants_key: bool = False
    place: str = ""
    """What is going on, for whoever looks: ringing, speaking, queue, room, bridge."""
    on_answer: Callable[[Call], None] | None = None
    on_end: list[Callable[[Call], None]] = field(default_factory=list)
    on_moved: list[Callable[[Call], None]] = field(default_factory=list)
    """Told once when the service leads the call elsewhere."""

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
            self.ended, self.listen, self.wants_key, self.place = at, None, False, ""

    @property
    def handset(self) -> str:
        """The far end: the number that called us, or that we call."""
        return self.sender if self.direction == INBOUND else self.to

    @property
    def lines(self) -> list[str]:
        """Everything that was said, pressed and played, as plain texts."""
        return [line.plain() for line in self.heard]

    def hear(self, line: Line) -> None:
        """Keep what is heard; the oldest line goes first."""
        self.heard.append(line)
        if len(self.heard) > MAX_LINES:
            del self.heard[0]


def new_call_sid() -> str:
    """Return a fresh call identifier in Twilio's form: CA and 32 hexadecimal digits."""
    return "CA" + secrets.token_hex(16)


_PASSING = ("task", "listen", "wants_key", "place", "on_answer", "on_end", "on_moved", "heard")
_KEPT = tuple(each.name for each in fields(Call) if each.name not in _PASSING)
_LATER = {"shown", "context"}
"""What journals of earlier versions do not have."""
_LINE = tuple(each.name for each in fields(Line))


def call_entry(call: Call) -> Entry:
    """Return the journal's line of a call as it stands, without what was said, which has lines of its own."""
    return {"c": {name: getattr(call, name) for name in _KEPT}}


def line_entry(call: Call, line: Line) -> Entry:
    """Return the journal's line of one moment of a call."""
    return {"l": [call.sid, [getattr(line, name) for name in _LINE]]}


def whole_call(call: Call) -> list[Entry]:
    """Return everything that brings a call back."""
    return [call_entry(call), *(line_entry(call, line) for line in call.heard)]


def read_call(row: object) -> Call:
    """Turn a call's line back into a call; raises ``ValueError`` when its shape is another."""
    if not isinstance(row, dict) or set(row) | _LATER != set(_KEPT) | _LATER or row.get("status") not in TRANSITIONS:
        raise ValueError("a call in the journal has another shape")
    return Call(**row)


def read_line(row: object) -> tuple[str, Line]:
    """Turn a moment's line back into the call's identifier and the moment; raises ``ValueError``."""
    if not isinstance(row, list) or len(row) != 2 or not isinstance(row[1], list) or len(row[1]) != len(_LINE):
        raise ValueError("a line of a call in the journal has another shape")
    return str(row[0]), Line(*row[1])


def call_as_twilio(call: Call, account_sid: str) -> dict[str, object]:
    """Return the Call resource as Twilio's API shows it (dates in RFC 2822, GMT)."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Calls/{call.sid}"
    duration = str(int((call.ended or call.updated) - call.started)) if call.started and call.final else None
    return {
        "account_sid": account_sid,
        "answered_by": call.answered_by or None,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.updated),
        "direction": call.direction,
        "duration": duration,
        "end_time": rfc2822(call.ended) if call.ended else None,
        "forwarded_from": call.forwarded_from or None,
        "from": call.shown or call.sender,
        "from_formatted": call.shown or call.sender,
        "group_sid": None,
        "parent_call_sid": call.parent_sid or None,
        "phone_number_sid": "PN" + "0" * 32,
        "price": None,
        "price_unit": "USD",
        "queue_time": str(call.queue_s * 1000),
        "sid": call.sid,
        "start_time": rfc2822(call.started) if call.started else None,
        "status": call.status,
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }
