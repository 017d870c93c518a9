"""People who come back: texts that made room for a newer one, and returns that wait for an earlier text to settle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "past_messages",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("alert_id", sa.BigInteger(), sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("traveller_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("variant", sa.String(12), nullable=False),
        sa.Column("parts", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("provider_sid", sa.String(64)),
        sa.Column("provider_status", sa.String(20)),
        sa.Column("error_code", sa.String(10)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
    )
    for column in ("alert_id", "phone", "traveller_id"):
        op.create_index(f"ix_past_messages_{column}", "past_messages", [column])
    op.create_table(
        "alert_returns",
        sa.Column("alert_id", sa.BigInteger(), sa.ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
        sa.Column("traveller_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("alert_returns")
    op.drop_table("past_messages")
