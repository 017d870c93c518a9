"""Queues, what callers need, entries, reservations and callbacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId

_WAITING = text("state = 'waiting'")


class CallQueue(HasId, Base):
    """A queue of callers, as the editor keeps it; all durations in seconds. None switches a rule off."""

    __tablename__ = "call_queues"
    __table_args__ = (
        CheckConstraint("strategy IN ('longest_idle', 'most_skilled', 'round_robin')", name="strategy"),
        CheckConstraint("overflow_queue_id <> id", name="overflow_elsewhere"),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_ko: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    active: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    strategy: Mapped[str] = mapped_column(String(20), default="longest_idle", server_default="longest_idle")
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """What every caller of this queue needs, besides what the entry itself asks for."""
    steps: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    """Widening: `{after_s, level, drop: [skill], any_language, groups: [id]}`, the first at 0; see `hotline.queues.widening`."""
    priority: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Added to each entry's own."""
    priority_s: Mapped[int] = mapped_column(Integer, default=60, server_default="60")
    """How many seconds of waiting one point of priority is worth."""
    group_order: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    site_order: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    sticky_s: Mapped[int] = mapped_column(Integer, default=60, server_default="60")
    ring_s: Mapped[int] = mapped_column(Integer, default=20, server_default="20")
    wrap_up_s: Mapped[int] = mapped_column(Integer, default=60, server_default="60")
    service_s: Mapped[int] = mapped_column(Integer, default=20, server_default="20")
    service_percent: Mapped[int] = mapped_column(SmallInteger, default=80, server_default="80")
    short_abandon_s: Mapped[int] = mapped_column(Integer, default=5, server_default="5")
    max_waiting: Mapped[int | None] = mapped_column(Integer)
    overflow_longest_s: Mapped[int | None] = mapped_column(Integer)
    overflow_expected_s: Mapped[int | None] = mapped_column(Integer)
    overflow_no_staff: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    overflow_queue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("call_queues.id"))
    callback_offer_s: Mapped[int | None] = mapped_column(Integer, default=120)
    """A callback is offered when the expected wait is longer than this."""
    callback_on_abandon: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    callback_attempts: Mapped[int] = mapped_column(SmallInteger, default=3, server_default="3")
    callback_retry_s: Mapped[int] = mapped_column(Integer, default=900, server_default="900")


class QueueNeed(HasId, Base):
    """What a kind of caller needs at one step of widening; few rows, shared by all entries that need the same."""

    __tablename__ = "queue_needs"
    __table_args__ = (Index("uq_queue_needs_key", "queue_id", "language", "skills", "step", unique=True),)

    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("call_queues.id"))
    language: Mapped[str] = mapped_column(String(8))
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    step: Mapped[int] = mapped_column(SmallInteger)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """What an agent's tags must contain at this step."""
    groups: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    """Groups that may answer at this step; empty: all."""
    until_s: Mapped[int | None] = mapped_column(Integer)
    """The step ends when the entry has waited so long; None for the last."""


class QueueEntry(HasId, Base):
    """Somebody waits: on the line, or at home for a callback that keeps its place."""

    __tablename__ = "queue_entries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'reserved', 'taken', 'left')", name="state"),
        CheckConstraint("(state IN ('reserved', 'taken')) = (agent_id IS NOT NULL AND token IS NOT NULL)", name="held"),
        CheckConstraint("kind IN ('call', 'callback')", name="kind"),
        Index("ix_queue_entries_bucket", "need_id", "sticky_agent_id", "rank", "id", postgresql_where=_WAITING),
        Index("ix_queue_entries_rank", "queue_id", "rank", "id", postgresql_where=_WAITING),
        Index("ix_queue_entries_widen", "widen_at", postgresql_where=_WAITING),
        Index("ix_queue_entries_held", "agent_id", postgresql_where=text("state = 'reserved'"), unique=True),
        Index("ix_queue_entries_ended", "queue_id", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        Index("ix_queue_entries_phone", "phone", "id"),
    )

    call_ref: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(10), default="call", server_default="call")
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("call_queues.id"))
    need_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue_needs.id"))
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    traveller_id: Mapped[int | None] = mapped_column(BigInteger)
    phone: Mapped[str] = mapped_column(String(20), default="", server_default="")
    language: Mapped[str] = mapped_column(String(8), default="ko", server_default="ko")
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    priority: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    danger: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    sticky_agent_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """The agent who alone is asked until `sticky_until`; 0 for anybody (a value, so that an index can lead with it)."""
    sticky_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    rank: Mapped[int] = mapped_column(BigInteger)
    """Who comes first: milliseconds of the time of entering, less what priority and danger are worth."""
    step: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    widen_at: Mapped[datetime | None]
    """When the next step or the end of stickiness is due."""
    enqueued_at: Mapped[datetime]
    """When the person began to wait; a callback and an overflow keep it."""
    offers: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    agent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agents.id"))
    token: Mapped[str | None] = mapped_column(String(64))
    matched_step: Mapped[int | None] = mapped_column(SmallInteger)
    overflowed_from: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[datetime | None]
    """When waiting ended: taken or left."""
    left_reason: Mapped[str | None] = mapped_column(String(12))


class QueueStep(HasId, Base):
    """One widening of one entry's needs, or one move to another queue: the record of why an agent was asked."""

    __tablename__ = "queue_steps"
    __table_args__ = (Index("ix_queue_steps_entry_id", "entry_id", "id"),)

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue_entries.id"))
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(String(12))
    """widened, unstuck, overflow, back (an offer came to nothing) or callback."""
    step: Mapped[int] = mapped_column(SmallInteger)
    detail: Mapped[str] = mapped_column(String(40), default="", server_default="")


class Reservation(HasId, Base):
    """An agent and an entry, reserved for each other by one statement, until it expires or the call is over."""

    __tablename__ = "reservations"
    __table_args__ = (
        CheckConstraint(
            "state IN ('reserved', 'ringing', 'accepted', 'missed', 'cancelled', 'finished')", name="state"
        ),
        Index(
            "uq_reservations_agent", "agent_id", unique=True,
            postgresql_where=text("state IN ('reserved', 'ringing', 'accepted')"),
        ),
        Index(
            "uq_reservations_entry", "entry_id", unique=True,
            postgresql_where=text("state IN ('reserved', 'ringing', 'accepted')"),
        ),
        Index("ix_reservations_expires", "expires_at", postgresql_where=text("state IN ('reserved', 'ringing')")),
        Index("ix_reservations_finished", "queue_id", "finished_at", postgresql_where=text("state = 'finished'")),
    )  # fmt: skip

    token: Mapped[str] = mapped_column(String(64), unique=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue_entries.id"))
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("call_queues.id"))
    step: Mapped[int] = mapped_column(SmallInteger)
    via: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="reserved", server_default="reserved")
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ringing_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    """When it ended, however it ended."""
    why: Mapped[str] = mapped_column(String(12), default="", server_default="")


class Callback(HasId, Base):
    """Somebody is to be called back: by keeping the place, for a reserved time, by promise, or after hanging up."""

    __tablename__ = "callbacks"
    __table_args__ = (
        CheckConstraint("kind IN ('place', 'reserved', 'promised', 'abandoned')", name="kind"),
        CheckConstraint("state IN ('planned', 'queued', 'done', 'failed', 'cancelled')", name="state"),
        CheckConstraint("kind <> 'promised' OR owner_id IS NOT NULL", name="owned"),
        Index(
            "uq_callbacks_one_open", "queue_id", "phone", unique=True,
            postgresql_where=text("state IN ('planned', 'queued')"),
        ),
        Index("ix_callbacks_due", "due_at", postgresql_where=text("state IN ('planned', 'queued')")),
        Index("ix_callbacks_entry_id", "entry_id"),
    )  # fmt: skip

    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="planned", server_default="planned")
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("call_queues.id"))
    phone: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(8), default="ko", server_default="ko")
    traveller_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int | None] = mapped_column(BigInteger)
    owner_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """The officer who answers for it."""
    entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queue_entries.id"))
    due_at: Mapped[datetime]
    """When it is to be made: now for those who kept their place."""
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    token: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The reservation whose attempt was counted last."""
    created_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(20), default="", server_default="")
