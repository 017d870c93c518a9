"""Planned duty: patterns, shifts that never overlap for one person, needs, swaps, texts about shifts, calendars' addresses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _plans()
    _shifts()
    _around()


def _plans() -> None:
    op.create_table(
        "coverage_needs",
        sa.Column("weekday", sa.SmallInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("hour_from", sa.SmallInteger(), nullable=False),
        sa.Column("hour_to", sa.SmallInteger(), nullable=False),
        sa.Column("mark", sa.String(length=40), server_default="", nullable=False),
        sa.Column("needed", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(weekday IS NULL) <> (day IS NULL)", name=op.f("ck_coverage_needs_which")),
        sa.CheckConstraint(
            "hour_from BETWEEN 0 AND 23 AND hour_to BETWEEN 1 AND 24 AND hour_from < hour_to",
            name=op.f("ck_coverage_needs_hours"),
        ),
        sa.CheckConstraint("needed BETWEEN 0 AND 999", name=op.f("ck_coverage_needs_needed")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_coverage_needs_weekday")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_needs")),
    )
    op.create_index("ix_coverage_needs_day", "coverage_needs", ["day"], unique=False)
    op.create_table(
        "shift_patterns",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("zone", sa.String(length=60), server_default="", nullable=False),
        sa.Column("weeks", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("weeks BETWEEN 1 AND 8", name=op.f("ck_shift_patterns_weeks")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["officers.id"], name=op.f("fk_shift_patterns_created_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_patterns")),
        sa.UniqueConstraint("name", name=op.f("uq_shift_patterns_name")),
    )
    op.create_table(
        "shift_pattern_lines",
        sa.Column("pattern_id", sa.BigInteger(), nullable=False),
        sa.Column("week", sa.SmallInteger(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=False),
        sa.Column("ends", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "starts BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1439", name=op.f("ck_shift_pattern_lines_times")
        ),
        sa.CheckConstraint("week BETWEEN 0 AND 7 AND weekday BETWEEN 0 AND 6", name=op.f("ck_shift_pattern_lines_day")),
        sa.ForeignKeyConstraint(
            ["pattern_id"],
            ["shift_patterns.id"],
            name=op.f("fk_shift_pattern_lines_pattern_id_shift_patterns"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_pattern_lines")),
    )
    op.create_index("ix_shift_pattern_lines_pattern_id", "shift_pattern_lines", ["pattern_id"], unique=False)
    op.create_table(
        "shift_calendars",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_shift_calendars_agent_id_agents")),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_shift_calendars")),
    )


def _shifts() -> None:
    op.create_table(
        "shifts",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=False),
        sa.Column("ends", sa.SmallInteger(), nullable=False),
        sa.Column("part", sa.String(length=8), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start_note", sa.String(length=6), server_default="", nullable=False),
        sa.Column("end_note", sa.String(length=6), server_default="", nullable=False),
        sa.Column("state", sa.String(length=10), server_default="draft", nullable=False),
        sa.Column("version", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("pattern_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(agent_id, agent_id, '[]')"), "&&"),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("state IN ('draft', 'published')"),
            using="gist",
            name="ex_shifts_one_at_a_time",
        ),
        sa.CheckConstraint(
            "(state IN ('cancelled', 'declined')) = (ended_at IS NOT NULL)", name=op.f("ck_shifts_ended")
        ),
        sa.CheckConstraint("part IN ('early', 'day', 'late', 'night')", name=op.f("ck_shifts_part")),
        sa.CheckConstraint(
            "start_note IN ('', 'moved', 'first') AND end_note IN ('', 'moved', 'first')", name=op.f("ck_shifts_notes")
        ),
        sa.CheckConstraint(
            "starts_at < ends_at AND ends_at <= starts_at + interval '24 hours'", name=op.f("ck_shifts_length")
        ),
        sa.CheckConstraint("state <> 'published' OR published_at IS NOT NULL", name=op.f("ck_shifts_published")),
        sa.CheckConstraint("state IN ('draft', 'published', 'cancelled', 'declined')", name=op.f("ck_shifts_state")),
        sa.CheckConstraint("starts BETWEEN 0 AND 1439 AND ends BETWEEN 0 AND 1439", name=op.f("ck_shifts_times")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_shifts_agent_id_agents")),
        sa.ForeignKeyConstraint(["created_by_id"], ["officers.id"], name=op.f("fk_shifts_created_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["pattern_id"], ["shift_patterns.id"], name=op.f("fk_shifts_pattern_id_shift_patterns"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
    )
    op.create_index("ix_shifts_agent_id", "shifts", ["agent_id", "starts_at"], unique=False)
    op.create_index(
        "ix_shifts_missed_at", "shifts", ["missed_at"], unique=False, postgresql_where=sa.text("missed_at IS NOT NULL")
    )
    op.create_index("ix_shifts_starts_at", "shifts", ["starts_at", "id"], unique=False)


def _around() -> None:
    op.create_table(
        "shift_swaps",
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("from_agent_id", sa.BigInteger(), nullable=False),
        sa.Column("to_agent_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=10), server_default="offered", nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("why_asked", sa.String(length=20), server_default="", nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('offered', 'taken', 'approved', 'refused', 'withdrawn', 'lapsed')",
            name=op.f("ck_shift_swaps_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('taken', 'approved', 'refused') OR to_agent_id IS NOT NULL",
            name=op.f("ck_shift_swaps_taker"),
        ),
        sa.CheckConstraint("to_agent_id <> from_agent_id", name=op.f("ck_shift_swaps_another")),
        sa.ForeignKeyConstraint(["from_agent_id"], ["agents.id"], name=op.f("fk_shift_swaps_from_agent_id_agents")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["officers.id"], name=op.f("fk_shift_swaps_settled_by_id_officers")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_shift_swaps_shift_id_shifts")),
        sa.ForeignKeyConstraint(["to_agent_id"], ["agents.id"], name=op.f("fk_shift_swaps_to_agent_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_swaps")),
    )
    op.create_index("ix_shift_swaps_shift_id", "shift_swaps", ["shift_id"], unique=False)
    op.create_index(
        "uq_shift_swaps_open",
        "shift_swaps",
        ["shift_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('offered', 'taken')"),
    )
    op.create_table(
        "shift_tellings",
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="waiting", nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "kind IN ('published', 'changed', 'cancelled', 'taken', 'passed_on', 'refused', "
            "'remind_day', 'remind_hour', 'missed')",
            name=op.f("ck_shift_tellings_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'dropped', 'unreachable')", name=op.f("ck_shift_tellings_state")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_shift_tellings_agent_id_agents")),
        sa.ForeignKeyConstraint(["shift_id"], ["shifts.id"], name=op.f("fk_shift_tellings_shift_id_shifts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_tellings")),
        sa.UniqueConstraint(
            "shift_id", "agent_id", "kind", "about", name=op.f("uq_shift_tellings_shift_id_agent_id_kind_about")
        ),
    )
    op.create_index("ix_shift_tellings_agent_id", "shift_tellings", ["agent_id", "id"], unique=False)
    op.create_index(
        "ix_shift_tellings_due",
        "shift_tellings",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in (
        "shift_tellings", "shift_swaps", "shifts", "shift_calendars", "shift_pattern_lines", "shift_patterns", "coverage_needs",
    ):  # fmt: skip
        op.drop_table(table)
