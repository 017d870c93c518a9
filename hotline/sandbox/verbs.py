"""The verbs of a call's document, as they are followed once they have been read and checked. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Say:
    """Something is said; ``language`` is a BCP 47 tag or empty. ``loop`` 0 is for ever."""

    text: str
    language: str
    loop: int = 1


@dataclass(frozen=True)
class Play:
    """A sound is played, or keys are pressed for the other end; ``loop`` 0 is for ever."""

    url: str
    loop: int = 1
    digits: str = ""


@dataclass(frozen=True)
class Pause:
    """Silence."""

    length_s: int = 1


Spoken = Say | Play | Pause


@dataclass(frozen=True)
class Gather:
    """Keys are waited for while and after the lines are heard; ``num_digits`` None takes any number of keys."""

    lines: tuple[Spoken, ...]
    action: str
    method: str = "POST"
    num_digits: int | None = None
    timeout_s: float = 5.0
    finish_on_key: str = "#"
    action_on_empty: bool = False


@dataclass(frozen=True)
class Record:
    """What the caller says is kept until a key, silence, the limit or the end of the call."""

    action: str
    method: str
    max_length_s: int
    timeout_s: float
    finish_on_key: str
    beep: bool
    callback: str


@dataclass(frozen=True)
class Redirect:
    """The service has more to say at another address."""

    url: str
    method: str = "POST"


@dataclass(frozen=True)
class Hangup:
    """The service ends the call."""


@dataclass(frozen=True)
class Reject:
    """The service does not take the call: ``busy`` or ``rejected``."""

    reason: str


@dataclass(frozen=True)
class Enqueue:
    """The caller waits in the carrier's own queue."""

    name: str
    action: str
    method: str
    wait_url: str
    wait_method: str


@dataclass(frozen=True)
class Leave:
    """The caller leaves the carrier's queue; only in a document of its waitUrl."""


@dataclass(frozen=True)
class Leg:
    """Somebody who is rung by a Dial: ``address`` is a number, ``client:name`` or ``sip:…``."""

    address: str
    url: str = ""
    method: str = "POST"
    callback: str = ""
    events: tuple[str, ...] = ("completed",)
    send_digits: str = ""


@dataclass(frozen=True, kw_only=True)
class Room:
    """A conference that a call enters, with everything said about the entry and the room."""

    name: str
    muted: bool = False
    beep: str = "true"
    start_on_enter: bool = True
    end_on_exit: bool = False
    wait_url: str = ""
    wait_method: str = "POST"
    most: int = 250
    record: bool = False
    label: str = ""
    coach: str = ""
    callback: str = ""
    events: tuple[str, ...] = ()
    recording_callback: str = ""


@dataclass(frozen=True, kw_only=True)
class Dial:
    """The call is connected with the first leg that picks up, a room, or whoever waits longest in a queue."""

    legs: tuple[Leg, ...] = ()
    room: Room | None = None
    queue: str = ""
    action: str = ""
    method: str = "POST"
    ring_s: int = 30
    limit_s: int = 14_400
    caller_id: str = ""
    hang_up_on_star: bool = False
    record: bool = False
    recording_callback: str = ""


Verb = Spoken | Gather | Record | Redirect | Hangup | Reject | Enqueue | Leave | Dial
