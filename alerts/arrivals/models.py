"""Texts on arrival with their versions, what differs from country to country, and each arrival with its decision."""

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

ANYWHERE = "ZZ"
"""Stands for every country that has no text of its own."""


class ArrivalText(HasId, Base):
    """One version of the text for one country in one language; only an approved one is ever sent."""

    __tablename__ = "arrival_texts"
    __table_args__ = (
        UniqueConstraint("country", "language", "version"),
        Index(
            "ix_arrival_texts_approved", "country", "language", unique=True, postgresql_where=text("state = 'approved'")
        ),
        CheckConstraint("state IN ('draft','approved','withdrawn')", name="state"),
        CheckConstraint("approved_by_id <> author_id", name="two_people"),
    )

    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), server_default="draft", default="draft")
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    created_at: Mapped[datetime]
    approved_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    approved_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class ArrivalPolicy(Base):
    """What differs for one country from the usual (`alerts.arrivals.rules.USUAL`)."""

    __tablename__ = "arrival_policies"
    __table_args__ = (
        CheckConstraint("settle_minutes BETWEEN 0 AND 720", name="settle"),
        CheckConstraint("quiet_days BETWEEN 0 AND 90", name="quiet"),
    )

    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    greets: Mapped[bool] = mapped_column(Boolean)
    settle_minutes: Mapped[int] = mapped_column(SmallInteger)
    quiet_days: Mapped[int] = mapped_column(SmallInteger)


class Arrival(HasId, Base):
    """A telephone has come into a country: waiting for its decision, greeted, or passed over for a reason.

    One row for a number, place and time, however many people share the telephone.
    """

    __tablename__ = "arrivals"
    __table_args__ = (
        UniqueConstraint("phone", "country", "arrived_at"),
        Index("ix_arrivals_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_arrivals_decided_at", "decided_at"),
        Index("ix_arrivals_traveller_id", "traveller_id"),
        CheckConstraint("state IN ('waiting','greeted','passed')", name="state"),
    )

    traveller_id: Mapped[int] = mapped_column(BigInteger)
    phone: Mapped[str] = mapped_column(String(16))
    country: Mapped[str] = mapped_column(String(2))
    arrived_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When it is decided: the telephone must still be in the country then."""
    state: Mapped[str] = mapped_column(String(8), server_default="waiting", default="waiting")
    reason: Mapped[str] = mapped_column(String(12), server_default="", default="")
    decided_at: Mapped[datetime | None]
    text_id: Mapped[int | None] = mapped_column(BigInteger)
