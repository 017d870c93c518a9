"""Remittances by when they were asked for, as figures of a period read them."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_remittances_requested_at", "remittances", ["requested_at"])


def downgrade() -> None:
    """Remove it."""
    op.drop_index("ix_remittances_requested_at", table_name="remittances")
