"""Contacts: one call, text, chat or visit each; a case has many."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId

ANSWER = "answer"
"""The kind of a contact that a person's answer to an alert makes; nobody opens one by hand."""
CLOSED_TOPIC = "ContactClosed"
"""Outbox topic with {"contact_id", "case_id"}, once for each contact."""


class Contact(HasId, Base):
    """One time that somebody and the centre were in touch. It belongs to one case at most, and never changes to another."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("ref"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("state IN ('open', 'closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_when_closed"),
        Index("ix_contacts_open", "id", postgresql_where=text("state = 'open'")),
        Index("ix_contacts_phone", "phone", "opened_at", postgresql_where=text("phone <> ''")),
        Index("ix_contacts_person_id", "person_id", "id", postgresql_where=text("person_id IS NOT NULL")),
        Index("ix_contacts_case_id", "case_id", "id", postgresql_where=text("case_id IS NOT NULL")),
    )

    ref: Mapped[str] = mapped_column(String(80))
    """What the room that made it calls it (`call:12`, `answer:3`); the same ref never makes a second contact."""
    kind: Mapped[str] = mapped_column(String(10))
    """call, text, chat, mail or visit (`contacts.KINDS`), or the answer to an alert."""
    direction: Mapped[str] = mapped_column(String(3))
    """`in` when they came to us."""
    state: Mapped[str] = mapped_column(String(10), default="open", server_default="open")
    phone: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """E.164; empty where it is withheld or there is none, and after erasure."""
    person_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("persons.id"))
    """None until it is clear who it is: several people may share a number."""
    case_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("cases.id"))
    danger: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """The caller pressed the key for danger to life."""
    drill: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    officer_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Who spoke with them."""
    disposition: Mapped[str] = mapped_column(String(30), default="", server_default="")
    mood: Mapped[str] = mapped_column(String(12), default="", server_default="")
    risks: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What was said, in the officer's words; also an entry of the case's history. Emptied on erasure."""
