"""The books as tables: accounts, journals with their postings, the chain of seals, months, entries that wait for a second yes.

Triggers of the database (migration 0030) hold what must hold whoever writes: accounts, journals, postings, seals and carried
balances are never changed or removed; every journal sums to zero in each currency when it is committed; nothing is added to a
journal later; nothing goes into a closed month or one before it; a reversal is the exact opposite of what it reverses.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from hotline.people.models import Xid8
from remittance.ledger.states import ENTRY_STATES, KINDS, MONTH_STATES, OF_MISSIONS


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


_PERIOD = "period ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'"


class LedgerAccount(HasId, Base):
    """One account: what it is for (`kind`), its currency, whose it is. `reference` tells several of a kind apart."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_listed(KINDS)})", name="kind"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(f"(kind IN ({_listed(OF_MISSIONS)})) = (mission_id IS NOT NULL)", name="mission"),
        UniqueConstraint("kind", "currency", "mission_id", "reference", postgresql_nulls_not_distinct=True),
        UniqueConstraint("id", "currency"),
        Index("ix_ledger_accounts_mission_id", "mission_id"),
    )

    kind: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    mission_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("missions.id"))
    reference: Mapped[str] = mapped_column(String(40), default="", server_default="")
    created_at: Mapped[datetime]


class LedgerJournal(HasId, Base):
    """One fact of the books with all its postings. `key` makes a repetition harmless; `digest` is over what the caller said.

    `period` is the month it is booked into; for a fact that became known after its month was closed, a later one than that of
    `occurred_at`. `txid` is the transaction that wrote it: postings come in the same or never.
    """

    __tablename__ = "ledger_journals"
    __table_args__ = (
        CheckConstraint(_PERIOD, name="period"),
        CheckConstraint("memo <> ''", name="memo"),
        UniqueConstraint("id", "period"),
        Index("ix_ledger_journals_about", "about_kind", "about_id"),
        Index("ix_ledger_journals_period", "period", "id"),
    )

    key: Mapped[str] = mapped_column(String(120), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    occurred_at: Mapped[datetime]
    posted_at: Mapped[datetime]
    period: Mapped[str] = mapped_column(String(7))
    memo: Mapped[str] = mapped_column(Text)
    about_kind: Mapped[str] = mapped_column(String(40), default="", server_default="")
    about_id: Mapped[int | None] = mapped_column(BigInteger)
    reverses_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"), unique=True)
    actor_kind: Mapped[str] = mapped_column(String(20))
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str] = mapped_column(String(200))
    via: Mapped[str] = mapped_column(String(20))
    txid: Mapped[str] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))


class LedgerPosting(HasId, Base):
    """One line of a journal: `minor` units onto an account, more than zero into it (debit), less out of it (credit)."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        CheckConstraint("minor <> 0 AND minor BETWEEN -1000000000000000 AND 1000000000000000", name="minor"),
        ForeignKeyConstraint(["journal_id", "period"], ["ledger_journals.id", "ledger_journals.period"]),
        ForeignKeyConstraint(["account_id", "currency"], ["ledger_accounts.id", "ledger_accounts.currency"]),
        Index("ix_ledger_postings_journal_id", "journal_id"),
        # A balance and a page of a statement read the index alone.
        Index("ix_ledger_postings_account_id", "account_id", "period", "id", postgresql_include=["minor"]),
    )

    journal_id: Mapped[int] = mapped_column(BigInteger)
    period: Mapped[str] = mapped_column(String(7))
    account_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    minor: Mapped[int] = mapped_column(BigInteger)


class LedgerSeal(Base):
    """One link of the chain over all journals: `hash` covers a journal, its postings and the link before. `seq` has no gaps."""

    __tablename__ = "ledger_seals"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    journal_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"), unique=True)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]


class LedgerMonth(Base):
    """A month that somebody asked to close, or that is closed; a month without a row is open.

    `digest` is over the trial balance that was agreed to; `head` is the last seal's hash at the closing.
    """

    __tablename__ = "ledger_months"
    __table_args__ = (
        CheckConstraint(_PERIOD, name="period"),
        CheckConstraint(f"state IN ({_listed(MONTH_STATES)})", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("state = 'open' OR asked_by_id IS NOT NULL", name="asked"),
        CheckConstraint("closed_by_id <> asked_by_id", name="four_eyes"),
    )

    period: Mapped[str] = mapped_column(String(7), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64), default="", server_default="")
    head: Mapped[str] = mapped_column(String(64), default="", server_default="")
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What the one who asked, or the one who returned it, wants to be known."""
    asked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    closed_at: Mapped[datetime | None]


class LedgerCarried(Base):
    """An account's figures at the end of a closed month: what went in and out in it, and the balance carried forward."""

    __tablename__ = "ledger_carried"
    __table_args__ = (CheckConstraint("debit >= 0 AND credit >= 0", name="turnover"),)

    period: Mapped[str] = mapped_column(String(7), ForeignKey("ledger_months.period"), primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_accounts.id"), primary_key=True)
    debit: Mapped[int] = mapped_column(BigInteger)
    credit: Mapped[int] = mapped_column(BigInteger)
    minor: Mapped[int] = mapped_column(BigInteger)


class LedgerEntry(HasId, Base):
    """An entry by hand, or the reversal of a journal, written by one officer and posted when another agrees."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint(f"state IN ({_listed(ENTRY_STATES)})", name="state"),
        CheckConstraint("(state = 'posted') = (journal_id IS NOT NULL)", name="posted"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("state <> 'posted' OR decided_by_id <> asked_by_id", name="four_eyes"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("ix_ledger_entries_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    key: Mapped[str | None] = mapped_column(String(120), unique=True)
    """The form's own, so that one form sent twice is one entry; a reversal has none, its journal is reversed once."""
    state: Mapped[str] = mapped_column(String(10))
    occurred_at: Mapped[datetime]
    memo: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[Any]] = mapped_column(default=list)
    """`[account_id, minor]` each; empty for a reversal."""
    reverses_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"))
    journal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"), unique=True)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why it was refused."""
    asked_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    decided_at: Mapped[datetime | None]
