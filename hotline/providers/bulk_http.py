"""Hundreds of HTTP requests at once from one thread, over kept-alive connections, on libcurl.

Measured against the alternatives in docs/decisions/0006-dispatch.md. Three properties matter more than the speed:

* libcurl sends a request again by itself when a kept-alive connection dies before the first byte of an answer. For a text
  message that is a second copy on somebody's handset. The pre-request hook below lets every call go out once and never
  again: a second try is aborted, and the call counts as sent without an answer.
* The same hook tells whether a request had begun to leave this machine when it failed, which decides between "try again"
  and "in doubt".
* Proxies of the environment are ignored, redirects are not followed, answers are bounded.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import certifi
import pycurl

CONNECT_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 256 * 1024
IDLE_WAIT_S = 0.25
"""Longest sleep between two looks at the source; a wake-up ends it at once."""
EVENTS_AT_ONCE = 512


class HttpCall(NamedTuple):
    """One request; `key` comes back with its answer. No body makes it a GET, else a form POST, unless `method` says else."""

    key: Any
    url: str
    body: bytes | None = None
    method: str = ""


class HttpAnswer(NamedTuple):
    """What came back. `status` is 0 when there is no whole answer; `sent` says whether the request had begun to leave."""

    key: Any
    sent: bool
    status: int
    body: bytes
    retry_after_s: float | None
    failure: str | None
    took_s: float


class _Slot:
    """One curl handle with the call it carries."""

    __slots__ = ("answer", "calls_begun", "curl", "key")

    def __init__(self, timeout_s: float, user: str, password: str) -> None:
        self.curl = pycurl.Curl()
        self.key: Any = None
        self.answer = bytearray()
        self.calls_begun = 0
        self._prepare(timeout_s, user, password)

    def _prepare(self, timeout_s: float, user: str, password: str) -> None:
        curl = self.curl
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.NOPROXY, "*")
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.CAINFO, certifi.where())
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(min(CONNECT_TIMEOUT_S, timeout_s) * 1000))
        curl.setopt(pycurl.TIMEOUT_MS, int(timeout_s * 1000))
        # Without this libcurl waits for "100 Continue" before longer bodies.
        curl.setopt(pycurl.HTTPHEADER, ["Expect:", "Accept: application/json", "User-Agent: consular-hotline"])
        if user:
            curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)
            curl.setopt(pycurl.USERNAME, user)
            curl.setopt(pycurl.PASSWORD, password)
        curl.setopt(pycurl.WRITEFUNCTION, self._write)
        curl.setopt(pycurl.PREREQFUNCTION, self._about_to_send)
        curl.slot = self

    def load(self, call: HttpCall) -> None:
        """Put a call on the handle."""
        self.key = call.key
        self.answer.clear()
        self.calls_begun = 0
        self.curl.setopt(pycurl.URL, call.url)
        if call.body is None:
            self.curl.setopt(pycurl.HTTPGET, 1)
        else:
            self.curl.setopt(pycurl.POSTFIELDS, call.body)
        if call.method:
            self.curl.setopt(pycurl.CUSTOMREQUEST, call.method)
        else:
            self.curl.unsetopt(pycurl.CUSTOMREQUEST)

    def _about_to_send(self, *_address: object) -> int:
        self.calls_begun += 1
        return int(pycurl.PREREQFUNC_OK if self.calls_begun == 1 else pycurl.PREREQFUNC_ABORT)

    def _write(self, data: bytes) -> int | None:
        if len(self.answer) + len(data) > MAX_ANSWER_BYTES:
            return -1
        self.answer += data
        return None

    def finish(self, failure: str | None) -> HttpAnswer:
        """Read off what came back."""
        curl = self.curl
        status = 0 if failure else int(curl.getinfo(pycurl.RESPONSE_CODE))
        retry_after_s = float(curl.getinfo(pycurl.RETRY_AFTER)) or None if status >= 400 else None
        took_s = curl.getinfo(pycurl.TOTAL_TIME)
        return HttpAnswer(self.key, self.calls_begun > 0, status, bytes(self.answer), retry_after_s, failure, took_s)


class BulkHttp:
    """A pool of connections to one host with basic authentication; used by one thread at a time.

    `timeout_s` bounds each request from its first packet to the last byte of its answer.
    """

    def __init__(self, *, user: str, password: str, timeout_s: float) -> None:
        self._user, self._password, self._timeout_s = user, password, timeout_s
        self._multi: Any = None
        self._selector = selectors.DefaultSelector()
        self._due_at: float | None = None
        self._free: list[_Slot] = []
        self._busy: set[_Slot] = set()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)

    def wake(self) -> None:
        """Make `run` ask its source again at once; may be called from any thread."""
        with suppress(BlockingIOError):  # a full pipe means that a wake-up is on its way already
            self._wake_writer.send(b"w")

    def run(
        self,
        take: Callable[[int], Sequence[HttpCall]],
        answered: Callable[[HttpAnswer], None],
        finished: Callable[[], bool],
        *,
        in_flight: int,
    ) -> None:
        """Carry calls until `finished()` and every call taken has been answered.

        `take(most)` returns the calls at hand without waiting. An error raised by a callback ends the run; calls that
        were under way are then given up, and their connections closed.
        """
        if self._busy:
            raise RuntimeError("this pool is in use")
        self._open(in_flight)
        try:
            while True:
                self._start(take(in_flight - len(self._busy)) if len(self._busy) < in_flight else ())
                if not self._busy and finished():
                    return
                self._wait()
                self._collect(answered)
        except BaseException:
            self._abandon()
            raise

    def _open(self, in_flight: int) -> None:
        if self._multi is None:
            self._multi = pycurl.CurlMulti()
            self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
            self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, in_flight)
        self._multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, in_flight)

    def _start(self, calls: Sequence[HttpCall]) -> None:
        for call in calls:
            slot = self._free.pop() if self._free else _Slot(self._timeout_s, self._user, self._password)
            slot.load(call)
            self._busy.add(slot)
            self._multi.add_handle(slot.curl)

    def _watch(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        """Keep the selector in step with what libcurl wants to know about a socket."""
        registered = descriptor in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if registered:
                self._selector.unregister(descriptor)
            return
        events = (selectors.EVENT_READ if what & pycurl.POLL_IN else 0) | (
            selectors.EVENT_WRITE if what & pycurl.POLL_OUT else 0
        )
        if registered:
            self._selector.modify(descriptor, events)
        else:
            self._selector.register(descriptor, events)

    def _set_timer(self, timeout_ms: int) -> None:
        self._due_at = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000

    def _wait(self) -> None:
        """Sleep until a socket, libcurl's own timer or a wake-up calls, and let libcurl work."""
        wait_s = IDLE_WAIT_S
        if self._due_at is not None:
            wait_s = min(wait_s, max(0.0, self._due_at - time.monotonic()))
        for key, events in self._selector.select(wait_s):
            if key.fileobj is self._wake_reader:
                self._drain_wakes()
                continue
            flags = (pycurl.CSELECT_IN if events & selectors.EVENT_READ else 0) | (
                pycurl.CSELECT_OUT if events & selectors.EVENT_WRITE else 0
            )
            self._multi.socket_action(key.fd, flags)
        if self._due_at is not None and time.monotonic() >= self._due_at:
            self._due_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _drain_wakes(self) -> None:
        with suppress(BlockingIOError):
            while self._wake_reader.recv(4096):
                pass

    def _collect(self, answered: Callable[[HttpAnswer], None]) -> None:
        while True:
            waiting, done, broken = self._multi.info_read(EVENTS_AT_ONCE)
            for curl in done:
                answered(self._release(curl, None))
            for curl, number, words in broken:
                answered(self._release(curl, f"curl {number}: {words}"))
            if not waiting:
                return

    def _release(self, curl: Any, failure: str | None) -> HttpAnswer:
        slot: _Slot = curl.slot
        answer = slot.finish(failure)
        self._multi.remove_handle(curl)
        self._busy.discard(slot)
        self._free.append(slot)
        return answer

    def _abandon(self) -> None:
        """Give up what is under way: its connections are closed with the handles."""
        for slot in self._busy:
            self._multi.remove_handle(slot.curl)
            slot.curl.close()
        self._busy.clear()
        self._shut()

    def _shut(self) -> None:
        for slot in self._free:
            slot.curl.close()
        self._free.clear()
        if self._multi is not None:
            self._multi.close()
            self._multi = None
        self._due_at = None

    def close(self) -> None:
        """Close every connection; the pool cannot be used again."""
        self._abandon()
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()
