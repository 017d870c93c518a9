"""The exchange: calls ring on handsets, are answered or not, say what the service wants, and pass keys on."""

from __future__ import annotations

import time
from collections.abc import Iterator

from hotline.sandbox.callbacks import Webhook
from hotline.sandbox.calls import (
    BUSY,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    NO_ANSWER,
    QUEUED,
    RINGING,
    Call,
    Gather,
    call_entry,
    new_call_sid,
)
from hotline.sandbox.carrier import Carrier
from hotline.sandbox.settings import API_VERSION, BadInput
from hotline.sandbox.twiml import BadTwiml, Hangup, Redirect, Say, Verb, Wait, read_twiml

MAX_CALLS = 50_000
MAX_TURNS = 100
"""A service that redirects for ever is hung up on."""
APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
"""What Twilio says when the service answers with anything but TwiML."""
KEYS = frozenset("0123456789*#")


class Exchange:
    """All calls of one carrier, oldest first; every public method must run inside the event loop."""

    def __init__(self, carrier: Carrier) -> None:
        """Make an exchange without calls."""
        self._carrier = carrier
        self._calls: dict[str, Call] = {}
        self._latest: dict[str, Call] = {}

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls.values()))

    def get(self, sid: str) -> Call | None:
        """Return the call with this identifier."""
        return self._calls.get(sid)

    def of(self, number: str) -> Call | None:
        """Return the latest call of a handset."""
        return self._latest.get(number)

    @property
    def full(self) -> bool:
        """Whether a further call has no room because the oldest one is still on."""
        return len(self._calls) >= MAX_CALLS and not next(iter(self._calls.values())).final

    def place(self, call: Call) -> None:
        """Take a call in: record it durably, then let it ring. Raises ``OSError`` when it cannot be recorded."""
        carrier = self._carrier
        carrier.journal.note(call_entry(call))
        try:
            carrier.journal.flush()
        except OSError:
            carrier.journal.drop_last()
            raise
        busy = self._latest.get(call.to)
        self.remember(call)
        carrier.handsets.touch(call.to)
        carrier.on_change(call.to)
        engaged = busy is not None and not busy.final
        carrier.timeline.at(time.time() + carrier.behaviour.sent_ms / 1000, self._ring, call, engaged)

    def remember(self, call: Call) -> None:
        """Keep a call without recording it again; the oldest finished one goes when the bound is reached."""
        self._calls[call.sid] = call
        self._latest[call.to] = call
        if len(self._calls) > MAX_CALLS:
            oldest = next(iter(self._calls.values()))
            del self._calls[oldest.sid]
            if self._latest.get(oldest.to) is oldest:
                del self._latest[oldest.to]

    def drop_open_calls(self) -> None:
        """After a restart: what was on when the process died was cut off."""
        for call in self:
            if not call.final:
                self._move(call, FAILED)

    def clear(self) -> None:
        """Forget every call."""
        self._calls.clear()
        self._latest.clear()

    def _ring(self, call: Call, engaged: bool) -> None:
        if call.status != QUEUED or self._calls.get(call.sid) is not call:
            return
        if engaged:
            self._move(call, BUSY)
            return
        self._move(call, RINGING)
        off = self._carrier.handsets.take(call.to).off
        self._carrier.timeline.at(time.time() + (0 if off else call.ring_s), self._give_up, call)

    def _give_up(self, call: Call) -> None:
        if call.status == RINGING:
            self._move(call, NO_ANSWER)

    def _move(self, call: Call, status: str) -> None:
        call.move(status, time.time())
        self._carrier.journal.note(call_entry(call))
        self._carrier.on_change(call.to)
        event = {QUEUED: "initiated", RINGING: "ringing", IN_PROGRESS: "answered"}.get(status, "completed")
        if call.callback_url and event in call.events:
            self._report(call)

    def _report(self, call: Call) -> None:
        carrier = self._carrier
        webhook = Webhook(call.callback_url, self._fields(call))
        delay_s = 0.0
        if carrier.faults.any:
            if carrier.strike("callback_lost", call.to, call.attempt, call.status):
                carrier.counts.callbacks_withheld += 1
                return
            if late := carrier.strike("callback_delay", call.to, call.attempt, call.status):
                delay_s = late.value / 1000
            if carrier.strike("callback_double", call.to, call.attempt, call.status):
                carrier.callbacks.post(Webhook(webhook.url, webhook.fields))
        carrier.timeline.at(time.time() + delay_s, carrier.callbacks.post, webhook)

    def _fields(self, call: Call, **more: str) -> dict[str, str]:
        return {
            "AccountSid": self._carrier.settings.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Direction": "outbound-api",
            "From": call.sender,
            "To": call.to,
            **({"CallDuration": str(int((call.ended or 0) - call.started))} if call.final and call.started else {}),
            **more,
        }

    def act(self, number: str, act: str, keys: str = "") -> Call:
        """Do what somebody does with their ringing or talking handset; raises ``BadInput`` where it cannot be done."""
        call = self._latest.get(number)
        if call is None or call.final:
            raise BadInput("no call is on")
        if act == "answer" and call.status == RINGING:
            self._move(call, IN_PROGRESS)
            self._fetch(call, call.url)
        elif act == "decline" and call.status == RINGING:
            self._move(call, BUSY)
        elif act == "hangup" and call.status == IN_PROGRESS:
            self._move(call, COMPLETED)
        elif act == "press" and call.status == IN_PROGRESS and keys and set(keys) <= KEYS and len(keys) <= 20:
            self._press(call, keys)
        else:
            raise BadInput("act: must be answer, decline, hangup or press, and fit the call")
        return call

    def _press(self, call: Call, keys: str) -> None:
        call.say(f"#{keys}")
        waited = call.gather
        if waited is not None:
            waited.typed += keys
            if len(waited.typed) >= waited.num_digits:
                call.gather = None
                self._fetch(call, waited.action, Digits=waited.typed[: waited.num_digits])
        self._carrier.on_change(call.to)

    def _fetch(self, call: Call, url: str, **more: str) -> None:
        """Ask the service what comes next; a timer that was set for an earlier turn does nothing any more."""
        call.turn += 1
        turn = call.turn
        if turn > MAX_TURNS:
            self._move(call, COMPLETED)
            return

        def done(status: int, document: bytes) -> None:
            if call.status == IN_PROGRESS and call.turn == turn:
                self._take(call, status, document, url)

        self._carrier.callbacks.post(Webhook(url, self._fields(call, **more), done))

    def _take(self, call: Call, status: int, document: bytes, url: str) -> None:
        try:
            verbs = read_twiml(document if 200 <= status < 300 else b"", url)
        except BadTwiml:
            call.say(APPLICATION_ERROR)
            self._move(call, COMPLETED)
            return
        self._follow(call, verbs)

    def _follow(self, call: Call, verbs: list[Verb]) -> None:
        """Follow a document until it waits, leads elsewhere or ends."""
        for place, verb in enumerate(verbs):
            if isinstance(verb, Say):
                call.say(verb.text)
            elif isinstance(verb, Wait):
                for line in verb.lines:
                    call.say(line.text)
                call.gather = Gather(verb.action, verb.num_digits)
                speaking_s = sum(len(line.text) for line in verb.lines) * self._carrier.behaviour.char_ms / 1000
                due = time.time() + speaking_s + verb.timeout_s
                self._carrier.timeline.at(due, self._no_key, call, call.turn, verbs[place + 1 :])
                break
            elif isinstance(verb, Redirect):
                self._fetch(call, verb.url)
                break
            elif isinstance(verb, Hangup):
                self._move(call, COMPLETED)
                break
        else:
            self._move(call, COMPLETED)
        self._carrier.journal.note(call_entry(call))
        self._carrier.on_change(call.to)

    def _no_key(self, call: Call, turn: int, rest: list[Verb]) -> None:
        if call.status == IN_PROGRESS and call.turn == turn and call.gather is not None:
            call.gather = None
            self._follow(call, rest)


def make_call(
    *, to: str, sender: str, url: str, callback_url: str, events: list[str], ring_s: int, attempt: int
) -> Call:  # fmt: skip
    """Return a fresh call."""
    now = time.time()
    return Call(
        sid=new_call_sid(), to=to, sender=sender, url=url, status=QUEUED, created=now, updated=now,
        callback_url=callback_url, events=events, ring_s=ring_s, attempt=attempt,
    )  # fmt: skip
