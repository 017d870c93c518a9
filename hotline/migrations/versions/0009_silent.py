"""The silent: policies, plans, people to call, and the attempts to call them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_STATES = "'queued', 'calling', 'in_doubt', 'ringing', 'talking', 'heard', 'answered', 'failed', 'skipped'"
_MOMENT = "coalesce(sent_at, settled_at)"


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Add the tables, and the index by which messages come due."""
    op.create_table(
        "silent_policies",
        _id(),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), sa.ForeignKey("officers.id"), nullable=False),
        _time("created_at"),
        sa.UniqueConstraint("severity", "version"),
        sa.CheckConstraint("severity IN ('Extreme', 'Severe', 'Other')", name="severity"),
    )
    op.create_table(
        "silent_plans",
        sa.Column("alert_id", sa.BigInteger(), sa.ForeignKey("alerts.id"), primary_key=True, autoincrement=False),
        sa.Column("severity", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("looked", postgresql.JSONB(), nullable=False),
        _time("made_at"),
        _time("stopped_at", nullable=True),
        sa.Column("stopped_by_id", sa.BigInteger(), sa.ForeignKey("officers.id")),
    )
    _outreach()
    op.create_table(
        "call_attempts",
        _id(),
        sa.Column("outreach_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        _time("started_at"),
        _time("finished_at", nullable=True),
        sa.Column("outcome", sa.String(20)),
        sa.Column("status", sa.String(12)),
        sa.Column("provider_sid", sa.String(64)),
        sa.Column("error_code", sa.String(10)),
        sa.UniqueConstraint("outreach_id", "number"),
    )
    op.create_index("ix_call_attempts_started_at", "call_attempts", ["started_at"])
    op.create_index(
        "ix_call_attempts_sid", "call_attempts", ["provider_sid"], unique=True,
        postgresql_where=sa.text("provider_sid IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_messages_moment", "messages", ["alert_id", sa.text(f"({_MOMENT})"), "id"],
        postgresql_where=sa.text(f"{_MOMENT} IS NOT NULL"),
    )  # fmt: skip


def _outreach() -> None:
    op.create_table(
        "outreach",
        _id(),
        sa.Column("alert_id", sa.BigInteger(), sa.ForeignKey("alerts.id"), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("whom", sa.String(16), nullable=False),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("traveller_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("variant", sa.String(12), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("state", sa.String(10), nullable=False, server_default="queued"),
        sa.Column("reason", sa.String(20)),
        _time("created_at"),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("rung", sa.SmallInteger(), nullable=False, server_default="0"),
        _time("not_before", nullable=True),
        _time("lease_until", nullable=True),
        sa.Column("provider_sid", sa.String(64)),
        sa.Column("answer", sa.String(4)),
        _time("settled_at", nullable=True),
        sa.UniqueConstraint("alert_id", "phone", "step"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
    )
    op.create_index("ix_outreach_by_state", "outreach", ["alert_id", "step", "state", "id"])
    op.create_index("ix_outreach_waiting", "outreach", ["alert_id", "id"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index(
        "ix_outreach_unsettled", "outreach", ["lease_until"],
        postgresql_where=sa.text("state IN ('calling', 'in_doubt', 'ringing', 'talking')"),
    )  # fmt: skip
    op.create_index(
        "ix_outreach_open", "outreach", ["phone"],
        postgresql_where=sa.text("state IN ('queued', 'calling', 'in_doubt', 'ringing', 'talking')"),
    )  # fmt: skip
    op.create_index("ix_outreach_traveller_id", "outreach", ["traveller_id"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_messages_moment", table_name="messages")
    for table in ("call_attempts", "outreach", "silent_plans", "silent_policies"):
        op.drop_table(table)
