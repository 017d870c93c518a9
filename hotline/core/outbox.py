"""The outbox: facts that cross packages, written in the transaction that made them true, delivered at least once.

Handlers must be idempotent. Delivery runs in a job: it is enqueued right after commit, and a sweeper finds whatever was
missed because the process died or Redis was emptied in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Index, Integer, String, Text, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.clock import Clock
from hotline.core.db import Base, HasId
from hotline.core.services import Services

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 12
"""With the back-off below the last attempt is about half an hour after the first; then it is parked for a person."""
Handler = Callable[[Services, Mapping[str, Any]], None]


class OutboxEvent(HasId, Base):
    """One fact waiting to be told, or told."""

    __tablename__ = "outbox_events"
    __table_args__ = (
        Index(
            "ix_outbox_events_waiting",
            "available_at",
            postgresql_where=text("delivered_at IS NULL AND parked_at IS NULL"),
        ),
    )

    topic: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    available_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    delivered_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    handled_by: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]", default=list)


def publish(session: Session, clock: Clock, topic: str, payload: Mapping[str, Any]) -> OutboxEvent:
    """Write a fact into the outbox in the caller's transaction."""
    event = OutboxEvent(topic=topic, payload=dict(payload), created_at=clock.now(), available_at=clock.now())
    session.add(event)
    session.flush()
    return event


def deliver_due(services: Services, handlers: Mapping[str, list[tuple[str, Handler]]], *, limit: int = 100) -> int:
    """Deliver up to `limit` waiting events, each in its own short claim, and return how many were delivered.

    A handler that fails leaves the event waiting with a back-off; handlers that already succeeded are not called again.
    """
    delivered = 0
    for _ in range(limit):
        claimed = _claim_one(services)
        if claimed is None:
            break
        if _deliver(services, claimed, handlers.get(claimed.topic, [])):
            delivered += 1
    return delivered


def _claim_one(services: Services) -> OutboxEvent | None:
    """Take the oldest due event and push its time forward, so that a crash during its handlers only delays it."""
    now = services.clock.now()
    with services.db.transaction() as session:
        event = session.scalars(
            select(OutboxEvent)
            .where(OutboxEvent.delivered_at.is_(None), OutboxEvent.parked_at.is_(None), OutboxEvent.available_at <= now)
            .order_by(OutboxEvent.available_at, OutboxEvent.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if event is None:
            return None
        event.attempts += 1
        event.available_at = now + back_off(event.attempts)
        return event


def back_off(attempts: int) -> timedelta:
    """Return the wait before the next attempt: 5 s doubling to at most 5 minutes."""
    return timedelta(seconds=min(300, 5 * 2 ** (attempts - 1)))


def _deliver(services: Services, event: OutboxEvent, handlers: list[tuple[str, Handler]]) -> bool:
    done, failure = list(event.handled_by), None
    for name, handler in handlers:
        if name in done:
            continue
        try:
            handler(services, event.payload)
            done.append(name)
        except Exception as error:  # outermost line of a delivery: recorded on the event and logged
            failure = f"{name}: {type(error).__name__}: {error}"[:2000]
            log.exception("outbox.handler_failed", topic=event.topic, outbox_event=event.id, handler=name)
    now = services.clock.now()
    with services.db.transaction() as session:
        row = session.get_one(OutboxEvent, event.id)
        row.handled_by = done
        row.last_error = failure
        if failure is None:
            row.delivered_at = now
        elif row.attempts >= MAX_ATTEMPTS:
            row.parked_at = now
    return failure is None
