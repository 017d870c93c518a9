"""A carrier that posts signed calls over kept-alive connections, from a process of its own.

`python -m benchmarks.roaming_load ORIGIN PATH KEY_ID SECRET FIRST CALLS EVENTS CONNECTIONS` makes CALLS calls of EVENTS events
each; every connection has one call under way. The calls are made before the clock starts. It prints one JSON object:
seconds, calls acknowledged with 202, and the first answers that were none.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import deque
from datetime import UTC, datetime
from urllib.parse import urlsplit

from hotline.core.signed_body import sign

RUN_LIMIT_S = 120.0
CODE = "bench"
WEBHOOK = "/webhooks/roaming"
NETWORKS = ("51503", "44010", "310260", "20801", "52001")
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


def phone_of(number: int) -> str:
    """Return the number of the traveller with this number, as networks write it."""
    return f"8210{number % 100_000_000:08d}"


def request_of(origin: str, path: str, key_id: str, secret: str, first: int, events: int) -> bytes:
    """One whole signed call, ready for the socket."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    body = json.dumps(
        {
            "events": [
                {"msisdn": phone_of(number), "plmn": NETWORKS[number % len(NETWORKS)], "time": now}
                for number in range(first, first + events)
            ]
        }
    ).encode()
    timestamp, key = str(int(time.time())), f"call-{first}"
    signature = sign(secret, timestamp, body, idempotency_key=key)
    return (
        f"POST {path}/{CODE} HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nIdempotency-Key: {key}\r\nX-Hotline-Key: {key_id}\r\n"
        f"X-Hotline-Timestamp: {timestamp}\r\nX-Hotline-Signature: {signature}\r\n\r\n"
    ).encode() + body


class Connection(asyncio.Protocol):
    """Sends the next waiting call as soon as the one before is answered, until none waits."""

    def __init__(self, waiting: deque[bytes], acknowledged: list[int], refused: list[str]) -> None:
        self._waiting, self._acknowledged, self._refused = waiting, acknowledged, refused
        self._buffer = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Take a whole 202; anything else ends this connection, and its beginning is kept."""
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = _LENGTH.search(head)
        if len(body) < (int(length[1]) if length else 0):
            return
        if head.startswith(b"HTTP/1.1 202"):
            self._acknowledged.append(1)
            self._buffer = b""
            self._next()
        else:
            self._refused.append(self._buffer[:300].decode("utf-8", "replace"))
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Say that this connection sends no more."""
        if not self.ended.done():
            self.ended.set_result(None)

    def _next(self) -> None:
        if self._waiting:
            self._transport.write(self._waiting.popleft())
        else:
            self._transport.close()


async def post_all(origin: str, calls: list[bytes], connections: int) -> dict[str, object]:
    """Post everything; seconds, how many were acknowledged, and what refused."""
    loop, waiting = asyncio.get_running_loop(), deque(calls)
    acknowledged: list[int] = []
    refused: list[str] = []
    host, port = urlsplit(origin).netloc.split(":")
    started = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Connection(waiting, acknowledged, refused), host, int(port))
        for _ in range(connections)
    ]
    await asyncio.wait_for(asyncio.gather(*(protocol.ended for _, protocol in made)), RUN_LIMIT_S)
    return {"seconds": time.perf_counter() - started, "acknowledged": len(acknowledged), "refused": refused[:3]}


def main(words: list[str]) -> None:
    """Make the calls and post them."""
    origin, path, key_id, secret = words[:4]
    first, calls, events, connections = map(int, words[4:8])
    made = [request_of(origin, path, key_id, secret, first + nth * events, events) for nth in range(calls)]
    print(json.dumps(asyncio.run(post_all(origin, made, connections))))


if __name__ == "__main__":
    main(sys.argv[1:])
