"""The usual way to do it: one RQ job per message, each calling the provider's official SDK.

`python -m benchmarks.dispatch_jobs URL REDIS_URL COUNT` enqueues the jobs, works them off with SimpleWorker (which does not
fork and is the fastest of RQ's workers) and prints messages per second of working, enqueueing not counted.
"""

from __future__ import annotations

import sys
import time
from typing import Any
from urllib.parse import urlsplit

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from benchmarks.dispatch_bare import PASSWORD, TEXT, USER


class _AtSink(TwilioHttpClient):  # type: ignore[misc]  # the SDK carries no type information
    """The SDK's own HTTP client (requests, kept-alive connections) with the sink's address in front of the path."""

    def __init__(self, base_url: str) -> None:
        super().__init__(pool_connections=True, timeout=15)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        return super().request(method, self._base_url + urlsplit(url).path, *args, **options)


_clients: dict[str, Client] = {}


def send_one(base_url: str, number: int) -> str:
    """Send one text; the client is kept between jobs, as a careful service would."""
    client = _clients.get(base_url)
    if client is None:
        client = _clients[base_url] = Client(USER, PASSWORD, http_client=_AtSink(base_url))
    message = client.messages.create(
        to=f"+8210{20_000_000 + number}",
        from_="+15005550006",
        body=TEXT,
        validity_period=3600,
        status_callback=f"http://127.0.0.1:8000/webhooks/twilio/sms/status?message={number}",
    )
    return str(message.sid)


def main(base_url: str, redis_url: str, count: int) -> None:
    """Enqueue, work off, print the rate."""
    redis = Redis.from_url(redis_url)
    queue = Queue("one-job-per-message", connection=redis, serializer=JSONSerializer)
    for number in range(count):
        queue.enqueue_call("benchmarks.dispatch_jobs.send_one", args=(base_url, number), timeout=30, result_ttl=60)
    worker = SimpleWorker([queue], connection=redis, serializer=JSONSerializer)
    worker.log.setLevel("WARNING")
    started = time.perf_counter()
    worker.work(burst=True, logging_level="WARNING")
    took_s = time.perf_counter() - started
    assert queue.count == 0
    print(count / took_s, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
