"""Made-up people of drills are known among the agents, and callers of drills are classes of their own in the queues."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, filled from the volunteers that there are, and have the queues' index tell drills apart."""
    op.add_column("agents", sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE agents SET drill = true FROM volunteers v WHERE v.agent_id = agents.id AND v.drill")
    _index_heads("queue_id", "step", "need", "drill", "rank_at", "id")


def downgrade() -> None:
    """Take both away again."""
    _index_heads("queue_id", "step", "need", "rank_at", "id")
    op.drop_column("agents", "drill")


def _index_heads(*columns: str) -> None:
    op.drop_index("ix_queue_entries_head", table_name="queue_entries")
    op.create_index(
        "ix_queue_entries_head",
        "queue_entries",
        list(columns),
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
