"""Bulk HTTP: many at once, each exactly once, and never a word more than what is known about a failure."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Iterator

import pytest

from hotline.providers.bulk_http import MAX_ANSWER_BYTES, BulkHttp, HttpAnswer, HttpCall
from tests.providers.loopback_twilio import LoopbackTwilio, running_twilio


@pytest.fixture
def twilio() -> Iterator[LoopbackTwilio]:
    with running_twilio() as running:
        yield running


@pytest.fixture
def http() -> Iterator[BulkHttp]:
    pool = BulkHttp(user="user", password="secret", timeout_s=30.0)
    yield pool
    pool.close()


def carry(http: BulkHttp, calls: list[HttpCall], *, in_flight: int = 64) -> dict[object, HttpAnswer]:
    """Carry the calls and return the answers by key."""
    waiting, answers = deque(calls), dict[object, HttpAnswer]()

    def take(most: int) -> list[HttpCall]:
        return [waiting.popleft() for _ in range(min(most, len(waiting)))]

    def answered(answer: HttpAnswer) -> None:
        assert answer.key not in answers
        answers[answer.key] = answer

    http.run(take, answered, lambda: not waiting, in_flight=in_flight)
    return answers


def text_to(twilio: LoopbackTwilio, number: int | str) -> HttpCall:
    return HttpCall(number, twilio.url + "/Messages.json", f"To=%2B{number}&Body=hello".encode())


class RawServer:
    """Answers the first request on a connection, then reads the second one and closes without a word."""

    def __init__(self) -> None:
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=(connection,), daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        with connection:
            for number in (1, 2):
                data = b""
                while not data.endswith(b"END"):
                    chunk = connection.recv(4096)
                    if not chunk:
                        return
                    data += chunk
                self.requests += 1
                if number == 1:
                    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")


def test_all_calls_are_answered_and_the_window_is_kept(twilio: LoopbackTwilio, http: BulkHttp) -> None:
    twilio.delay_s = 0.01
    answers = carry(http, [text_to(twilio, 821000000000 + n) for n in range(200)], in_flight=20)
    assert len(answers) == 200
    assert {answer.status for answer in answers.values()} == {201}
    assert 10 < twilio.most_at_once <= 20
    assert max(twilio.copies.values()) == 1


def test_a_request_is_never_repeated_when_a_kept_alive_connection_dies_without_an_answer(http: BulkHttp) -> None:
    server = RawServer()
    first = carry(http, [HttpCall(1, server.url, b"one END")])
    second = carry(http, [HttpCall(2, server.url, b"two END")])
    server.listener.close()
    assert first[1].status == 201
    assert (second[2].status, second[2].sent) == (0, True)
    assert server.requests == 2, "libcurl sent the second request again by itself"


def test_a_refused_connection_counts_as_not_sent(http: BulkHttp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    answer = carry(http, [HttpCall(1, url, b"x")])[1]
    assert (answer.sent, answer.status) == (False, 0)
    assert answer.failure is not None
    assert answer.failure.startswith("curl 7")


def test_an_unknown_host_counts_as_not_sent(http: BulkHttp) -> None:
    answer = carry(http, [HttpCall(1, "http://does-not-exist.invalid/", b"x")])[1]
    assert (answer.sent, answer.status) == (False, 0)


def test_a_request_without_an_answer_in_time_counts_as_sent(twilio: LoopbackTwilio) -> None:
    pool = BulkHttp(user="", password="", timeout_s=2.0)  # so long that the request has left, also on a busy machine
    twilio.everybody = ["hang"]
    answer = carry(pool, [text_to(twilio, 1)])[1]
    pool.close()
    assert (answer.sent, answer.status) == (True, 0)


def test_an_answer_above_the_limit_is_dropped(twilio: LoopbackTwilio, http: BulkHttp) -> None:
    twilio.everybody = ["huge"]
    answer = carry(http, [text_to(twilio, 1)])[1]
    assert answer.status == 0
    assert len(answer.body) <= MAX_ANSWER_BYTES


def test_redirects_are_not_followed(twilio: LoopbackTwilio, http: BulkHttp) -> None:
    twilio.everybody = ["302"]
    assert carry(http, [text_to(twilio, 1)])[1].status == 302


def test_the_retry_after_header_is_passed_on(twilio: LoopbackTwilio, http: BulkHttp) -> None:
    twilio.everybody = ["429"]
    assert carry(http, [text_to(twilio, 1)])[1].retry_after_s == 2.0


def test_proxies_of_the_environment_are_ignored(
    twilio: LoopbackTwilio, http: BulkHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert carry(http, [text_to(twilio, 1)])[1].status == 201


def test_an_error_in_a_callback_ends_the_run_and_the_pool_can_be_used_again(
    twilio: LoopbackTwilio, http: BulkHttp
) -> None:
    def broken(answer: HttpAnswer) -> None:
        raise LookupError("a fault of the caller")

    calls = deque(text_to(twilio, n) for n in range(10))
    with pytest.raises(LookupError):
        http.run(
            lambda most: [calls.popleft() for _ in range(min(most, len(calls)))],
            broken,
            lambda: not calls,
            in_flight=10,
        )
    assert carry(http, [text_to(twilio, 99)])[99].status == 201


def test_a_wake_up_from_another_thread_brings_the_next_call_at_once(twilio: LoopbackTwilio, http: BulkHttp) -> None:
    waiting: deque[HttpCall] = deque()
    answers: list[HttpAnswer] = []

    def offer() -> None:
        waiting.append(text_to(twilio, 1))
        http.wake()

    threading.Timer(0.05, offer).start()
    http.run(
        lambda most: [waiting.popleft() for _ in range(min(most, len(waiting)))],
        answers.append,
        lambda: bool(answers),
        in_flight=4,
    )
    assert answers[0].status == 201


def test_more_than_a_thousand_connections_work(twilio: LoopbackTwilio) -> None:
    # select() ends at descriptor 1,024; the pool must not depend on it.
    holders = [socket.socket() for _ in range(1100)]
    pool = BulkHttp(user="", password="", timeout_s=30.0)
    try:
        answers = carry(pool, [text_to(twilio, n) for n in range(50)])
        assert {answer.status for answer in answers.values()} == {201}
    finally:
        pool.close()
        for holder in holders:
            holder.close()
