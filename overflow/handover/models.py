"""What was seen of each mission, hand-overs, the things in them, the signed summaries, and the mails that carry them."""

from __future__ import annotations

from datetime import datetime

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
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class HandoverWatch(Base):
    """Whether a mission was seen open or closed, since when, and up to which moment that was looked at."""

    __tablename__ = "handover_watch"

    mission_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("missions.id"), primary_key=True, autoincrement=False
    )
    open: Mapped[bool] = mapped_column(Boolean)
    since: Mapped[datetime]
    until: Mapped[datetime]
    begun_at: Mapped[datetime]
    """The closing, or moment, with which the record begins; calls from before are nobody's hand-over."""


class Handover(HasId, Base):
    """What is handed over to a mission at one opening: the closing from `period_start` to `period_end`."""

    __tablename__ = "handovers"
    __table_args__ = (
        UniqueConstraint("mission_id", "period_end"),
        CheckConstraint("state IN ('composing','empty','sent','acknowledged','escalated')", name="state"),
        CheckConstraint("period_start < period_end", name="period"),
        CheckConstraint("state NOT IN ('sent','escalated') OR due_at IS NOT NULL", name="due"),
        CheckConstraint("(escalation_seen_at IS NULL) = (escalation_seen_by_id IS NULL)", name="seen"),
        Index("ix_handovers_open", "due_at", postgresql_where=text("state IN ('composing','sent','escalated')")),
        Index("ix_handovers_mission", "mission_id", "id"),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """The latest summary; 1 is the morning's, later ones bring what became known after it."""
    urgent: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    duty_officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Who is told when it is not acknowledged in time; None only where nobody of the centre could be named."""
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    escalation_seen_at: Mapped[datetime | None]
    escalation_seen_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    finished_at: Mapped[datetime | None]


class HandoverItem(HasId, Base):
    """One thing that is handed over: a case, a promise (`callbacks`), or a call that could not be helped."""

    __tablename__ = "handover_items"
    __table_args__ = (
        CheckConstraint("kind IN ('case','promise','unhelped')", name="kind"),
        CheckConstraint("state IN ('waiting','acknowledged','returned')", name="state"),
        CheckConstraint("urgency BETWEEN 1 AND 4", name="urgency"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(decided_at IS NULL) = (officer_id IS NULL)", name="named"),
        # Nothing is in two hands: the database holds it whatever order jobs and officers come in.
        Index("uq_handover_items_live", "kind", "subject_id", unique=True,
              postgresql_where=text("state IN ('waiting','acknowledged')")),
        Index("ix_handover_items_handover", "handover_id", "id"),
        Index("ix_handover_items_subject", "kind", "subject_id"),
    )  # fmt: skip

    handover_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("handovers.id"))
    kind: Mapped[str] = mapped_column(String(10))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    """The case's, callback's or call's id."""
    revision: Mapped[int] = mapped_column(SmallInteger)
    """The summary that it first stood in."""
    urgency: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(12))
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """The named person who acknowledged, returned or took it back."""
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why it was returned; emptied when the person it is about is erased."""
    added_at: Mapped[datetime]


class HandoverSummary(HasId, Base):
    """One signed summary: the very bytes that were signed, the signature, and the certificate it is checked with."""

    __tablename__ = "handover_summaries"
    __table_args__ = (UniqueConstraint("handover_id", "revision"),)

    handover_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("handovers.id"))
    revision: Mapped[int] = mapped_column(SmallInteger)
    content: Mapped[str] = mapped_column(Text)
    """Canonical JSON (see `signing`)."""
    sha256: Mapped[str] = mapped_column(String(64))
    algorithm: Mapped[str] = mapped_column(String(20), default="", server_default="")
    signature: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Base64; empty where no key is configured or it could not be used."""
    certificate: Mapped[str] = mapped_column(Text, default="", server_default="")
    fingerprint: Mapped[str] = mapped_column(String(64), default="", server_default="", index=True)
    composed_at: Mapped[datetime]


class HandoverMail(HasId, Base):
    """One mail to a mission: a summary, or that it was not acknowledged in time. Its attempt is on record before it leaves."""

    __tablename__ = "handover_mails"
    __table_args__ = (
        UniqueConstraint("handover_id", "revision", "purpose"),
        CheckConstraint("purpose IN ('summary','reminder')", name="purpose"),
        CheckConstraint("state IN ('waiting','leaving','sent','failed','lost')", name="state"),
        Index("ix_handover_mails_due", "due_at", postgresql_where=text("state IN ('waiting','leaving')")),
    )

    handover_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("handovers.id"))
    revision: Mapped[int] = mapped_column(SmallInteger)
    purpose: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    due_at: Mapped[datetime]
    """When it is to leave; while it is leaving, when its claim ends."""
    left_at: Mapped[datetime | None]
    """When the content of the present attempt began to leave; after that only the server's answer tells."""
    settled_at: Mapped[datetime | None]
    error_code: Mapped[str] = mapped_column(String(10), default="", server_default="")
