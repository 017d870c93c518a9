"""Agents and queues: presence, what callers need, entries, reservations and callbacks."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = (
    "callbacks", "reservations", "queue_steps", "queue_entries", "queue_needs", "call_queues", "agent_wrap_ups", "agent_moves",
    "agents", "agent_groups",
)  # fmt: skip


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Add the tables of both rooms."""
    _agents()
    _queues()


def downgrade() -> None:
    """Take them away again."""
    for table in TABLES:
        op.drop_table(table)


def _agents() -> None:
    op.create_table(
        "agent_groups",
        _id(),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name_ko", sa.String(120), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("site", sa.String(40), nullable=False),
        sa.Column("outsourced", sa.Boolean(), server_default="false", nullable=False),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "agents",
        _id(),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger()),
        sa.Column("site", sa.String(40), server_default="", nullable=False),
        sa.Column("phone", sa.String(20), server_default="", nullable=False),
        sa.Column("via", sa.String(10), server_default="browser", nullable=False),
        sa.Column("skills", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("max_duty_min", sa.Integer(), server_default="600", nullable=False),
        sa.Column("max_misses", sa.SmallInteger(), server_default="3", nullable=False),
        sa.Column("state", sa.String(10), server_default="offline", nullable=False),
        sa.Column("reason", sa.String(20), server_default="", nullable=False),
        _time("since"),
        sa.Column("next_state", sa.String(10)),
        sa.Column("next_reason", sa.String(20), server_default="", nullable=False),
        sa.Column("token", sa.String(64)),
        _time("idle_since", nullable=True),
        _time("offered_at", nullable=True),
        _time("rest_until", nullable=True),
        _time("wrap_up_until", nullable=True),
        _time("duty_since", nullable=True),
        sa.Column("misses", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        _time("created_at"),
        sa.CheckConstraint(
            "(state IN ('reserved', 'ringing', 'talking', 'wrap_up')) = (token IS NOT NULL)", name="token"
        ),
        sa.CheckConstraint("next_state IS NULL OR next_state IN ('ready', 'not_ready', 'offline')", name="next_state"),
        sa.CheckConstraint(
            "state IN ('offline', 'not_ready', 'ready', 'reserved', 'ringing', 'talking', 'wrap_up')", name="state"
        ),
        sa.CheckConstraint("via IN ('phone', 'browser')", name="via"),
        sa.ForeignKeyConstraint(["group_id"], ["agent_groups.id"]),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"]),
        sa.UniqueConstraint("officer_id"),
    )
    op.create_index("ix_agents_ready", "agents", ["idle_since", "id"], postgresql_where=sa.text("state = 'ready'"))
    op.create_index(
        "ix_agents_wrap_up_until", "agents", ["wrap_up_until"], postgresql_where=sa.text("state = 'wrap_up'")
    )
    op.create_table(
        "agent_moves",
        _id(),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        _time("at"),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(20), server_default="", nullable=False),
        sa.Column("by", sa.String(20), server_default="system", nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"]),
    )
    op.create_index("ix_agent_moves_agent_id_at", "agent_moves", ["agent_id", "at"])
    op.create_table(
        "agent_wrap_ups",
        _id(),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        _time("at"),
        sa.Column("disposition", sa.String(20), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"]),
        sa.UniqueConstraint("token"),
    )
    op.create_index("ix_agent_wrap_ups_at", "agent_wrap_ups", ["at"])


def _queues() -> None:
    op.create_table(
        "call_queues",
        _id(),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name_ko", sa.String(120), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("strategy", sa.String(20), server_default="longest_idle", nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("steps", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("priority_s", sa.Integer(), server_default="60", nullable=False),
        sa.Column("group_order", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("site_order", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sticky_s", sa.Integer(), server_default="60", nullable=False),
        sa.Column("ring_s", sa.Integer(), server_default="20", nullable=False),
        sa.Column("wrap_up_s", sa.Integer(), server_default="60", nullable=False),
        sa.Column("service_s", sa.Integer(), server_default="20", nullable=False),
        sa.Column("service_percent", sa.SmallInteger(), server_default="80", nullable=False),
        sa.Column("short_abandon_s", sa.Integer(), server_default="5", nullable=False),
        sa.Column("max_waiting", sa.Integer()),
        sa.Column("overflow_longest_s", sa.Integer()),
        sa.Column("overflow_expected_s", sa.Integer()),
        sa.Column("overflow_no_staff", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("overflow_queue_id", sa.BigInteger()),
        sa.Column("callback_offer_s", sa.Integer()),
        sa.Column("callback_on_abandon", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("callback_attempts", sa.SmallInteger(), server_default="3", nullable=False),
        sa.Column("callback_retry_s", sa.Integer(), server_default="900", nullable=False),
        sa.CheckConstraint("strategy IN ('longest_idle', 'most_skilled', 'round_robin')", name="strategy"),
        sa.CheckConstraint("overflow_queue_id <> id", name="overflow_elsewhere"),
        sa.ForeignKeyConstraint(["overflow_queue_id"], ["call_queues.id"]),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "queue_needs",
        _id(),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("groups", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("until_s", sa.Integer()),
        sa.ForeignKeyConstraint(["queue_id"], ["call_queues.id"]),
    )
    op.create_index("uq_queue_needs_key", "queue_needs", ["queue_id", "language", "skills", "step"], unique=True)
    op.create_table(
        "queue_entries",
        _id(),
        sa.Column("call_ref", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(10), server_default="call", nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("need_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger()),
        sa.Column("traveller_id", sa.BigInteger()),
        sa.Column("phone", sa.String(20), server_default="", nullable=False),
        sa.Column("language", sa.String(8), server_default="ko", nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("danger", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("drill", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sticky_agent_id", sa.BigInteger(), server_default="0", nullable=False),
        _time("sticky_until", nullable=True),
        sa.Column("state", sa.String(10), server_default="waiting", nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), server_default="0", nullable=False),
        _time("widen_at", nullable=True),
        _time("enqueued_at"),
        sa.Column("offers", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("agent_id", sa.BigInteger()),
        sa.Column("token", sa.String(64)),
        sa.Column("matched_step", sa.SmallInteger()),
        sa.Column("overflowed_from", sa.BigInteger()),
        _time("ended_at", nullable=True),
        sa.Column("left_reason", sa.String(12)),
        sa.CheckConstraint(
            "(state IN ('reserved', 'taken')) = (agent_id IS NOT NULL AND token IS NOT NULL)", name="held"
        ),
        sa.CheckConstraint("kind IN ('call', 'callback')", name="kind"),
        sa.CheckConstraint("state IN ('waiting', 'reserved', 'taken', 'left')", name="state"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"]),
        sa.ForeignKeyConstraint(["need_id"], ["queue_needs.id"]),
        sa.ForeignKeyConstraint(["queue_id"], ["call_queues.id"]),
        sa.UniqueConstraint("call_ref"),
    )
    op.create_index(
        "ix_queue_entries_bucket",
        "queue_entries",
        ["need_id", "sticky_agent_id", "rank", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_queue_entries_ended",
        "queue_entries",
        ["queue_id", "ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_index(
        "ix_queue_entries_held",
        "queue_entries",
        ["agent_id"],
        unique=True,
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.create_index("ix_queue_entries_phone", "queue_entries", ["phone", "id"])
    op.create_index(
        "ix_queue_entries_rank",
        "queue_entries",
        ["queue_id", "rank", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_queue_entries_widen", "queue_entries", ["widen_at"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "callbacks",
        _id(),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), server_default="planned", nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("language", sa.String(8), server_default="ko", nullable=False),
        sa.Column("traveller_id", sa.BigInteger()),
        sa.Column("case_id", sa.BigInteger()),
        sa.Column("owner_id", sa.BigInteger()),
        sa.Column("entry_id", sa.BigInteger()),
        _time("due_at"),
        sa.Column("token", sa.String(64), unique=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        _time("created_at"),
        _time("reminded_at", nullable=True),
        _time("escalated_at", nullable=True),
        _time("ended_at", nullable=True),
        sa.Column("outcome", sa.String(20), server_default="", nullable=False),
        sa.CheckConstraint("kind <> 'promised' OR owner_id IS NOT NULL", name="owned"),
        sa.CheckConstraint("kind IN ('place', 'reserved', 'promised', 'abandoned')", name="kind"),
        sa.CheckConstraint("state IN ('planned', 'queued', 'done', 'failed', 'cancelled')", name="state"),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entries.id"]),
        sa.ForeignKeyConstraint(["owner_id"], ["officers.id"]),
        sa.ForeignKeyConstraint(["queue_id"], ["call_queues.id"]),
    )
    op.create_index(
        "ix_callbacks_due", "callbacks", ["due_at"], postgresql_where=sa.text("state IN ('planned', 'queued')")
    )
    op.create_index("ix_callbacks_entry_id", "callbacks", ["entry_id"])
    op.create_index(
        "uq_callbacks_one_open",
        "callbacks",
        ["queue_id", "phone"],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'queued')"),
    )
    op.create_table(
        "queue_steps",
        _id(),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        _time("at"),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("detail", sa.String(40), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entries.id"]),
    )
    op.create_index("ix_queue_steps_entry_id", "queue_steps", ["entry_id", "id"])
    op.create_table(
        "reservations",
        _id(),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("queue_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("via", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), server_default="reserved", nullable=False),
        _time("made_at"),
        _time("expires_at"),
        _time("ringing_at", nullable=True),
        _time("accepted_at", nullable=True),
        _time("finished_at", nullable=True),
        sa.Column("why", sa.String(12), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('reserved', 'ringing', 'accepted', 'missed', 'cancelled', 'finished')", name="state"
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"]),
        sa.ForeignKeyConstraint(["entry_id"], ["queue_entries.id"]),
        sa.ForeignKeyConstraint(["queue_id"], ["call_queues.id"]),
        sa.UniqueConstraint("token"),
    )
    op.create_index(
        "ix_reservations_expires",
        "reservations",
        ["expires_at"],
        postgresql_where=sa.text("state IN ('reserved', 'ringing')"),
    )
    op.create_index(
        "ix_reservations_finished",
        "reservations",
        ["queue_id", "finished_at"],
        postgresql_where=sa.text("state = 'finished'"),
    )
    op.create_index(
        "uq_reservations_agent",
        "reservations",
        ["agent_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('reserved', 'ringing', 'accepted')"),
    )
    op.create_index(
        "uq_reservations_entry",
        "reservations",
        ["entry_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('reserved', 'ringing', 'accepted')"),
    )
