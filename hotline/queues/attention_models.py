"""What needs somebody's attention, and who has acknowledged it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId


class AttentionItem(HasId, Base):
    """A promise that is due, overdue or was given up, or an agent's number that is dead; one row for each such fact.

    Whether it still matters is never written here: it follows from the callback or the agent it names.
    """

    __tablename__ = "attention_items"
    __table_args__ = (
        UniqueConstraint("ref"),
        CheckConstraint("kind IN ('soon', 'overdue', 'given_up', 'number_dead')", name="kind"),
        CheckConstraint("(callback_id IS NULL) <> (agent_id IS NULL)", name="about_one"),
        CheckConstraint("(kind = 'number_dead') = (agent_id IS NOT NULL)", name="agent"),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)", name="acknowledged"),
        Index("ix_attention_items_callback_id", "callback_id"),
        Index("ix_attention_items_agent_id", "agent_id"),
        Index(
            "ix_attention_items_dead", "id", postgresql_where=text("kind = 'number_dead' AND acknowledged_at IS NULL")
        ),
    )

    kind: Mapped[str] = mapped_column(String(12))
    ref: Mapped[str] = mapped_column(String(80))
    """Names the fact; the same fact told twice makes one row."""
    callback_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("callbacks.id"))
    agent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("agents.id"))
    at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
