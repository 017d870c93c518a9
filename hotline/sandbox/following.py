"""Following the service's documents on a call, verb after verb, until it waits, leads elsewhere or ends."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from hotline.sandbox.attributes import SCHEMA, BadTwiml
from hotline.sandbox.callbacks import Webhook
from hotline.sandbox.calls import (
    BUSY,
    FAILED,
    IN_PROGRESS,
    KEY,
    NO_ANSWER,
    NOTE,
    PLAY,
    RINGING,
    SAY,
    Call,
    Source,
)
from hotline.sandbox.exchange import Exchange
from hotline.sandbox.messages import INBOUND
from hotline.sandbox.sounds import Sounds
from hotline.sandbox.twiml import read_answer, read_twiml
from hotline.sandbox.verbs import Gather, Hangup, Leave, Pause, Play, Redirect, Reject, Say, Spoken, Verb

logger = logging.getLogger(__name__)

MAX_TURNS, TURNS_WITHIN_S = 100, 20.0
"""A service that leads a call from document to document faster than this is hung up on."""
LONGEST_CALL_S = 14_400.0
"""Twilio's longest call: four hours."""
SHORTEST_TUNE_S = 1.0
"""How often a document for waiting is fetched at most."""
MAX_ALERTS = 1_000
APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
"""What Twilio says when the service answers with anything but TwiML."""

Doer = Callable[[Call, Any], Awaitable[Source | None]]


class HungUp(Exception):
    """The service ended the call."""


class LeftQueue(Exception):
    """The service took the call out of the queue it waits in."""


@dataclass(frozen=True)
class Alert:
    """One mistake of the service, with Twilio's number; ``at`` is seconds since 1970 UTC."""

    at: float
    code: int
    words: str
    call: str
    url: str


class Operator:
    """Follows documents; one task per call."""

    def __init__(self, exchange: Exchange, sounds: Sounds) -> None:
        """Take over what happens on the calls of ``exchange``."""
        self.exchange, self.sounds = exchange, sounds
        self.alerts: deque[Alert] = deque(maxlen=MAX_ALERTS)
        self._beside: set[asyncio.Task[None]] = set()
        self.doers: dict[type, Doer] = {
            Say: self._speak, Play: self._speak, Pause: self._speak, Gather: self._gather, Redirect: self._redirect,
            Hangup: self._hang_up, Reject: self._reject, Leave: self._leave,
        }  # fmt: skip
        """Who does which verb; dialling, queues and recordings add theirs."""
        self.begun: Callable[[Call], None] = lambda call: None
        """Told before the first document of a call that was answered."""
        self.sound: Callable[[Call, Spoken], Awaitable[float]] | None = None
        """Lets something be heard as real sound and returns how long that takes in seconds; the page needs nobody for it."""
        self.hush: Callable[[Call], None] = lambda call: None
        """Stops what can be heard on a call; a real telephone line puts itself here and there."""
        exchange.begin = self.begin

    def begin(self, call: Call, source: Source) -> None:
        """Follow documents from ``source``, in place of whatever is going on."""
        before = call.task
        if before is not None:
            before.cancel()
        for action in call.on_moved:
            action(call)
        call.on_moved.clear()
        call.task = asyncio.get_running_loop().create_task(self._run(call, source, before))

    async def _run(self, call: Call, source: Source, before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait({before})
        try:
            async with asyncio.timeout(LONGEST_CALL_S):
                self.begun(call)
                await self.follow(call, source)
        except (HungUp, TimeoutError):
            pass  # Both end the call like a document that is at its end.
        except BadTwiml:
            self._pick_up(call)
            self.exchange.hear(call, SAY, APPLICATION_ERROR, "en-US")
        except Exception:
            logger.exception("the call %s cannot be followed", call.sid)
            self._pick_up(call)
            self.exchange.finish(call, FAILED)
        if not call.final:
            self._pick_up(call)
            self.exchange.finish(call)

    def _pick_up(self, call: Call) -> None:
        if call.status == RINGING and call.direction == INBOUND:
            call.place = ""
            self.exchange.move(call, IN_PROGRESS)
            if call.on_answer is not None:
                call.on_answer(call)

    async def follow(self, call: Call, source: Source | None, allowed: tuple[type, ...] = ()) -> None:
        """Follow documents to their end; raises ``BadTwiml``, ``HungUp`` and ``LeftQueue``.

        ``allowed`` names the only verbs that may occur, all when empty.
        """
        turns: deque[float] = deque(maxlen=MAX_TURNS)
        while source is not None:
            now = time.monotonic()
            if len(turns) == MAX_TURNS and now - turns[0] < TURNS_WITHIN_S:
                self.alert(call, BadTwiml(11200, "the documents lead from one to another for ever"), source.url)
                raise HungUp
            turns.append(now)
            verbs = await self._read(call, source, allowed)
            source = await self._perform(call, verbs)

    async def _perform(self, call: Call, verbs: list[Verb]) -> Source | None:
        for verb in verbs:
            if not isinstance(verb, Reject | Pause | Redirect):
                self._pick_up(call)
            following = await self.doers[type(verb)](call, verb)
            if following is not None:
                return following
        return None

    async def _read(self, call: Call, source: Source, allowed: tuple[type, ...]) -> list[Verb]:
        if source.verbs:
            return list(source.verbs)
        try:
            verbs = await self._ask(call, source)
            _check_allowed(verbs, allowed)
        except BadTwiml as problem:
            self.alert(call, problem, source.url)
            if not call.fallback_url or allowed or source.url == call.fallback_url:
                raise
            more = {**source.fields, "ErrorCode": str(problem.code), "ErrorUrl": source.url}
            try:
                verbs = await self._ask(call, Source(call.fallback_url, fields=more))
            except BadTwiml as second:
                self.alert(call, second, call.fallback_url)
                raise
        return verbs

    async def _ask(self, call: Call, source: Source) -> list[Verb]:
        if source.twiml:
            return read_twiml(source.twiml.encode(), "http://localhost/")
        webhook = Webhook(source.url, self.exchange.fields(call, **source.fields), method=source.method)
        status, document = await self._answer_to(webhook)
        if status == 0:
            raise BadTwiml(11205, f"no answer: {document.decode('utf-8', 'replace')[:200]}")
        return read_answer(status, webhook.content_type, document, source.url)

    async def _answer_to(self, webhook: Webhook) -> tuple[int, bytes]:
        answered: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

        def done(status: int, document: bytes) -> None:
            if not answered.done():
                answered.set_result((status, document))

        webhook.done = done
        if not self.exchange.questions.has_room:
            return 0, b"too many calls wait for the service"
        self.exchange.questions.post(webhook)
        return await answered

    def tell(self, call: Call, source: Source) -> None:
        """Ask an address without following the answer, as at the end of a verb whose call is over."""
        self.exchange.questions.post(
            Webhook(source.url, self.exchange.fields(call, **source.fields), method=source.method, retry=False)
        )

    def alert(self, call: Call, problem: BadTwiml, url: str) -> None:
        """Keep a mistake of the service for whoever asks."""
        alert = Alert(time.time(), problem.code, str(problem)[:400], call.sid, url)
        self.alerts.append(alert)
        self.exchange.carrier.journal.note({"alert": asdict(alert)})
        self.exchange.hear(call, NOTE, f"error {problem.code}: {problem}"[:400])

    async def entertain(
        self, call: Call, source: Source, fields: Callable[[], dict[str, str]], allowed: tuple[type, ...]
    ) -> None:
        """Follow documents over and over while a call waits; without an address the carrier's own music plays for ever."""
        while source.url:
            started = time.monotonic()
            try:
                await self.follow(call, Source(source.url, source.method, fields()), allowed)
            except BadTwiml:
                break  # The alert is noted; the caller hears nothing more, as with Twilio.
            await asyncio.sleep(max(0.0, SHORTEST_TUNE_S - (time.monotonic() - started)))
        else:
            self.exchange.hear(call, PLAY, "hold-music")
        await asyncio.sleep(LONGEST_CALL_S)

    async def announce(self, call: Call, source: Source, allowed: tuple[type, ...]) -> None:
        """Let a document be heard beside whatever is going on; a mistake in it is noted and ends it."""
        try:
            await self.follow(call, source, allowed)
        except (BadTwiml, HungUp):
            return

    def keep(self, task: asyncio.Task[None], call: Call) -> None:
        """Hold on to a task that runs beside a call, and end it with the call."""
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

        def end(_: Call) -> None:
            task.cancel()

        call.on_end.append(end)

    async def _speak(self, call: Call, verb: Spoken) -> Source | None:
        try:
            await asyncio.sleep(await self.utter(call, verb))
        finally:
            self.hush(call)
        return None

    async def utter(self, call: Call, verb: Spoken) -> float:
        """Let something be heard, and return how long that takes in seconds."""
        if isinstance(verb, Say):
            self.exchange.hear(call, SAY, verb.text, verb.language)
        elif isinstance(verb, Play):
            self.exchange.hear(call, *((NOTE, f"tones {verb.digits}") if verb.digits else (PLAY, verb.url)))
        if self.sound is not None:
            return await self.sound(call, verb)
        if isinstance(verb, Say):
            return len(verb.text) * self.exchange.carrier.behaviour.char_ms / 1000 * (verb.loop or 1000)
        if isinstance(verb, Pause):
            return float(verb.length_s)
        if verb.digits:
            return 0.25 * len(verb.digits)
        return await self.sounds.length_s(verb.url) * (verb.loop or 1000)

    async def _gather(self, call: Call, verb: Gather) -> Source | None:
        keys: asyncio.Queue[str] = asyncio.Queue()
        speaking_s = 0.0

        def listen(kind: str, value: str) -> None:
            if kind == KEY:
                self.hush(call)
                keys.put_nowait(value)

        call.listen, call.wants_key = listen, True
        try:
            for line in verb.lines:
                speaking_s += await self.utter(call, line)
            typed, finished = await _collect(keys, verb, speaking_s)
        finally:
            call.listen, call.wants_key = None, False
            self.hush(call)
        if not typed and not verb.action_on_empty:
            return None
        more = {"Digits": typed, "msg": "Gather End"}
        if finished:
            more["FinishedOnKey"] = finished
        return Source(verb.action, verb.method, more)

    async def _redirect(self, call: Call, verb: Redirect) -> Source:
        return Source(verb.url, verb.method)

    async def _hang_up(self, call: Call, verb: Hangup) -> Source | None:
        raise HungUp

    async def _reject(self, call: Call, verb: Reject) -> Source | None:
        if call.status == RINGING:
            self.exchange.note(call, f"rejected: {verb.reason}")
            self.exchange.move(call, BUSY if verb.reason == "busy" else NO_ANSWER)
        raise HungUp

    async def _leave(self, call: Call, verb: Leave) -> Source | None:
        raise LeftQueue


def _check_allowed(verbs: list[Verb], allowed: tuple[type, ...]) -> None:
    if wrong := [verb for verb in verbs if allowed and not isinstance(verb, allowed)]:
        raise BadTwiml(SCHEMA, f"{type(wrong[0]).__name__} is not allowed while waiting")


async def _collect(keys: asyncio.Queue[str], verb: Gather, speaking_s: float) -> tuple[str, str]:
    """Return the keys that were pressed in time, and the one that finished them."""
    typed, deadline = "", time.monotonic() + speaking_s + verb.timeout_s
    while verb.num_digits is None or len(typed) < verb.num_digits:
        try:
            key = await asyncio.wait_for(keys.get(), max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            break
        if key == verb.finish_on_key:
            return typed, key
        typed += key
        deadline = time.monotonic() + verb.timeout_s
    return typed, ""
