"""Counts of tills, cash put into them and taken back, and differences between what was counted and what the books say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from remittance.tills.states import COUNT_KINDS, COUNT_STATES, DIFFERENCE_STATES, MOVE_KINDS, MOVE_STATES


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class TillCount(HasId, Base):
    """What somebody counted in a mission's till of one currency; it holds once a second person has witnessed it.

    `book_minor` is what the books said at that moment, and `open_minor` the differences of earlier counts that nobody had
    explained by then: what remains of `counted - book - open` is a difference that this count found.
    """

    __tablename__ = "till_counts"
    __table_args__ = (
        UniqueConstraint("mission_id", "currency", "key"),
        CheckConstraint(_one_of("kind", COUNT_KINDS), name="kind"),
        CheckConstraint(_one_of("state", COUNT_STATES), name="state"),
        CheckConstraint("counted_minor >= 0", name="counted"),
        CheckConstraint("difference_minor = counted_minor - book_minor", name="difference"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("state <> 'witnessed' OR decided_by_id <> counted_by_id", name="four_eyes"),
        Index("ix_till_counts_till", "mission_id", "currency", "counted_at"),
        Index(
            "ix_till_counts_waiting", "mission_id", "currency", unique=True, postgresql_where=text("state = 'waiting'")
        ),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    currency: Mapped[str] = mapped_column(String(3))
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10))
    key: Mapped[str] = mapped_column(String(80))
    """The same key again is the same count."""
    denominations: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Number of pieces by value in minor units, as in `{"10000": 3}`."""
    counted_minor: Mapped[int] = mapped_column(BigInteger)
    book_minor: Mapped[int] = mapped_column(BigInteger)
    difference_minor: Mapped[int] = mapped_column(BigInteger)
    open_minor: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why it was refused."""
    counted_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    counted_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """The witness, or who refused or took it back."""
    decided_at: Mapped[datetime | None]

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Values in minor units with the number of pieces, the largest first; the database keeps its own order of keys."""
        return sorted(((int(value), number) for value, number in self.denominations.items()), reverse=True)

    @property
    def fresh_minor(self) -> int:
        """What this count found beyond the differences that were open already."""
        return self.difference_minor - self.open_minor


class TillMove(HasId, Base):
    """Cash that is put into a till or taken back: prepared by one person, booked once another has confirmed it."""

    __tablename__ = "till_moves"
    __table_args__ = (
        UniqueConstraint("mission_id", "currency", "key"),
        CheckConstraint(_one_of("kind", MOVE_KINDS), name="kind"),
        CheckConstraint(_one_of("state", MOVE_STATES), name="state"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(state = 'prepared') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("(state = 'done') = (journal_id IS NOT NULL)", name="journal"),
        CheckConstraint("state <> 'done' OR decided_by_id <> prepared_by_id", name="four_eyes"),
        Index("ix_till_moves_till", "mission_id", "currency", "id"),
    )

    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    currency: Mapped[str] = mapped_column(String(3))
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    key: Mapped[str] = mapped_column(String(80))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(200))
    """Where the cash comes from or goes to: a bank, the mission's own account, a courier."""
    reason: Mapped[str] = mapped_column(String(300))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    prepared_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    prepared_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    decided_at: Mapped[datetime | None]
    journal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"), unique=True)


class TillDifference(HasId, Base):
    """What a witnessed count found too much (more than zero) or too little; open until two finance officers explain it.

    Without a count it is the cash of a remittance whose payout was taken back after a dispute, and which is not in the till.
    """

    __tablename__ = "till_differences"
    __table_args__ = (
        UniqueConstraint("count_id"),
        CheckConstraint(_one_of("state", DIFFERENCE_STATES), name="state"),
        CheckConstraint("minor <> 0", name="minor"),
        CheckConstraint("(count_id IS NULL) = (remittance_id IS NOT NULL)", name="source"),
        CheckConstraint("(state = 'explained') = (journal_id IS NOT NULL)", name="journal"),
        CheckConstraint("state = 'open' OR asked_by_id IS NOT NULL", name="asked"),
        CheckConstraint("explained_by_id <> asked_by_id", name="four_eyes"),
        Index(
            "ix_till_differences_open", "mission_id", "currency", postgresql_where=text("state <> 'explained'")
        ),
    )  # fmt: skip

    count_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("till_counts.id"))
    remittance_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    mission_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("missions.id"))
    currency: Mapped[str] = mapped_column(String(3))
    minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    opened_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why the explanation was given back."""
    asked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime | None]
    explained_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    explained_at: Mapped[datetime | None]
    journal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"), unique=True)
