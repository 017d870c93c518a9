"""A tiny service for tests: it checks every signature, serves TwiML by path, and keeps what it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator

Answer = bytes | str | Callable[[dict[str, str]], str]


@dataclass
class Asked:
    """One request as it arrived; ``signed`` says whether the official validator believed it."""

    path: str
    method: str
    fields: dict[str, str]
    signed: bool
    at: float


@dataclass
class Service:
    """Serves ``pages`` (path → TwiML) and anything else as an empty Response; ``kinds`` and ``statuses`` by path."""

    url: str
    auth_token: str
    pages: dict[str, Answer] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    waits_s: dict[str, float] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def of(self, path: str, **wanted: str) -> list[Asked]:
        """Return what was asked of a path with all these fields."""
        return [each for each in list(self.asked) if each.path == path and wanted.items() <= each.fields.items()]

    def events(self, path: str, name: str) -> list[str]:
        """Return the values of one field at a path, in the order of arrival."""
        return [each.fields[name] for each in list(self.asked) if each.path == path]


def _make_handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            self._serve(dict(parse_qsl(body, keep_blank_values=True)), {})

        def do_GET(self) -> None:
            self._serve({}, dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

        def _serve(self, form: dict[str, str], query: dict[str, str]) -> None:
            path = urlsplit(self.path).path
            signed = RequestValidator(service.auth_token).validate(
                service.url + self.path, form, self.headers.get("X-Twilio-Signature", "")
            )
            fields = form or query
            service.asked.append(Asked(path, self.command, fields, signed, time.time()))
            time.sleep(service.waits_s.get(path, 0))
            page = service.pages.get(path, "<Response/>")
            text = page(fields) if callable(page) else page
            data = text if isinstance(text, bytes) else text.encode()
            self.send_response(service.statuses.get(path, 200))
            self.send_header("Content-Type", service.kinds.get(path, "text/xml"))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay silent: pytest's output is for failures."""

    return Handler


def start_service(auth_token: str) -> tuple[Service, ThreadingHTTPServer]:
    """Start a service on a free port of 127.0.0.1; whoever starts it shuts the server down."""
    service = Service("", auth_token)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(service))
    server.daemon_threads = True
    service.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return service, server
