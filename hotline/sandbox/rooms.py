"""The rooms: who is in which conference or bridge, who hears whom, and what the service is told of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hotline.sandbox.callbacks import Webhook
from hotline.sandbox.calls import NOTE, TALK, Call
from hotline.sandbox.conferences import (
    COMPLETED,
    IN_PROGRESS,
    INIT,
    Conference,
    Party,
    conference_entry,
    new_conference,
    new_party,
)
from hotline.sandbox.exchange import Exchange
from hotline.sandbox.messages import rfc2822
from hotline.sandbox.verbs import Room

MAX_CONFERENCES = 50_000
MAX_SEEN = 1_000
KIND_OF = {
    "conference-start": "start", "conference-end": "end", "participant-join": "join", "participant-leave": "leave",
    "participant-mute": "mute", "participant-unmute": "mute", "participant-hold": "hold", "participant-unhold": "hold",
    "participant-modify": "modify", "announcement-end": "announcement",
}  # fmt: skip
"""Which word of statusCallbackEvent asks for an event."""

EVENT_OF = {
    ("muted", True): "participant-mute", ("muted", False): "participant-unmute",
    ("hold", True): "participant-hold", ("hold", False): "participant-unhold",
}  # fmt: skip
"""Which event a change of a participant is."""


class RoomFull(Exception):
    """Nobody can enter any more."""


@dataclass(eq=False)
class Bridge:
    """Two calls that hear each other because one was dialled by the other."""

    first: Call
    second: Call

    def hearers(self, call: Call) -> list[Call]:
        """Return the other end."""
        return [self.second if call is self.first else self.first]


class Rooms:
    """All conferences of one carrier, oldest first, and the bridges between two calls."""

    def __init__(self, exchange: Exchange) -> None:
        """Start empty, and hear of everything that is said."""
        self._exchange = exchange
        self._by_sid: dict[str, Conference] = {}
        self._open: dict[str, Conference] = {}
        self._where: dict[str, Conference | Bridge] = {}
        self.started: Callable[[Conference], None] = lambda conference: None
        self.ended: Callable[[Conference], None] = lambda conference: None
        """Told of each start and end, so that a recording can begin and end."""
        exchange.talked = self.talk

    def all(self) -> list[Conference]:
        """Return every conference."""
        return list(self._by_sid.values())

    def find(self, key: str) -> Conference | None:
        """Return the conference with this identifier, or the open one of this name."""
        return self._by_sid.get(key) or self._open.get(key)

    def of(self, call: Call) -> Conference | Bridge | None:
        """Return where a call is."""
        return self._where.get(call.sid)

    def remember(self, conference: Conference) -> None:
        """Keep a conference without recording it again; the oldest finished one goes when the bound is reached."""
        self._by_sid[conference.sid] = conference
        if conference.final:
            if self._open.get(conference.name) is conference:
                del self._open[conference.name]
        else:
            self._open[conference.name] = conference
        if len(self._by_sid) > MAX_CONFERENCES:
            oldest = next((each for each in self._by_sid.values() if each.final), None)
            if oldest is not None:
                del self._by_sid[oldest.sid]

    def clear(self) -> None:
        """Forget every room."""
        self._by_sid.clear()
        self._open.clear()
        self._where.clear()

    def drop_open(self) -> None:
        """After a restart: conferences that were on have ended with their calls."""
        for conference in self.all():
            if not conference.final:
                self._end(conference, "last-participant-left", "")

    def join(self, first: Call, second: Call) -> None:
        """Let two calls hear each other."""
        bridge = Bridge(first, second)
        self._where[first.sid] = self._where[second.sid] = bridge
        for call, other in ((first, second), (second, first)):
            call.place = "bridge"
            self._exchange.hear(call, NOTE, f"connected {other.handset}")

    def part(self, *calls: Call) -> None:
        """Let calls hear nobody any more."""
        for call in calls:
            if isinstance(self._where.get(call.sid), Bridge):
                del self._where[call.sid]
                call.place = ""

    def open(self, room: Room) -> Conference:
        """Return the open conference of this name, making it when there is none."""
        conference = self._open.get(room.name)
        if conference is None:
            conference = new_conference(room, time.time())
            self.remember(conference)
        return conference

    def enter(self, call: Call, room: Room) -> tuple[Conference, Party]:
        """Let a call in; raises ``RoomFull``."""
        conference = self.open(room)
        if len(conference.parties) >= min(conference.most, room.most):
            raise RoomFull(conference.name)
        if room.callback and not conference.callback:
            conference.callback, conference.events = room.callback, list(room.events)
        now = time.time()
        party = new_party(call, room, now)
        # The call that is coached may be named before it is in the room; nobody hears the coach until then.
        conference.parties[call.sid] = party
        conference.seen = [*conference.seen, call.sid][-MAX_SEEN:]
        self._where[call.sid], call.place = conference, "room"
        self._exchange.hear(call, NOTE, f"entered {conference.name}")
        self._beep(conference, party, "onEnter")
        self.report(conference, "participant-join", party)
        self._start_if_due(conference, now)
        self._note(conference)
        return conference, party

    def _start_if_due(self, conference: Conference, now: float) -> None:
        """Begin as Twilio does: with a second participant, once one is in who starts the conference."""
        parties = conference.parties.values()
        if conference.status != INIT or len(parties) < 2 or not any(each.start_on_enter for each in parties):
            return
        conference.move(IN_PROGRESS, now)
        self.report(conference, "conference-start", None)
        self.started(conference)
        for each in parties:
            each.changed.set()

    def _beep(self, conference: Conference, party: Party, when: str) -> None:
        if party.beep in ("true", when):
            for each in conference.parties.values():
                if each is not party and not each.hold:
                    self._exchange.hear(each.call, NOTE, "beep")

    def leave(self, conference: Conference, party: Party) -> None:
        """Let a call out; ends the conference where its leaving does that."""
        if conference.parties.pop(party.call.sid, None) is None or conference.sid not in self._by_sid:
            return
        self._where.pop(party.call.sid, None)
        party.call.place = ""
        why = party.left or ("participant_hung_up" if party.call.final else "participant_updated_via_api")
        self._beep(conference, party, "onExit")
        self.report(conference, "participant-leave", party, ReasonParticipantLeft=why)
        if conference.final:
            return
        kicked = "kicked" if party.left == "participant_kicked_via_api" else "left"
        if party.end_on_exit:
            self._end(conference, f"participant-with-end-conference-on-exit-{kicked}", party.call.sid, party.label)
        elif not conference.parties:
            self._end(conference, f"last-participant-{kicked}", party.call.sid, party.label)
        else:
            self._note(conference)

    def end(self, conference: Conference) -> None:
        """End a conference on the service's demand."""
        if not conference.final:
            self._end(conference, "conference-ended-via-api", "")

    def give_up(self, conference: Conference) -> None:
        """End a conference that was opened for somebody who never came."""
        conference.expected -= 1
        if not conference.final and not conference.expected and not conference.seen:
            self._end(conference, "last-participant-left", "")

    def _end(self, conference: Conference, reason: str, by: str, label: str = "") -> None:
        conference.move(COMPLETED, time.time())
        conference.reason, conference.ended_by = reason, by
        self.remember(conference)
        for party in list(conference.parties.values()):
            self.dismiss(party, "conference_ended_via_api" if reason.endswith("api") else "conference_ended")
        more = {"ReasonConferenceEnded": reason}
        if by:
            more |= {"CallSidEndingConference": by, "ParticipantLabelEndingConference": label}
        self.report(conference, "conference-end", None, **more)
        self.ended(conference)
        self._note(conference)

    def dismiss(self, party: Party, why: str) -> None:
        """Send a party out; the call's own task leaves the room."""
        party.left = why
        party.changed.set()

    def modify(self, conference: Conference, party: Party, **values: object) -> None:
        """Change a party: muted, hold, hold_music, coaching, coach, end_on_exit, wait; tells the service what changed."""
        events = []
        for name, value in values.items():
            if getattr(party, name) == value:
                continue
            setattr(party, name, value)
            event = EVENT_OF.get((name, value is True)) if isinstance(value, bool) else None
            if event is None and name in ("coaching", "coach"):
                event = "participant-modify"
            if event is not None and event not in events:
                events.append(event)
        party.updated = time.time()
        for event in events:
            self._exchange.hear(party.call, NOTE, event.removeprefix("participant-"))
            self.report(conference, event, party)
        party.changed.set()

    def talk(self, call: Call, words: str) -> None:
        """Let what somebody says be heard by those who can hear it."""
        place = self._where.get(call.sid)
        for each in place.hearers(call) if place is not None else []:
            self._exchange.hear(each, TALK, words, who=call.handset)

    def _note(self, conference: Conference) -> None:
        self._exchange.carrier.journal.note(conference_entry(conference))

    def report(self, conference: Conference, event: str, party: Party | None, **more: str) -> None:
        """Tell the service of an event, if it wants to hear of that kind."""
        sequence = conference.sequence + 1
        conference.sequence = sequence
        if not conference.callback or KIND_OF[event] not in conference.events:
            return
        fields = {
            "AccountSid": self._exchange.carrier.settings.account_sid,
            "ConferenceSid": conference.sid,
            "FriendlyName": conference.name,
            "SequenceNumber": str(sequence),
            "StatusCallbackEvent": event,
            "Timestamp": rfc2822(time.time()),
            **(_party_fields(party) if party is not None else {}),
            **more,
        }
        number = party.call.handset if party is not None else ""
        attempt = party.call.attempt if party is not None else 1
        webhook = Webhook(conference.callback, fields)
        self._exchange.reporter.tell(conference.sid, number, attempt, event, webhook)


def _party_fields(party: Party) -> dict[str, str]:
    words = {True: "true", False: "false"}
    found = {
        "CallSid": party.call.sid,
        "Coaching": words[party.coaching],
        "EndConferenceOnExit": words[party.end_on_exit],
        "Hold": words[party.hold],
        "Muted": words[party.muted],
        "ParticipantCallStatus": party.call.status,
        "StartConferenceOnEnter": words[party.start_on_enter],
    }
    if party.label:
        found["ParticipantLabel"] = party.label
    if party.coach:
        found["CallSidToCoach"] = party.coach
    return found
