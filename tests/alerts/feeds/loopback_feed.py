"""A web server on this machine that serves feeds, well or badly, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What is served under one path. `stall` keeps the answer back until the server stops."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stall: bool = False
    cut_short: bool = False
    endless: bool = False


@dataclass
class LoopbackFeed:
    """The server: `pages` by path, `asked` as (path, headers)."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    before_answer: Callable[[], None] | None = None

    def serve(self, path: str, body: bytes | str, **more: object) -> str:
        """Serve something; the address of it."""
        data = body.encode() if isinstance(body, str) else body
        self.pages[path] = Page(data, **more)  # type: ignore[arg-type]
        return self.url + path


def _handler(feed: LoopbackFeed) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a handler class made for one server
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            feed.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            page = feed.pages.get(self.path, Page(status=404))
            if feed.before_answer is not None:
                feed.before_answer()
            if page.stall:
                feed.stopping.wait(30)
                return
            self._answer(page)

        def _answer(self, page: Page) -> None:
            etag = page.headers.get("ETag")
            not_changed = etag is not None and self.headers.get("If-None-Match") == etag
            self.send_response(304 if not_changed else page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if not_changed:
                self.end_headers()
                return
            length = len(page.body) + (1000 if page.cut_short else 0)
            if not page.endless:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(page.body)
            if page.endless:
                self._write_on()
            if page.cut_short or page.endless:
                self.close_connection = True

        def _write_on(self) -> None:
            block = b" " * 65536
            try:
                for _ in range(2000):
                    self.wfile.write(block)
            except OSError:
                return  # the client has had enough

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: object) -> None:
        """A client that hangs up is part of the tests."""


@contextmanager
def loopback_feed() -> Iterator[LoopbackFeed]:
    """Run the server for the length of a test."""
    feed = LoopbackFeed("")
    server = _Server(("127.0.0.1", 0), _handler(feed))
    feed.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield feed
    finally:
        feed.stopping.set()
        server.shutdown()
        server.server_close()
