"""Jobs and the scheduler: nothing depends on Redis, one scheduler at a time, one latch per waiting job."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from redis import Redis

from hotline.core import jobs, scheduler
from hotline.core import services as services_module
from hotline.core.db import libpq_url
from hotline.core.registry import Registry
from hotline.core.services import Services

RAN: list[tuple[int, ...]] = []


def note(_: Services, *args: int) -> None:
    RAN.append(args)


@pytest.fixture
def registry(services: Services) -> Iterator[Registry]:
    made = Registry()
    made.job("note", note, queue="urgent")
    jobs.set_registry(made)
    RAN.clear()
    yield made


def test_a_job_runs_in_the_worker_with_its_ids(services: Services, registry: Registry) -> None:
    assert jobs.enqueue(services, "note", 7)
    jobs.work(services, ["urgent"], burst=True)
    assert RAN == [(7,)]


def test_the_same_job_waits_only_once_until_it_starts(services: Services, registry: Registry) -> None:
    assert jobs.enqueue(services, "note", 1)
    assert not jobs.enqueue(services, "note", 1)
    assert jobs.enqueue(services, "note", 2)
    assert jobs.waiting(services.redis) == {"urgent": 2, "default": 0, "slow": 0}
    jobs.work(services, ["urgent"], burst=True)
    assert sorted(RAN) == [(1,), (2,)]
    assert jobs.enqueue(services, "note", 1), "the latch is released when the job starts"


def test_an_emptied_redis_only_delays(services: Services, registry: Registry) -> None:
    jobs.enqueue(services, "note", 1)
    services.redis.flushall()
    assert jobs.enqueue(services, "note", 1)
    jobs.work(services, ["urgent"], burst=True)
    assert RAN == [(1,)]


def test_a_missing_redis_never_fails_the_caller(services: Services, registry: Registry) -> None:
    services.redis = Redis(host="127.0.0.1", port=9, socket_connect_timeout=0.2)
    assert not jobs.enqueue(services, "note", 1)


def test_a_queue_without_consumer_and_a_name_taken_twice_are_mistakes() -> None:
    registry = Registry()
    with pytest.raises(ValueError, match="no consumer"):
        registry.job("a", note, queue="nobody")
    registry.job("a", note, queue="slow")
    with pytest.raises(ValueError, match="twice"):
        registry.job("a", note, queue="slow")


def test_only_one_scheduler_enqueues_and_the_other_stands_by(services: Services, registry: Registry) -> None:
    registry.every(0.05, "note")
    holder = psycopg.connect(libpq_url(services.settings.database_url), autocommit=True)
    holder.execute("SELECT pg_advisory_lock(%s)", (scheduler.LOCK_KEY,))
    stop = threading.Event()
    standing_by = threading.Thread(target=scheduler.run, args=(services, registry, stop))
    standing_by.start()
    try:
        assert not stop.wait(0.5)
        assert jobs.waiting(services.redis)["urgent"] == 0
        holder.close()
        for _ in range(1200):
            if jobs.waiting(services.redis)["urgent"]:
                break
            stop.wait(0.05)
        assert jobs.waiting(services.redis)["urgent"] == 1, "the latch keeps the queue from filling"
    finally:
        stop.set()
        standing_by.join(timeout=120)
    assert not standing_by.is_alive()


def test_services_are_not_there_before_they_are_set() -> None:
    services_module.set_current(None)
    with pytest.raises(RuntimeError, match="not set up"):
        services_module.current()
