"""A running practice carrier in its own process, and a real receiver for its webhooks."""

from __future__ import annotations

import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from hotline.sandbox.client import SandboxClient
from tests.sandbox.service import Service, start_service

START_TIMEOUT_S = 60.0
SENDER = "+15005550006"


class BaseUrlClient(TwilioHttpClient):
    """The SDK's own HTTP client with another host in front of the path."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=20)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Response:
        parts = urlsplit(url)
        return super().request(
            method, self._base_url + parts.path + (f"?{parts.query}" if parts.query else ""), *args, **options
        )


class RunningSandbox:
    """One carrier process; ``kill`` is SIGKILL, ``start`` starts it again on the same data directory."""

    def __init__(self, data_dir: Path | None, *options: str) -> None:
        self.account_sid, self.auth_token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
        self._data_dir, self._options = data_dir, options
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "hotline.sandbox", *self._options]
        if self._data_dir is not None:
            command += ["--data-dir", str(self._data_dir)]
        environment = {
            **os.environ,
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self.auth_token,
            "HOTLINE_PUBLIC_URL": "",
        }
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self.url = self._read_address()
        self.control = SandboxClient(self.url, self.account_sid, self.auth_token)

    def _read_address(self) -> str:
        assert self.process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()  # type: ignore[union-attr]
        line = lines.get(timeout=START_TIMEOUT_S)
        assert line.startswith("SANDBOX http://127.0.0.1:"), line
        return line.split()[1]

    def sdk(self, auth_token: str | None = None) -> Client:
        """Return the official SDK pointed at this carrier."""
        return Client(self.account_sid, auth_token or self.auth_token, http_client=BaseUrlClient(self.url))

    @property
    def messages_url(self) -> str:
        return f"{self.url}/2010-04-01/Accounts/{self.account_sid}/Messages.json"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)

    def stop(self) -> int:
        self.control.close()
        self.process.terminate()
        return self.process.wait(timeout=15)


@dataclass
class Received:
    """One webhook as it arrived."""

    path: str
    fields: dict[str, str]
    signature: str
    at: float


@dataclass
class Receiver:
    """A small real HTTP server that keeps what it is sent; ``answer`` is the TwiML or text it gives back."""

    url: str
    received: list[Received] = field(default_factory=list)
    status: int = 200
    answer: bytes = b""

    def of(self, **wanted: str) -> list[Received]:
        """Return what carries all these fields."""
        return [each for each in list(self.received) if wanted.items() <= each.fields.items()]


def _make_handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            fields = dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True))
            signature = self.headers["X-Twilio-Signature"]
            receiver.received.append(Received(self.path, fields, signature, time.time()))
            self.send_response(receiver.status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay silent: pytest's output is for failures."""

    return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve webhooks on a free port of 127.0.0.1."""
    found = Receiver(url="")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(found))
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One quick carrier for the whole run."""
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox"), "--sent-ms", "5", "--delivered-ms", "20")
    yield running
    running.stop()


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> RunningSandbox:
    """The shared carrier, emptied and back to its first behaviour."""
    shared_sandbox.control.reset()
    shared_sandbox.control.behave(
        sent_ms=5,
        delivered_ms=20,
        jitter_ms=0,
        parts_per_s=0,
        off_wait_ms=20_000,
        char_ms=0,
        play_ms=0,
        webhook_ms=15_000,
        inbound_url="",
    )
    return shared_sandbox


@pytest.fixture
def service(sandbox: RunningSandbox) -> Iterator[Service]:
    """A service that takes calls to ``SENDER`` in at /voice, its fallback at /fallback, reports at /status."""
    found, server = start_service(sandbox.auth_token)
    sandbox.control.set_numbers(
        {
            "number": SENDER, "voice_url": found.url + "/voice", "fallback_url": found.url + "/fallback",
            "status_callback": found.url + "/status",
        }
    )  # fmt: skip
    yield found
    server.shutdown()
    server.server_close()
    assert all(each.signed for each in found.asked), "the official validator believes every signature"


def wait_until(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Poll a real process until ``condition`` holds; fails when it never does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.01)
