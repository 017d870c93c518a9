"""Bank accounts of the ministry, exchange rates, and quotes of remittances."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "bank_accounts",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("bank_en", sa.String(length=80), nullable=False),
        sa.Column("bank_ko", sa.String(length=80), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("opened_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("main", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("agreed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,39}$'", name=op.f("ck_bank_accounts_code")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_bank_accounts_currency")),
        sa.ForeignKeyConstraint(["agreed_by_id"], ["officers.id"], name=op.f("fk_bank_accounts_agreed_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["officers.id"], name=op.f("fk_bank_accounts_entered_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_accounts")),
        sa.UniqueConstraint("code", name=op.f("uq_bank_accounts_code")),
    )
    op.create_index(
        "ix_bank_accounts_main",
        "bank_accounts",
        ["currency"],
        unique=True,
        postgresql_where=sa.text("main AND closed_at IS NULL"),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("quoted", sa.String(length=3), nullable=False),
        sa.Column("value", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("entered_by_id", sa.BigInteger(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "base <> quoted AND base ~ '^[A-Z]{3}$' AND quoted ~ '^[A-Z]{3}$'", name=op.f("ck_exchange_rates_pair")
        ),
        sa.CheckConstraint(
            "agreed_by_id IS DISTINCT FROM entered_by_id OR agreed_by_id IS NULL",
            name=op.f("ck_exchange_rates_four_eyes"),
        ),
        sa.ForeignKeyConstraint(
            ["agreed_by_id"], ["officers.id"], name=op.f("fk_exchange_rates_agreed_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["officers.id"], name=op.f("fk_exchange_rates_entered_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_rates")),
        sa.UniqueConstraint("base", "quoted", "source", "at", name=op.f("uq_exchange_rates_base_quoted_source_at")),
    )
    op.create_index("ix_exchange_rates_at", "exchange_rates", ["at"], unique=False)
    op.create_table(
        "remittance_quotes",
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), server_default="quote", nullable=False),
        sa.Column("bank_account_id", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.String(length=80), nullable=False),
        sa.Column("rate_source", sa.String(length=20), nullable=False),
        sa.Column("rate_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rate_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("spread_basis_points", sa.Integer(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_currency", sa.String(length=3), nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("residue_minor", sa.BigInteger(), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quoted_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('quote', 'accepted')", name=op.f("ck_remittance_quotes_kind")),
        sa.CheckConstraint(
            "due_minor = value_minor + fee_minor + residue_minor", name=op.f("ck_remittance_quotes_sum")
        ),
        sa.CheckConstraint(
            "paid_minor > 0 AND value_minor >= 0 AND fee_minor >= 0 AND residue_minor >= 0",
            name=op.f("ck_remittance_quotes_signs"),
        ),
        sa.ForeignKeyConstraint(
            ["bank_account_id"], ["bank_accounts.id"], name=op.f("fk_remittance_quotes_bank_account_id_bank_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["quoted_by_id"], ["officers.id"], name=op.f("fk_remittance_quotes_quoted_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_remittance_quotes_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_quotes")),
        sa.UniqueConstraint("remittance_id", "nth", name=op.f("uq_remittance_quotes_remittance_id_nth")),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("remittance_quotes")
    op.drop_index("ix_exchange_rates_at", table_name="exchange_rates")
    op.drop_table("exchange_rates")
    op.drop_index(
        "ix_bank_accounts_main", table_name="bank_accounts", postgresql_where=sa.text("main AND closed_at IS NULL")
    )
    op.drop_table("bank_accounts")
