"""Call-outs: the people asked in each, every call made to them, the timeline and the curve."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    for add in (_callouts, _people, _calls, _events, _samples):
        add()


def _callouts() -> None:
    op.create_table(
        "callouts",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="asking", nullable=False),
        sa.Column("needed", sa.SmallInteger(), nullable=False),
        sa.Column("skills", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("by_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("task", sa.String(length=120), server_default="", nullable=False),
        sa.Column("source", sa.String(length=20), server_default="", nullable=False),
        sa.Column("follows_forecast", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("wave", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("waved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("more", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("satisfied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(state IN ('cancelled', 'finished')) = (ended_at IS NOT NULL)", name=op.f("ck_callouts_ended")
        ),
        sa.CheckConstraint(
            "state IN ('asking', 'paused', 'satisfied', 'exhausted', 'cancelling', "
            "'draining', 'cancelled', 'finished')",
            name=op.f("ck_callouts_state"),
        ),
        sa.CheckConstraint("by_at < until_at", name=op.f("ck_callouts_period")),
        sa.CheckConstraint("needed BETWEEN 1 AND 500", name=op.f("ck_callouts_needed")),
        sa.ForeignKeyConstraint(["created_by_id"], ["officers.id"], name=op.f("fk_callouts_created_by_id_officers")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_callouts_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callouts")),
    )
    op.create_index("ix_callouts_incident_id", "callouts", ["incident_id", "id"], unique=False)
    op.create_index("ix_callouts_open", "callouts", ["id"], unique=False, postgresql_where=sa.text("ended_at IS NULL"))


def _people() -> None:
    op.create_table(
        "callout_people",
        sa.Column("callout_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("speaks", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="asked", nullable=False),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("asks", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("call_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calls", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("answer", sa.String(length=5), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=5), nullable=True),
        sa.Column("comes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("briefed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.String(length=20), server_default="", nullable=False),
        sa.Column("survey", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("surveyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("answer IS NULL OR answer IN ('now', 'later', 'no')", name=op.f("ck_callout_people_answer")),
        sa.CheckConstraint(
            "answered_by IS NULL OR answered_by IN ('link', 'voice', 'text', 'desk')",
            name=op.f("ck_callout_people_answered_by"),
        ),
        sa.CheckConstraint("state <> 'released' OR released_at IS NOT NULL", name=op.f("ck_callout_people_released")),
        sa.CheckConstraint(
            "state IN ('asked', 'calling', 'confirmed', 'later', 'reserve', "
            "'declined', 'silent', 'unreachable', 'not_needed', 'briefed', 'ready', 'dropped', 'leaving', 'released')",
            name=op.f("ck_callout_people_state"),
        ),
        sa.CheckConstraint("chance BETWEEN 0 AND 1", name=op.f("ck_callout_people_chance")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_callout_people_agent_id_agents")),
        sa.ForeignKeyConstraint(["callout_id"], ["callouts.id"], name=op.f("fk_callout_people_callout_id_callouts")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteers.id"], name=op.f("fk_callout_people_volunteer_id_volunteers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callout_people")),
        sa.UniqueConstraint("callout_id", "volunteer_id", name=op.f("uq_callout_people_callout_id_volunteer_id")),
    )
    op.create_index(
        "ix_callout_people_call_at",
        "callout_people",
        ["call_at"],
        unique=False,
        postgresql_where=sa.text("call_at IS NOT NULL"),
    )
    op.create_index("ix_callout_people_phone", "callout_people", ["phone", "id"], unique=False)
    op.create_index("ix_callout_people_state", "callout_people", ["callout_id", "state"], unique=False)
    op.create_index("ix_callout_people_volunteer_id", "callout_people", ["volunteer_id", "id"], unique=False)


def _calls() -> None:
    op.create_table(
        "callout_calls",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("sender", sa.String(length=20), nullable=False),
        sa.Column("provider_sid", sa.String(length=64), nullable=True),
        sa.Column("word", sa.String(length=12), server_default="", nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("error_code", sa.String(length=10), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('placing', 'doubt', 'ringing', 'talking', 'done')", name=op.f("ck_callout_calls_state")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["callout_people.id"], name=op.f("fk_callout_calls_person_id_callout_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callout_calls")),
        sa.UniqueConstraint("person_id", "number", name=op.f("uq_callout_calls_person_id_number")),
    )
    op.create_index(
        "ix_callout_calls_open",
        "callout_calls",
        ["look_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('placing', 'doubt', 'ringing', 'talking')"),
    )
    op.create_index("ix_callout_calls_started_at", "callout_calls", ["started_at"], unique=False)
    op.create_index(
        "uq_callout_calls_one",
        "callout_calls",
        ["phone"],
        unique=True,
        postgresql_where=sa.text("state IN ('placing', 'doubt', 'ringing', 'talking')"),
    )
    op.create_index(
        "uq_callout_calls_sid",
        "callout_calls",
        ["provider_sid"],
        unique=True,
        postgresql_where=sa.text("provider_sid IS NOT NULL"),
    )


def _events() -> None:
    op.create_table(
        "callout_events",
        sa.Column("callout_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_callout_events_by_id_officers")),
        sa.ForeignKeyConstraint(["callout_id"], ["callouts.id"], name=op.f("fk_callout_events_callout_id_callouts")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["callout_people.id"], name=op.f("fk_callout_events_person_id_callout_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callout_events")),
    )
    op.create_index("ix_callout_events_callout_id", "callout_events", ["callout_id", "id"], unique=False)


def _samples() -> None:
    op.create_table(
        "callout_samples",
        sa.Column("callout_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("needed", sa.SmallInteger(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("briefed", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["callout_id"], ["callouts.id"], name=op.f("fk_callout_samples_callout_id_callouts")),
        sa.PrimaryKeyConstraint("callout_id", "at", name=op.f("pk_callout_samples")),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("callout_samples", "callout_events", "callout_calls", "callout_people", "callouts"):
        op.drop_table(table)
