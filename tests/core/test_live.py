"""The live process below the browser: who may listen, what a hint looks like, and that nobody's silence holds a thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from redis import Redis
from werkzeug.test import TestResponse

from hotline.core import live
from hotline.core.config import Settings
from hotline.core.live import CHANNEL_PREFIX, notify
from hotline.core.services import Services
from tests.factories import PASSWORD, make_officer
from wsgi import LIVE_THREADS, create_app

CONSOLE = "http://127.0.0.1:5000"
LISTENS_WITHIN_S = 60


@pytest.fixture
def listener(services: Services) -> FlaskClient:
    """Return a client of the live process with the session cookie of a signed-in officer."""
    with services.db.transaction() as session:
        name = make_officer(session, roles=["agent"]).name
    web = create_app(services=services).test_client()
    page = web.get("/sign-in").text
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    answer = web.post("/sign-in", data={"name": name, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 302, answer.text
    cookie = web.get_cookie(web.application.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    client = create_app(services=services, kind="live").test_client()
    client.set_cookie(cookie.key, cookie.value)
    return client


def wait_until_heard(redis: Redis, topic: str) -> None:
    """Return once somebody subscribed to the topic."""
    deadline = time.monotonic() + LISTENS_WITHIN_S
    while not redis.pubsub_numsub(CHANNEL_PREFIX + topic)[0][1]:
        assert time.monotonic() < deadline, "nobody subscribed"
        time.sleep(0.01)


def events(answer: TestResponse) -> Iterator[str]:
    """Yield the stream's blocks as text."""
    for chunk in answer.response:
        yield chunk.decode() if isinstance(chunk, bytes) else chunk


def test_stranger_hears_nothing(services: Services) -> None:
    answer = create_app(services=services, kind="live").test_client().get("/live/events?topic=alerts")
    assert answer.status_code in (302, 401)
    assert "text/event-stream" not in answer.content_type


@pytest.mark.parametrize(
    "query",
    ["", "topic=", "topic=Alert", "topic=alert:x", "topic=alert:-1", "topic=*", "topic=alert:" + "9" * 20,
     "&".join(["topic=alerts"] * 9)],
)  # fmt: skip
def test_topics_are_few_and_plain(listener: FlaskClient, query: str) -> None:
    answer = listener.get(f"/live/events?{query}")
    assert answer.status_code in (400, 422)
    assert "topic" in answer.text


def test_hint_reaches_the_page_that_watches_and_no_other_topic_does(listener: FlaskClient, services: Services) -> None:
    answer = listener.get("/live/events?topic=alert:12&topic=alerts", headers={"Origin": CONSOLE})
    stream = events(answer)
    assert next(stream).startswith("retry: 3000\nevent: hello\n")
    notify(services.redis, "alert:13", version=1)
    notify(services.redis, "alert:12", version=7)
    block = next(stream)
    assert block.startswith("event: changed\ndata: ") and block.endswith("\n\n")
    assert json.loads(block.split("data: ")[1]) == {"topic": "alert:12", "hint": {"version": 7}}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.headers["Access-Control-Allow-Origin"] == CONSOLE
    answer.close()


def test_only_the_console_may_read_the_stream_from_another_port(listener: FlaskClient) -> None:
    answer = listener.get("/live/events?topic=alerts", headers={"Origin": "http://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer.close()


def test_closed_window_leaves_no_subscription(listener: FlaskClient, services: Services) -> None:
    answer = listener.get("/live/events?topic=alert:5")
    next(events(answer))
    wait_until_heard(services.redis, "alert:5")
    answer.close()
    assert services.redis.pubsub_numsub(CHANNEL_PREFIX + "alert:5")[0][1] == 0


def test_quiet_stream_beats_and_ends_by_itself(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.0)
    blocks = list(live.stream(services.redis, ["alerts"], max_stream_s=2.5))
    assert blocks[0].startswith("retry:")
    assert set(blocks[1:]) == {": still here\n\n"}
    assert services.redis.pubsub_numsub(CHANNEL_PREFIX + "alerts")[0][1] == 0


def test_hint_of_a_thread_that_cannot_reach_the_server_is_dropped_in_silence() -> None:
    nobody = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    done = threading.Event()

    def tell() -> None:
        notify(nobody, "alerts")
        done.set()

    threading.Thread(target=tell, daemon=True).start()
    assert done.wait(LISTENS_WITHIN_S), "a committed change was held up by its hint"


def test_live_process_has_a_subscription_for_every_window_that_it_has_a_thread_for(settings: Settings) -> None:
    redis = create_app(settings, kind="live").extensions["hotline"].redis
    streams = [live.stream(redis, ["alerts"]) for _window in range(LIVE_THREADS)]
    try:
        assert {next(stream) for stream in streams} == {"retry: 3000\nevent: hello\ndata: {}\n\n"}
        assert redis.ping(), "ordinary work is left a connection"
    finally:
        for stream in streams:
            stream.close()
        redis.close()
