"""Hand-overs to missions: what was seen of each, the things in them, signed summaries and mails; calls found by mission."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and the index by which a mission's calls are found."""
    op.create_table(
        "handover_watch",
        sa.Column("mission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_handover_watch_mission_id_missions")),
        sa.PrimaryKeyConstraint("mission_id", name=op.f("pk_handover_watch")),
    )
    op.create_table(
        "handovers",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("duty_officer_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalation_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalation_seen_by_id", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('composing','empty','sent','acknowledged','escalated')", name=op.f("ck_handovers_state")
        ),
        sa.CheckConstraint("state NOT IN ('sent','escalated') OR due_at IS NOT NULL", name=op.f("ck_handovers_due")),
        sa.CheckConstraint(
            "(escalation_seen_at IS NULL) = (escalation_seen_by_id IS NULL)", name=op.f("ck_handovers_seen")
        ),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_handovers_period")),
        sa.ForeignKeyConstraint(
            ["duty_officer_id"], ["officers.id"], name=op.f("fk_handovers_duty_officer_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["escalation_seen_by_id"], ["officers.id"], name=op.f("fk_handovers_escalation_seen_by_id_officers")
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_handovers_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        sa.UniqueConstraint("mission_id", "period_end", name=op.f("uq_handovers_mission_id_period_end")),
    )
    op.create_index("ix_handovers_mission", "handovers", ["mission_id", "id"], unique=False)
    op.create_index(
        "ix_handovers_open",
        "handovers",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('composing','sent','escalated')"),
    )
    op.create_table(
        "handover_items",
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_handover_items_decided")),
        sa.CheckConstraint("kind IN ('case','promise','unhelped')", name=op.f("ck_handover_items_kind")),
        sa.CheckConstraint("state IN ('waiting','acknowledged','returned')", name=op.f("ck_handover_items_state")),
        sa.CheckConstraint("(decided_at IS NULL) = (officer_id IS NULL)", name=op.f("ck_handover_items_named")),
        sa.CheckConstraint("urgency BETWEEN 1 AND 4", name=op.f("ck_handover_items_urgency")),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handovers.id"], name=op.f("fk_handover_items_handover_id_handovers")
        ),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_handover_items_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_items")),
    )
    op.create_index("ix_handover_items_handover", "handover_items", ["handover_id", "id"], unique=False)
    op.create_index("ix_handover_items_subject", "handover_items", ["kind", "subject_id"], unique=False)
    op.create_index(
        "uq_handover_items_live",
        "handover_items",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting','acknowledged')"),
    )
    op.create_table(
        "handover_mails",
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=10), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("purpose IN ('summary','reminder')", name=op.f("ck_handover_mails_purpose")),
        sa.CheckConstraint(
            "state IN ('waiting','leaving','sent','failed','lost')", name=op.f("ck_handover_mails_state")
        ),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handovers.id"], name=op.f("fk_handover_mails_handover_id_handovers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_mails")),
        sa.UniqueConstraint(
            "handover_id", "revision", "purpose", name=op.f("uq_handover_mails_handover_id_revision_purpose")
        ),
    )
    op.create_index(
        "ix_handover_mails_due",
        "handover_mails",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting','leaving')"),
    )
    op.create_table(
        "handover_summaries",
        sa.Column("handover_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=20), server_default="", nullable=False),
        sa.Column("signature", sa.Text(), server_default="", nullable=False),
        sa.Column("certificate", sa.Text(), server_default="", nullable=False),
        sa.Column("fingerprint", sa.String(length=64), server_default="", nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handovers.id"], name=op.f("fk_handover_summaries_handover_id_handovers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_summaries")),
        sa.UniqueConstraint("handover_id", "revision", name=op.f("uq_handover_summaries_handover_id_revision")),
    )
    op.create_index(op.f("ix_handover_summaries_fingerprint"), "handover_summaries", ["fingerprint"], unique=False)
    op.create_index(
        "ix_calls_mission",
        "calls",
        ["mission_id", "started_at"],
        unique=False,
        postgresql_where=sa.text("mission_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop them; who acknowledged what stays on the audit trail and in the cases' histories."""
    op.drop_index("ix_calls_mission", "calls")
    for table in ("summaries", "mails", "items"):
        op.drop_table(f"handover_{table}")
    op.drop_table("handovers")
    op.drop_table("handover_watch")
