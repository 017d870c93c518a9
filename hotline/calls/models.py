"""Calls, their legs, every event with the answer that was given, orders to the provider, recordings, and tables of rules."""

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
    LargeBinary,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Call(HasId, Base):
    """One conversation with one person, whoever else takes part. `phone` is theirs in E.164, empty when it was withheld."""

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint(
            "state IN ('dialling','menu','waiting','talking','forwarded','voicemail','parting','ended')", name="state"
        ),
        Index("ix_calls_open", "id", postgresql_where=text("state <> 'ended'")),
        Index("ix_calls_phone", "phone", "id"),
        Index("ix_calls_agent", "agent_id", postgresql_where=text("state <> 'ended'")),
        Index("ix_calls_case", "case_id"),
        Index("ix_calls_contact", "contact_id"),
        Index("ix_calls_queued_at", "queued_at", postgresql_where=text("direction = 'in'")),
        Index("ix_calls_started_at", "started_at", postgresql_where=text("direction = 'in'")),
        Index(
            "ix_calls_numbers",
            "ended_at",
            postgresql_where=text("state = 'ended' AND (phone <> '' OR forwarded_from <> '')"),
        ),
        Index("ix_calls_mission", "mission_id", "started_at", postgresql_where=text("mission_id IS NOT NULL")),
    )

    provider_sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    """The person's own leg at the provider."""
    direction: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10))
    phone: Mapped[str] = mapped_column(String(20), default="")
    called: Mapped[str] = mapped_column(String(20), default="")
    forwarded_from: Mapped[str] = mapped_column(String(20), default="", server_default="")
    mission_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("missions.id"))
    menu_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("call_menus.id"))
    """The published menu that the call began with; none is the one that comes with the software."""
    language: Mapped[str] = mapped_column(String(8), default="", server_default="")
    danger: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    priority: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """0 to 9, as queues take it; danger to life stands apart from it."""
    path: Mapped[str] = mapped_column(String(10), default="normal", server_default="normal")
    """Which way the call was let in (`hotline.cases.screening`); the key for danger makes it normal."""
    path_why: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """What is held against the number, shown to the agent also where the call came through."""
    turns: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How many documents were made for it; each names its own number in what follows on it."""
    queue: Mapped[str] = mapped_column(String(40), default="", server_default="")
    agent_id: Mapped[int | None] = mapped_column(BigInteger)
    """Who talks to the person now, or was the last to do so."""
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contacts.id"))
    """What the call is in the person's history."""
    callback_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("callbacks.id"))
    """The promise that a call of ours keeps."""
    case_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("cases.id"))
    """The case that a call of ours was made from; the contact's own is the contact's."""
    traveller_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("travellers.id"))
    queue_ref: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """The name under which the queue knows this wait; somebody who waits a second time has a second name."""
    forward_to: Mapped[str] = mapped_column(String(20), default="", server_default="")
    conference_sid: Mapped[str] = mapped_column(String(64), default="", server_default="")
    recorded: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    fallback: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """The call was answered from static configuration because the database was away, and written down afterwards."""
    started_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(20), default="", server_default="")
    heard_at: Mapped[datetime]
    """When the provider last said anything about it; a call that is silent too long is looked up."""


class Leg(HasId, Base):
    """One telephone in a call, at the provider a call of its own. `token` is the reservation that it was dialled for."""

    __tablename__ = "call_legs"
    __table_args__ = (
        CheckConstraint("state IN ('planned','placing','doubt','ringing','answered','joined','over')", name="state"),
        CheckConstraint(
            "role IN ('caller','agent','colleague','interpreter','partner','mission','supervisor')", name="role"
        ),
        Index("ix_call_legs_call", "call_id", "id"),
        Index("uq_call_legs_token", "token", unique=True, postgresql_where=text("token <> ''")),
        Index("ix_call_legs_on", "call_id", postgresql_where=text("state IN ('ringing','answered','joined')")),
        Index("ix_call_legs_agent", "agent_id", "id", postgresql_where=text("joined_at IS NOT NULL")),
        Index("ix_call_legs_due", "due_at", postgresql_where=text("state IN ('planned','placing','doubt')")),
    )

    call_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("calls.id"))
    role: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(10))
    provider_sid: Mapped[str | None] = mapped_column(String(64), unique=True)
    status: Mapped[str] = mapped_column(String(12), default="", server_default="")
    """The provider's furthest word."""
    to: Mapped[str] = mapped_column(String(100))
    sender: Mapped[str] = mapped_column(String(20), default="", server_default="")
    agent_id: Mapped[int | None] = mapped_column(BigInteger)
    token: Mapped[str] = mapped_column(String(80), default="", server_default="")
    label: Mapped[str] = mapped_column(String(160), default="", server_default="")
    purpose: Mapped[str] = mapped_column(String(12), default="answer", server_default="answer")
    """answer, callback, outbound, consult, listen, whisper or join: what the leg was dialled for."""
    muted: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    held: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    due_at: Mapped[datetime | None]
    """When it is to be dialled, or, when handed over or in doubt, looked up."""
    placed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error_code: Mapped[str] = mapped_column(String(10), default="", server_default="")
    created_at: Mapped[datetime]


class CallEvent(HasId, Base):
    """One webhook, taken once. `twiml` is the very answer that a repetition gets."""

    __tablename__ = "call_events"
    __table_args__ = (
        Index("uq_call_events_key", "provider_sid", "key", unique=True),
        Index("ix_call_events_at", "at"),
        Index("ix_call_events_call", "call_id", "id"),
    )

    provider_sid: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(80))
    call_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime]
    twiml: Mapped[str | None] = mapped_column(Text)


class CallOrder(HasId, Base):
    """Something that the provider is to do with a call that is on; carried out once, outside any transaction."""

    __tablename__ = "call_orders"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','sending','done','failed')", name="state"),
        Index("ix_call_orders_due", "due_at", "id", postgresql_where=text("state IN ('waiting','sending')")),
        Index("ix_call_orders_call", "call_id", "id"),
    )

    call_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("calls.id"))
    leg_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("call_legs.id"))
    kind: Mapped[str] = mapped_column(String(20))
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    due_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(60), default="", server_default="")
    created_at: Mapped[datetime]


class CallMenu(HasId, Base):
    """One version of the menu. Published ones never change; a call keeps the version that it began with."""

    __tablename__ = "call_menus"
    __table_args__ = (
        CheckConstraint("state IN ('draft','published','retired','drill')", name="state"),
        Index("uq_call_menus_drill", "state", unique=True, postgresql_where=text("state = 'drill'")),
        Index("uq_call_menus_version", "version", unique=True),
        Index("uq_call_menus_published", "state", unique=True, postgresql_where=text("state = 'published'")),
        Index("uq_call_menus_draft", "state", unique=True, postgresql_where=text("state = 'draft'")),
    )

    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(10))
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    edits: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class CallLine(HasId, Base):
    """A number that people call, and the mission whose greeting is heard there."""

    __tablename__ = "call_lines"

    number: Mapped[str] = mapped_column(String(20), unique=True)
    mission_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("missions.id"))
    greeting: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """Text by language; empty names the mission alone."""
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))


class CallSound(HasId, Base):
    """A recording that is heard instead of a menu's text; versions of the menu name its key, and nobody can guess it."""

    __tablename__ = "call_sounds"
    __table_args__ = (CheckConstraint("media_type IN ('audio/wav','audio/mpeg')", name="media_type"),)

    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    """What the file was called where it came from."""
    media_type: Mapped[str] = mapped_column(String(20))
    size_bytes: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    created_at: Mapped[datetime]


class CallAnnouncement(HasId, Base):
    """What everybody hears before the menu while an incident lasts, on all lines or those of one country."""

    __tablename__ = "call_announcements"

    texts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    author_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class PhoneBookEntry(HasId, Base):
    """A telephone that calls can be handed to: a partner agency, a mission, an interpreter."""

    __tablename__ = "phone_book"
    __table_args__ = (
        CheckConstraint("kind IN ('partner','mission','interpreter')", name="kind"),
        Index("uq_phone_book_phone", "phone", unique=True),
    )

    kind: Mapped[str] = mapped_column(String(12))
    name_ko: Mapped[str] = mapped_column(String(160))
    name_en: Mapped[str] = mapped_column(String(160))
    phone: Mapped[str] = mapped_column(String(20))
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    note: Mapped[str] = mapped_column(String(300), default="", server_default="")
    updated_at: Mapped[datetime]


class CallerIdRule(HasId, Base):
    """Which of our numbers is shown when a number that begins so is called; the longest prefix decides."""

    __tablename__ = "caller_id_rules"

    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    caller_id: Mapped[str] = mapped_column(String(20))


class CallRecording(HasId, Base):
    """A recording at the provider: of a conversation, or a message that was left. Who heard it stands in the audit trail."""

    __tablename__ = "call_recordings"
    __table_args__ = (
        CheckConstraint("kind IN ('conversation','voicemail')", name="kind"),
        Index("ix_call_recordings_call", "call_id"),
        Index("ix_call_recordings_delete", "delete_after", postgresql_where=text("deleted_at IS NULL")),
    )

    call_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("calls.id"))
    kind: Mapped[str] = mapped_column(String(12))
    recording_sid: Mapped[str] = mapped_column(String(64), unique=True)
    duration_s: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    created_at: Mapped[datetime]
    delete_after: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
