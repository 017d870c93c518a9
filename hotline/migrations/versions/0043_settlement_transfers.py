"""Settlements that are made good by a bank transfer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; those before were all counted against the allotment."""
    op.add_column("settlements", sa.Column("way", sa.String(length=10), server_default="allotment", nullable=False))
    op.add_column("settlements", sa.Column("bank_entry_id", sa.BigInteger(), nullable=True))
    op.add_column("settlements", sa.Column("paid_by_id", sa.BigInteger(), nullable=True))
    op.add_column("settlements", sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_settlements_way"), "settlements", "way IN ('allotment', 'transfer')")
    op.create_check_constraint(
        op.f("ck_settlements_paid"),
        "settlements",
        "bank_entry_id IS NULL OR (way = 'transfer' AND state = 'confirmed' AND paid_by_id <> prepared_by_id)",
    )
    op.create_foreign_key(
        op.f("fk_settlements_bank_entry_id_bank_entries"), "settlements", "bank_entries", ["bank_entry_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_settlements_paid_by_id_officers"), "settlements", "officers", ["paid_by_id"], ["id"])
    op.create_unique_constraint(op.f("uq_settlements_bank_entry_id"), "settlements", ["bank_entry_id"])


def downgrade() -> None:
    """Remove them."""
    for name in ("bank_entry_id", "paid_by_id", "paid_at", "way"):
        op.drop_column("settlements", name)
