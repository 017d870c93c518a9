"""Calls, their legs, events, orders and recordings; menus in versions, lines, announcements, the phone book, caller ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables of calls."""
    _call_events()
    _caller_id_rules()
    _phone_book()
    _call_announcements()
    _call_lines()
    _call_menus()
    _call_sounds()
    _calls()
    _call_legs()
    _call_recordings()
    _call_orders()


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("call_orders")
    op.drop_table("call_recordings")
    op.drop_table("call_legs")
    op.drop_table("calls")
    op.drop_table("call_sounds")
    op.drop_table("call_menus")
    op.drop_table("call_lines")
    op.drop_table("call_announcements")
    op.drop_table("phone_book")
    op.drop_table("caller_id_rules")
    op.drop_table("call_events")


def _call_events() -> None:
    op.create_table(
        "call_events",
        sa.Column("provider_sid", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("twiml", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_events"),
    )
    op.create_index("ix_call_events_at", "call_events", ["at"], unique=False)
    op.create_index("ix_call_events_call", "call_events", ["call_id", "id"], unique=False)
    op.create_index("uq_call_events_key", "call_events", ["provider_sid", "key"], unique=True)


def _caller_id_rules() -> None:
    op.create_table(
        "caller_id_rules",
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("caller_id", sa.String(length=20), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_caller_id_rules"),
        sa.UniqueConstraint("prefix", name="uq_caller_id_rules_prefix"),
    )


def _phone_book() -> None:
    op.create_table(
        "phone_book",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name_ko", sa.String(length=160), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("country", sa.String(length=2), server_default="", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("note", sa.String(length=300), server_default="", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('partner','mission','interpreter')", name="ck_phone_book_kind"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_book"),
    )
    op.create_index("uq_phone_book_phone", "phone_book", ["phone"], unique=True)


def _call_sounds() -> None:
    op.create_table(
        "call_sounds",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=20), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("media_type IN ('audio/wav','audio/mpeg')", name="ck_call_sounds_media_type"),
        sa.ForeignKeyConstraint(["author_id"], ["officers.id"], name="fk_call_sounds_author_id_officers"),
        sa.PrimaryKeyConstraint("id", name="pk_call_sounds"),
        sa.UniqueConstraint("key", name="uq_call_sounds_key"),
    )


def _call_announcements() -> None:
    op.create_table(
        "call_announcements",
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("country", sa.String(length=2), server_default="", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["officers.id"], name="fk_call_announcements_author_id_officers"),
        sa.PrimaryKeyConstraint("id", name="pk_call_announcements"),
    )


def _call_lines() -> None:
    op.create_table(
        "call_lines",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=True),
        sa.Column("greeting", postgresql.JSONB(), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name="fk_call_lines_mission_id_missions"),
        sa.PrimaryKeyConstraint("id", name="pk_call_lines"),
        sa.UniqueConstraint("number", name="uq_call_lines_number"),
    )


def _call_menus() -> None:
    op.create_table(
        "call_menus",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("edits", sa.Integer(), server_default="1", nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('draft','published','retired')", name="ck_call_menus_state"),
        sa.ForeignKeyConstraint(["author_id"], ["officers.id"], name="fk_call_menus_author_id_officers"),
        sa.PrimaryKeyConstraint("id", name="pk_call_menus"),
    )
    op.create_index(
        "uq_call_menus_draft", "call_menus", ["state"], unique=True, postgresql_where=sa.text("state = 'draft'")
    )
    op.create_index(
        "uq_call_menus_published", "call_menus", ["state"], unique=True, postgresql_where=sa.text("state = 'published'")
    )
    op.create_index("uq_call_menus_version", "call_menus", ["version"], unique=True)


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("provider_sid", sa.String(length=64), nullable=True),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("called", sa.String(length=20), nullable=False),
        sa.Column("forwarded_from", sa.String(length=20), server_default="", nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=True),
        sa.Column("menu_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(length=8), server_default="", nullable=False),
        sa.Column("danger", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("path", sa.String(length=10), server_default="normal", nullable=False),
        sa.Column("path_why", sa.String(length=20), server_default="", nullable=False),
        sa.Column("turns", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queue", sa.String(length=40), server_default="", nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("callback_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("traveller_id", sa.BigInteger(), nullable=True),
        sa.Column("queue_ref", sa.String(length=40), server_default="", nullable=False),
        sa.Column("forward_to", sa.String(length=20), server_default="", nullable=False),
        sa.Column("conference_sid", sa.String(length=64), server_default="", nullable=False),
        sa.Column("recorded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("fallback", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=20), server_default="", nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('dialling','menu','waiting','talking','forwarded','voicemail','parting','ended')",
            name="ck_calls_state",
        ),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name="fk_calls_callback_id_callbacks"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_calls_case_id_cases"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name="fk_calls_contact_id_contacts"),
        sa.ForeignKeyConstraint(["menu_id"], ["call_menus.id"], name="fk_calls_menu_id_call_menus"),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name="fk_calls_mission_id_missions"),
        sa.ForeignKeyConstraint(["traveller_id"], ["travellers.id"], name="fk_calls_traveller_id_travellers"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("provider_sid", name="uq_calls_provider_sid"),
    )
    op.create_index("ix_calls_agent", "calls", ["agent_id"], unique=False, postgresql_where=sa.text("state <> 'ended'"))
    op.create_index("ix_calls_case", "calls", ["case_id"], unique=False)
    op.create_index("ix_calls_contact", "calls", ["contact_id"], unique=False)
    op.create_index("ix_calls_open", "calls", ["id"], unique=False, postgresql_where=sa.text("state <> 'ended'"))
    op.create_index("ix_calls_phone", "calls", ["phone", "id"], unique=False)


def _call_legs() -> None:
    op.create_table(
        "call_legs",
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("provider_sid", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=12), server_default="", nullable=False),
        sa.Column("to", sa.String(length=100), nullable=False),
        sa.Column("sender", sa.String(length=20), server_default="", nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.String(length=80), server_default="", nullable=False),
        sa.Column("label", sa.String(length=160), server_default="", nullable=False),
        sa.Column("purpose", sa.String(length=12), server_default="answer", nullable=False),
        sa.Column("muted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(length=10), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "role IN ('caller','agent','colleague','interpreter','partner','mission','supervisor')",
            name="ck_call_legs_role",
        ),
        sa.CheckConstraint(
            "state IN ('planned','placing','doubt','ringing','answered','joined','over')", name="ck_call_legs_state"
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_legs_call_id_calls"),
        sa.PrimaryKeyConstraint("id", name="pk_call_legs"),
        sa.UniqueConstraint("provider_sid", name="uq_call_legs_provider_sid"),
    )
    op.create_index("ix_call_legs_call", "call_legs", ["call_id", "id"], unique=False)
    op.create_index(
        "ix_call_legs_due",
        "call_legs",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('planned','placing','doubt')"),
    )
    op.create_index("uq_call_legs_token", "call_legs", ["token"], unique=True, postgresql_where=sa.text("token <> ''"))


def _call_recordings() -> None:
    op.create_table(
        "call_recordings",
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("recording_sid", sa.String(length=64), nullable=False),
        sa.Column("duration_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delete_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('conversation','voicemail')", name="ck_call_recordings_kind"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_recordings_call_id_calls"),
        sa.PrimaryKeyConstraint("id", name="pk_call_recordings"),
        sa.UniqueConstraint("recording_sid", name="uq_call_recordings_recording_sid"),
    )
    op.create_index("ix_call_recordings_call", "call_recordings", ["call_id"], unique=False)
    op.create_index(
        "ix_call_recordings_delete",
        "call_recordings",
        ["delete_after"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def _call_orders() -> None:
    op.create_table(
        "call_orders",
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("leg_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=60), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('waiting','sending','done','failed')", name="ck_call_orders_state"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_orders_call_id_calls"),
        sa.ForeignKeyConstraint(["leg_id"], ["call_legs.id"], name="fk_call_orders_leg_id_call_legs"),
        sa.PrimaryKeyConstraint("id", name="pk_call_orders"),
    )
    op.create_index("ix_call_orders_call", "call_orders", ["call_id", "id"], unique=False)
    op.create_index(
        "ix_call_orders_due",
        "call_orders",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting','sending')"),
    )
