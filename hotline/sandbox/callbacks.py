"""Webhooks to the service: signed like Twilio's, a bounded number at once, and never in the way of a create."""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from hotline.sandbox.settings import MAX_BODY_BYTES, Behaviour

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
"""How long a connection may take, as with Twilio; the whole webhook may take ``webhook_ms``."""
RETRY_DELAYS_S = (0.2, 1.0, 3.0)
"""Pauses before a webhook that met no connection is tried again; after the last one it is given up."""


@dataclass(slots=True)
class Webhook:
    """One request to the service and, once made, what came of it."""

    url: str
    fields: dict[str, str]
    done: Callable[[int, bytes], None] | None = None
    tries: int = 0
    method: str = "POST"
    content_type: str = ""
    """Of the answer, once there is one; empty where the service names none."""
    retry: bool = True
    ended: Callable[[], None] | None = None
    """Told once there is nothing more to come of it, after every retry; unlike ``done`` it changes nothing else."""

    def signed_url(self) -> str:
        """Return the address as it is asked and signed: a GET carries its fields in the query."""
        if self.method != "GET" or not self.fields:
            return self.url
        return f"{self.url}{'&' if '?' in self.url else '?'}{urlencode(self.fields)}"


@dataclass(slots=True)
class WebhookCounts:
    """What became of webhooks since the start; ``errors`` are answers other than 2xx and 3xx."""

    answered: int = 0
    errors: int = 0
    retried: int = 0
    given_up: int = 0
    last_problem: str = ""


def sign(auth_token: str, url: str, fields: dict[str, str]) -> str:
    """Return X-Twilio-Signature: HMAC-SHA1 over the exact URL followed by the fields sorted by name."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(auth_token.encode(), text.encode(), "sha1")).decode()


@dataclass
class Callbacks:
    """A queue with a bound and a pool of senders with keep-alive connections."""

    auth_token: str
    limit: int
    in_flight: int
    later: Callable[[float, Callable[..., None], Webhook], None]
    behaviour: Behaviour = field(default_factory=Behaviour)
    counts: WebhookCounts = field(default_factory=WebhookCounts)
    _waiting: deque[Webhook] = field(default_factory=deque)
    _busy: int = 0
    _stopping: bool = False
    _session: aiohttp.ClientSession | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Open the connection pool; call inside the running loop."""
        connector = aiohttp.TCPConnector(limit=self.in_flight, keepalive_timeout=30, ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def stop(self) -> None:
        """Give up what is waiting and close the connections; whatever is posted afterwards is dropped."""
        self._stopping = True
        self._waiting.clear()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    @property
    def has_room(self) -> bool:
        """Whether another webhook may be queued; texts wait in their present status while it is False."""
        return len(self._waiting) < self.limit

    @property
    def outstanding(self) -> int:
        """Webhooks that are waiting or under way."""
        return len(self._waiting) + self._busy

    def clear(self) -> None:
        """Forget what is waiting."""
        self._waiting.clear()

    def post(self, webhook: Webhook) -> None:
        """Queue a webhook; a sender is started when fewer than the largest number are at work."""
        if self._stopping:
            return
        self._waiting.append(webhook)
        if len(self._tasks) < self.in_flight:
            task = asyncio.get_running_loop().create_task(self._send_until_empty())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send_until_empty(self) -> None:
        while self._waiting:
            webhook = self._waiting.popleft()
            self._busy += 1
            try:
                await self._send(webhook)
            finally:
                self._busy -= 1

    async def _send(self, webhook: Webhook) -> None:
        assert self._session is not None
        get, url = webhook.method == "GET", webhook.signed_url()
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": sign(self.auth_token, url, {} if get else webhook.fields),
        }
        if not get:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        status, answer = 0, b""
        try:
            async with self._session.request(
                webhook.method,
                URL(url, encoded=True),
                data=None if get else urlencode(webhook.fields).encode(),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=max(1, self.behaviour.webhook_ms) / 1000, connect=CONNECT_TIMEOUT_S
                ),
            ) as response:
                status = response.status
                webhook.content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                answer = await _read(response)
        except (aiohttp.ClientConnectionError, TimeoutError) as problem:
            self._retry(webhook, problem)
            return
        except (aiohttp.ClientError, ValueError, OSError) as problem:
            self._give_up(webhook, problem)
            return
        if status < 400:
            self.counts.answered += 1
        else:
            self.counts.errors += 1
            self.counts.last_problem = f"{_origin(webhook.url)} answered {status}"
        self._end(webhook, status, answer)

    @staticmethod
    def _end(webhook: Webhook, status: int, answer: bytes) -> None:
        if webhook.done:
            webhook.done(status, answer)
        if webhook.ended:
            webhook.ended()

    def _retry(self, webhook: Webhook, problem: BaseException) -> None:
        """Report a status again a few times; an answer typed on a handset is shown as failed instead."""
        if webhook.tries >= len(RETRY_DELAYS_S) or webhook.done is not None or not webhook.retry:
            self._give_up(webhook, problem)
            return
        self.counts.retried += 1
        self.later(time.time() + RETRY_DELAYS_S[webhook.tries], self.post, webhook)
        webhook.tries += 1

    def _give_up(self, webhook: Webhook, problem: BaseException) -> None:
        self.counts.given_up += 1
        words = f"{_origin(webhook.url)}: {problem or type(problem).__name__}"
        if words != self.counts.last_problem:
            logger.warning("webhook given up: %s", words)
        self.counts.last_problem = words
        self._end(webhook, 0, words.encode())


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer up to one byte beyond the limit; the connection of a longer one is not used again."""
    answer = b""
    while len(answer) <= MAX_BODY_BYTES and (chunk := await response.content.read(MAX_BODY_BYTES + 1 - len(answer))):
        answer += chunk
    return answer


def _origin(url: str) -> str:
    try:
        return str(URL(url).origin())
    except ValueError:
        return url[:60]
