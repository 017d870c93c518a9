"""What was submitted: the digest that an approval without one of its own is compared with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the digest; what was submitted before has none, and is approved from its page or with the digest that was read."""
    op.add_column("alerts", sa.Column("submitted_digest", sa.String(64)))


def downgrade() -> None:
    """Drop the digest."""
    op.drop_column("alerts", "submitted_digest")
