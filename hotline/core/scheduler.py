"""The scheduler process: APScheduler under a PostgreSQL advisory lock, so that exactly one runs; it only enqueues jobs."""

from __future__ import annotations

import threading

import psycopg
import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from hotline.core import jobs
from hotline.core.db import libpq_url
from hotline.core.registry import Registry
from hotline.core.services import Services

log = structlog.get_logger(__name__)

LOCK_KEY = 0x48_4F_54_02
STANDBY_POLL_S = 2.0
HOLD_CHECK_S = 5.0


def run(services: Services, registry: Registry, stop: threading.Event) -> None:
    """Wait for the lock, then enqueue every schedule's job until `stop` is set or the lock's connection is lost.

    A second scheduler stands by and takes over when the first one's connection ends.
    """
    with psycopg.connect(libpq_url(services.settings.database_url), autocommit=True, connect_timeout=5) as connection:
        while not _try_lock(connection):
            if stop.wait(STANDBY_POLL_S):
                return
        log.info("scheduler.active", schedules=len(registry.schedules))
        scheduler = BackgroundScheduler(timezone="UTC")
        for schedule in registry.schedules:
            scheduler.add_job(
                jobs.enqueue,
                "interval",
                args=(services, schedule.job),
                seconds=schedule.every.total_seconds(),
                id=schedule.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        scheduler.start()
        try:
            while not stop.wait(HOLD_CHECK_S):
                connection.execute("SELECT 1")  # raises when the connection, and with it the lock, is gone
        finally:
            scheduler.shutdown(wait=False)


def _try_lock(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
    return bool(row and row[0])
