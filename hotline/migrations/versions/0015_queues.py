"""Agents and queues: who answers, who waits, the reservations between them, and callbacks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = (
    "sites",
    "agent_groups",
    "agents",
    "presence_changes",
    "queues",
    "queue_entries",
    "queue_entry_steps",
    "reservations",
    "callbacks",
)
"""In the order in which they are made."""


def upgrade() -> None:
    """Add the tables."""
    _sites()
    _agent_groups()
    _agents()
    _presence_changes()
    _queues()
    _queue_entries()
    _queue_entry_steps()
    _reservations()
    _callbacks()


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _sites() -> None:
    op.create_table(
        "sites",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("name", name=op.f("uq_sites_name")),
    )


def _agent_groups() -> None:
    op.create_table(
        "agent_groups",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("site_id", sa.BigInteger(), nullable=False),
        sa.Column("outsourced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_agent_groups_site_id_sites")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_agent_groups_name")),
    )


def _agents() -> None:
    op.create_table(
        "agents",
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(length=16), server_default="", nullable=False),
        sa.Column("via", sa.String(length=10), server_default="browser", nullable=False),
        sa.Column("skills", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("marks", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("max_duty_minutes", sa.Integer(), server_default="720", nullable=False),
        sa.Column("max_misses", sa.SmallInteger(), server_default="3", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="offline", nullable=False),
        sa.Column("reason", sa.String(length=20), server_default="", nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_state", sa.String(length=10), nullable=True),
        sa.Column("next_reason", sa.String(length=20), server_default="", nullable=False),
        sa.Column("duty_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idle_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("misses", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("token", sa.String(length=64), nullable=True),
        sa.Column("wrap_up_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(token IS NOT NULL) = (state IN ('reserved','ringing','talking','wrap_up'))", name=op.f("ck_agents_token")
        ),
        sa.CheckConstraint(
            "state IN ('offline', 'not_ready', 'ready', 'reserved', 'ringing', 'talking', 'wrap_up')",
            name=op.f("ck_agents_state"),
        ),
        sa.CheckConstraint("via IN ('phone', 'browser')", name=op.f("ck_agents_via")),
        sa.ForeignKeyConstraint(["group_id"], ["agent_groups.id"], name=op.f("fk_agents_group_id_agent_groups")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_agents_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("officer_id", name=op.f("uq_agents_officer_id")),
    )
    op.create_index(
        "ix_agents_ready", "agents", ["idle_since", "id"], unique=False, postgresql_where=sa.text("state = 'ready'")
    )
    op.create_index("ix_agents_state", "agents", ["state"], unique=False)


def _presence_changes() -> None:
    op.create_table(
        "presence_changes",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.String(length=10), nullable=False),
        sa.Column("after", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=20), server_default="", nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_presence_changes_agent_id_agents")),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_presence_changes_by_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presence_changes")),
    )
    op.create_index("ix_presence_changes_agent_id_at", "presence_changes", ["agent_id", "at"], unique=False)


def _queues() -> None:
    op.create_table(
        "queues",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name_ko", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("strategy", sa.String(length=20), server_default="longest_idle", nullable=False),
        sa.Column("steps", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("group_ids", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("priority_s", sa.Integer(), server_default="60", nullable=False),
        sa.Column("sticky_s", sa.Integer(), server_default="60", nullable=False),
        sa.Column("ring_s", sa.SmallInteger(), server_default="20", nullable=False),
        sa.Column("wrap_up_s", sa.Integer(), server_default="180", nullable=False),
        sa.Column("max_waiting", sa.Integer(), server_default="10000", nullable=False),
        sa.Column("service_level_s", sa.Integer(), server_default="20", nullable=False),
        sa.Column("short_abandon_s", sa.Integer(), server_default="5", nullable=False),
        sa.Column("usual_talk_s", sa.Integer(), server_default="240", nullable=False),
        sa.Column("callback_after_s", sa.Integer(), nullable=True),
        sa.Column("abandon_callback", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("overflow_action", sa.String(length=10), server_default="none", nullable=False),
        sa.Column("overflow_queue_id", sa.BigInteger(), nullable=True),
        sa.Column("overflow_wait_s", sa.Integer(), nullable=True),
        sa.Column("overflow_expected_s", sa.Integer(), nullable=True),
        sa.Column("overflow_no_staff", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("last_agent_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(overflow_action = 'queue') = (overflow_queue_id IS NOT NULL)", name=op.f("ck_queues_overflow_queue")
        ),
        sa.CheckConstraint(
            "overflow_action IN ('none', 'callback', 'voicemail', 'queue')", name=op.f("ck_queues_overflow_action")
        ),
        sa.CheckConstraint(
            "strategy IN ('longest_idle', 'most_skilled', 'round_robin')", name=op.f("ck_queues_strategy")
        ),
        sa.ForeignKeyConstraint(["overflow_queue_id"], ["queues.id"], name=op.f("fk_queues_overflow_queue_id_queues")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queues")),
        sa.UniqueConstraint("code", name=op.f("uq_queues_code")),
    )


def _queue_entries() -> None:
    op.create_table(
        "queue_entries",
        sa.Column("call_ref", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=10), server_default="call", nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("traveller_id", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.String(length=16), server_default="", nullable=False),
        sa.Column("language", sa.String(length=3), server_default="", nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("danger", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sticky_agent_id", sa.BigInteger(), nullable=True),
        sa.Column("sticky_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("need", sa.String(length=400), server_default="", nullable=False),
        sa.Column("widens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offers", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_reason", sa.String(length=10), nullable=True),
        sa.Column("short", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'left') = (left_reason IS NOT NULL)", name=op.f("ck_queue_entries_left_reason")),
        sa.CheckConstraint("kind IN ('call', 'callback')", name=op.f("ck_queue_entries_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'reserved', 'taken', 'done', 'left')", name=op.f("ck_queue_entries_state")
        ),
        sa.ForeignKeyConstraint(["queue_id"], ["queues.id"], name=op.f("fk_queue_entries_queue_id_queues")),
        sa.ForeignKeyConstraint(
            ["sticky_agent_id"], ["agents.id"], name=op.f("fk_queue_entries_sticky_agent_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["traveller_id"], ["travellers.id"], name=op.f("fk_queue_entries_traveller_id_travellers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entries")),
        sa.UniqueConstraint("call_ref", name=op.f("uq_queue_entries_call_ref")),
    )
    op.create_index(
        "ix_queue_entries_head",
        "queue_entries",
        ["queue_id", "step", "need", "rank_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_queue_entries_order",
        "queue_entries",
        ["queue_id", "rank_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting','reserved')"),
    )
    op.create_index("ix_queue_entries_queue_id_enqueued_at", "queue_entries", ["queue_id", "enqueued_at"], unique=False)
    op.create_index("ix_queue_entries_traveller_id", "queue_entries", ["traveller_id"], unique=False)
    op.create_index(
        "ix_queue_entries_widens",
        "queue_entries",
        ["widens_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _queue_entry_steps() -> None:
    op.create_table(
        "queue_entry_steps",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("need", sa.String(length=400), server_default="", nullable=False),
        sa.Column("why", sa.String(length=20), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["queue_entries.id"], name=op.f("fk_queue_entry_steps_entry_id_queue_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_entry_steps")),
    )
    op.create_index("ix_queue_entry_steps_entry_id", "queue_entry_steps", ["entry_id", "id"], unique=False)


def _reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("queue_id", sa.BigInteger(), nullable=True),
        sa.Column("call_ref", sa.String(length=80), nullable=False),
        sa.Column("via", sa.String(length=10), nullable=False),
        sa.Column("matched_step", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="reserved", nullable=False),
        sa.Column("why", sa.String(length=20), server_default="", nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrapped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disposition", sa.String(length=20), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'ringing', 'talking', 'wrap_up', 'done', 'missed', 'released')",
            name=op.f("ck_reservations_state"),
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_reservations_agent_id_agents")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["queue_entries.id"], name=op.f("fk_reservations_entry_id_queue_entries")
        ),
        sa.ForeignKeyConstraint(["queue_id"], ["queues.id"], name=op.f("fk_reservations_queue_id_queues")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
        sa.UniqueConstraint("token", name=op.f("uq_reservations_token")),
    )
    op.create_index("ix_reservations_agent_id_reserved_at", "reservations", ["agent_id", "reserved_at"], unique=False)
    op.create_index("ix_reservations_entry_id", "reservations", ["entry_id"], unique=False)
    op.create_index(
        "ix_reservations_expires_at",
        "reservations",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('reserved', 'ringing')"),
    )
    op.create_index("ix_reservations_queue_id_finished_at", "reservations", ["queue_id", "finished_at"], unique=False)
    op.create_index(
        "uq_reservations_agent",
        "reservations",
        ["agent_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('reserved', 'ringing', 'talking', 'wrap_up')"),
    )
    op.create_index(
        "uq_reservations_entry",
        "reservations",
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('reserved', 'ringing', 'talking')"),
    )


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="planned", nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("traveller_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(length=3), server_default="", nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("origin_ref", sa.String(length=80), server_default="", nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("danger", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_result", sa.String(length=20), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('place', 'time', 'promise', 'abandoned')", name=op.f("ck_callbacks_kind")),
        sa.CheckConstraint(
            "state IN ('planned', 'queued', 'calling', 'done', 'given_up', 'cancelled')",
            name=op.f("ck_callbacks_state"),
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entries.id"], name=op.f("fk_callbacks_entry_id_queue_entries")),
        sa.ForeignKeyConstraint(["owner_id"], ["officers.id"], name=op.f("fk_callbacks_owner_id_officers")),
        sa.ForeignKeyConstraint(["queue_id"], ["queues.id"], name=op.f("fk_callbacks_queue_id_queues")),
        sa.ForeignKeyConstraint(["traveller_id"], ["travellers.id"], name=op.f("fk_callbacks_traveller_id_travellers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    op.create_index("ix_callbacks_case_id", "callbacks", ["case_id"], unique=False)
    op.create_index(
        "ix_callbacks_due", "callbacks", ["due_at"], unique=False, postgresql_where=sa.text("state = 'planned'")
    )
    op.create_index(
        "ix_callbacks_open",
        "callbacks",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('planned','queued','calling')"),
    )
    op.create_index(
        "uq_callbacks_open",
        "callbacks",
        ["phone", "queue_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'queued', 'calling') AND phone <> ''"),
    )
