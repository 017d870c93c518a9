"""Personal links, answers and cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "answer_tallies",
        sa.Column("alert_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=4), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "country", "status", "slot", name=op.f("pk_answer_tallies")),
    )
    op.create_table(
        "answers",
        sa.Column("traveller_id", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=4), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", sa.SmallInteger(), nullable=True),
        sa.Column("injured", sa.Boolean(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(length=300), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("status IN ('safe', 'help')", name=op.f("ck_answers_status")),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_answers_whole_place")),
        sa.ForeignKeyConstraint(["traveller_id"], ["travellers.id"], name=op.f("fk_answers_traveller_id_travellers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("traveller_id", "alert_id", "key", name=op.f("uq_answers_traveller_id_alert_id_key")),
    )
    op.create_table(
        "cases",
        sa.Column("traveller_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("says", sa.String(length=10), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("injured", sa.Boolean(), nullable=True),
        sa.Column("people", sa.SmallInteger(), nullable=True),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("place", sa.String(length=300), server_default="", nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state <> 'open' OR owner_id IS NULL", name=op.f("ck_cases_open_is_free")),
        sa.CheckConstraint("state IN ('open', 'in_hand', 'waiting', 'closed')", name=op.f("ck_cases_state")),
        sa.CheckConstraint("state NOT IN ('in_hand', 'waiting') OR owner_id IS NOT NULL", name=op.f("ck_cases_owned")),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name=op.f("ck_cases_whole_place")),
        sa.ForeignKeyConstraint(["owner_id"], ["officers.id"], name=op.f("fk_cases_owner_id_officers")),
        sa.ForeignKeyConstraint(["traveller_id"], ["travellers.id"], name=op.f("fk_cases_traveller_id_travellers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(
        "ix_cases_due", "cases", ["priority", "id"], unique=False, postgresql_where=sa.text("state <> 'closed'")
    )
    op.create_index(
        "ix_cases_owner",
        "cases",
        ["owner_id", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index("ix_cases_source", "cases", ["source", "id"], unique=False)
    op.create_index("ix_cases_traveller", "cases", ["traveller_id", "id"], unique=False)
    op.create_index(
        "uq_cases_one_open",
        "cases",
        ["traveller_id", "source"],
        unique=True,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_table(
        "link_revocations",
        sa.Column("traveller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["traveller_id"], ["travellers.id"], name=op.f("fk_link_revocations_traveller_id_travellers")
        ),
        sa.PrimaryKeyConstraint("traveller_id", name=op.f("pk_link_revocations")),
    )
    op.create_table(
        "relatives",
        sa.Column("traveller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["traveller_id"], ["travellers.id"], name=op.f("fk_relatives_traveller_id_travellers")),
        sa.PrimaryKeyConstraint("traveller_id", name=op.f("pk_relatives")),
    )
    op.create_table(
        "standings",
        sa.Column("alert_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("traveller_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answer_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=4), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["traveller_id"], ["travellers.id"], name=op.f("fk_standings_traveller_id_travellers")),
        sa.PrimaryKeyConstraint("alert_id", "traveller_id", name=op.f("pk_standings")),
    )
    op.create_index(
        "ix_standings_cell",
        "standings",
        ["alert_id", "status", "cell"],
        unique=False,
        postgresql_where=sa.text("cell IS NOT NULL"),
    )
    op.create_index("ix_standings_status", "standings", ["alert_id", "status", "traveller_id"], unique=False)
    op.create_table(
        "unclear_texts",
        sa.Column("inbound_text_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inbound_text_id"], ["inbound_texts.id"], name=op.f("fk_unclear_texts_inbound_text_id_inbound_texts")
        ),
        sa.PrimaryKeyConstraint("inbound_text_id", name=op.f("pk_unclear_texts")),
    )
    op.create_index(op.f("ix_unclear_texts_alert_id"), "unclear_texts", ["alert_id"], unique=False)
    op.create_table(
        "board_minutes",
        sa.Column("alert_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("safe", sa.Integer(), nullable=False),
        sa.Column("help", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_board_minutes_alert_id_alerts")),
        sa.PrimaryKeyConstraint("alert_id", "minute", name=op.f("pk_board_minutes")),
    )
    op.create_table(
        "case_contacts",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), server_default="", nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_contacts_case_id_cases")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_case_contacts_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_contacts")),
    )
    op.create_index("ix_case_contacts_case_id", "case_contacts", ["case_id", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_case_contacts_case_id", table_name="case_contacts")
    op.drop_table("case_contacts")
    op.drop_table("board_minutes")
    op.drop_index(op.f("ix_unclear_texts_alert_id"), table_name="unclear_texts")
    op.drop_table("unclear_texts")
    op.drop_index("ix_standings_status", table_name="standings")
    op.drop_index("ix_standings_cell", table_name="standings", postgresql_where=sa.text("cell IS NOT NULL"))
    op.drop_table("standings")
    op.drop_table("relatives")
    op.drop_table("link_revocations")
    op.drop_index("uq_cases_one_open", table_name="cases", postgresql_where=sa.text("state <> 'closed'"))
    op.drop_index("ix_cases_traveller", table_name="cases")
    op.drop_index("ix_cases_source", table_name="cases")
    op.drop_index("ix_cases_owner", table_name="cases", postgresql_where=sa.text("state <> 'closed'"))
    op.drop_index("ix_cases_due", table_name="cases", postgresql_where=sa.text("state <> 'closed'"))
    op.drop_table("cases")
    op.drop_table("answers")
    op.drop_table("answer_tallies")
