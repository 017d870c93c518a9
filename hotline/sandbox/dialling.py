"""Dial: ringing others and connecting the first who picks up, entering a conference, and taking who waits longest."""

from __future__ import annotations

import asyncio
import contextlib

from hotline.sandbox.attributes import BadTwiml
from hotline.sandbox.calls import (
    BUSY,
    CANCELED,
    COMPLETED,
    DIALLED,
    FAILED,
    KEY,
    NO_ANSWER,
    Call,
    Source,
)
from hotline.sandbox.conferences import INIT, Conference, Party
from hotline.sandbox.exchange import Exchange, make_call
from hotline.sandbox.following import HungUp, Operator
from hotline.sandbox.messages import INBOUND
from hotline.sandbox.queueing import Queues
from hotline.sandbox.recorder import Recorder
from hotline.sandbox.rooms import RoomFull, Rooms
from hotline.sandbox.verbs import Dial, Leg, Pause, Play, Redirect, Room, Say

TUNE = (Say, Play, Pause, Redirect)
"""What Twilio allows in the document of a conference's waitUrl or holdUrl: no Gather."""


class Dialler:
    """Does the verb Dial."""

    def __init__(self, operator: Operator, rooms: Rooms, queues: Queues, recorder: Recorder) -> None:
        """Put itself where the operator looks for who does a Dial."""
        self._operator, self._rooms, self._queues, self._recorder = operator, rooms, queues, recorder
        operator.doers[Dial] = self.dial

    @property
    def _exchange(self) -> Exchange:
        return self._operator.exchange

    async def dial(self, call: Call, verb: Dial) -> Source | None:
        """Connect the call, and return where it goes afterwards, if the service said so."""
        outcome: dict[str, str] = {"DialCallStatus": COMPLETED}
        try:
            if verb.room is not None:
                await self._confer(call, verb, verb.room, outcome)
            elif verb.queue:
                await self._take_waiting(call, verb, outcome)
            else:
                await self._ring(call, verb, outcome)
        finally:
            # Whoever hangs up is asked about too: the answer is then of no use to anybody.
            if call.final and verb.action:
                self._operator.tell(call, Source(verb.action, verb.method, outcome))
        return Source(verb.action, verb.method, outcome) if verb.action else None

    async def _confer(self, call: Call, verb: Dial, room: Room, outcome: dict[str, str]) -> None:
        try:
            conference, party = self._rooms.enter(call, room)
        except RoomFull:
            outcome["DialCallStatus"] = FAILED
            return
        outcome["DialCallStatus"] = "answered"
        if verb.hang_up_on_star:
            call.listen = lambda kind, key: self._leave_by_star(party, kind, key)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(verb.limit_s):
                    await self._stay(conference, party)
        finally:
            call.listen = None
            self._rooms.leave(conference, party)

    def _leave_by_star(self, party: Party, kind: str, key: str) -> None:
        if (kind, key) == (KEY, "*"):
            self._rooms.dismiss(party, "participant_hung_up")

    async def _stay(self, conference: Conference, party: Party) -> None:
        """Stay in a room, with music while it has not begun or the party is on hold."""
        while not party.left:
            tune = _tune(conference, party)
            music = self._play(conference, party, tune) if tune is not None else None
            try:
                while not party.left and _tune(conference, party) == tune:
                    party.changed.clear()
                    await party.changed.wait()
            finally:
                if music is not None:
                    music.cancel()
                    await asyncio.wait({music})

    def _play(self, conference: Conference, party: Party, tune: tuple[str, str]) -> asyncio.Task[None]:
        fields = {"ConferenceSid": conference.sid, "FriendlyName": conference.name}
        playing = self._operator.entertain(party.call, Source(*tune), lambda: fields, TUNE)
        return asyncio.get_running_loop().create_task(playing)

    async def _ring(self, call: Call, verb: Dial, outcome: dict[str, str]) -> None:
        exchange = self._exchange
        picked: asyncio.Future[Call | None] = asyncio.get_running_loop().create_future()
        legs = [self._make_leg(call, verb, each) for each in verb.legs]

        def answered(leg: Call) -> None:
            if not picked.done():
                picked.set_result(leg)

        def ended(leg: Call) -> None:
            if not picked.done() and all(each.final for each in legs):
                picked.set_result(None)

        moved: set[str] = set()
        for leg in legs:
            leg.on_answer = answered
            leg.on_end.append(ended)
            leg.on_moved.append(lambda gone: moved.add(gone.sid))
        call.place = "dialling"
        exchange.note(call, "dialling " + ", ".join(leg.to for leg in legs))
        try:
            for leg in legs:
                exchange.place(leg)
            winner = await picked
            for leg in legs:
                if leg is not winner:
                    exchange.finish(leg, CANCELED if leg.status != "in-progress" else COMPLETED)
            if winner is None:
                outcome["DialCallStatus"] = _worst(legs)
                outcome["DialCallSid"] = legs[-1].sid
                return
            outcome["DialCallSid"] = winner.sid
            await self._connect(call, verb, winner, verb.legs[legs.index(winner)], outcome)
        finally:
            call.place = ""
            for leg in legs:
                if leg.sid not in moved:
                    exchange.finish(leg)

    async def _connect(self, call: Call, verb: Dial, winner: Call, leg: Leg, outcome: dict[str, str]) -> None:
        outcome["DialBridged"] = "false"
        gone = asyncio.Event()
        winner.on_end.append(lambda _: gone.set())
        winner.on_moved.append(lambda _: gone.set())
        if leg.send_digits:
            self._exchange.note(winner, f"tones {leg.send_digits}")
        if leg.url and not await self._whisper(winner, leg, gone):
            outcome["DialCallStatus"] = NO_ANSWER
            return
        outcome["DialBridged"] = "true"
        await self.bridge(call, winner, verb, gone)
        outcome["DialCallDuration"] = str(self._exchange.duration_s(winner))

    async def _whisper(self, winner: Call, leg: Leg, gone: asyncio.Event) -> bool:
        """Follow the leg's own document before it is connected; returns whether it is still there."""
        task = asyncio.get_running_loop().create_task(self._screen(winner, leg))
        winner.task = task
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        return not winner.final and not gone.is_set()

    async def _screen(self, winner: Call, leg: Leg) -> None:
        try:
            await self._operator.follow(winner, Source(leg.url, leg.method))
        except (HungUp, BadTwiml):
            self._exchange.finish(winner)

    async def bridge(self, call: Call, other: Call, verb: Dial, gone: asyncio.Event) -> None:
        """Let two calls talk until the other is gone, the time is over, or the caller presses the star."""
        self._rooms.join(call, other)
        if verb.hang_up_on_star:
            call.listen = lambda kind, key: gone.set() if (kind, key) == (KEY, "*") else None
        recording = self._recorder.start(call, "DialVerb", verb.recording_callback) if verb.record else None
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(verb.limit_s):
                    await gone.wait()
        finally:
            call.listen = None
            if recording is not None:
                self._recorder.stop(recording)
            self._rooms.part(call, other)

    async def _take_waiting(self, call: Call, verb: Dial, outcome: dict[str, str]) -> None:
        gone = asyncio.Event()
        other = self._queues.take(verb.queue, gone)
        if other is None:
            outcome["DialCallStatus"] = NO_ANSWER
            return
        outcome |= {"DialCallSid": other.sid, "DialBridged": "true"}
        try:
            await self.bridge(call, other, verb, gone)
        finally:
            self._queues.give_back(other)

    def _make_leg(self, call: Call, verb: Dial, leg: Leg) -> Call:
        exchange = self._exchange
        inherited = call.sender if call.direction == INBOUND else call.to
        return make_call(
            to=leg.address, sender=verb.caller_id or inherited, direction=DIALLED, parent_sid=call.sid,
            callback_url=leg.callback, events=list(leg.events), ring_s=verb.ring_s,
            attempt=exchange.carrier.faults.next_attempt(leg.address),
        )  # fmt: skip


def _tune(conference: Conference, party: Party) -> tuple[str, str] | None:
    if party.hold:
        return party.hold_music
    return party.wait if conference.status == INIT else None


def _worst(legs: list[Call]) -> str:
    """Return what became of legs of which none picked up."""
    statuses = {leg.status for leg in legs}
    return next((each for each in (BUSY, NO_ANSWER, CANCELED) if each in statuses), FAILED)
