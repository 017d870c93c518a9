"""An advice keeps what is usual at its hour, beside what came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("staffing_advice", sa.Column("usual_per_hour", sa.Float(), server_default="0", nullable=False))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("staffing_advice", "usual_per_hour")
