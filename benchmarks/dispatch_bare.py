"""Bare senders: the fastest loops we know that only send, without rows, claims, attempts or results.

`python -m benchmarks.dispatch_bare NAME URL COUNT IN_FLIGHT` prints texts per second. Each is written as well as we can:
they are the yardstick that the dispatcher is held against.
"""

from __future__ import annotations

import asyncio
import select
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pycurl

USER, PASSWORD = "AC" + "0" * 32, "token"
TEXT = "[외교부] 마닐라 홍수 11/21 12:00. 고지대로 대피하세요. 영사콜센터 +82-2-3210-0404"


def form(number: int) -> bytes:
    """Return the same form the dispatcher sends."""
    return urlencode(
        {
            "From": "+15005550006",
            "Body": TEXT,
            "ValidityPeriod": "3600",
            "To": f"+8210{20_000_000 + number}",
            "StatusCallback": f"http://127.0.0.1:8000/webhooks/twilio/sms/status?message={number}",
        }
    ).encode()


def _curl(url: str) -> Any:
    curl = pycurl.Curl()
    answer = bytearray()
    curl.answer = answer
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.HTTPHEADER, ["Expect:"])
    curl.setopt(pycurl.USERPWD, f"{USER}:{PASSWORD}")
    curl.setopt(pycurl.WRITEFUNCTION, answer.extend)
    return curl


def _check(curl: Any) -> None:
    assert curl.getinfo(pycurl.RESPONSE_CODE) == 201
    curl.answer.clear()


def libcurl_perform(url: str, count: int, in_flight: int) -> None:
    """Send with the multi interface's simple loop (`perform`, `select`)."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, in_flight)
    free = [_curl(url) for _ in range(in_flight)]
    sent = done = 0
    while done < count:
        while free and sent < count:
            curl = free.pop()
            curl.setopt(pycurl.POSTFIELDS, form(sent))
            multi.add_handle(curl)
            sent += 1
        multi.perform()
        waiting = 1
        while waiting:
            waiting, finished, broken = multi.info_read(in_flight)
            assert not broken, broken
            for curl in finished:
                _check(curl)
                multi.remove_handle(curl)
                free.append(curl)
            done += len(finished)
        if not free or sent == count:
            multi.select(0.05)


def libcurl_epoll(url: str, count: int, in_flight: int) -> None:
    """Send with the multi interface driven by epoll (`socket_action`)."""
    multi, poll, watched = pycurl.CurlMulti(), select.epoll(), dict[int, int]()
    due_at = [time.monotonic()]

    def watch(what: int, descriptor: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            if watched.pop(descriptor, None) is not None:
                poll.unregister(descriptor)
            return
        events = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        (poll.modify if descriptor in watched else poll.register)(descriptor, events)
        watched[descriptor] = events

    def set_timer(timeout_ms: int) -> None:
        due_at[0] = float("inf") if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000

    multi.setopt(pycurl.M_SOCKETFUNCTION, watch)
    multi.setopt(pycurl.M_TIMERFUNCTION, set_timer)
    multi.setopt(pycurl.M_MAXCONNECTS, in_flight)
    free = [_curl(url) for _ in range(in_flight)]
    sent = done = 0
    while done < count:
        while free and sent < count:
            curl = free.pop()
            curl.setopt(pycurl.POSTFIELDS, form(sent))
            multi.add_handle(curl)
            sent += 1
        for descriptor, events in poll.poll(min(0.25, max(0.0, due_at[0] - time.monotonic())), 1024):
            multi.socket_action(
                descriptor,
                (pycurl.CSELECT_IN if events & ~select.EPOLLOUT else 0)
                | (pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0),
            )
        if due_at[0] <= time.monotonic():
            due_at[0] = float("inf")
            multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        waiting = 1
        while waiting:
            waiting, finished, broken = multi.info_read(in_flight)
            assert not broken, broken
            for curl in finished:
                _check(curl)
                multi.remove_handle(curl)
                free.append(curl)
            done += len(finished)


def with_aiohttp(url: str, count: int, in_flight: int) -> None:
    """Send with aiohttp and as many tasks as may be in flight."""

    async def run() -> None:
        numbers = iter(range(count))
        connector = aiohttp.TCPConnector(limit=in_flight)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": aiohttp.encode_basic_auth(USER, PASSWORD),
        }
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

            async def worker() -> None:
                for number in numbers:
                    async with session.post(url, data=form(number)) as response:
                        assert response.status == 201
                        await response.read()

            await asyncio.gather(*(worker() for _ in range(in_flight)))

    asyncio.run(run())


SENDERS: dict[str, Callable[[str, int, int], None]] = {
    "libcurl_perform": libcurl_perform,
    "libcurl_epoll": libcurl_epoll,
    "aiohttp": with_aiohttp,
}


def main(name: str, url: str, count: int, in_flight: int) -> None:
    """Send `count` texts and print the rate."""
    started = time.perf_counter()
    SENDERS[name](url, count, in_flight)
    print(count / (time.perf_counter() - started), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
