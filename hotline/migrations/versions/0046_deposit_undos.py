"""Assignments of banks' entries that were, or are to be, taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    references = {
        "entry_id": "bank_entries", "remittance_id": "remittances", "asked_by_id": "officers", "decided_by_id": "officers",
        "journal_id": "ledger_journals",
    }  # fmt: skip
    op.create_table(
        "deposit_undos",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="asked", nullable=False),
        sa.Column("needs_two", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("answer", sa.String(length=300), server_default="", nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'done', 'refused')", name=op.f("ck_deposit_undos_state")),
        sa.CheckConstraint(
            "NOT (needs_two AND state = 'done') OR asked_by_id IS DISTINCT FROM decided_by_id",
            name=op.f("ck_deposit_undos_four_eyes"),
        ),
        sa.CheckConstraint("(state = 'done') = (journal_id IS NOT NULL)", name=op.f("ck_deposit_undos_journal")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_deposit_undos_{column}_{table}"))
            for column, table in references.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_undos")),
    )
    op.create_index(
        "uq_deposit_undos_asked",
        "deposit_undos",
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_deposit_undos_entry_id", "deposit_undos", ["entry_id"])
    op.create_index("ix_deposit_undos_remittance_id", "deposit_undos", ["remittance_id"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("deposit_undos")
