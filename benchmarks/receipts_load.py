"""A provider that posts signed receipts over kept-alive connections, from a process of its own.

`python -m benchmarks.receipts_load ORIGIN PATH TOKEN FIRST COUNT CONNECTIONS` posts receipts for the messages FIRST,
FIRST + 1, …; each connection has one request under way. The requests are made before the clock starts. It prints one
JSON object: seconds, and the ids of the messages whose receipt was acknowledged with 204.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
import time
from collections import deque
from urllib.parse import urlencode, urlsplit

RUN_LIMIT_S = 120.0
_HEAD_END = b"\r\n\r\n"


def fields_of(message_id: int) -> dict[str, str]:
    """The form of a receipt as Twilio sends it."""
    sid = f"SM{message_id:032x}"
    return {
        "ApiVersion": "2010-04-01", "AccountSid": "AC" + "0" * 32, "From": "+15005550006",
        "To": f"+8210{message_id:08d}", "MessageSid": sid, "SmsSid": sid, "SmsStatus": "delivered",
        "MessageStatus": "delivered",
    }  # fmt: skip


def request_of(origin: str, path: str, token: str, message_id: int) -> bytes:
    """One whole signed request, ready for the socket."""
    target, fields = f"{path}?message={message_id}", fields_of(message_id)
    content = origin + target + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.digest(token.encode(), content.encode(), "sha1")).decode()
    body = urlencode(fields)
    return (
        f"POST {target} HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\nUser-Agent: TwilioProxy/1.1\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n"
        f"X-Twilio-Signature: {signature}\r\n\r\n{body}"
    ).encode()


class Connection(asyncio.Protocol):
    """Sends the next waiting request as soon as the one before is answered, until none waits."""

    def __init__(self, waiting: deque[tuple[int, bytes]], acknowledged: list[int], refused: list[bytes]) -> None:
        self._waiting, self._acknowledged, self._refused = waiting, acknowledged, refused
        self._buffer = b""
        self._under_way = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Take a 204, which has no body; anything else ends this connection, and its text is kept."""
        self._buffer += data
        if _HEAD_END not in self._buffer:
            return
        if self._buffer.startswith(b"HTTP/1.1 204"):
            self._acknowledged.append(self._under_way)
            self._buffer = b""
            self._next()
        else:
            self._refused.append(self._buffer[:300])
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Say that this connection sends no more."""
        if not self.ended.done():
            self.ended.set_result(None)

    def _next(self) -> None:
        if not self._waiting:
            self._transport.close()
            return
        self._under_way, request = self._waiting.popleft()
        self._transport.write(request)


async def post_all(origin: str, requests: list[tuple[int, bytes]], connections: int) -> dict[str, object]:
    """Post everything; seconds and the ids acknowledged."""
    loop, waiting = asyncio.get_running_loop(), deque(requests)
    acknowledged: list[int] = []
    refused: list[bytes] = []
    host, port = urlsplit(origin).netloc.split(":")
    started = time.perf_counter()
    made = [
        await loop.create_connection(lambda: Connection(waiting, acknowledged, refused), host, int(port))
        for _ in range(connections)
    ]
    await asyncio.wait_for(asyncio.gather(*(protocol.ended for _, protocol in made)), RUN_LIMIT_S)
    return {
        "seconds": time.perf_counter() - started,
        "acknowledged": acknowledged,
        "refused": [text.decode("utf-8", "replace") for text in refused],
    }


def main(origin: str, path: str, token: str, first: int, count: int, connections: int) -> None:
    """Make the requests and post them."""
    requests = [(nth, request_of(origin, path, token, nth)) for nth in range(first, first + count)]
    print(json.dumps(asyncio.run(post_all(origin, requests, connections))))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]))
