"""Cases and the entries of their history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Case(HasId, Base):
    """Somebody needs help. A person has at most one open case for one source, and a case has at most one owner."""

    fresh = False
    """True on the object that this process has just opened; tells a new case from one that was joined. Not a column."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'in_hand', 'waiting', 'closed')", name="state"),
        CheckConstraint("state NOT IN ('in_hand', 'waiting') OR owner_id IS NOT NULL", name="owned"),
        CheckConstraint("state <> 'open' OR owner_id IS NULL", name="open_is_free"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="whole_place"),
        Index("uq_cases_one_open", "traveller_id", "source", unique=True, postgresql_where=text("state <> 'closed'")),
        Index("ix_cases_due", "priority", "id", postgresql_where=text("state <> 'closed'")),
        Index("ix_cases_source", "source", "id"),
        Index("ix_cases_owner", "owner_id", "priority", "id", postgresql_where=text("state <> 'closed'")),
        Index("ix_cases_traveller", "traveller_id", "id"),
    )

    traveller_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("travellers.id"))
    source: Mapped[str] = mapped_column(String(40))
    """What it is about: `alert:12` (the first alert of a chain), or `person` outside any alert."""
    state: Mapped[str] = mapped_column(String(10), default="open")
    priority: Mapped[int] = mapped_column(SmallInteger)
    """1 (at once) to 4; see `hotline.cases.priority`."""
    says: Mapped[str] = mapped_column(String(10), default="help")
    """The person's latest word: `help` or `safe`. A case is closed by people, never by this."""
    drill: Mapped[bool] = mapped_column(Boolean, default=False)
    injured: Mapped[bool | None] = mapped_column(Boolean)
    people: Mapped[int | None] = mapped_column(SmallInteger)
    severity: Mapped[str] = mapped_column(String(16), default="Unknown")
    """CAP severity of the alert that the person answered."""
    country: Mapped[str] = mapped_column(String(2), default="ZZ")
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    place: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """Where they are, in their own words."""
    owner_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_reason: Mapped[str | None] = mapped_column(Text)


class CaseContact(HasId, Base):
    """One entry of a case's history, never changed: what the person said, or what an officer did or noted."""

    __tablename__ = "case_contacts"
    __table_args__ = (Index("ix_case_contacts_case_id", "case_id", "id"),)

    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cases.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    """answer, note, taken, handed_over, released, waiting, resumed, closed or relative_told."""
    channel: Mapped[str] = mapped_column(String(10), default="", server_default="")
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    body: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Words of the person or the officer; emptied when the person is erased."""
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
