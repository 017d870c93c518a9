"""A real HTTP server on loopback that answers like Twilio's Messages API and misbehaves exactly as a test tells it."""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

ACCOUNT = "AC" + "0" * 32
TOKEN = "auth token for tests"


@dataclass
class Accepted:
    """One text on its way to a handset."""

    sid: str
    to: str
    body: str
    created: datetime
    fields: dict[str, str]
    status: str = "queued"
    error_code: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "to": self.to,
            "body": self.body,
            "status": self.status,
            "error_code": self.error_code,
            "direction": "outbound-api",
            "date_created": format_datetime(self.created),
        }


@dataclass
class LoopbackTwilio:
    """What the server did and shall do.

    `behaviour[number]` is a list of words used up one per request: `ok`, `lost` (accepted, then the connection is closed),
    `lost_before` (closed, not accepted), `500_after`, `500_before`, `429`, `hang` (accepted, no answer as long as it runs),
    `garbled` (accepted, the answer is no JSON), `huge`, or a code such as `21610`. The list `everybody` is for all numbers.
    """

    url: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    accepted: list[Accepted] = field(default_factory=list)
    behaviour: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    everybody: list[str] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)
    on_accepted: Callable[[Accepted], None] = lambda accepted: None
    hidden: bool = False
    page_size: int = 100
    lists_fail: bool = False
    delay_s: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def texts_to(self, number: str) -> list[Accepted]:
        """Return what the handset got."""
        return [each for each in self.accepted if each.to == number]

    @property
    def copies(self) -> Counter[str]:
        """How many texts each handset got."""
        return Counter(each.to for each in self.accepted)

    def next_word(self, number: str) -> str:
        """Use up one word of the script."""
        with self.lock:
            self.requests[number] += 1
            for script in (self.behaviour.get(number), self.everybody):
                if script:
                    return script.pop(0)
        return "ok"

    def accept(self, fields: dict[str, str]) -> Accepted:
        """Take a text in."""
        text = Accepted("SM" + secrets.token_hex(16), fields["To"], fields["Body"], self.now(), fields)
        with self.lock:
            self.accepted.append(text)
        self.on_accepted(text)
        return text


ERROR_STATUS = {"20003": 401, "21408": 403, "20404": 404, "20429": 429}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def twilio(self) -> LoopbackTwilio:
        """What this server did and shall do."""
        assert isinstance(self.server, _Server)
        return self.server.twilio

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
        with self.twilio.lock:
            self.twilio.at_once += 1
            self.twilio.most_at_once = max(self.twilio.most_at_once, self.twilio.at_once)
        try:
            if self.twilio.delay_s:
                time.sleep(self.twilio.delay_s)
            self._play(self.twilio.next_word(fields["To"]), fields)
        finally:
            with self.twilio.lock:
                self.twilio.at_once -= 1

    def _play(self, word: str, fields: dict[str, str]) -> None:
        if word in ("ok", "garbled", "lost", "500_after", "hang", "huge"):
            text = self.twilio.accept(fields)
            if word == "ok":
                self._answer(201, text.as_json())
            elif word == "garbled":
                self._send(201, b"<html>it works</html>")
            elif word == "huge":
                self._send(201, b"x" * 1_000_000)
            elif word == "hang":
                self.twilio.over.wait(60)
                self.close_connection = True
            elif word == "500_after":
                self._answer(500, {"code": 20500, "message": "internal"})
            else:
                self._hang_up()
        elif word == "lost_before":
            self._hang_up()
        elif word == "500_before":
            self._answer(500, {"code": 20500, "message": "internal"})
        elif word == "429":
            self._answer(429, {"code": 20429, "message": "Too Many Requests"}, {"Retry-After": "2"})
        elif word == "302":
            self._send(302, b"", {"Location": "http://127.0.0.1:9/elsewhere"})
        else:
            self._answer(ERROR_STATUS.get(word, 400), {"code": int(word), "message": "refused"})

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        with self.twilio.lock:
            self.twilio.paths.append(self.path)
            self.twilio.requests["GET " + query.get("To", "")] += 1
        if self.twilio.lists_fail:
            self._answer(503, {"code": 20503, "message": "unavailable"})
            return
        rows = [] if self.twilio.hidden else [each.as_json() for each in reversed(self.twilio.texts_to(query["To"]))]
        start = int(query.get("Page", "0")) * self.twilio.page_size
        more = len(rows) > start + self.twilio.page_size
        to = query["To"].replace("+", "%2B")
        next_uri = f"{parts.path}?To={to}&Page={int(query.get('Page', '0')) + 1}" if more else None
        self._answer(200, {"messages": rows[start : start + self.twilio.page_size], "next_page_uri": next_uri})

    def _answer(self, status: int, fields: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(fields).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent: pytest's output is for failures."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def __init__(self, twilio: LoopbackTwilio) -> None:
        self.twilio = twilio
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


@contextmanager
def running_twilio(**options: Any) -> Iterator[LoopbackTwilio]:
    """Serve on a free port until the block ends."""
    twilio = LoopbackTwilio(**options)
    server = _Server(twilio)
    twilio.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield twilio
    finally:
        twilio.over.set()
        server.shutdown()
        server.server_close()
