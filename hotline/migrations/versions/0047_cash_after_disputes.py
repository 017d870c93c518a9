"""A difference of a till may be the cash of a payout that was taken back after a dispute, without a count that found it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a difference come from a remittance."""
    op.alter_column("till_differences", "count_id", existing_type=sa.BigInteger(), nullable=True)
    op.add_column("till_differences", sa.Column("remittance_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_till_differences_remittance_id_remittances"),
        "till_differences",
        "remittances",
        ["remittance_id"],
        ["id"],
    )
    op.create_check_constraint(
        op.f("ck_till_differences_source"), "till_differences", "(count_id IS NULL) = (remittance_id IS NOT NULL)"
    )


def downgrade() -> None:
    """Take it away again; differences that no count found go with it."""
    op.drop_constraint(op.f("ck_till_differences_source"), "till_differences")
    op.execute("DELETE FROM till_differences WHERE count_id IS NULL")
    op.drop_column("till_differences", "remittance_id")
    op.alter_column("till_differences", "count_id", existing_type=sa.BigInteger(), nullable=False)
