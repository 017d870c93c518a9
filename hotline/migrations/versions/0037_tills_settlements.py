"""Counts of tills, cash put in and taken out, differences; and settlements with missions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "settlements",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("remittances", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("prepared_by_id", sa.BigInteger(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'confirmed') = (journal_id IS NOT NULL)", name=op.f("ck_settlements_journal")),
        sa.CheckConstraint("(state = 'prepared') = (decided_at IS NULL)", name=op.f("ck_settlements_decided")),
        sa.CheckConstraint(
            "state <> 'confirmed' OR decided_by_id <> prepared_by_id", name=op.f("ck_settlements_four_eyes")
        ),
        sa.CheckConstraint("state IN ('prepared', 'confirmed', 'withdrawn')", name=op.f("ck_settlements_state")),
        sa.CheckConstraint("total_minor > 0 AND remittances > 0", name=op.f("ck_settlements_total")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["officers.id"], name=op.f("fk_settlements_decided_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["ledger_journals.id"], name=op.f("fk_settlements_journal_id_ledger_journals")
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_settlements_mission_id_missions")),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["officers.id"], name=op.f("fk_settlements_prepared_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlements")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_settlements_journal_id")),
    )
    op.create_index("ix_settlements_mission_id", "settlements", ["mission_id", "id"], unique=False)
    op.create_index(
        "ix_settlements_prepared",
        "settlements",
        ["mission_id", "currency"],
        unique=True,
        postgresql_where=sa.text("state = 'prepared'"),
    )
    op.create_table(
        "till_counts",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("denominations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counted_minor", sa.BigInteger(), nullable=False),
        sa.Column("book_minor", sa.BigInteger(), nullable=False),
        sa.Column("difference_minor", sa.BigInteger(), nullable=False),
        sa.Column("open_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("counted_by_id", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_till_counts_decided")),
        sa.CheckConstraint("kind IN ('opening', 'closing', 'spot')", name=op.f("ck_till_counts_kind")),
        sa.CheckConstraint(
            "state <> 'witnessed' OR decided_by_id <> counted_by_id", name=op.f("ck_till_counts_four_eyes")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'witnessed', 'refused', 'withdrawn')", name=op.f("ck_till_counts_state")
        ),
        sa.CheckConstraint("counted_minor >= 0", name=op.f("ck_till_counts_counted")),
        sa.CheckConstraint("difference_minor = counted_minor - book_minor", name=op.f("ck_till_counts_difference")),
        sa.ForeignKeyConstraint(["counted_by_id"], ["officers.id"], name=op.f("fk_till_counts_counted_by_id_officers")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["officers.id"], name=op.f("fk_till_counts_decided_by_id_officers")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_till_counts_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_counts")),
        sa.UniqueConstraint("mission_id", "currency", "key", name=op.f("uq_till_counts_mission_id_currency_key")),
    )
    op.create_index("ix_till_counts_till", "till_counts", ["mission_id", "currency", "counted_at"], unique=False)
    op.create_index(
        "ix_till_counts_waiting",
        "till_counts",
        ["mission_id", "currency"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "till_moves",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("prepared_by_id", sa.BigInteger(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'done') = (journal_id IS NOT NULL)", name=op.f("ck_till_moves_journal")),
        sa.CheckConstraint("(state = 'prepared') = (decided_at IS NULL)", name=op.f("ck_till_moves_decided")),
        sa.CheckConstraint("kind IN ('replenish', 'return')", name=op.f("ck_till_moves_kind")),
        sa.CheckConstraint("state <> 'done' OR decided_by_id <> prepared_by_id", name=op.f("ck_till_moves_four_eyes")),
        sa.CheckConstraint("state IN ('prepared', 'done', 'refused', 'withdrawn')", name=op.f("ck_till_moves_state")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_till_moves_amount")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["officers.id"], name=op.f("fk_till_moves_decided_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["ledger_journals.id"], name=op.f("fk_till_moves_journal_id_ledger_journals")
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_till_moves_mission_id_missions")),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["officers.id"], name=op.f("fk_till_moves_prepared_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_moves")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_till_moves_journal_id")),
        sa.UniqueConstraint("mission_id", "currency", "key", name=op.f("uq_till_moves_mission_id_currency_key")),
    )
    op.create_index("ix_till_moves_till", "till_moves", ["mission_id", "currency", "id"], unique=False)
    op.create_table(
        "till_differences",
        sa.Column("count_id", sa.BigInteger(), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("explained_by_id", sa.BigInteger(), nullable=True),
        sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(state = 'explained') = (journal_id IS NOT NULL)", name=op.f("ck_till_differences_journal")
        ),
        sa.CheckConstraint("state = 'open' OR asked_by_id IS NOT NULL", name=op.f("ck_till_differences_asked")),
        sa.CheckConstraint("state IN ('open', 'asked', 'explained')", name=op.f("ck_till_differences_state")),
        sa.CheckConstraint("explained_by_id <> asked_by_id", name=op.f("ck_till_differences_four_eyes")),
        sa.CheckConstraint("minor <> 0", name=op.f("ck_till_differences_minor")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["officers.id"], name=op.f("fk_till_differences_asked_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["count_id"], ["till_counts.id"], name=op.f("fk_till_differences_count_id_till_counts")
        ),
        sa.ForeignKeyConstraint(
            ["explained_by_id"], ["officers.id"], name=op.f("fk_till_differences_explained_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["ledger_journals.id"], name=op.f("fk_till_differences_journal_id_ledger_journals")
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_till_differences_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_differences")),
        sa.UniqueConstraint("count_id", name=op.f("uq_till_differences_count_id")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_till_differences_journal_id")),
    )
    op.create_index(
        "ix_till_differences_open",
        "till_differences",
        ["mission_id", "currency"],
        unique=False,
        postgresql_where=sa.text("state <> 'explained'"),
    )
    op.create_table(
        "settlement_items",
        sa.Column("settlement_id", sa.BigInteger(), nullable=False),
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("minor > 0", name=op.f("ck_settlement_items_minor")),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_settlement_items_remittance_id_remittances")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlements.id"], name=op.f("fk_settlement_items_settlement_id_settlements")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_items")),
        sa.UniqueConstraint(
            "settlement_id", "remittance_id", name=op.f("uq_settlement_items_settlement_id_remittance_id")
        ),
    )
    op.create_index("ix_settlement_items_remittance_id", "settlement_items", ["remittance_id"], unique=False)
    op.create_index(
        "ix_settlement_items_settled",
        "settlement_items",
        ["remittance_id"],
        unique=True,
        postgresql_where=sa.text("settled"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("settlement_items")
    op.drop_table("till_differences")
    op.drop_table("till_moves")
    op.drop_table("till_counts")
    op.drop_table("settlements")
