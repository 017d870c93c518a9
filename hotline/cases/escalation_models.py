"""Escalations: a question to a responsible official with a deadline, its steps up the ladder, and the rules of the ladder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class EscalationRule(HasId, Base):
    """Who answers at one level, and within what time. Empty country or risk means any; the most exact rule holds."""

    __tablename__ = "escalation_rules"
    __table_args__ = (
        Index(
            "uq_escalation_rules_live", "country", "risk", "level", unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        CheckConstraint("level BETWEEN 1 AND 5", name="level"),
        CheckConstraint("deadline_minutes BETWEEN 5 AND 20160", name="deadline"),
    )  # fmt: skip

    country: Mapped[str] = mapped_column(String(2), default="", server_default="")
    risk: Mapped[str] = mapped_column(String(20), default="", server_default="")
    level: Mapped[int] = mapped_column(SmallInteger)
    official_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    deadline_minutes: Mapped[int] = mapped_column(Integer)
    phone: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """Where the official gets a text about it, in E.164; empty for in the console only."""
    made_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    """Rules are never changed: a new one takes the place of the old, so that each step shows what it followed."""


class Escalation(HasId, Base):
    """A question that only a responsible official may answer; until then the case stays open."""

    __tablename__ = "escalations"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'answered')", name="state"),
        CheckConstraint("(state = 'answered') = (answered_at IS NOT NULL)", name="answered_when_answered"),
        Index("uq_escalations_one_asked", "case_id", unique=True, postgresql_where=text("state = 'asked'")),
        Index("ix_escalations_due", "due_at", postgresql_where=text("state = 'asked'")),
        Index("ix_escalations_case_id", "case_id", "id"),
        Index("ix_escalations_official_id", "official_id", "id"),
    )

    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cases.id"))
    state: Mapped[str] = mapped_column(String(10), default="asked", server_default="asked")
    question: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime]
    level: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    official_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Who is responsible now."""
    due_at: Mapped[datetime]
    reminders: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """How often the top of the ladder was reminded."""
    answer: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Also shown to the person on their page; emptied on erasure."""
    answered_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    answered_at: Mapped[datetime | None]


class EscalationStep(HasId, Base):
    """Append-only: that an official was asked, or asked again, when, until when, and how they were told."""

    __tablename__ = "escalation_steps"
    __table_args__ = (Index("ix_escalation_steps_escalation_id", "escalation_id", "id"),)

    escalation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("escalations.id"))
    kind: Mapped[str] = mapped_column(String(10))
    """asked, climbed or reminded."""
    level: Mapped[int] = mapped_column(SmallInteger)
    official_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    rule_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("escalation_rules.id"))
    at: Mapped[datetime]
    due_at: Mapped[datetime]
    notice_id: Mapped[int | None] = mapped_column(BigInteger)
    """The text that told them; None when only the console did."""
