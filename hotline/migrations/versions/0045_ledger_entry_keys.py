"""An entry by hand keeps its form's key, so that one form that is sent twice is one entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the key; entries of before have none."""
    op.add_column("ledger_entries", sa.Column("key", sa.String(length=120), nullable=True))
    op.create_unique_constraint(op.f("uq_ledger_entries_key"), "ledger_entries", ["key"])


def downgrade() -> None:
    """Forget the keys."""
    op.drop_constraint(op.f("uq_ledger_entries_key"), "ledger_entries", type_="unique")
    op.drop_column("ledger_entries", "key")
