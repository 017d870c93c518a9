"""A conference and those in it: the table of its life, what Twilio shows of it, and its line in the journal."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, fields

from hotline.sandbox.calls import Call
from hotline.sandbox.journal import Entry
from hotline.sandbox.messages import rfc2822
from hotline.sandbox.settings import API_VERSION
from hotline.sandbox.verbs import Room

INIT, IN_PROGRESS, COMPLETED = "init", "in-progress", "completed"

TRANSITIONS: dict[str, frozenset[str]] = {
    INIT: frozenset({IN_PROGRESS, COMPLETED}),
    IN_PROGRESS: frozenset({COMPLETED}),
    COMPLETED: frozenset(),
}
"""Every change a conference may make; a status without successors is final."""


@dataclass(eq=False)
class Party:
    """One call inside a conference. ``joined`` is seconds since 1970 UTC."""

    call: Call
    joined: float
    updated: float
    label: str = ""
    muted: bool = False
    hold: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    coaching: bool = False
    coach: str = ""
    """The identifier of the only call that hears this party while ``coaching``."""
    beep: str = "true"
    wait: tuple[str, str] = ("", "POST")
    hold_music: tuple[str, str] = ("", "POST")
    left: str = ""
    """Why the party has to leave; empty while it may stay."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Conference:
    """One room. Times are seconds since 1970 UTC."""

    sid: str
    name: str
    status: str
    created: float
    updated: float
    most: int = 250
    callback: str = ""
    events: list[str] = field(default_factory=list)
    record: bool = False
    recording_callback: str = ""
    reason: str = ""
    ended_by: str = ""
    sequence: int = 0
    expected: int = 0
    """How many were called to come in and have not ended."""
    seen: list[str] = field(default_factory=list)
    """The calls that were ever in it, in order."""
    parties: dict[str, Party] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        """Whether nobody can enter any more."""
        return not TRANSITIONS[self.status]

    def move(self, status: str, at: float) -> None:
        """Change the status; raises ``ValueError`` for a change the table does not know."""
        if status not in TRANSITIONS[self.status]:
            raise ValueError(f"{self.sid}: {self.status} cannot become {status}")
        self.status, self.updated = status, at

    def hearers(self, call: Call) -> list[Call]:
        """Return the calls on which words of ``call`` are heard, by mute, hold and coaching."""
        party = self.parties.get(call.sid)
        if party is None or party.muted or party.hold or self.status != IN_PROGRESS:
            return []
        others = [each for each in self.parties.values() if each is not party and not each.hold]
        if party.coaching:
            return [each.call for each in others if each.call.sid == party.coach]
        return [each.call for each in others]


def new_conference(room: Room, at: float) -> Conference:
    """Return a fresh conference as the first who enters it describes it."""
    return Conference(
        "CF" + secrets.token_hex(16), room.name, INIT, at, at, room.most, room.callback, list(room.events),
        room.record, room.recording_callback,
    )  # fmt: skip


def new_party(call: Call, room: Room, at: float) -> Party:
    """Return a call as it enters."""
    return Party(
        call, at, at, label=room.label, muted=room.muted, start_on_enter=room.start_on_enter,
        end_on_exit=room.end_on_exit, coaching=bool(room.coach), coach=room.coach, beep=room.beep,
        wait=(room.wait_url, room.wait_method),
    )  # fmt: skip


_KEPT = tuple(each.name for each in fields(Conference) if each.name not in ("parties", "expected"))


def conference_entry(conference: Conference) -> Entry:
    """Return the journal's line of a conference as it stands."""
    return {"k": {name: getattr(conference, name) for name in _KEPT}}


def read_conference(row: object) -> Conference:
    """Turn a conference's line back; raises ``ValueError`` when its shape is another."""
    if not isinstance(row, dict) or set(row) != set(_KEPT) or row.get("status") not in TRANSITIONS:
        raise ValueError("a conference in the journal has another shape")
    return Conference(**row)


def conference_as_twilio(conference: Conference, account_sid: str) -> dict[str, object]:
    """Return the Conference resource as Twilio's API shows it (dates in RFC 2822, GMT)."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Conferences/{conference.sid}"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "call_sid_ending_conference": conference.ended_by or None,
        "date_created": rfc2822(conference.created),
        "date_updated": rfc2822(conference.updated),
        "friendly_name": conference.name,
        "reason_conference_ended": conference.reason or None,
        "region": "us1",
        "sid": conference.sid,
        "status": conference.status,
        "subresource_uris": {"participants": f"{uri}/Participants.json", "recordings": f"{uri}/Recordings.json"},
        "uri": f"{uri}.json",
    }


def party_as_twilio(
    conference: Conference, party: Party, account_sid: str, status: str = "connected"
) -> dict[str, object]:
    """Return the Participant resource as Twilio's API shows it."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Conferences/{conference.sid}/Participants/{party.call.sid}.json"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "call_sid": party.call.sid,
        "call_sid_to_coach": party.coach or None,
        "coaching": party.coaching,
        "conference_sid": conference.sid,
        "date_created": rfc2822(party.joined),
        "date_updated": rfc2822(party.updated),
        "end_conference_on_exit": party.end_on_exit,
        "hold": party.hold,
        "label": party.label or None,
        "muted": party.muted,
        "queue_time": "0",
        "start_conference_on_enter": party.start_on_enter,
        "status": status,
        "uri": uri,
    }
