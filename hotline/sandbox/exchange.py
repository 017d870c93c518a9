"""The exchange: which calls there are, how they ring, are answered and end, and what the service is told of that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

from hotline.sandbox.callbacks import Callbacks, Webhook
from hotline.sandbox.calls import (
    BUSY,
    CANCELED,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    KEY,
    NO_ANSWER,
    NOTE,
    QUEUED,
    RINGING,
    TALK,
    Call,
    Line,
    Source,
    call_entry,
    line_entry,
    new_call_sid,
)
from hotline.sandbox.carrier import Carrier
from hotline.sandbox.habits import Habit, Habits
from hotline.sandbox.messages import INBOUND, OUTBOUND, rfc2822
from hotline.sandbox.numbers import LINE, Numbers
from hotline.sandbox.numbers import Line as NumberLine
from hotline.sandbox.reports import Reporter
from hotline.sandbox.settings import API_VERSION, MAX_TEXT_CHARACTERS, BadInput

MAX_CALLS = 50_000
MAX_QUESTIONS_WAITING = 50_000
QUESTIONS_IN_FLIGHT = 512
KEYS = frozenset("0123456789*#")
MAX_KEYS = 20
EVENT_OF = {QUEUED: "initiated", RINGING: "ringing", IN_PROGRESS: "answered"}


class Exchange:
    """All calls of one carrier, oldest first; every public method must run inside the event loop."""

    def __init__(self, carrier: Carrier) -> None:
        """Make an exchange without calls."""
        self.carrier = carrier
        self.numbers = Numbers()
        self.habits = Habits()
        # Documents have connections of their own: a storm of reports must not make a caller wait for the next word.
        self.questions = Callbacks(
            carrier.settings.auth_token,
            MAX_QUESTIONS_WAITING,
            QUESTIONS_IN_FLIGHT,
            carrier.timeline.at,
            carrier.behaviour,
        )
        self.reporter = Reporter(carrier, carrier.callbacks)
        self.begin: Callable[[Call, Source], None] = lambda call, source: None
        """Starts following documents on a call; the operator puts itself here."""
        self.talked: Callable[[Call, str], None] = lambda call, words: None
        """Where words go that somebody says; the rooms put themselves here."""
        self.pass_on: Callable[[Call], bool] = lambda call: False
        """Takes a call to a number that leads back to the service; the forwarding puts itself here."""
        self.rang: Callable[[Call, Habit], None] = lambda call, habit: None
        self.machine: Callable[[Call], None] = lambda call: None
        """Who acts by itself when a handset rings, or lets a machine pick up; the reflexes put themselves here."""
        self._calls: dict[str, Call] = {}
        self._latest: dict[str, Call] = {}

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls.values()))

    def __len__(self) -> int:
        return len(self._calls)

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
        """Take a call to a handset in: record it durably, then let it ring. Raises ``OSError`` when it cannot be recorded."""
        carrier = self.carrier
        engaged = self._engaged(call.handset)
        self._record(call)
        self._report(call, "initiated")
        carrier.timeline.at(time.time() + carrier.behaviour.sent_ms / 1000, self._ring, call, engaged)

    def call_in(self, number: str, to: str) -> Call:
        """Place a call from a handset to one of the configured numbers.

        Raises ``BadInput`` where nothing answers, and ``OSError`` when the call cannot be recorded.
        """
        line, forwarded = self.numbers.reach(to)
        if line is None:
            owned = self.numbers.get(to)
            off = owned is not None and owned.forwards_to and not owned.passes_on
            raise BadInput(f"the number {to[:20]} is {'not forwarded now' if off else 'not in service'}")
        handsets = self.carrier.handsets
        if self.full or (handsets.get(number) is None and handsets.full):
            raise BadInput("all lines are busy")
        handset = self.carrier.handsets.take(number)
        if handset.off or self._engaged(number):
            raise BadInput("the handset is switched off or on another call")
        return self.come_in(line, number, forwarded)

    def come_in(self, line: NumberLine, sender: str, forwarded: str, *, own_handset: bool = True) -> Call:
        """Let a call ring at the service; ``forwarded`` is the number that passed it on, empty where it was called itself.

        Without ``own_handset`` the sender's handset stays with its own call. Raises ``OSError`` when it cannot be recorded.
        """
        exchange = self.numbers.get(forwarded)
        call = make_call(
            to=line.number, sender=sender, url=line.voice_url, method=line.voice_method, direction=INBOUND,
            fallback_url=line.fallback_url, callback_url=line.status_callback, events=["completed"],
            forwarded_from=forwarded, attempt=self.carrier.faults.next_attempt(sender), status=RINGING,
            shown=forwarded if exchange is not None and exchange.shows == LINE else "",
            context=exchange.context if exchange is not None else "",
        )  # fmt: skip
        call.place = "ringing"
        own = self._latest.get(sender)
        self._record(call)
        if not own_handset:
            del self._latest[sender]
            self._latest |= {sender: own} if own is not None else {}
        self.begin(call, Source(call.url, call.method))
        return call

    def _engaged(self, number: str) -> bool:
        latest = self._latest.get(number)
        return latest is not None and not latest.final

    def _record(self, call: Call) -> None:
        carrier = self.carrier
        carrier.journal.note(call_entry(call))
        try:
            carrier.journal.flush()
        except OSError:
            carrier.journal.drop_last()
            raise
        self.remember(call)
        carrier.handsets.touch(call.handset)
        carrier.on_change(call.handset)

    def remember(self, call: Call) -> None:
        """Keep a call without recording it again; the oldest finished one goes when the bound is reached."""
        known = self._calls.get(call.sid)
        if known is not None:
            call.heard = known.heard
        self._calls[call.sid] = call
        self._latest[call.handset] = call
        if len(self._calls) > MAX_CALLS:
            oldest = next(iter(self._calls.values()))
            del self._calls[oldest.sid]
            if self._latest.get(oldest.handset) is oldest:
                del self._latest[oldest.handset]

    def forget(self, call: Call) -> None:
        """Take a finished call out of the record, as Twilio's DELETE does."""
        self._calls.pop(call.sid, None)
        if self._latest.get(call.handset) is call:
            del self._latest[call.handset]
        self.carrier.journal.note({"cx": call.sid})
        self.carrier.on_change(call.handset)

    def drop_open_calls(self) -> None:
        """After a restart: what was on when the process died was cut off."""
        for call in self:
            if not call.final:
                self.move(call, FAILED)

    async def stop(self) -> None:
        """Cut all calls off as the process ends; the journal still has them as they were."""
        tasks = [call.task for call in self if call.task is not None and not call.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.questions.stop()

    def clear(self) -> None:
        """Forget every call; those that are on end without a word to the service."""
        for call in self:
            if call.task is not None:
                call.task.cancel()
        self._calls.clear()
        self._latest.clear()
        self.habits.clear()
        self.questions.clear()
        self.reporter.clear()

    def _ring(self, call: Call, engaged: bool) -> None:
        if call.status != QUEUED or self._calls.get(call.sid) is not call:
            return
        if self.pass_on(call):
            self._later(call.ring_s, self._give_up, call)
            return
        habit = self.habits.of(call.to)
        if engaged or habit.way == "busy":
            self.move(call, BUSY)
            return
        if habit.way == "dead":
            self.move(call, FAILED)
            return
        call.place = "ringing"
        self.move(call, RINGING)
        off = self.carrier.handsets.take(call.to).off
        self._later(0 if off else call.ring_s, self._give_up, call)
        if not off:
            self.rang(call, habit)

    def _later(self, delay_s: float, action: Callable[..., None], *arguments: object) -> None:
        self.carrier.timeline.at(time.time() + delay_s, action, *arguments)

    def _give_up(self, call: Call) -> None:
        if call.status == RINGING:
            self.move(call, NO_ANSWER)

    def answer(self, call: Call) -> None:
        """Let a ringing call be answered, and begin with what the service wants."""
        call.place = ""
        self.move(call, IN_PROGRESS)
        if call.on_answer is not None:
            call.on_answer(call)
        else:
            self.begin(call, Source(call.url, call.method, twiml=call.twiml))

    def finish(self, call: Call, status: str = COMPLETED) -> None:
        """End a call, whoever wanted that; does nothing to one that is over."""
        if call.final:
            return
        if call.status != IN_PROGRESS and status == COMPLETED:
            status = CANCELED if call.direction != INBOUND else NO_ANSWER
        self.move(call, status)
        if call.task is not None and call.task is not asyncio.current_task():
            call.task.cancel()

    def move(self, call: Call, status: str) -> None:
        """Change a call's status, record that and tell the service."""
        call.move(status, time.time())
        self.note_call(call)
        self._report(call, EVENT_OF.get(status, "completed"))
        if call.final:
            for action in call.on_end:
                action(call)

    def note_call(self, call: Call) -> None:
        """Write a call's state to the journal and tell who is looking."""
        self.carrier.journal.note(call_entry(call))
        self.carrier.on_change(call.handset)

    def hear(self, call: Call, kind: str, text: str, language: str = "", who: str = "") -> None:
        """Let something be heard on a call's handset, and keep it."""
        line = Line(time.time(), kind, text, language, who)
        call.hear(line)
        self.carrier.journal.note(line_entry(call, line))
        self.carrier.on_change(call.handset)

    def _report(self, call: Call, event: str) -> None:
        if not call.callback_url or event not in call.events:
            return
        more = {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.sequence),
            "Timestamp": rfc2822(time.time()),
        }
        if call.final:
            more["Duration"] = str(-(-self.duration_s(call) // 60))
        call.sequence += 1
        webhook = Webhook(call.callback_url, {**self.fields(call), **more})
        if event == "initiated":
            webhook.fields["CallStatus"] = "initiated"
        self.reporter.tell(call.sid, call.handset, call.attempt, webhook.fields["CallStatus"], webhook)

    @staticmethod
    def duration_s(call: Call) -> int:
        """Return how long a call was on, in seconds."""
        return int((call.ended or call.updated) - call.started) if call.started else 0

    def fields(self, call: Call, **more: str) -> dict[str, str]:
        """Return the form that every webhook about a call carries, with Twilio's names."""
        found = {
            "AccountSid": self.carrier.settings.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.to,
            "Caller": call.shown or call.sender,
            "Direction": call.direction,
            "From": call.shown or call.sender,
            "To": call.to,
        }
        for name, value in (
            ("ParentCallSid", call.parent_sid), ("ForwardedFrom", call.forwarded_from), ("AnsweredBy", call.answered_by),
            ("SipHeader_X-Hotline-Context", call.context),
            ("FromCountry" if call.direction == INBOUND else "ToCountry", self._country(call.shown or call.handset)),
        ):  # fmt: skip
            if value:
                found[name] = value
        if call.final:
            found["CallDuration"] = str(self.duration_s(call))
        return found | more

    def _country(self, number: str) -> str:
        handset = self.carrier.handsets.get(number)
        return handset.country if handset is not None and handset.country != "??" else ""

    def act(self, number: str, act: str, words: str = "") -> Call:
        """Do what somebody does with their handset; raises ``BadInput`` where it cannot be done.

        ``words`` are the keys for ``press``, what is said for ``talk``, and the number for ``dial``.
        """
        if act == "dial":
            return self.call_in(number, words)
        call = self._latest.get(number)
        if call is None or call.final:
            raise BadInput("no call is on")
        incoming = call.status == RINGING and call.direction != INBOUND
        if act == "answer" and incoming:
            self.answer(call)
        elif act == "decline" and incoming:
            self.move(call, BUSY)
        elif act == "voicemail" and incoming:
            self.machine(call)
        elif act == "hangup" and not incoming and call.status in (IN_PROGRESS, RINGING):
            self.finish(call)
        elif act == "press" and call.status == IN_PROGRESS and words and set(words) <= KEYS and len(words) <= MAX_KEYS:
            self._press(call, words)
        elif act == "talk" and call.status == IN_PROGRESS and 0 < len(words.strip()) <= MAX_TEXT_CHARACTERS:
            self._talk(call, words.strip())
        else:
            raise BadInput("act: must be dial, answer, decline, voicemail, hangup, press or talk, and fit the call")
        return call

    def _press(self, call: Call, keys: str) -> None:
        self.hear(call, KEY, keys)
        for key in keys:
            if call.listen is not None:
                call.listen(KEY, key)

    def _talk(self, call: Call, words: str) -> None:
        self.hear(call, TALK, words, who=call.handset)
        if call.listen is not None:
            call.listen(TALK, words)
        self.talked(call, words)

    def note(self, call: Call, text: str) -> None:
        """Let a call's reader know what happened: a room entered, a queue left."""
        self.hear(call, NOTE, text)


def make_call(
    *, to: str, sender: str, attempt: int = 1, status: str = QUEUED, direction: str = OUTBOUND, **more: Any
) -> Call:
    """Return a fresh call."""
    now = time.time()
    return Call(
        sid=new_call_sid(), to=to, sender=sender, status=status, created=now, updated=now, direction=direction,
        attempt=attempt, **more,
    )  # fmt: skip
