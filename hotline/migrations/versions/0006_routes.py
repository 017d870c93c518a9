"""Routes to providers, senders with their pace, retries by reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "senders",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=40), nullable=False),
        sa.Column("parts_per_s", sa.Integer(), nullable=True),
        sa.Column("paced_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("slowed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("parts_per_s BETWEEN 1 AND 10000", name=op.f("ck_senders_parts_per_s")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senders")),
        sa.UniqueConstraint("provider", "address", name=op.f("uq_senders_provider_address")),
    )
    op.create_table(
        "routes",
        sa.Column("prefix", sa.String(length=16), server_default="", nullable=False),
        sa.Column("sender_id", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.Column("cost_micros", sa.Integer(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("weight BETWEEN 1 AND 1000 AND priority BETWEEN 1 AND 99", name=op.f("ck_routes_numbers")),
        sa.CheckConstraint("prefix ~ '^([+][1-9][0-9]{0,14})?$'", name=op.f("ck_routes_prefix")),
        sa.ForeignKeyConstraint(["sender_id"], ["senders.id"], name=op.f("fk_routes_sender_id_senders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routes")),
        sa.UniqueConstraint("prefix", "sender_id", name=op.f("uq_routes_prefix_sender_id")),
    )
    op.create_table(
        "providers",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("share", sa.SmallInteger(), server_default="100", nullable=False),
        sa.Column("share_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("share BETWEEN 0 AND 100", name=op.f("ck_providers_share")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
        sa.UniqueConstraint("name", name=op.f("uq_providers_name")),
    )
    op.create_table(
        "provider_pulses",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("throttled", sa.Integer(), nullable=False),
        sa.Column("answer_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "slot", name=op.f("pk_provider_pulses")),
    )
    op.create_table(
        "regions_off",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("error_code", sa.String(length=10), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "country", name=op.f("pk_regions_off")),
    )
    op.add_column("messages", sa.Column("retries", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("messages", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("avoid", sa.String(length=62), nullable=True))
    op.create_index("ix_messages_retry", "messages", ["retry_at"], postgresql_where=sa.text("retry_at IS NOT NULL"))
    op.add_column("attempts", sa.Column("sender", sa.String(length=40), nullable=True))
    op.add_column("attempts", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("receipts", sa.Column("attempt", sa.SmallInteger(), nullable=True))
    op.add_column("receipts", sa.Column("provider", sa.String(length=20), nullable=True))
    op.create_table(
        "message_parts",
        sa.Column("provider_sid", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("parts", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("error_code", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("provider_sid", name=op.f("pk_message_parts")),
        sa.UniqueConstraint("message_id", "attempt", "part", name=op.f("uq_message_parts_message_id_attempt_part")),
    )


def downgrade() -> None:
    """Take back: routes, paces and what providers did are lost; attempts forget their sender."""
    op.drop_table("message_parts")
    op.drop_column("receipts", "provider")
    op.drop_column("receipts", "attempt")
    op.drop_column("attempts", "left_at")
    op.drop_column("attempts", "sender")
    op.drop_index("ix_messages_retry", table_name="messages", postgresql_where=sa.text("retry_at IS NOT NULL"))
    for name in ("avoid", "retry_at", "retries"):
        op.drop_column("messages", name)
    for table in ("regions_off", "provider_pulses", "providers", "routes", "senders"):
        op.drop_table(table)
