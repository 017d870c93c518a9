"""Exchanges' keys, the ordered rules, missions' own requests, announced calls, and which arriving call was for which mission."""

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
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class ExchangeKey(HasId, Base):
    """A key with which a mission's exchange signs. The secret is derived from the salt and the service's own key, never kept.

    Two keys may be good at once, so that an exchange can change over without losing a call.
    """

    __tablename__ = "exchange_keys"

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"), index=True)
    key_id: Mapped[str] = mapped_column(String(60), unique=True)
    salt: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    valid_until: Mapped[datetime | None]


class OverflowRule(HasId, Base):
    """One rule of the ordered list (`overflow.forwarding.decision`); without rows the list is the one of the software."""

    __tablename__ = "overflow_rules"
    __table_args__ = (
        CheckConstraint("action IN ('take', 'return', 'refuse')", name="action"),
        CheckConstraint("(kind = 'incident') = (ends_at IS NOT NULL)", name="incident_ends"),
    )

    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(10))
    mission_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("missions.id"))
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True, server_default=text("true"))
    limit: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Waiting calls from which on the centre counts as full (rules about capacity)."""
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    updated_at: Mapped[datetime]


class TakeAll(HasId, Base):
    """A mission asks the centre to take all of its calls for a while, whatever its hours say."""

    __tablename__ = "take_all"
    __table_args__ = (
        Index("ix_take_all_live", "mission_id", postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("until > since", name="until"),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    ended_at: Mapped[datetime | None]
    """When it was taken back before its end."""
    ended_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class Forwarding(HasId, Base):
    """One call that an exchange announced, with what was decided and the very answer that a repetition gets.

    `caller` and `called` are E.164 or empty; `pool` is the number of ours to which the exchange sends the call. `call_id` is the
    call that arrived for it; each is used once.
    """

    __tablename__ = "forwardings"
    __table_args__ = (
        UniqueConstraint("mission_id", "idempotency_key", "content_hash"),
        CheckConstraint("decision IN ('take', 'return', 'refuse')", name="decision"),
        Index("uq_forwardings_token", "token_hash", unique=True, postgresql_where=text("token_hash <> ''")),
        Index("uq_forwardings_call", "call_id", unique=True, postgresql_where=text("call_id IS NOT NULL")),
        Index("ix_forwardings_open", "received_at", postgresql_where=text("call_id IS NULL AND decision = 'take'")),
        Index("ix_forwardings_old", "received_at", postgresql_where=text("caller <> ''")),
        Index("ix_forwardings_mission", "mission_id", "id"),
        Index("ix_forwardings_caller", "caller", "id", postgresql_where=text("caller <> ''")),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    line_id: Mapped[int | None] = mapped_column(BigInteger)
    idempotency_key: Mapped[str] = mapped_column(String(100))
    content_hash: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(String(10))
    caller: Mapped[str] = mapped_column(String(20))
    called: Mapped[str] = mapped_column(String(20))
    pool: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(8))
    reference: Mapped[str] = mapped_column(String(100))
    exchange_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(String(10))
    rule_id: Mapped[int | None] = mapped_column(BigInteger)
    rule_kind: Mapped[str] = mapped_column(String(20))
    explanation: Mapped[list[Any]]
    answer: Mapped[dict[str, Any]]
    """What was answered, but for the token, which is derived anew and of which only the hash is kept."""
    token_hash: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    call_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("calls.id"))
    matched_at: Mapped[datetime | None]


class ForwardedCall(HasId, Base):
    """An arriving call that was for a mission, and how that was known: the record that hand-over and statistics read."""

    __tablename__ = "forwarded_calls"
    __table_args__ = (
        CheckConstraint(
            "how IN ('token', 'number', 'window', 'called', 'forwarded_from', 'diversion')", name="how"
        ),
        Index("ix_forwarded_calls_mission", "mission_id", "at"),
        Index(
            "uq_forwarded_calls_forwarding", "forwarding_id", unique=True, postgresql_where=text("forwarding_id IS NOT NULL")
        ),
    )  # fmt: skip

    call_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("calls.id"), unique=True)
    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    line_id: Mapped[int | None] = mapped_column(BigInteger)
    how: Mapped[str] = mapped_column(String(14))
    forwarding_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("forwardings.id"))
    at: Mapped[datetime]
