"""Cases, the people in them, the entries of their history, and what was attached."""

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
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, validates

from hotline.cases.words import ENTRIES
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
        Index("ix_cases_opened_at", "opened_at"),
        Index("ix_cases_source", "source", "id"),
        Index("ix_cases_owner", "owner_id", "priority", "id", postgresql_where=text("state <> 'closed'")),
        Index("ix_cases_traveller", "traveller_id", "id"),
        Index("ix_cases_person", "person_id", "id"),
    )

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"))
    """Whom it is about. Somebody else who calls for them stands in `case_people`."""
    traveller_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("travellers.id"))
    """The same person as a receiver of alerts; None for somebody who is none."""
    source: Mapped[str] = mapped_column(String(40))
    """What it is about: `alert:12` (the first alert of a chain), `contact:7` (opened from a call or a chat), or `person`."""
    summary: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """What it is about, in a line of the officer's; emptied when the person is erased."""
    risks: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    """Every risk that was noted on one of its contacts (`hotline.cases.judging`); they only ever grow."""
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


class CasePerson(Base):
    """Somebody else in a case: a mother who calls, a friend who was there."""

    __tablename__ = "case_people"
    __table_args__ = (Index("ix_case_people_person_id", "person_id"),)

    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cases.id"), primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"), primary_key=True, autoincrement=False)
    relation: Mapped[str] = mapped_column(String(60), default="", server_default="")
    """What they are to the person of the case, as they said it; emptied when they are erased."""
    added_at: Mapped[datetime]


class CaseEntry(HasId, Base):
    """One entry of a case's history, never changed: what was said, by whom, or what an officer did or noted."""

    __tablename__ = "case_entries"
    __table_args__ = (Index("ix_case_entries_case_id", "case_id", "id"),)

    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cases.id"))
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contacts.id"))
    """The call, text or chat in which it was said or done."""
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))
    """See `hotline.cases.words.ENTRIES`."""
    channel: Mapped[str] = mapped_column(String(10), default="", server_default="")
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    body: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Words of the person or the officer; emptied when the person is erased."""
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")

    @validates("kind")
    def _named(self, _key: str, kind: str) -> str:
        """Return a kind that has words; whoever brings a new one brings what the timeline calls it."""
        assert kind in ENTRIES, f"the timeline has no words for {kind}"
        return kind


class Attachment(HasId, Base):
    """A file that belongs to a case. It lies in the database: every host has it, and erasing the person erases it."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_case_id", "case_id", "id"),
        CheckConstraint("size_bytes BETWEEN 1 AND 3145728", name="size"),
    )

    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("cases.id"))
    officer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(40))
    size_bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """None once the person was erased."""
