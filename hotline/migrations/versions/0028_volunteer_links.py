"""Links of volunteers can be ended, and skills can demand a certificate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("volunteers", sa.Column("links_ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "certified_skills",
        sa.Column("skill", sa.String(length=30), nullable=False),
        sa.PrimaryKeyConstraint("skill", name=op.f("pk_certified_skills")),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("certified_skills")
    op.drop_column("volunteers", "links_ended_at")
