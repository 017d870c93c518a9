"""The few things that live as long as the process and that stages need: settings, database, Redis, clock, live events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import current_app, has_app_context
from redis import Redis

from hotline.core.clock import Clock, SystemClock
from hotline.core.config import Settings
from hotline.core.db import Database

REDIS_TIMEOUT_S = 5.0
REDIS_CONNECTIONS = 100
"""Enough for the threads of any process; each open stream holds one more for as long as its window is open."""


@dataclass
class Services:
    """One per process; made by the composition root and handed to the edges.

    `rooms` holds what a package keeps for the life of the process (for example the resident position index), by name.
    """

    settings: Settings
    db: Database
    redis: Redis
    clock: Clock
    rooms: dict[str, Any] = field(default_factory=dict)


def make_services(settings: Settings, *, clock: Clock | None = None, pool_size: int = 10, streams: int = 0) -> Services:
    """Build the services of one process, with a Redis connection for each of its open `streams`; connects lazily."""
    return Services(
        settings=settings,
        db=Database(settings.database_url, pool_size=pool_size),
        redis=connect_redis(settings.redis_url, streams=streams),
        clock=clock or SystemClock(),
    )


def connect_redis(url: str, *, streams: int = 0) -> Redis:
    """Return a Redis client with time limits on connecting and answering, for so many open streams and ordinary work."""
    return Redis.from_url(
        url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S,
        max_connections=REDIS_CONNECTIONS + streams,
    )  # fmt: skip


_current: Services | None = None


def set_current(services: Services | None) -> None:
    """Make the services known to jobs of this process (RQ calls functions by name and cannot pass them)."""
    global _current  # noqa: PLW0603  # one process has one set of services; this is its only home
    _current = services


def current() -> Services:
    """Return the services of this process: the Flask application's inside a request, the worker's inside a job."""
    if has_app_context():
        found: Services = current_app.extensions["hotline"]
        return found
    if _current is None:
        raise RuntimeError("services are not set up in this process")
    return _current
