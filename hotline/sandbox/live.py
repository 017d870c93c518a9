"""What browsers are told while they look: twice or more a second, which handsets changed and the totals."""

from __future__ import annotations

import asyncio
import json
import time

from aiohttp import web

from hotline.sandbox.carrier import Carrier
from hotline.sandbox.control import counters_json
from hotline.sandbox.settings import BadInput

MAX_VIEWERS = 64
MAX_CHANGED = 400
TICK_S = 0.25
HEARTBEAT_S = 5.0


class Hub:
    """Gathers changed numbers between ticks, so that ten thousand texts a second cost a browser four events."""

    def __init__(self) -> None:
        """Start with nobody looking."""
        self._viewers: set[asyncio.Queue[str]] = set()
        self._changed: set[str] = set()
        self._many = False

    def changed(self, number: str) -> None:
        """Note that a handset changed; an empty number means that everything did."""
        if not self._viewers:
            return
        if not number or len(self._changed) >= MAX_CHANGED:
            self._many = True
        else:
            self._changed.add(number)

    def join(self) -> asyncio.Queue[str]:
        """Return a fresh queue of events; raises ``BadInput`` when too many browsers look already."""
        if len(self._viewers) >= MAX_VIEWERS:
            raise BadInput(f"at most {MAX_VIEWERS} pages can look at once")
        queue: asyncio.Queue[str] = asyncio.Queue(maxsize=8)
        self._viewers.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[str]) -> None:
        """Stop telling this browser."""
        self._viewers.discard(queue)

    def wake(self) -> None:
        """Give every browser an empty event, so that a stream notices that it is to end."""
        for queue in self._viewers:
            if not queue.full():
                queue.put_nowait("{}")

    async def tick_forever(self, carrier: Carrier) -> None:
        """Send what changed; a browser that does not keep up misses events, and totals come again anyway."""
        last_sent = last_at = 0.0
        last_accepted = 0
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            if not self._viewers:
                last_accepted, last_at = carrier.counts.accepted, now
                continue
            accepted = carrier.counts.accepted
            rate = max(0.0, (accepted - last_accepted) / max(TICK_S, now - last_at))
            busy = bool(self._changed or self._many) or accepted != last_accepted
            last_accepted, last_at = accepted, now
            if busy or now - last_sent >= HEARTBEAT_S / 5:
                last_sent = now
                self._tell(carrier, round(rate))

    def _tell(self, carrier: Carrier, rate: int) -> None:
        changed, many = list(self._changed), self._many
        self._changed, self._many = set(), False
        event = {"changed": changed, "many": many, "per_s": rate, "counters": counters_json(carrier)}
        data = json.dumps(event, ensure_ascii=False)
        for queue in self._viewers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(data)


HUB: web.AppKey[Hub] = web.AppKey("hub", Hub)
