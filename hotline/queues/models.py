"""Queues as data, who waits in them, the reservations that were made, and callbacks."""

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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Queue(HasId, Base):
    """One queue and its rules; seconds throughout. `steps` is described in `hotline.queues.steps`."""

    __tablename__ = "queues"
    __table_args__ = (
        CheckConstraint("strategy IN ('longest_idle', 'most_skilled', 'round_robin')", name="strategy"),
        CheckConstraint("overflow_action IN ('none', 'callback', 'voicemail', 'queue')", name="overflow_action"),
        CheckConstraint("(overflow_action = 'queue') = (overflow_queue_id IS NOT NULL)", name="overflow_queue"),
    )

    code: Mapped[str] = mapped_column(String(30), unique=True)
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    strategy: Mapped[str] = mapped_column(String(20), default="longest_idle", server_default="longest_idle")
    steps: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    group_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    """Groups that answer, the first one preferred; empty means all alike."""
    priority_s: Mapped[int] = mapped_column(Integer, default=60, server_default="60")
    """So many seconds of waiting does one point of priority count."""
    sticky_s: Mapped[int] = mapped_column(Integer, default=60, server_default="60")
    ring_s: Mapped[int] = mapped_column(SmallInteger, default=20, server_default="20")
    wrap_up_s: Mapped[int] = mapped_column(Integer, default=180, server_default="180")
    max_waiting: Mapped[int] = mapped_column(Integer, default=10_000, server_default="10000")
    service_level_s: Mapped[int] = mapped_column(Integer, default=20, server_default="20")
    short_abandon_s: Mapped[int] = mapped_column(Integer, default=5, server_default="5")
    usual_talk_s: Mapped[int] = mapped_column(Integer, default=240, server_default="240")
    """Used for the expected wait until enough calls have been measured."""
    callback_after_s: Mapped[int | None] = mapped_column(Integer)
    """Offer a callback when the expected wait is longer; empty for never."""
    abandon_callback: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    overflow_action: Mapped[str] = mapped_column(String(10), default="none", server_default="none")
    overflow_queue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queues.id"))
    overflow_wait_s: Mapped[int | None] = mapped_column(Integer)
    overflow_expected_s: Mapped[int | None] = mapped_column(Integer)
    overflow_no_staff: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    last_agent_id: Mapped[int | None] = mapped_column(BigInteger)
    """Whose turn was last, for round robin."""
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    updated_at: Mapped[datetime]


class QueueEntry(HasId, Base):
    """Somebody who waits, or has waited. `rank_at` decides the order: the moment of joining moved back by priority."""

    __tablename__ = "queue_entries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'reserved', 'taken', 'done', 'left')", name="state"),
        CheckConstraint("kind IN ('call', 'callback')", name="kind"),
        CheckConstraint("(state = 'left') = (left_reason IS NOT NULL)", name="left_reason"),
        Index("ix_queue_entries_head", "queue_id", "step", "need", "drill", "rank_at", "id",
              postgresql_where=text("state = 'waiting'")),
        Index("ix_queue_entries_order", "queue_id", "rank_at", postgresql_where=text("state IN ('waiting','reserved')")),
        Index("ix_queue_entries_widens", "widens_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_queue_entries_queue_id_enqueued_at", "queue_id", "enqueued_at"),
        Index("ix_queue_entries_traveller_id", "traveller_id"),
    )  # fmt: skip

    call_ref: Mapped[str] = mapped_column(String(80), unique=True)
    """Names the call; opaque here."""
    kind: Mapped[str] = mapped_column(String(10), default="call", server_default="call")
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queues.id"))
    traveller_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("travellers.id"))
    phone: Mapped[str] = mapped_column(String(16), default="", server_default="")
    language: Mapped[str] = mapped_column(String(3), default="", server_default="")
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    priority: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    danger: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    hard: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """Danger to life, a distressed caller or a third call: only staff answer, whatever else a step is content with."""
    sticky_agent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agents.id"))
    sticky_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    enqueued_at: Mapped[datetime]
    rank_at: Mapped[datetime]
    step: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """-1 while only the sticky agent may answer; else the step of the queue's widening."""
    need: Mapped[str] = mapped_column(String(400), default="", server_default="")
    """Marks that an agent must have at this step, sorted, joined by blanks."""
    widens_at: Mapped[datetime | None]
    offers: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """How often it was offered to an agent."""
    taken_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    left_reason: Mapped[str | None] = mapped_column(String(10))
    short: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """Hung up so soon that it says nothing about the centre; counted apart."""
    ended_at: Mapped[datetime | None]


class EntryStep(HasId, Base):
    """What happened to somebody who waits: widened, overflowed, offered a callback's place; never changed."""

    __tablename__ = "queue_entry_steps"
    __table_args__ = (Index("ix_queue_entry_steps_entry_id", "entry_id", "id"),)

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue_entries.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(12))
    """widened, overflowed or kept_place."""
    step: Mapped[int] = mapped_column(SmallInteger)
    need: Mapped[str] = mapped_column(String(400), default="", server_default="")
    why: Mapped[str] = mapped_column(String(20), default="", server_default="")


class Reservation(HasId, Base):
    """One agent kept for one call: offered, answered or missed, and what the call was about."""

    __tablename__ = "reservations"
    __table_args__ = (
        CheckConstraint(
            "state IN ('reserved', 'ringing', 'talking', 'wrap_up', 'done', 'missed', 'released')", name="state"
        ),
        # What routing decides is held once more by the database: no agent has two calls, no caller two agents.
        Index("uq_reservations_agent", "agent_id", unique=True,
              postgresql_where=text("state IN ('reserved', 'ringing', 'talking', 'wrap_up')")),
        Index("uq_reservations_entry", "entry_id", unique=True,
              postgresql_where=text("state IN ('reserved', 'ringing', 'talking')")),
        Index("ix_reservations_expires_at", "expires_at", postgresql_where=text("state IN ('reserved', 'ringing')")),
        Index("ix_reservations_entry_id", "entry_id"),
        Index("ix_reservations_agent_id_reserved_at", "agent_id", "reserved_at"),
        Index("ix_reservations_queue_id_finished_at", "queue_id", "finished_at"),
    )  # fmt: skip

    token: Mapped[str] = mapped_column(String(64), unique=True)
    agent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("agents.id"))
    entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queue_entries.id"))
    """Empty when the agent was kept for a call outside any queue: outbound, or a colleague's transfer."""
    queue_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queues.id"))
    call_ref: Mapped[str] = mapped_column(String(80))
    via: Mapped[str] = mapped_column(String(10))
    matched_step: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(10), default="reserved", server_default="reserved")
    why: Mapped[str] = mapped_column(String(20), default="", server_default="")
    reserved_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    wrapped_at: Mapped[datetime | None]
    disposition: Mapped[str] = mapped_column(String(20), default="", server_default="")


class Callback(HasId, Base):
    """Somebody is to be called: they kept their place, reserved a time, were promised it, or hung up too soon."""

    __tablename__ = "callbacks"
    __table_args__ = (
        CheckConstraint("kind IN ('place', 'time', 'promise', 'abandoned')", name="kind"),
        CheckConstraint("state IN ('planned', 'queued', 'calling', 'done', 'given_up', 'cancelled')", name="state"),
        Index("uq_callbacks_open", "phone", "queue_id", unique=True,
              postgresql_where=text("state IN ('planned', 'queued', 'calling') AND phone <> ''")),
        Index("ix_callbacks_due", "due_at", postgresql_where=text("state = 'planned'")),
        Index("ix_callbacks_open", "due_at", "id", postgresql_where=text("state IN ('planned','queued','calling')")),
        Index("ix_callbacks_case_id", "case_id"),
        Index("ix_callbacks_origin_ref", "origin_ref", postgresql_where=text("origin_ref <> ''")),
        Index("ix_callbacks_phone", "phone", "created_at", postgresql_where=text("phone <> ''")),
        Index("ix_callbacks_given_up", "id", postgresql_where=text("state = 'given_up'")),
    )  # fmt: skip

    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), default="planned", server_default="planned")
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queues.id"))
    phone: Mapped[str] = mapped_column(String(16))
    traveller_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("travellers.id"))
    case_id: Mapped[int | None] = mapped_column(BigInteger)
    """The case it is about; that room's key, kept without a constraint because it stands below this one."""
    language: Mapped[str] = mapped_column(String(3), default="", server_default="")
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    owner_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("queue_entries.id"))
    """The place in the queue that it has now."""
    origin_ref: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The call that it came from."""
    enqueued_at: Mapped[datetime]
    """The place that is kept: when the person first joined the queue, or the due time."""
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    danger: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    priority: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    last_result: Mapped[str] = mapped_column(String(20), default="", server_default="")


class WallboardNote(HasId, Base):
    """A note on the wallboard while disaster mode is on, from `since` until it is taken away."""

    __tablename__ = "wallboard_notes"
    __table_args__ = (Index("ix_wallboard_notes_now", "id", postgresql_where=text("until IS NULL")),)

    incident_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("incidents.id"))
    text_ko: Mapped[str] = mapped_column(String(600))
    text_en: Mapped[str] = mapped_column(String(600))
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    since: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    until: Mapped[datetime | None]
