"""Relatives' links that were ended, and from where travellers asked for emergency money on their own pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "remittance_relative_pages",
        sa.Column("remittance_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_remittance_relative_pages_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("remittance_id", name=op.f("pk_remittance_relative_pages")),
    )
    op.create_table(
        "remittance_own_requests",
        sa.Column("remittance_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("device_digest", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_remittance_own_requests_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("remittance_id", name=op.f("pk_remittance_own_requests")),
    )
    op.create_index("ix_remittance_own_requests_address", "remittance_own_requests", ["address_digest", "asked_at"])
    op.create_index("ix_remittance_own_requests_device", "remittance_own_requests", ["device_digest", "asked_at"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_remittance_own_requests_device", table_name="remittance_own_requests")
    op.drop_index("ix_remittance_own_requests_address", table_name="remittance_own_requests")
    op.drop_table("remittance_own_requests")
    op.drop_table("remittance_relative_pages")
