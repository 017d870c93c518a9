"""Whether Valkey answers, for callers who must not wait for it: asked briefly, and once it is silent by one of them in a while.

A Valkey that hangs costs each who asks it the whole limit. At the calls of a disaster every thread of the web server would stand
there, and nobody would be answered in time. So after a second without any answer it counts as gone, and is looked for once a
second; a stall shorter than that sends only those to the duty number who met it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import RedisError
from redis.retry import Retry

from hotline.core.clock import Clock

LIMIT_S = 0.3
"""For connecting and for the answer; there is no second try."""
GONE_AFTER, LOOK_EVERY = timedelta(seconds=1), timedelta(seconds=1)


class ValkeyPulse:
    """What this process knows of the Valkey behind a client; threads share it."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._quick = quick_client(redis)
        self._lock = Lock()
        self._silent_since: datetime | None = None
        self._next_look: datetime | None = None

    def demand(self, clock: Clock) -> None:
        """Return when it answers; raises RedisError when it does not, or has not for a second and it is not time to look."""
        self._take_turn(clock.now())
        try:
            self._quick.ping()
        except RedisError:
            self._note_silence(clock.now())
            raise
        with self._lock:
            self._silent_since = self._next_look = None

    def _take_turn(self, now: datetime) -> None:
        with self._lock:
            if self._next_look is None:
                return
            if now < self._next_look:
                raise Unreachable("It did not answer a moment ago.")
            self._next_look = now + LOOK_EVERY  # this caller looks for all

    def _note_silence(self, now: datetime) -> None:
        with self._lock:
            self._silent_since = self._silent_since or now
            if self._next_look is None and now - self._silent_since >= GONE_AFTER:
                self._next_look = now + LOOK_EVERY


def quick_client(redis: Redis) -> Redis:
    """Return a client of the same server that gives up after LIMIT_S."""
    pool = redis.connection_pool
    limits = {"socket_timeout": LIMIT_S, "socket_connect_timeout": LIMIT_S, "retry": Retry(NoBackoff(), 0)}
    return Redis(connection_pool=ConnectionPool(pool.connection_class, **(pool.connection_kwargs | limits)))
