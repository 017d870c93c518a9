"""Policies in versions, the plan of an alert, one row for each person and step, and the attempts to reach them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.silent.plan import CHANNELS
from alerts.silent.states import OPEN_STATES, STATES, UNDER_WAY
from hotline.core.db import Base, HasId


def _listed(states: tuple[str, ...]) -> str:
    return ", ".join(f"'{state}'" for state in states)


class SilentPolicy(HasId, Base):
    """One version of what is done for one severity. Rows are only added; an alert keeps the one its approval found."""

    __tablename__ = "silent_policies"
    __table_args__ = (
        UniqueConstraint("severity", "version"),
        CheckConstraint("severity IN ('Extreme', 'Severe', 'Other')", name="severity"),
    )

    severity: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer)
    steps: Mapped[list[Any]] = mapped_column(JSONB)
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    created_at: Mapped[datetime]


class SilentPlan(Base):
    """The steps of one alert, how far each has looked (one cursor a step), and whether somebody has stopped them."""

    __tablename__ = "silent_plans"

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"), primary_key=True, autoincrement=False)
    severity: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer)
    """Version of the policy at approval; 0 for the usual one."""
    steps: Mapped[list[Any]] = mapped_column(JSONB)
    looked: Mapped[list[Any]] = mapped_column(JSONB)
    """One `[moment as ISO 8601, message id]` a step: everybody up to there was looked at; null before the first look."""
    made_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    stopped_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class Outreach(HasId, Base):
    """One step for one telephone. The triple is unique, so no race, crash or repetition calls anybody twice for a step."""

    __tablename__ = "outreach"
    __table_args__ = (
        UniqueConstraint("alert_id", "phone", "step"),
        Index("ix_outreach_by_state", "alert_id", "step", "state", "id"),
        Index("ix_outreach_waiting", "alert_id", "id", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_outreach_unsettled", "lease_until", postgresql_where=text(f"state IN ({_listed(UNDER_WAY)})")
        ),
        Index("ix_outreach_open", "phone", postgresql_where=text(f"state IN ({_listed(OPEN_STATES)})")),
        Index("ix_outreach_traveller_id", "traveller_id"),
        CheckConstraint(f"state IN ({_listed(STATES)})", name="state"),
        CheckConstraint(f"channel IN ({_listed(CHANNELS)})", name="channel"),
    )  # fmt: skip

    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    step: Mapped[int] = mapped_column(SmallInteger)
    """Its place in the plan, from 0."""
    channel: Mapped[str] = mapped_column(String(8), server_default="voice", default="voice")
    whom: Mapped[str] = mapped_column(String(16))
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    """The text they did not get or answer; none for people who want no texts."""
    traveller_id: Mapped[int] = mapped_column(BigInteger)
    phone: Mapped[str] = mapped_column(String(20))
    variant: Mapped[str] = mapped_column(String(12))
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10), server_default="queued", default="queued")
    reason: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    rung: Mapped[int] = mapped_column(SmallInteger, server_default="0", default=0)
    """How often the telephone was busy or nobody picked up, or a text that failed was tried again by its reason."""
    not_before: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    """When somebody has to look what became of it."""
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(String(4))
    settled_at: Mapped[datetime | None]


class CallAttempt(HasId, Base):
    """Append-only: one call, second text or mail handed to a provider, committed before the request leaves."""

    __tablename__ = "call_attempts"
    __table_args__ = (
        UniqueConstraint("outreach_id", "number"),
        Index("ix_call_attempts_started_at", "started_at"),
        Index(
            "ix_call_attempts_sid", "provider_sid", unique=True,
            postgresql_where=text("provider_sid IS NOT NULL AND provider = 'twilio_voice'"),
        ),
        Index("ix_call_attempts_name", "provider_sid", postgresql_where=text("provider_sid IS NOT NULL")),
    )  # fmt: skip

    outreach_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(SmallInteger)
    provider: Mapped[str] = mapped_column(String(20))
    sender: Mapped[str | None] = mapped_column(String(40))
    """The sender that a second text went out by."""
    started_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    """When it began to leave, where no record could tell afterwards; without it, it never left."""
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))
    """The provider port's outcomes, or `found`, `absent` or `lost` after a look-up."""
    status: Mapped[str | None] = mapped_column(String(12))
    """The provider's latest word about the call."""
    provider_sid: Mapped[str | None] = mapped_column(String(64))
    error_code: Mapped[str | None] = mapped_column(String(10))
