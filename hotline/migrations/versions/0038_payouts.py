"""Pickup codes, payouts with their witnesses and exceptions from opening hours, and vouchers as they were issued."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "payout_hours_exceptions",
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("given_by_id", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["given_by_id"], ["officers.id"], name=op.f("fk_payout_hours_exceptions_given_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_payout_hours_exceptions_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_hours_exceptions")),
    )
    op.create_index(
        "ix_payout_hours_exceptions_remittance_id", "payout_hours_exceptions", ["remittance_id"], unique=False
    )
    op.create_table(
        "pickup_codes",
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.SmallInteger(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("proof", sa.String(length=20), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong_tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("tried_by_id", sa.BigInteger(), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=10), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("way IN ('text', 'voice')", name=op.f("ck_pickup_codes_way")),
        sa.CheckConstraint("wrong_tries >= 0", name=op.f("ck_pickup_codes_tries")),
        sa.ForeignKeyConstraint(["made_by_id"], ["officers.id"], name=op.f("fk_pickup_codes_made_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_pickup_codes_remittance_id_remittances")
        ),
        sa.ForeignKeyConstraint(["tried_by_id"], ["officers.id"], name=op.f("fk_pickup_codes_tried_by_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickup_codes")),
        sa.UniqueConstraint("remittance_id", "nth", name=op.f("uq_pickup_codes_remittance_id_nth")),
    )
    op.create_index("ix_pickup_codes_made_at", "pickup_codes", ["remittance_id", "made_at"], unique=False)
    op.create_index(
        "uq_pickup_codes_live",
        "pickup_codes",
        ["remittance_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "payouts",
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("quote_nth", sa.SmallInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="prepared", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("notes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("document_kind", sa.String(length=20), nullable=False),
        sa.Column("document_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("document_last", sa.String(length=3), server_default="", nullable=False),
        sa.Column("document_name", sa.String(length=120), nullable=False),
        sa.Column("hours_exception_id", sa.BigInteger(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prepared_by_id", sa.BigInteger(), nullable=False),
        sa.Column("witness_id", sa.BigInteger(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_why", sa.String(length=20), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(state = 'paid') = (paid_at IS NOT NULL AND witness_id IS NOT NULL)", name=op.f("ck_payouts_paid")
        ),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f("ck_payouts_withdrawn")),
        sa.CheckConstraint(
            "document_kind IN ('passport', 'emergency_passport', 'travel_certificate', 'identity_card', 'residence_card', "
            "'second_factor')",
            name=op.f("ck_payouts_document"),
        ),
        sa.CheckConstraint("state IN ('prepared', 'paid', 'withdrawn')", name=op.f("ck_payouts_state")),
        sa.CheckConstraint("paid_minor > 0", name=op.f("ck_payouts_amount")),
        sa.CheckConstraint("witness_id IS DISTINCT FROM prepared_by_id", name=op.f("ck_payouts_four_eyes")),
        sa.ForeignKeyConstraint(["code_id"], ["pickup_codes.id"], name=op.f("fk_payouts_code_id_pickup_codes")),
        sa.ForeignKeyConstraint(
            ["hours_exception_id"],
            ["payout_hours_exceptions.id"],
            name=op.f("fk_payouts_hours_exception_id_payout_hours_exceptions"),
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_payouts_mission_id_missions")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["officers.id"], name=op.f("fk_payouts_prepared_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_payouts_remittance_id_remittances")
        ),
        sa.ForeignKeyConstraint(["witness_id"], ["officers.id"], name=op.f("fk_payouts_witness_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
    )
    op.create_index("ix_payouts_mission_id", "payouts", ["mission_id", "state"], unique=False)
    op.create_index("ix_payouts_remittance_id", "payouts", ["remittance_id"], unique=False)
    op.create_index(
        "uq_payouts_standing",
        "payouts",
        ["remittance_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'withdrawn'"),
    )
    op.create_table(
        "payout_vouchers",
        sa.Column("payout_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_payout_vouchers_payout_id_payouts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_vouchers")),
        sa.UniqueConstraint("payout_id", name=op.f("uq_payout_vouchers_payout_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_payout_vouchers_token_hash")),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("payout_vouchers", "payouts", "pickup_codes", "payout_hours_exceptions"):
        op.drop_table(table)
