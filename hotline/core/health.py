"""`/healthz` (the process lives), `/readyz` (its servers answer and the schema fits) and `/metrics` (Prometheus)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, current_app, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from hotline.core import jobs
from hotline.core.migrate import head_revision
from hotline.core.outbox import OutboxEvent
from hotline.core.registry import Registry
from hotline.core.services import Services, current
from hotline.core.web import PUBLIC, permit

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@permit(PUBLIC)
def healthz() -> ResponseReturnValue:
    """Say that the process answers at all; asks nothing else."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@permit(PUBLIC)
def readyz() -> ResponseReturnValue:
    """Say whether this process can do its work; 503 with the part that is missing otherwise."""
    services = current()
    checks = {"database": _answers(lambda: _check_database(services)), "redis": _answers(services.redis.ping)}
    ready = all(result == "ok" for result in checks.values())
    registry: Registry = current_app.extensions["registry"]
    details = {name: word for tell in registry.readiness if ready for name, word in tell(services).items()}
    return jsonify(status="ready" if ready else "not ready", checks=checks, details=details), 200 if ready else 503


def _check_database(services: Services) -> None:
    with services.db.transaction() as session:
        found = session.scalar(text("SELECT version_num FROM alembic_version"))
    if found != head_revision():
        raise LookupError(f"schema is at {found}, the code needs {head_revision()}: run `hotline db upgrade`")


def _answers(check: Callable[[], object]) -> str:
    try:
        check()
    except LookupError as error:
        return str(error)
    except (SQLAlchemyError, RedisError, OSError) as error:
        return f"unreachable ({type(error).__name__})"
    return "ok"


@blueprint.get("/metrics")
@permit(PUBLIC)
def metrics() -> ResponseReturnValue:
    """Return a few gauges read from the truth; nothing personal is in them."""
    services = current()
    registry = CollectorRegistry()
    outbox = Gauge("hotline_outbox_events", "Outbox events by state", ["state"], registry=registry)
    with services.db.transaction() as session:
        waiting = OutboxEvent.delivered_at.is_(None) & OutboxEvent.parked_at.is_(None)
        outbox.labels("waiting").set(session.scalar(select(func.count()).where(waiting)) or 0)
        outbox.labels("parked").set(session.scalar(select(func.count()).where(OutboxEvent.parked_at.isnot(None))) or 0)
    queue = Gauge("hotline_jobs_waiting", "Jobs waiting by queue", ["queue"], registry=registry)
    try:
        for name, count in jobs.waiting(services.redis).items():
            queue.labels(name).set(count)
    except RedisError:
        queue.labels("unreachable").set(1)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
