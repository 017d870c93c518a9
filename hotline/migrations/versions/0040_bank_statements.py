"""Files of banks, the statements in them and their entries, each with what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _files()
    _statements()
    _entries()
    _indexes()


def _files() -> None:
    op.create_table(
        "statement_files",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("bank_account_id", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("statements", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("form IN ('camt053', 'mt940', 'csv')", name=op.f("ck_statement_files_form")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_statement_files_bank_account_id_bank_accounts")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_statement_files_by_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_files")),
        sa.UniqueConstraint("digest", name=op.f("uq_statement_files_digest")),
    )


def _statements() -> None:
    op.create_table(
        "bank_statements",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("bank_account_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("opening_minor", sa.BigInteger(), nullable=False),
        sa.Column("closing_minor", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("closed_on >= opened_on", name=op.f("ck_bank_statements_days")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_bank_statements_bank_account_id_bank_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["statement_files.id"], name=op.f("fk_bank_statements_file_id_statement_files")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_statements")),
    )
    op.create_index("ix_bank_statements_digest", "bank_statements", ["bank_account_id", "digest"], unique=False)
    op.create_index("ix_bank_statements_file_id", "bank_statements", ["file_id"], unique=False)


def _entries() -> None:
    op.create_table(
        "bank_entries",
        sa.Column("bank_account_id", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=True),
        sa.Column("payer", sa.Text(), server_default="", nullable=False),
        sa.Column("payer_account_end", sa.String(length=4), server_default="", nullable=False),
        sa.Column("payer_account_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("payer_name_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("details", sa.Text(), server_default="", nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("bank_reference", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_back", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(length=16), server_default="new", nullable=False),
        sa.Column("why", sa.String(length=24), server_default="", nullable=False),
        sa.Column("how", sa.String(length=20), server_default="", nullable=False),
        sa.Column("event", sa.String(length=24), server_default="", nullable=False),
        sa.Column("suggestions", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("remittance_id", sa.BigInteger(), nullable=True),
        sa.Column("pair_id", sa.BigInteger(), nullable=True),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.Column("moved_journal_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(state IN ('assigned', 'returned')) = (remittance_id IS NOT NULL)", name=op.f("ck_bank_entries_remittance")
        ),
        sa.CheckConstraint(
            "state IN ('assigned', 'explained', 'fees_asked', 'new', 'refund_asked', 'refund_ordered', 'returned', 'suspense')",
            name=op.f("ck_bank_entries_state"),
        ),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_bank_entries_amount")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id IS DISTINCT FROM asked_by_id",
            name=op.f("ck_bank_entries_four_eyes"),
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["officers.id"], name=op.f("fk_bank_entries_asked_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_bank_entries_bank_account_id_bank_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["officers.id"], name=op.f("fk_bank_entries_decided_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["ledger_journals.id"], name=op.f("fk_bank_entries_journal_id_ledger_journals")
        ),
        sa.ForeignKeyConstraint(
            ["moved_journal_id"], ["ledger_journals.id"], name=op.f("fk_bank_entries_moved_journal_id_ledger_journals")
        ),
        sa.ForeignKeyConstraint(["pair_id"], ["bank_entries.id"], name=op.f("fk_bank_entries_pair_id_bank_entries")),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_bank_entries_remittance_id_remittances")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["bank_statements.id"], name=op.f("fk_bank_entries_statement_id_bank_statements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_entries")),
        sa.UniqueConstraint("statement_id", "nth", name=op.f("uq_bank_entries_statement_id_nth")),
    )


def _indexes() -> None:
    op.create_index("ix_bank_entries_account", "bank_entries", ["bank_account_id", "id"], unique=False)
    op.create_index(
        "ix_bank_entries_new", "bank_entries", ["id"], unique=False, postgresql_where=sa.text("state = 'new'")
    )
    op.create_index("ix_bank_entries_pair_id", "bank_entries", ["pair_id"], unique=False)
    op.create_index(
        "ix_bank_entries_payer_account",
        "bank_entries",
        ["payer_account_hash"],
        unique=False,
        postgresql_where=sa.text("payer_account_hash <> ''"),
    )
    op.create_index(
        "ix_bank_entries_payer_name",
        "bank_entries",
        ["payer_name_hash"],
        unique=False,
        postgresql_where=sa.text("payer_name_hash <> ''"),
    )
    op.create_index("ix_bank_entries_remittance_id", "bank_entries", ["remittance_id"], unique=False)
    op.create_index(
        "ix_bank_entries_waiting",
        "bank_entries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('assigned', 'returned', 'explained')"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_index(
        "ix_bank_entries_waiting",
        table_name="bank_entries",
        postgresql_where=sa.text("state NOT IN ('assigned', 'returned', 'explained')"),
    )
    op.drop_index("ix_bank_entries_remittance_id", table_name="bank_entries")
    op.drop_index(
        "ix_bank_entries_payer_name", table_name="bank_entries", postgresql_where=sa.text("payer_name_hash <> ''")
    )
    op.drop_index(
        "ix_bank_entries_payer_account", table_name="bank_entries", postgresql_where=sa.text("payer_account_hash <> ''")
    )
    op.drop_index("ix_bank_entries_pair_id", table_name="bank_entries")
    op.drop_index("ix_bank_entries_new", table_name="bank_entries", postgresql_where=sa.text("state = 'new'"))
    op.drop_index("ix_bank_entries_account", table_name="bank_entries")
    op.drop_table("bank_entries")
    op.drop_index("ix_bank_statements_digest", table_name="bank_statements")
    op.drop_index("ix_bank_statements_file_id", table_name="bank_statements")
    op.drop_table("bank_statements")
    op.drop_table("statement_files")
