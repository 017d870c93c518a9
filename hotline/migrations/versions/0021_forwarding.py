"""Forwarded calls: exchanges' keys, the ordered rules, requests to take all, announced calls, whose each call was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
TABLES = ("forwarded_calls", "forwardings", "take_all", "overflow_rules", "exchange_keys")


def upgrade() -> None:
    """Add the tables; the list of rules is the software's own while there are no rows."""
    op.create_table(
        "exchange_keys",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(length=60), nullable=False),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_exchange_keys_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_exchange_keys_key_id")),
    )
    op.create_index(op.f("ix_exchange_keys_mission_id"), "exchange_keys", ["mission_id"])
    op.create_table(
        "overflow_rules",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=True),
        sa.Column("country", sa.String(length=2), server_default="", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("limit", sa.Integer(), server_default="0", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(kind = 'incident') = (ends_at IS NOT NULL)", name=op.f("ck_overflow_rules_incident_ends")),
        sa.CheckConstraint("action IN ('take', 'return', 'refuse')", name=op.f("ck_overflow_rules_action")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_overflow_rules_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overflow_rules")),
    )
    op.create_table(
        "take_all",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("until > since", name=op.f("ck_take_all_until")),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_take_all_by_id_officers")),
        sa.ForeignKeyConstraint(["ended_by_id"], ["officers.id"], name=op.f("fk_take_all_ended_by_id_officers")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_take_all_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take_all")),
    )
    op.create_index("ix_take_all_live", "take_all", ["mission_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "forwardings",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("idempotency_key", sa.String(length=100), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("caller", sa.String(length=20), nullable=False),
        sa.Column("called", sa.String(length=20), nullable=False),
        sa.Column("pool", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("exchange_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("rule_kind", sa.String(length=20), nullable=False),
        sa.Column("explanation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("decision IN ('take', 'return', 'refuse')", name=op.f("ck_forwardings_decision")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_forwardings_call_id_calls")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_forwardings_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forwardings")),
        sa.UniqueConstraint(
            "mission_id",
            "idempotency_key",
            "content_hash",
            name=op.f("uq_forwardings_mission_id_idempotency_key_content_hash"),
        ),
    )
    op.create_index("ix_forwardings_caller", "forwardings", ["caller", "id"], postgresql_where=sa.text("caller <> ''"))
    op.create_index("ix_forwardings_mission", "forwardings", ["mission_id", "id"])
    op.create_index(
        "ix_forwardings_open",
        "forwardings",
        ["received_at"],
        postgresql_where=sa.text("call_id IS NULL AND decision = 'take'"),
    )
    op.create_index(
        "uq_forwardings_call", "forwardings", ["call_id"], unique=True, postgresql_where=sa.text("call_id IS NOT NULL")
    )
    op.create_index(
        "uq_forwardings_token", "forwardings", ["token_hash"], unique=True, postgresql_where=sa.text("token_hash <> ''")
    )
    op.create_table(
        "forwarded_calls",
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.String(length=14), nullable=False),
        sa.Column("forwarding_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "how IN ('token', 'number', 'window', 'called', 'forwarded_from', 'diversion')",
            name=op.f("ck_forwarded_calls_how"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_forwarded_calls_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["forwarding_id"], ["forwardings.id"], name=op.f("fk_forwarded_calls_forwarding_id_forwardings")
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_forwarded_calls_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forwarded_calls")),
        sa.UniqueConstraint("call_id", name=op.f("uq_forwarded_calls_call_id")),
    )
    op.create_index("ix_forwarded_calls_mission", "forwarded_calls", ["mission_id", "at"])
    op.create_index(
        "uq_forwarded_calls_forwarding",
        "forwarded_calls",
        ["forwarding_id"],
        unique=True,
        postgresql_where=sa.text("forwarding_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop the tables; that keys were given and rules changed stays on the audit trail."""
    for table in TABLES:
        op.drop_table(table)
