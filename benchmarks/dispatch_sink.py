"""A process that accepts every text after a fixed delay and does nothing else, so that it is never what is measured.

`python -m benchmarks.dispatch_sink DELAY_MS` prints its port and serves until it is terminated.
"""

from __future__ import annotations

import asyncio
import sys

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_BODY = b'{"sid":"SM%032x","status":"queued","error_code":null,"num_segments":"1","direction":"outbound-api"}'
_HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Sink(asyncio.Protocol):
    """Answers each complete request on a kept-alive connection `delay_s` seconds after it came in."""

    accepted = 0

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._buffer = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection to answer on."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every complete request in the buffer."""
        self._buffer += data
        while (head_end := self._buffer.find(_HEAD_END)) >= 0:
            whole = head_end + len(_HEAD_END) + _length(self._buffer[:head_end].lower())
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            Sink.accepted += 1
            body = _BODY % Sink.accepted
            answer = _HEAD % len(body) + body
            if self._delay_s:
                self._loop.call_later(self._delay_s, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _length(head: bytes) -> int:
    at = head.find(_LENGTH)
    if at < 0:
        return 0
    end = head.find(b"\r\n", at)
    return int(head[at + len(_LENGTH) : end if end >= 0 else None])


async def serve(delay_ms: float) -> None:
    """Serve on a free port of loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(delay_ms / 1000), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
