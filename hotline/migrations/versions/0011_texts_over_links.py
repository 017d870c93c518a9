"""Notices are tried again by reason and may go over message centres; texts come in over their links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns of retries and links to notices, their parts, and the parts of texts that people send."""
    op.add_column("notices", sa.Column("retries", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("notices", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notices", sa.Column("avoid", sa.String(62), nullable=True))
    op.create_index("ix_notices_retry", "notices", ["retry_at"], postgresql_where=sa.text("retry_at IS NOT NULL"))
    op.create_index("ix_notices_secret", "notices", ["expires_at"], postgresql_where=sa.text("secret AND body <> ''"))
    op.add_column("notice_attempts", sa.Column("sender", sa.String(40), nullable=True))
    op.add_column("notice_attempts", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("notice_receipts", sa.Column("attempt", sa.SmallInteger(), nullable=True))
    op.create_table(
        "notice_parts",
        sa.Column("provider_sid", sa.String(64), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("parts", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(20), nullable=True),
        sa.Column("error_code", sa.String(10), nullable=True),
        sa.PrimaryKeyConstraint("provider_sid", name=op.f("pk_notice_parts")),
        sa.UniqueConstraint("notice_id", "attempt", "part", name=op.f("uq_notice_parts_notice_id_attempt_part")),
    )
    op.add_column("inbound_texts", sa.Column("fingerprint", sa.String(64), nullable=True))
    op.create_index("ix_inbound_texts_sender", "inbound_texts", ["sender", "id"])
    op.create_table(
        "text_parts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("sender", sa.String(20), nullable=False),
        sa.Column("recipient", sa.String(20), nullable=False),
        sa.Column("reference", sa.Integer(), nullable=False),
        sa.Column("total", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("coding", sa.SmallInteger(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_parts")),
        sa.UniqueConstraint(
            "sender",
            "recipient",
            "provider",
            "reference",
            "total",
            "number",
            name=op.f("uq_text_parts_sender_recipient_provider_reference_total_number"),
        ),
    )
    op.create_index("ix_text_parts_received_at", "text_parts", ["received_at"])


def downgrade() -> None:
    """Take all of it away; notices that wait to be tried again stay failed."""
    op.drop_table("text_parts")
    op.drop_index("ix_inbound_texts_sender", table_name="inbound_texts")
    op.drop_column("inbound_texts", "fingerprint")
    op.drop_table("notice_parts")
    op.drop_column("notice_receipts", "attempt")
    op.drop_column("notice_attempts", "left_at")
    op.drop_column("notice_attempts", "sender")
    op.drop_index("ix_notices_secret", table_name="notices")
    op.drop_index("ix_notices_retry", table_name="notices")
    for column in ("avoid", "retry_at", "retries"):
        op.drop_column("notices", column)
