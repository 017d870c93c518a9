"""Recording calls and conferences: the verb Record, recordings that run along, and what the service is told of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from hotline.sandbox.callbacks import Webhook
from hotline.sandbox.calls import KEY, NOTE, TALK, Call, Source
from hotline.sandbox.conferences import Conference
from hotline.sandbox.following import Operator
from hotline.sandbox.messages import rfc2822
from hotline.sandbox.recordings import (
    ABSENT,
    COMPLETED,
    IN_PROGRESS,
    PAUSED,
    Recording,
    new_recording,
    recording_entry,
)
from hotline.sandbox.rooms import Rooms
from hotline.sandbox.settings import API_VERSION, BadInput
from hotline.sandbox.verbs import Record

MAX_RECORDINGS = 50_000
MAX_WORDS = 1_000


class Recorder:
    """All recordings of one carrier, oldest first."""

    def __init__(self, operator: Operator, rooms: Rooms) -> None:
        """Put itself where the operator and the rooms look for who records."""
        self._operator, self._rooms = operator, rooms
        self._exchange = operator.exchange
        self._by_sid: dict[str, Recording] = {}
        self._running: dict[str, Recording] = {}
        operator.doers[Record] = self.record
        operator.begun = self._begun
        rooms.started = self._room_started
        rooms.ended = self._room_ended
        self._talk, self._exchange.talked = self._exchange.talked, self._heard

    def __iter__(self) -> Iterator[Recording]:
        return iter(list(self._by_sid.values()))

    def get(self, sid: str) -> Recording | None:
        """Return the recording with this identifier."""
        return self._by_sid.get(sid)

    def remember(self, recording: Recording) -> None:
        """Keep a recording without recording it again; the oldest goes when the bound is reached."""
        self._by_sid[recording.sid] = recording
        if len(self._by_sid) > MAX_RECORDINGS:
            del self._by_sid[next(iter(self._by_sid))]

    def forget(self, recording: Recording) -> None:
        """Take a recording out, as Twilio's DELETE does."""
        self._by_sid.pop(recording.sid, None)
        self._running.pop(recording.sid, None)
        self._exchange.carrier.journal.note({"rx": recording.sid})

    def clear(self) -> None:
        """Forget every recording."""
        self._by_sid.clear()
        self._running.clear()

    def drop_open(self) -> None:
        """After a restart: what was being recorded ends with what there is."""
        for recording in self:
            if recording.status in (IN_PROGRESS, PAUSED):
                self._running[recording.sid] = recording
                self.stop(recording)

    def start(self, subject: Call | Conference, source: str, callback: str = "") -> Recording:
        """Begin to record a call or a conference."""
        names = {"call_sid": subject.sid} if isinstance(subject, Call) else {"conference_sid": subject.sid}
        recording = new_recording(source, time.time(), callback=callback, **names)
        self.remember(recording)
        self._running[recording.sid] = recording
        if isinstance(subject, Call):
            subject.on_end.append(lambda call: self.stop(recording))
        self._note(recording)
        return recording

    def stop(self, recording: Recording) -> None:
        """End a recording and tell the service; does nothing to one that has ended."""
        if self._running.pop(recording.sid, None) is None:
            return
        now = time.time()
        if recording.status == IN_PROGRESS:
            recording.duration_s += now - recording.updated
        recording.status, recording.updated = COMPLETED if recording.duration_s > 0 else ABSENT, now
        self._note(recording)
        self._report(recording)

    def change(self, recording: Recording, status: str) -> None:
        """Pause, go on, or stop; raises ``BadInput`` for a recording that has ended or another status."""
        if recording.sid not in self._running or status not in (IN_PROGRESS, PAUSED, "stopped"):
            raise BadInput("Status must be stopped, paused or in-progress of a recording that runs")
        if status == "stopped":
            self.stop(recording)
            return
        now = time.time()
        if recording.status == IN_PROGRESS:
            recording.duration_s += now - recording.updated
        recording.status, recording.updated = status, now
        self._note(recording)

    def _note(self, recording: Recording) -> None:
        self._exchange.carrier.journal.note(recording_entry(recording))

    def _begun(self, call: Call) -> None:
        if call.record and call.started is not None:
            call.record = False
            self.start(call, "OutboundAPI", call.recording_callback)

    def _room_started(self, conference: Conference) -> None:
        if conference.record:
            self.start(conference, "Conference", conference.recording_callback)

    def _room_ended(self, conference: Conference) -> None:
        for recording in list(self._running.values()):
            if recording.conference_sid == conference.sid:
                self.stop(recording)

    def _heard(self, call: Call, words: str) -> None:
        place = self._rooms.of(call)
        sids = {call.sid, place.sid if isinstance(place, Conference) else ""}
        for recording in self._running.values():
            if {recording.call_sid, recording.conference_sid} & sids - {""} and recording.status == IN_PROGRESS:
                recording.words = [*recording.words, f"{call.handset}: {words}"][-MAX_WORDS:]
        self._talk(call, words)

    def url(self, recording: Recording) -> str:
        """Return where the sound can be fetched, as webhooks name it: without a suffix."""
        carrier = self._exchange.carrier
        return f"{carrier.public_url}/{API_VERSION}/Accounts/{carrier.settings.account_sid}/Recordings/{recording.sid}"

    def _fields(self, recording: Recording) -> dict[str, str]:
        return {
            "RecordingDuration": str(round(recording.duration_s)),
            "RecordingSid": recording.sid,
            "RecordingUrl": self.url(recording),
        }

    def _report(self, recording: Recording) -> None:
        if not recording.callback:
            return
        more = {
            "AccountSid": self._exchange.carrier.settings.account_sid,
            "RecordingChannels": "1",
            "RecordingSource": recording.source,
            "RecordingStartTime": rfc2822(recording.started),
            "RecordingStatus": recording.status,
            **({"CallSid": recording.call_sid} if recording.call_sid else {}),
            **({"ConferenceSid": recording.conference_sid} if recording.conference_sid else {}),
        }
        call = self._exchange.get(recording.call_sid)
        number, attempt = (call.handset, call.attempt) if call is not None else ("", 1)
        webhook = Webhook(recording.callback, {**self._fields(recording), **more})
        self._exchange.reporter.tell(recording.sid, number, attempt, f"recording-{recording.status}", webhook)

    async def record(self, call: Call, verb: Record) -> Source | None:
        """Keep what the caller says; silence from the beginning goes on with the next verb, as with Twilio."""
        if verb.beep:
            self._exchange.hear(call, NOTE, "beep")
        inputs: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        recording = self.start(call, "RecordVerb", verb.callback)
        call.listen = lambda kind, value: inputs.put_nowait((kind, value))
        digits, spoke = "", False
        try:
            digits, spoke = await self._until_silent(inputs, verb, recording)
        finally:
            call.listen = None
            self.stop(recording)
            if call.final and recording.words:
                fields = {**self._fields(recording), "Digits": "hangup"}
                self._operator.tell(call, Source(verb.action, verb.method, fields))
        if not spoke and not digits:
            return None
        return Source(verb.action, verb.method, {**self._fields(recording), "Digits": digits})

    @staticmethod
    async def _until_silent(
        inputs: asyncio.Queue[tuple[str, str]], verb: Record, recording: Recording
    ) -> tuple[str, bool]:
        limit = time.monotonic() + verb.max_length_s
        while (left := limit - time.monotonic()) > 0:
            try:
                kind, value = await asyncio.wait_for(inputs.get(), min(left, verb.timeout_s or left))
            except TimeoutError:
                break
            if kind == KEY and value in verb.finish_on_key:
                return value, bool(recording.words)
            if kind == TALK:
                continue  # The words are kept by whoever hears them; here they only show that somebody speaks.
        return "", bool(recording.words)
