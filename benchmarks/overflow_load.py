"""An embassy's exchange that announces signed calls over kept-alive connections, from a process of its own.

`python -m benchmarks.overflow_load ORIGIN PATH KEY_ID SECRET FIRST CALLS PER_S CONNECTIONS` announces CALLS calls, PER_S a second
(0: as quickly as they are answered). The calls are made before the clock starts. It prints one JSON object: seconds, answers with
200, the first others, and the milliseconds of each from the moment at which it was due.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from datetime import UTC, datetime
from urllib.parse import urlsplit

from hotline.core.signed_body import sign

RUN_LIMIT_S = 200.0
CODE, NUMBER, POOL = "bench", "+861055550001", "+82233339999"
WEBHOOK = "/webhooks/overflow"
REASONS = ("closed", "busy", "no_answer", "all")


def request_of(origin: str, path: str, key_id: str, secret: str, number: int) -> bytes:
    """One whole signed announcement, ready for the socket."""
    body = json.dumps(
        {
            "version": 1, "caller": f"+86139{number % 100_000_000:08d}", "called": NUMBER, "reason": REASONS[number % 4],
            "language": "ko", "reference": f"ref-{number}", "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    ).encode()  # fmt: skip
    timestamp, name = str(int(time.time())), f"call-{number}"
    signature = sign(secret, timestamp, body, idempotency_key=name)
    return (
        f"POST {path}/{CODE} HTTP/1.1\r\nHost: {urlsplit(origin).netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nIdempotency-Key: {name}\r\nX-Hotline-Key: {key_id}\r\n"
        f"X-Hotline-Timestamp: {timestamp}\r\nX-Hotline-Signature: {signature}\r\n\r\n"
    ).encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return a whole answer: its head, and its body by the length it names."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line.split(b":", 1) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head, await reader.readexactly(int(lines[0][1]) if lines else 0)


async def announce_all(origin: str, calls: list[bytes], per_s: float, connections: int) -> dict[str, object]:
    """Announce everything; what came back, and how long each took."""
    host, port = urlsplit(origin).netloc.split(":")
    waiting, took_ms, others = deque(enumerate(calls)), list[float](), list[str]()
    streams = [await asyncio.open_connection(host, int(port)) for _ in range(connections)]
    started = time.perf_counter()

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while waiting:
            nth, call = waiting.popleft()
            due = started + nth / per_s if per_s else time.perf_counter()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            writer.write(call)
            head, body = await _answer(reader)
            took_ms.append((time.perf_counter() - due) * 1000)
            if not head.startswith(b"HTTP/1.1 200"):
                others.append((head[:60] + body[:300]).decode("utf-8", "replace"))
        writer.close()

    await asyncio.wait_for(asyncio.gather(*(work(*stream) for stream in streams)), RUN_LIMIT_S)
    return {
        "seconds": time.perf_counter() - started, "answered": len(took_ms) - len(others), "others": others[:3],
        "took_ms": took_ms,
    }  # fmt: skip


def main(words: list[str]) -> None:
    """Make the calls and announce them."""
    origin, path, key_id, secret = words[:4]
    first, calls, connections = int(words[4]), int(words[5]), int(words[7])
    made = [request_of(origin, path, key_id, secret, number) for number in range(first, first + calls)]
    print(json.dumps(asyncio.run(announce_all(origin, made, float(words[6]), connections))))


if __name__ == "__main__":
    main(sys.argv[1:])
