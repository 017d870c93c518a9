"""Background work on RQ: jobs are named functions that carry ids, never content; PostgreSQL stays the truth.

A job may run twice or never (Redis can be emptied at any moment), so every job reads what is due from SQL, and a schedule
enqueues it again. `once` keeps a queue from filling with the same job: a short-lived latch in Redis, released when it starts.
"""

from __future__ import annotations

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from hotline.core import services as services_module
from hotline.core.registry import QUEUES, Registry
from hotline.core.services import Services

log = structlog.get_logger(__name__)

LATCH_S = 30
RESULT_TTL_S = 60
FAILURE_TTL_S = 24 * 3600
_ENTRY = "hotline.core.jobs.run_job"
_registry: Registry | None = None


def set_registry(registry: Registry) -> None:
    """Make the registry's jobs runnable in this process."""
    global _registry  # noqa: PLW0603  # one process has one registry; RQ can only call module-level functions
    _registry = registry


def registry() -> Registry:
    """Return this process's registry."""
    if _registry is None:
        raise RuntimeError("no jobs are registered in this process")
    return _registry


def _latch_key(name: str, args: tuple[object, ...]) -> str:
    return "job-latch:" + ":".join([name, *map(str, args)])


def enqueue(services: Services, name: str, *args: int | str, once: bool = True) -> bool:
    """Put a job on its queue; with `once` not when the same job with the same arguments already waits.

    Returns False when it was already waiting or Redis cannot be reached: the schedule will bring the work round again,
    so the caller's committed fact is never undone by a missing Redis.
    """
    job = registry().jobs[name]
    try:
        if once and not services.redis.set(_latch_key(name, args), "1", nx=True, ex=LATCH_S):
            return False
        Queue(job.queue, connection=services.redis, serializer=JSONSerializer).enqueue_call(
            _ENTRY, args=(name, list(args)), timeout=job.timeout_s, result_ttl=RESULT_TTL_S, failure_ttl=FAILURE_TTL_S
        )
    except RedisError as error:
        log.warning("jobs.enqueue_failed", job=name, error=type(error).__name__)
        return False
    return True


def run_job(name: str, args: list[int | str]) -> object:
    """Run one job in the worker; RQ calls this by its dotted name."""
    services = services_module.current()
    try:
        services.redis.delete(_latch_key(name, tuple(args)))
    except RedisError as error:
        log.warning("jobs.latch_release_failed", job=name, error=type(error).__name__)
    return registry().jobs[name].function(services, *args)


def waiting(redis: Redis) -> dict[str, int]:
    """Return how many jobs wait on each queue."""
    return {name: Queue(name, connection=redis, serializer=JSONSerializer).count for name in QUEUES}


def work(services: Services, queues: list[str], *, burst: bool = False) -> None:
    """Serve the queues until told to stop (SIGTERM finishes the running job first), or until empty with `burst`."""
    services_module.set_current(services)
    worker = SimpleWorker(
        [Queue(name, connection=services.redis, serializer=JSONSerializer) for name in queues],
        connection=services.redis,
        serializer=JSONSerializer,
    )
    worker.log.setLevel("WARNING")
    worker.work(burst=burst, logging_level="WARNING")
