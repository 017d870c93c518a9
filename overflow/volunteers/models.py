"""Volunteers, their certificates, and the hours of a week and the days at which they can or cannot come."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
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
from overflow.volunteers.states import STATES


class Volunteer(HasId, Base):
    """Somebody who answers calls when the centre is swamped. Local times are those of `zone` (IANA).

    `officer_id` and `agent_id` are set when they are approved: a volunteer answers calls as an agent does, and every rule
    of the queue holds for them.
    """

    __tablename__ = "volunteers"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="state"),
        CheckConstraint("speaks IN ('ko', 'en')", name="speaks"),
        CheckConstraint("quiet_from BETWEEN 0 AND 1439 AND quiet_to BETWEEN 0 AND 1439", name="quiet"),
        CheckConstraint("state <> 'approved' OR agent_id IS NOT NULL", name="agent"),
        CheckConstraint("state <> 'approved' OR phone_verified_at IS NOT NULL", name="verified"),
        CheckConstraint("erased_at IS NULL OR (phone = '' AND name = '')", name="erased"),
        Index(
            "uq_volunteers_phone", "phone", unique=True,
            postgresql_where=text("phone <> '' AND state NOT IN ('left','refused')"),
        ),
        Index("ix_volunteers_state", "state", "id"),
        Index("ix_volunteers_agent_id", "agent_id", unique=True),
    )  # fmt: skip

    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str] = mapped_column(String(16))
    """E.164; empty once erased."""
    phone_verified_at: Mapped[datetime | None]
    email: Mapped[str] = mapped_column(String(254), default="", server_default="")
    speaks: Mapped[str] = mapped_column(String(2), default="ko", server_default="ko")
    """Language of what we write and say to them."""
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """ISO 639 codes of the languages in which they can help callers."""
    skills: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """Level by skill, 1 to 5, as agents have them; certificates decide whether one counts."""
    zone: Mapped[str] = mapped_column(String(60), default="Asia/Seoul", server_default="Asia/Seoul")
    site: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """Where they can come to; empty for somebody who helps from home only."""
    senior: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """May be the buddy of six others."""
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """A made-up person of drills: asked in drills only, and nobody else is asked in drills."""
    max_hours_day: Mapped[int] = mapped_column(SmallInteger, default=6, server_default="6")
    max_hours_week: Mapped[int] = mapped_column(SmallInteger, default=20, server_default="20")
    quiet_from: Mapped[int] = mapped_column(SmallInteger, default=1320, server_default="1320")
    """Minutes after local midnight from which they are not asked; equal to `quiet_to`: asked at any hour."""
    quiet_to: Mapped[int] = mapped_column(SmallInteger, default=420, server_default="420")
    not_before: Mapped[datetime | None]
    """"Not now": they are not asked before this moment."""
    consent_at: Mapped[datetime | None]
    consent_words: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Version of the words that they agreed to."""
    state: Mapped[str] = mapped_column(String(10), default="applied", server_default="applied")
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"), unique=True)
    agent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agents.id"))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    links_ended_at: Mapped[datetime | None]
    """Links to their own page issued up to this second open nothing any more."""
    left_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class Certificate(HasId, Base):
    """A skill that somebody proved, by a test or a paper that an officer saw, until `expires_at`."""

    __tablename__ = "volunteer_certificates"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 5", name="level"),
        CheckConstraint("issued_at < expires_at", name="period"),
        Index("ix_volunteer_certificates_volunteer_id", "volunteer_id", "expires_at"),
    )

    volunteer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("volunteers.id", ondelete="CASCADE"))
    skill: Mapped[str] = mapped_column(String(30))
    level: Mapped[int] = mapped_column(SmallInteger)
    source: Mapped[str] = mapped_column(String(60), default="", server_default="")
    """What it rests on: `test:3`, or the paper's name."""
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    kept_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class CertifiedSkill(Base):
    """A skill that counts only with a certificate; all others are what somebody says of themselves."""

    __tablename__ = "certified_skills"

    skill: Mapped[str] = mapped_column(String(30), primary_key=True)


class AvailableHours(HasId, Base):
    """Hours of the week at which a volunteer can come; nobody with no rows at all is bound to any.

    `starts` is minutes after local midnight of `weekday` (0 Monday), `minutes` its length, which may run past midnight.
    """

    __tablename__ = "volunteer_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6 AND starts BETWEEN 0 AND 1439", name="starts"),
        CheckConstraint("minutes BETWEEN 15 AND 1440", name="minutes"),
        Index("ix_volunteer_hours_volunteer_id", "volunteer_id"),
    )

    volunteer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("volunteers.id", ondelete="CASCADE"))
    weekday: Mapped[int] = mapped_column(SmallInteger)
    starts: Mapped[int] = mapped_column(SmallInteger)
    minutes: Mapped[int] = mapped_column(Integer)


class AwayDays(HasId, Base):
    """Local days, both included, at which a volunteer cannot come."""

    __tablename__ = "volunteer_away"
    __table_args__ = (
        CheckConstraint("first <= last", name="order"),
        Index("ix_volunteer_away_volunteer_id", "volunteer_id", "last"),
    )

    volunteer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("volunteers.id", ondelete="CASCADE"))
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date)
