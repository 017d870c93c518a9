"""What a name is found by is kept beside it: made anew for each name that shares a letter, it was most of a search."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep the groups of letters as a column that follows from the name, with the index on it."""
    op.add_column(
        "persons",
        sa.Column(
            "grams", postgresql.ARRAY(sa.Text()), sa.Computed("name_grams(name)", persisted=True), nullable=False
        ),
    )
    op.drop_index("ix_persons_name_grams", "persons")
    op.create_index("ix_persons_grams", "persons", ["grams"], postgresql_using="gin")


def downgrade() -> None:
    """Make them at each search again."""
    op.drop_index("ix_persons_grams", "persons")
    op.create_index("ix_persons_name_grams", "persons", [sa.literal_column("name_grams(name)")], postgresql_using="gin")
    op.drop_column("persons", "grams")
