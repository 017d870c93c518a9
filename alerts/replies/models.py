"""Answers as they came, each person's latest word, its running counts, and the relative who may be told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Answer(HasId, Base):
    """One answer; all are kept and never changed (but emptied of what names a person when they are erased)."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("traveller_id", "alert_id", "key"),
        CheckConstraint("status IN ('safe', 'help')", name="status"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="whole_place"),
    )

    traveller_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("travellers.id"))
    alert_id: Mapped[int] = mapped_column(BigInteger)
    """0 where the person answered outside any alert."""
    key: Mapped[str] = mapped_column(String(80))
    """Names the act of answering, so that a repetition is recognised."""
    status: Mapped[str] = mapped_column(String(4))
    channel: Mapped[str] = mapped_column(String(10))
    """link, sms, voice or officer."""
    said_at: Mapped[datetime]
    """When the person said it; the latest counts, whatever order answers arrive in."""
    received_at: Mapped[datetime]
    people: Mapped[int | None] = mapped_column(SmallInteger)
    injured: Mapped[bool | None] = mapped_column(Boolean)
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    accuracy_m: Mapped[int | None] = mapped_column(Integer)
    place: Mapped[str] = mapped_column(String(300), default="", server_default="")


class Standing(Base):
    """A person's latest word on one alert; kept by the statement that records an answer."""

    __tablename__ = "standings"
    __table_args__ = (
        Index("ix_standings_status", "alert_id", "status", "traveller_id"),
        Index("ix_standings_cell", "alert_id", "status", "cell", postgresql_where=text("cell IS NOT NULL")),
    )

    alert_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    traveller_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("travellers.id"), primary_key=True, autoincrement=False
    )
    answer_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(4))
    said_at: Mapped[datetime]
    country: Mapped[str] = mapped_column(String(2))
    """The country the alert's message counts under, so that answers and messages add up."""
    provider: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """The provider that had handed the text over when the person first answered; empty when none had."""
    cell: Mapped[int | None] = mapped_column(Integer)
    """Grid cell (hotline.geo.cells) of the place given with the latest answer that gave one."""


class AnswerTally(Base):
    """Running count of latest words by country and provider.

    `slot` spreads one busy row over several, so that answers do not queue.
    """

    __tablename__ = "answer_tallies"

    alert_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    country: Mapped[str] = mapped_column(String(2), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20), primary_key=True, default="", server_default="")
    status: Mapped[str] = mapped_column(String(4), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    people: Mapped[int] = mapped_column(Integer)


class Relative(Base):
    """Whom a traveller allows to be told that they are safe; the row is emptied when they take it back."""

    __tablename__ = "relatives"

    traveller_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("travellers.id"), primary_key=True, autoincrement=False
    )
    phone: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    allowed_at: Mapped[datetime]


class UnclearText(Base):
    """A text of which no rule can tell what it means: a person reads it. Deleted when somebody has."""

    __tablename__ = "unclear_texts"

    inbound_text_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("inbound_texts.id"), primary_key=True, autoincrement=False
    )
    alert_id: Mapped[int] = mapped_column(BigInteger, index=True)
