"""Settlements of missions, with every remittance that each one settles."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from remittance.settlement.states import CONFIRMED, STATES, TRANSFER, WAYS


class Settlement(HasId, Base):
    """What a mission paid out in one currency up to a day (of the ministry's calendar), and how it is made good.

    `digest` is over every remittance with its version and amount: who agrees to it agrees to exactly these.
    """

    __tablename__ = "settlements"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(each) for each in STATES)})", name="state"),
        CheckConstraint(f"way IN ({', '.join(repr(each) for each in WAYS)})", name="way"),
        CheckConstraint("total_minor > 0 AND remittances > 0", name="total"),
        CheckConstraint(
            "bank_entry_id IS NULL OR (way = 'transfer' AND state = 'confirmed' AND paid_by_id <> prepared_by_id)", name="paid"
        ),
        CheckConstraint("(state = 'confirmed') = (journal_id IS NOT NULL)", name="journal"),
        CheckConstraint("(state = 'prepared') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("state <> 'confirmed' OR decided_by_id <> prepared_by_id", name="four_eyes"),
        Index(
            "ix_settlements_prepared", "mission_id", "currency", unique=True, postgresql_where=text("state = 'prepared'")
        ),
        Index("ix_settlements_mission_id", "mission_id", "id"),
    )  # fmt: skip

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    currency: Mapped[str] = mapped_column(String(3))
    last_day: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10))
    remittances: Mapped[int] = mapped_column(Integer)
    """How many it settles."""
    total_minor: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    prepared_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    prepared_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    decided_at: Mapped[datetime | None]
    journal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"), unique=True)
    way: Mapped[str] = mapped_column(String(10), default="allotment", server_default="allotment")
    bank_entry_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("bank_entries.id"), unique=True)
    """The outgoing entry by which it was paid; empty while it is awaited, and where there is none to await."""
    paid_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Who said which entry it was."""
    paid_at: Mapped[datetime | None]

    @property
    def awaits_transfer(self) -> bool:
        """Say whether it is confirmed and its bank transfer has not been found yet."""
        return self.state == CONFIRMED and self.way == TRANSFER and self.bank_entry_id is None


class SettlementItem(HasId, Base):
    """One remittance of a settlement: what was paid out for it, when, and the version of it that was agreed to."""

    __tablename__ = "settlement_items"
    __table_args__ = (
        UniqueConstraint("settlement_id", "remittance_id"),
        CheckConstraint("minor > 0", name="minor"),
        Index("ix_settlement_items_remittance_id", "remittance_id"),
        # A remittance is settled once, whoever else would write it into another run.
        Index("ix_settlement_items_settled", "remittance_id", unique=True, postgresql_where=text("settled")),
    )

    settlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("settlements.id"))
    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    version: Mapped[int] = mapped_column(Integer)
    minor: Mapped[int] = mapped_column(BigInteger)
    paid_at: Mapped[datetime]
    settled: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
