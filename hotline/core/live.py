"""Live events for open pages: a small hint over Redis that something changed; the page then reads the truth again.

Nothing is lost when Redis is emptied: a hint carries no data beyond a version, and pages refresh by themselves as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

CHANNEL_PREFIX = "live:"
HEARTBEAT_S = 15.0
MAX_STREAM_S = 1800.0
"""A stream ends after half an hour and the browser reconnects; so a forgotten tab cannot hold a thread for ever."""


def notify(redis: Redis, topic: str, **hint: object) -> None:
    """Tell every open page that watches `topic` (for example `alert:12`) to look again; never fails the caller."""
    try:
        redis.publish(CHANNEL_PREFIX + topic, json.dumps(hint))
    except RedisError:
        # A page without its hint refreshes on its own timer; the fact itself is already committed.
        return


def notify_desk(redis: Redis, agent_id: int) -> None:
    """Tell the desk of one agent to look again: with hundreds of agents a hint about everything would reach every desk."""
    notify(redis, f"desk:{agent_id}")


def stream(redis: Redis, topics: list[str], *, max_stream_s: float = MAX_STREAM_S) -> Generator[str]:
    """Yield server-sent events for the topics until the time is up, with a heartbeat comment in quiet times."""
    subscription: PubSub = redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis-py lacks it
    subscription.subscribe(*(CHANNEL_PREFIX + topic for topic in topics))
    started = last_sent = time.monotonic()
    try:
        yield "retry: 3000\nevent: hello\ndata: {}\n\n"
        while time.monotonic() - started < max_stream_s:
            message = subscription.get_message(timeout=1.0)
            now = time.monotonic()
            if message is not None and message["type"] == "message":
                topic = message["channel"].decode().removeprefix(CHANNEL_PREFIX)
                yield f"event: changed\ndata: {json.dumps({'topic': topic, 'hint': json.loads(message['data'])})}\n\n"
                last_sent = now
            elif now - last_sent > HEARTBEAT_S:
                yield ": still here\n\n"
                last_sent = now
    finally:
        subscription.close()
