"""Remittances with every change, and the policy by which they are granted: Korea's to begin with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_KOREA = """
INSERT INTO remittance_policies (begins_at, limit_minor, limit_currency, reasons, deposit_currency, payout_currencies, created_at)
VALUES ('2007-06-01T00:00:00+00:00', 300000, 'USD',
        '{accident,bereavement,disaster,illness,lost,robbed,stranded}', 'KRW', '{CNY,EUR,GBP,HKD,JPY,USD}', now())
"""


def upgrade() -> None:
    """Add the tables, and the rule of the Korean ministry since June 2007."""
    _policies()
    _remittances()
    _changes()
    op.execute(_KOREA)


def _policies() -> None:
    op.create_table(
        "remittance_policies",
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("limit_minor", sa.BigInteger(), nullable=False),
        sa.Column("limit_currency", sa.String(length=3), server_default="USD", nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("open_per_person", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("deposit_currency", sa.String(length=3), server_default="KRW", nullable=False),
        sa.Column("payout_currencies", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spread_basis_points", sa.Integer(), server_default="0", nullable=False),
        sa.Column("quote_minutes", sa.Integer(), server_default=sa.text("1440"), nullable=False),
        sa.Column("rate_hours", sa.SmallInteger(), server_default="24", nullable=False),
        sa.Column("more", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("kept_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("limit_minor > 0 AND open_per_person > 0", name=op.f("ck_remittance_policies_limits")),
        sa.ForeignKeyConstraint(
            ["kept_by_id"], ["officers.id"], name=op.f("fk_remittance_policies_kept_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_policies")),
    )


def _remittances() -> None:
    op.create_table(
        "remittances",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("request_key", sa.String(length=80), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=True),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(length=20), server_default="requested", nullable=False),
        sa.Column("held_state", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("wanted_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payee_name", sa.String(length=120), nullable=False),
        sa.Column("payee_born_on", sa.Date(), nullable=True),
        sa.Column("payee_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("payee_language", sa.String(length=2), server_default="ko", nullable=False),
        sa.Column("identity", sa.String(length=14), nullable=False),
        sa.Column("identity_words", sa.String(length=200), server_default="", nullable=False),
        sa.Column("duress", sa.String(length=14), server_default="not_asked", nullable=False),
        sa.Column("payer_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("payer_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("payer_language", sa.String(length=2), server_default="ko", nullable=False),
        sa.Column("payer_consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("requested_via", sa.String(length=10), nullable=False),
        sa.Column("reviewed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'on_hold') = (held_state IS NOT NULL)", name=op.f("ck_remittances_hold")),
        sa.CheckConstraint(
            "(state IN ('settled', 'rejected', 'expired', 'cancelled', 'refunded')) = (ended_at IS NOT NULL)",
            name=op.f("ck_remittances_ended"),
        ),
        sa.CheckConstraint(
            "duress IN ('not_asked', 'free', 'unsure', 'under_pressure')", name=op.f("ck_remittances_duress")
        ),
        sa.CheckConstraint(
            "held_state IS NULL OR held_state IN ('requested', 'under_review', 'approved', 'quoted', "
            "'partial', 'overpaid', 'wrong_depositor', 'deposited', 'ready')",
            name=op.f("ck_remittances_held"),
        ),
        sa.CheckConstraint("identity IN ('passport', 'second_factor')", name=op.f("ck_remittances_identity")),
        sa.CheckConstraint(
            "state IN ('approved', 'cancelled', 'deposited', 'disputed', 'expired', 'on_hold', "
            "'overpaid', 'paid', 'partial', 'quoted', 'ready', 'refund_pending', 'refunded', "
            "'rejected', 'requested', 'settled', 'under_review', 'wrong_depositor')",
            name=op.f("ck_remittances_state"),
        ),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id IS DISTINCT FROM requested_by_id",
            name=op.f("ck_remittances_four_eyes"),
        ),
        sa.CheckConstraint("wanted_minor > 0", name=op.f("ck_remittances_wanted")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["officers.id"], name=op.f("fk_remittances_approved_by_id_officers")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_remittances_case_id_cases")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_remittances_incident_id_incidents")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_remittances_mission_id_missions")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_remittances_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["remittance_policies.id"], name=op.f("fk_remittances_policy_id_remittance_policies")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["officers.id"], name=op.f("fk_remittances_requested_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by_id"], ["officers.id"], name=op.f("fk_remittances_reviewed_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittances")),
        sa.UniqueConstraint("number", name=op.f("uq_remittances_number")),
        sa.UniqueConstraint("reference", name=op.f("uq_remittances_reference")),
        sa.UniqueConstraint("request_key", name=op.f("uq_remittances_request_key")),
    )
    op.create_index("ix_remittances_case_id", "remittances", ["case_id"], unique=False)
    op.create_index(
        "ix_remittances_due", "remittances", ["due_at"], unique=False, postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_index("ix_remittances_mission_id", "remittances", ["mission_id", "state"], unique=False)
    op.create_index("ix_remittances_person_id", "remittances", ["person_id"], unique=False)
    op.create_index("ix_remittances_state", "remittances", ["state", "id"], unique=False)


def _changes() -> None:
    op.create_table(
        "remittance_changes",
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.String(length=20), nullable=False),
        sa.Column("after", sa.String(length=20), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_remittance_changes_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_remittance_changes_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remittance_changes")),
    )
    op.create_index("ix_remittance_changes_remittance_id", "remittance_changes", ["remittance_id", "id"], unique=False)


def downgrade() -> None:
    """Take them away again."""
    for table in ("remittance_changes", "remittances", "remittance_policies"):
        op.drop_table(table)
