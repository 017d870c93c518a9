"""Persons: who they are, their numbers, and which of them are one and the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class Person(HasId, Base):
    """Somebody who was in touch, or is spoken of: a traveller, a relative at home, or a caller of whom little is known.

    Duplicates are not moved about: a merged person points at the one it is merged into, and every reader goes through that
    (`coalesce(merged_into_id, id)`). So taking a merge back is exact, and nothing that came in between is lost.
    """

    __tablename__ = "persons"
    __table_args__ = (
        Index("ix_persons_traveller_id", "traveller_id", unique=True),
        Index("ix_persons_merged_into_id", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        Index("ix_persons_known_as", text("(coalesce(merged_into_id, id))")),
        Index("ix_persons_passport_hash", "passport_hash", postgresql_where=text("passport_hash IS NOT NULL")),
        Index("ix_persons_grams", "grams", postgresql_using="gin"),
        CheckConstraint("merged_into_id <> id", name="not_into_itself"),
    )

    traveller_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("travellers.id"))
    """The same person as a receiver of alerts; a trigger keeps name, number and language like the traveller's."""
    merged_into_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("persons.id"))
    """Always somebody who is not merged into another."""
    name: Mapped[str] = mapped_column(String(160), default="", server_default="")
    """Empty while nobody has asked, and after erasure."""
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text), Computed("name_grams(name)", persisted=True), deferred=True)
    """Groups of three letters of the name in every script, by which it is found; the database keeps them."""
    language: Mapped[str] = mapped_column(String(8), default="ko", server_default="ko")
    passport_hash: Mapped[str | None] = mapped_column(String(64))
    """Keyed hash of the passport's number (`hotline.cases.passports`); the number itself is kept nowhere."""
    medical: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What whoever helps must know; shown only on demand, and each time on record."""
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PersonPhone(Base):
    """A number under which somebody can be reached; several people may share one."""

    __tablename__ = "person_phones"
    __table_args__ = (
        Index("ix_person_phones_phone", text("phone text_pattern_ops")),
        Index("ix_person_phones_phone_reversed", text("reverse(phone) text_pattern_ops")),
    )

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"), primary_key=True, autoincrement=False)
    phone: Mapped[str] = mapped_column(String(16), primary_key=True)
    added_at: Mapped[datetime]


class PersonLinkRevocation(Base):
    """Every link to a case that this person was sent up to `revoked_at` opens nothing any more."""

    __tablename__ = "person_link_revocations"

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"), primary_key=True, autoincrement=False)
    revoked_at: Mapped[datetime]


class PersonMerge(HasId, Base):
    """That two persons were found to be one, by whom, and until when it can be taken back."""

    __tablename__ = "person_merges"
    __table_args__ = (Index("ix_person_merges_kept_id", "kept_id", "id"),)

    kept_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"))
    other_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("persons.id"))
    member_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """Everybody who pointed at `other_id` before, and so points at it again when the merge is taken back."""
    at: Mapped[datetime]
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    undo_until: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
