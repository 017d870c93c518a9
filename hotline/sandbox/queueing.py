"""The carrier's own queues: Enqueue, Leave, and who waits longest when a Dial asks for a queue."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from hotline.sandbox.calls import NOTE, Call, Source
from hotline.sandbox.following import LeftQueue, Operator
from hotline.sandbox.verbs import Enqueue, Gather, Hangup, Leave, Pause, Play, Redirect, Say

MAX_QUEUE = 100
"""How many can wait in one queue of a new account."""
MAX_QUEUES = 1_000
TUNE = (Say, Play, Pause, Redirect, Gather, Hangup, Leave)
"""What Twilio allows in a document of waitUrl."""


@dataclass(eq=False)
class Waiting:
    """One call in a queue. ``since`` is seconds since 1970 UTC; ``taken`` is set when somebody connects to it."""

    call: Call
    since: float
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event | None = None
    back: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Queue:
    """One queue, who came first is first. ``waits`` are the seconds that those waited who left."""

    sid: str
    name: str
    waiting: list[Waiting] = field(default_factory=list)
    left: int = 0
    waits: float = 0.0


class Queues:
    """All queues; one is made when somebody first enters it."""

    def __init__(self, operator: Operator) -> None:
        """Put itself where the operator looks for who does an Enqueue."""
        self._operator = operator
        self._queues: dict[str, Queue] = {}
        self._bridged: dict[str, Waiting] = {}
        operator.doers[Enqueue] = self.enqueue

    def all(self) -> list[Queue]:
        """Return every queue."""
        return list(self._queues.values())

    def clear(self) -> None:
        """Forget every queue."""
        self._queues.clear()
        self._bridged.clear()

    async def enqueue(self, call: Call, verb: Enqueue) -> Source | None:
        """Let a call wait until it is taken, leaves or hangs up; returns where it goes then."""
        queue = self._queues.get(verb.name)
        if queue is None and len(self._queues) < MAX_QUEUES:
            queue = self._queues[verb.name] = Queue("QU" + secrets.token_hex(16), verb.name)
        if queue is None or len(queue.waiting) >= MAX_QUEUE:
            return self._onward(verb, "queue-full", 0, queue)
        waiting = Waiting(call, time.time())
        queue.waiting.append(waiting)
        call.place = "queue"
        self._operator.exchange.note(call, f"waits in {queue.name}")
        result = "redirected"
        try:
            result = await self._wait(queue, waiting, verb)
        finally:
            call.place = ""
            waited = self._take_out(queue, waiting)
            if call.final or result == "redirected":
                bridged = waiting.taken.is_set()
                result = "bridged" if bridged else "hangup" if call.final else "redirected"
                if waiting.gone is not None:
                    waiting.gone.set()
                onward = self._onward(verb, result, waited, queue)
                if onward is not None:
                    self._operator.tell(call, onward)
        return self._onward(verb, result, waited, queue)

    async def _wait(self, queue: Queue, waiting: Waiting, verb: Enqueue) -> str:
        tune = Source(verb.wait_url, verb.wait_method)
        playing = self._operator.entertain(waiting.call, tune, lambda: self._fields(queue, waiting), TUNE)
        music = asyncio.get_running_loop().create_task(playing)
        taken = asyncio.get_running_loop().create_task(waiting.taken.wait())
        try:
            await asyncio.wait({music, taken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            music.cancel()
            taken.cancel()
        if waiting.taken.is_set():
            await waiting.back.wait()
            return "bridged"
        try:
            await music
        except LeftQueue:
            return "leave"
        return "error"

    def _take_out(self, queue: Queue, waiting: Waiting) -> int:
        if waiting in queue.waiting:
            queue.waiting.remove(waiting)
        waited = int(time.time() - waiting.since) if not waiting.taken.is_set() else waiting.call.queue_s
        waiting.call.queue_s = waited
        queue.left += 1
        queue.waits += waited
        self._bridged.pop(waiting.call.sid, None)
        return waited

    def _onward(self, verb: Enqueue, result: str, waited_s: int, queue: Queue | None) -> Source | None:
        if not verb.action:
            return None
        fields = {"QueueResult": result, "QueueTime": str(waited_s), "QueueSid": queue.sid if queue is not None else ""}
        return Source(verb.action, verb.method, fields)

    def _fields(self, queue: Queue, waiting: Waiting) -> dict[str, str]:
        place = queue.waiting.index(waiting) + 1 if waiting in queue.waiting else 0
        return {
            "AvgQueueTime": str(int(queue.waits / queue.left) if queue.left else 0),
            "CurrentQueueSize": str(len(queue.waiting)),
            "MaxQueueSize": str(MAX_QUEUE),
            "QueuePosition": str(place),
            "QueueSid": queue.sid,
            "QueueTime": str(int(time.time() - waiting.since)),
        }

    def take(self, name: str, gone: asyncio.Event) -> Call | None:
        """Return who waits longest and mark the call as taken; ``gone`` is set should it hang up or be led elsewhere."""
        queue = self._queues.get(name)
        if queue is None or not queue.waiting:
            return None
        waiting = queue.waiting.pop(0)
        waiting.gone = gone
        waiting.call.queue_s = int(time.time() - waiting.since)
        waiting.taken.set()
        self._bridged[waiting.call.sid] = waiting
        self._operator.exchange.hear(waiting.call, NOTE, f"leaves {name}")
        return waiting.call

    def give_back(self, call: Call) -> None:
        """Let a taken call go on with its own documents once the other end is gone."""
        waiting = self._bridged.pop(call.sid, None)
        if waiting is not None:
            waiting.back.set()
