"""Plans of disaster mode with their versions, each time one was switched on, and its steps."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_OLD_NAME, _NAME = "ck_call_menus_ck_call_menus_state", "ck_call_menus_state"
"""The prefix was written twice until here."""
_EMPTY_LIST = sa.text("'{}'")


def _time(name: str, *, needed: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not needed)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))


def upgrade() -> None:
    """Add the tables."""
    _plans()
    _runs()
    _menus("'draft','published','retired','drill'", _OLD_NAME, _NAME)
    op.create_index(
        "uq_call_menus_drill", "call_menus", ["state"], unique=True, postgresql_where=sa.text("state = 'drill'")
    )
    op.create_table(
        "wallboard_notes",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("text_ko", sa.String(length=600), nullable=False),
        sa.Column("text_en", sa.String(length=600), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _time("since", needed=True),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        _time("until"),
        _id(),
        _refers("wallboard_notes", "incident_id", "incidents"),
        _refers("wallboard_notes", "by_id", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallboard_notes")),
    )
    op.create_index("ix_wallboard_notes_now", "wallboard_notes", ["id"], postgresql_where=sa.text("until IS NULL"))


def _menus(states: str, old: str, new: str) -> None:
    op.execute(f"ALTER TABLE call_menus DROP CONSTRAINT {old}")
    op.create_check_constraint(op.f(new), "call_menus", f"state IN ({states})")


def _plans() -> None:
    op.create_table(
        "mode_plans",
        sa.Column("name_ko", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), server_default=_EMPTY_LIST, nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), server_default=_EMPTY_LIST, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _time("created_at", needed=True),
        _time("updated_at", needed=True),
        _id(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode_plans")),
    )
    op.create_table(
        "mode_plan_versions",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _time("at", needed=True),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        _id(),
        _refers("mode_plan_versions", "plan_id", "mode_plans"),
        _refers("mode_plan_versions", "by_id", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode_plan_versions")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_mode_plan_versions_plan_id_number")),
    )


def _runs() -> None:
    op.create_table(
        "mode_runs",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="asked", nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        _time("asked_at", needed=True),
        sa.Column("agreed_by_id", sa.BigInteger(), nullable=True),
        _time("agreed_at"),
        sa.Column("off_asked_by_id", sa.BigInteger(), nullable=True),
        _time("off_asked_at"),
        sa.Column("off_agreed_by_id", sa.BigInteger(), nullable=True),
        _time("off_agreed_at"),
        _time("ended_at"),
        _id(),
        sa.CheckConstraint(
            "state IN ('asked', 'on', 'off_asked', 'restoring', 'off', 'declined')", name=op.f("ck_mode_runs_state")
        ),
        sa.CheckConstraint("agreed_by_id <> asked_by_id", name=op.f("ck_mode_runs_two_people_on")),
        sa.CheckConstraint("off_agreed_by_id <> off_asked_by_id", name=op.f("ck_mode_runs_two_people_off")),
        _refers("mode_runs", "incident_id", "incidents"),
        _refers("mode_runs", "plan_id", "mode_plans"),
        *(_refers("mode_runs", f"{who}_by_id", "officers") for who in ("asked", "agreed", "off_asked", "off_agreed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode_runs")),
    )
    op.create_index("ix_mode_runs_incident_id", "mode_runs", ["incident_id", "id"])
    op.create_index(
        "uq_mode_runs_now",
        "mode_runs",
        ["incident_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'on', 'off_asked', 'restoring')"),
    )
    op.create_table(
        "mode_run_steps",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("reason", postgresql.JSONB(astext_type=sa.Text()), server_default=_EMPTY_LIST, nullable=False),
        sa.Column("kept", postgresql.JSONB(astext_type=sa.Text()), server_default=_EMPTY_LIST, nullable=False),
        sa.Column("forced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        _time("due_at", needed=True),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        _time("done_at"),
        _time("reverted_at"),
        _id(),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'failed', 'skipped', 'reverting', 'reverted', 'held', 'left')",
            name=op.f("ck_mode_run_steps_state"),
        ),
        _refers("mode_run_steps", "run_id", "mode_runs"),
        _refers("mode_run_steps", "by_id", "officers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode_run_steps")),
        sa.UniqueConstraint("run_id", "position", name=op.f("uq_mode_run_steps_run_id_position")),
    )
    op.create_index(
        "ix_mode_run_steps_due",
        "mode_run_steps",
        ["due_at"],
        postgresql_where=sa.text("state IN ('waiting', 'reverting')"),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("wallboard_notes")
    op.drop_index("uq_call_menus_drill", "call_menus")
    op.execute("UPDATE call_menus SET state = 'retired' WHERE state = 'drill'")
    _menus("'draft','published','retired'", _NAME, _OLD_NAME)
    for table in ("mode_run_steps", "mode_runs", "mode_plan_versions", "mode_plans"):
        op.drop_table(table)
