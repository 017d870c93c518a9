"""What protects those who answer: abusive calls and their review, numbers that are held apart, and calls as they came in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class AbuseIncident(HasId, Base):
    """An abusive call: warned, warned again, ended, and looked at by a senior. One for a contact at most."""

    __tablename__ = "abuse_incidents"
    __table_args__ = (
        UniqueConstraint("contact_id"),
        CheckConstraint("state IN ('warned', 'warned_again', 'ended', 'upheld', 'overturned')", name="state"),
        CheckConstraint("support IN ('', 'offered', 'wanted', 'declined')", name="support"),
        CheckConstraint("reviewer_id <> officer_id", name="reviewed_by_another"),
        Index("ix_abuse_incidents_waiting", "id", postgresql_where=text("state = 'ended'")),
        Index("ix_abuse_incidents_phone", "phone", "ended_at", postgresql_where=text("phone <> ''")),
    )

    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contacts.id"))
    phone: Mapped[str] = mapped_column(String(16), default="", server_default="")
    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    state: Mapped[str] = mapped_column(String(12))
    warned_at: Mapped[datetime]
    warned_again_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    support: Mapped[str] = mapped_column(String(10), default="", server_default="")
    """What the agent said to the offer of a pause and somebody to talk to."""
    reviewer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    reviewed_at: Mapped[datetime | None]
    review_note: Mapped[str] = mapped_column(Text, default="", server_default="")


class NumberFlag(HasId, Base):
    """That calls of a number go another way for a time. Every flag ends; a lifted one ended early."""

    __tablename__ = "number_flags"
    __table_args__ = (
        CheckConstraint("kind IN ('abuse', 'spam', 'fraud', 'burst', 'sequence')", name="kind"),
        CheckConstraint("path IN ('separate', 'blocked')", name="path"),
        CheckConstraint("until > since", name="ends"),
        CheckConstraint("path <> 'blocked' OR kind = 'abuse'", name="only_abuse_blocks"),
        Index("ix_number_flags_phone", "phone", "until", postgresql_where=text("lifted_at IS NULL")),
    )

    phone: Mapped[str] = mapped_column(String(16))
    """E.164, or for `sequence` the beginning that the numbers share."""
    kind: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    since: Mapped[datetime]
    until: Mapped[datetime]
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    incident_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("abuse_incidents.id"))
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))


class ScreenedCall(HasId, Base):
    """One call as it came in, and the way it was sent; kept for a few days, because bursts show only together."""

    __tablename__ = "screened_calls"
    __table_args__ = (
        Index("ix_screened_calls_phone", "phone", "at", postgresql_where=text("phone <> ''")),
        Index("ix_screened_calls_beginning", "beginning", "at", postgresql_where=text("beginning <> ''")),
        Index("ix_screened_calls_at", "at"),
    )

    phone: Mapped[str] = mapped_column(String(16))
    beginning: Mapped[str] = mapped_column(String(16))
    """The number without its last two digits."""
    at: Mapped[datetime]
    path: Mapped[str] = mapped_column(String(10))
    why: Mapped[str] = mapped_column(String(10), default="", server_default="")
    danger: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
