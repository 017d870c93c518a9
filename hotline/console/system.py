"""How the service itself is: database, Redis, queues, outbox, workers and scheduler, read from the truth at each look."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.core import jobs
from hotline.core.migrate import head_revision
from hotline.core.outbox import OutboxEvent
from hotline.core.scheduler import LOCK_KEY
from hotline.core.services import Services

WORKER_SILENT = timedelta(seconds=120)
"""RQ's own heartbeat comes at least every 90 seconds while a worker waits; later than this one is held for dead."""


@dataclass(frozen=True)
class WorkerPulse:
    """One worker process and when it was last heard of (aware UTC)."""

    name: str
    queues: list[str]
    last_heard_at: datetime | None
    alive: bool


@dataclass
class SystemHealth:
    """What an administrator must know at a glance; `None` means that it could not be read."""

    database: str = "unreachable"
    redis: str = "unreachable"
    scheduler_active: bool | None = None
    outbox_waiting: int | None = None
    outbox_parked: int | None = None
    queues: dict[str, int] | None = None
    workers: list[WorkerPulse] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Return how many parts need somebody's attention."""
        return sum(
            (
                self.database != "ok",
                self.redis != "ok",
                self.scheduler_active is False,
                bool(self.outbox_parked),
                not any(worker.alive for worker in self.workers),
            )
        )


def read_health(services: Services) -> SystemHealth:
    """Look at every part; a part that cannot be reached is said to be so and never stops the others from being read."""
    health, now = SystemHealth(), services.clock.now()
    try:
        with services.db.transaction() as session:
            _read_database(session, health)
    except SQLAlchemyError as error:
        health.database = type(error).__name__
    try:
        services.redis.ping()
        health.redis = "ok"
        health.queues = jobs.waiting(services.redis)
        health.workers = _workers(services, now)
    except RedisError as error:
        health.redis = type(error).__name__
    return health


def _read_database(session: Session, health: SystemHealth) -> None:
    revision = session.scalar(text("SELECT version_num FROM alembic_version"))
    waiting = OutboxEvent.delivered_at.is_(None) & OutboxEvent.parked_at.is_(None)
    row = session.execute(
        select(
            func.count().filter(waiting),
            func.count().filter(OutboxEvent.parked_at.isnot(None)),
        ).where(OutboxEvent.delivered_at.is_(None))
    ).one()
    health.outbox_waiting, health.outbox_parked = row._tuple()
    health.scheduler_active = bool(
        session.scalar(
            text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = :key"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            {"key": LOCK_KEY},
        )
    )
    health.database = "ok" if revision == head_revision() else "old-schema"


def _workers(services: Services, now: datetime) -> list[WorkerPulse]:
    pulses = []
    for worker in Worker.all(connection=services.redis, serializer=JSONSerializer):
        heard = worker.last_heartbeat
        if heard is not None and heard.tzinfo is None:
            heard = heard.replace(tzinfo=UTC)
        alive = heard is not None and now - heard < WORKER_SILENT
        pulses.append(WorkerPulse(worker.name[:8], list(worker.queue_names()), heard, alive))
    return sorted(pulses, key=lambda pulse: pulse.name)
