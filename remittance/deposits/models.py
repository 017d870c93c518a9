"""Files of banks, the statements in them, and their entries with what became of each."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.db import Base, HasId
from remittance.deposits.reading import FORMATS
from remittance.deposits.states import ASKED, ASSIGNED, NEW, RETURNED, STATES, UNDO_STATES


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class StatementFile(HasId, Base):
    """A file that was taken over, once: the same bytes again are recognised by `digest` (SHA-256)."""

    __tablename__ = "statement_files"
    __table_args__ = (CheckConstraint(_one_of("form", FORMATS), name="form"),)

    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    form: Mapped[str] = mapped_column(String(10))
    bank_account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("bank_accounts.id"))
    """Whose table it was said to be; empty for files that name their accounts."""
    bytes: Mapped[int] = mapped_column(Integer)
    statements: Mapped[int] = mapped_column(Integer)
    entries: Mapped[int] = mapped_column(Integer)
    """New ones; `known` were there from other files before."""
    known: Mapped[int] = mapped_column(Integer)
    by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Empty for the command line."""
    at: Mapped[datetime]


class BankStatement(HasId, Base):
    """One statement of one of our accounts. Balances are minor units of the account's currency."""

    __tablename__ = "bank_statements"
    __table_args__ = (
        CheckConstraint("closed_on >= opened_on", name="days"),
        Index("ix_bank_statements_file_id", "file_id"),
        Index("ix_bank_statements_digest", "bank_account_id", "digest"),
    )

    file_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("statement_files.id"))
    bank_account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bank_accounts.id"))
    number: Mapped[str] = mapped_column(String(40))
    opened_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date] = mapped_column(Date)
    opening_minor: Mapped[int] = mapped_column(BigInteger)
    closing_minor: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int] = mapped_column(Integer)
    known: Mapped[int] = mapped_column(Integer)
    """How many of its entries an earlier statement held already; they were passed over."""
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of balances, closing day, and day and amount of each entry: the same in whatever form the bank sends it."""


class BankEntry(HasId, Base):
    """One movement on an account, with what became of it. `amount_minor` is positive for what came in.

    Entries of an account follow each other by id; `balance_minor` is what the account held after this one. `suggestions` are
    remittances it might be for. Who paid is personal data and is emptied after `states.KEPT`; both hashes are keyed, and tell
    only that two deposits came from the same name or account.
    """

    __tablename__ = "bank_entries"
    __table_args__ = (
        UniqueConstraint("statement_id", "nth"),
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint("amount_minor <> 0", name="amount"),
        CheckConstraint(f"({_one_of('state', (ASSIGNED, RETURNED))}) = (remittance_id IS NOT NULL)", name="remittance"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id IS DISTINCT FROM asked_by_id", name="four_eyes"),
        Index("ix_bank_entries_account", "bank_account_id", "id"),
        Index(
            "ix_bank_entries_waiting", "id", postgresql_where=text("state NOT IN ('assigned', 'returned', 'explained')")
        ),
        Index("ix_bank_entries_new", "id", postgresql_where=text("state = 'new'")),
        Index("ix_bank_entries_remittance_id", "remittance_id"),
        Index("ix_bank_entries_pair_id", "pair_id"),
        Index("ix_bank_entries_payer_account", "payer_account_hash", postgresql_where=text("payer_account_hash <> ''")),
        Index("ix_bank_entries_payer_name", "payer_name_hash", postgresql_where=text("payer_name_hash <> ''")),
    )

    bank_account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bank_accounts.id"))
    statement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bank_statements.id"))
    nth: Mapped[int] = mapped_column(Integer)
    line: Mapped[int] = mapped_column(Integer)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    balance_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    booked_on: Mapped[date] = mapped_column(Date)
    value_on: Mapped[date | None] = mapped_column(Date)
    payer: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Of an outgoing entry: who was paid."""
    payer_account_end: Mapped[str] = mapped_column(String(4), default="", server_default="")
    payer_account_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    payer_name_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    details: Mapped[str] = mapped_column(Text, default="", server_default="")
    reference: Mapped[str] = mapped_column(Text, default="", server_default="")
    bank_reference: Mapped[str] = mapped_column(Text, default="", server_default="")
    taken_back: Mapped[bool] = mapped_column(Boolean, default=False, server_default=text("false"))
    """The bank says that it takes an earlier movement back."""
    state: Mapped[str] = mapped_column(String(16), default=NEW, server_default=NEW)
    why: Mapped[str] = mapped_column(String(24), default="", server_default="")
    how: Mapped[str] = mapped_column(String(20), default="", server_default="")
    event: Mapped[str] = mapped_column(String(24), default="", server_default="")
    suggestions: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list, server_default=text("'{}'"))
    remittance_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    pair_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("bank_entries.id"))
    """The entry that undoes this one, or is undone by it."""
    journal_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"))
    """Bank against suspense."""
    moved_journal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"))
    """Out of suspense."""
    reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    asked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    """Empty for what the service itself assigned."""
    decided_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]


class DepositUndo(HasId, Base):
    """One assignment of an entry that was, or is to be, taken back; the entry itself forgets to whom it was given.

    `needs_two` says that somebody other than the one who asked has to agree. `reason` and `answer` are officers' words about
    payers and are emptied with the entry's own.
    """

    __tablename__ = "deposit_undos"
    __table_args__ = (
        CheckConstraint(_one_of("state", UNDO_STATES), name="state"),
        CheckConstraint(
            "NOT (needs_two AND state = 'done') OR asked_by_id IS DISTINCT FROM decided_by_id", name="four_eyes"
        ),
        CheckConstraint("(state = 'done') = (journal_id IS NOT NULL)", name="journal"),
        Index("uq_deposit_undos_asked", "entry_id", unique=True, postgresql_where=text("state = 'asked'")),
        Index("ix_deposit_undos_entry_id", "entry_id"),
        Index("ix_deposit_undos_remittance_id", "remittance_id"),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bank_entries.id"))
    remittance_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("remittances.id"))
    state: Mapped[str] = mapped_column(String(10), default=ASKED, server_default=ASKED)
    needs_two: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(String(300))
    answer: Mapped[str] = mapped_column(String(300), default="", server_default="")
    asked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    asked_at: Mapped[datetime]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("officers.id"))
    decided_at: Mapped[datetime | None]
    journal_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ledger_journals.id"))
    """The reversal of what had moved the money out of suspense."""
