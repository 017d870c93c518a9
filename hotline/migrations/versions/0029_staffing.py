"""Staffing: first calls by minute and country, the advice of every minute, and what-ifs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and the index over which calls are counted."""
    op.create_index("ix_calls_queued_at", "calls", ["queued_at"], postgresql_where=sa.text("direction = 'in'"))
    op.create_table(
        "staffing_minutes",
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= first AND first <= calls", name=op.f("ck_staffing_minutes_counts")),
        sa.PrimaryKeyConstraint("drill", "minute", "country", name=op.f("pk_staffing_minutes")),
    )
    op.create_table(
        "staffing_advice",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("per_hour", sa.Float(), nullable=False),
        sa.Column("needed_now", sa.Integer(), nullable=False),
        sa.Column("on_duty", sa.Integer(), nullable=False),
        sa.Column("call_out", sa.Integer(), server_default="0", nullable=False),
        sa.Column("release", sa.Integer(), server_default="0", nullable=False),
        sa.Column("by_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spare_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("slots", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staffing_advice")),
    )
    op.create_index("ix_staffing_advice_drill_at", "staffing_advice", ["drill", "at"], unique=True)
    op.create_table(
        "staffing_what_ifs",
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="waiting", nullable=False),
        sa.Column("progress", sa.Integer(), server_default="0", nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=20), server_default="", nullable=False),
        sa.Column("curves", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('waiting','running','done','failed')", name=op.f("ck_staffing_what_ifs_state")),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_staffing_what_ifs_progress")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["officers.id"], name=op.f("fk_staffing_what_ifs_asked_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staffing_what_ifs")),
    )
    op.create_index(
        "ix_staffing_what_ifs_open", "staffing_what_ifs", ["id"],
        postgresql_where=sa.text("state IN ('waiting','running')"),
    )  # fmt: skip
    op.create_index("ix_staffing_what_ifs_asked_by_id", "staffing_what_ifs", ["asked_by_id", "id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_table("staffing_what_ifs")
    op.drop_table("staffing_advice")
    op.drop_table("staffing_minutes")
    op.drop_index("ix_calls_queued_at", "calls")
