"""Missions as data: lines, hours, holidays, exceptions, open or closed by one tap, the duty chain, bulletins and staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and what is new of a mission."""
    _of_missions()
    _hours()
    _taps_and_bulletins()
    _people()


def _of_missions() -> None:
    op.add_column("missions", sa.Column("kind", sa.String(length=10), server_default="embassy", nullable=False))
    op.add_column(
        "missions", sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column(
        "missions", sa.Column("regions", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("missions", sa.Column("services_ko", sa.Text(), server_default="", nullable=False))
    op.add_column("missions", sa.Column("services_en", sa.Text(), server_default="", nullable=False))
    op.add_column("missions", sa.Column("email", sa.String(length=254), server_default="", nullable=False))
    op.add_column("missions", sa.Column("partner_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_missions_partner_id_missions"), "missions", "missions", ["partner_id"], ["id"])
    op.create_table(
        "mission_lines",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("pool_number", sa.String(length=16), nullable=True),
        sa.Column("return_number", sa.String(length=16), nullable=True),
        sa.Column("label", sa.String(length=80), server_default="", nullable=False),
        sa.Column("technique", sa.String(length=8), server_default="number", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "technique <> 'number' OR pool_number IS NOT NULL OR closed_at IS NOT NULL",
            name=op.f("ck_mission_lines_pool"),
        ),
        sa.CheckConstraint("technique IN ('webhook', 'number', 'sip')", name=op.f("ck_mission_lines_technique")),
        sa.CheckConstraint("return_number <> number", name=op.f("ck_mission_lines_returns_elsewhere")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_mission_lines_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission_lines")),
        sa.UniqueConstraint("number", name=op.f("uq_mission_lines_number")),
        sa.UniqueConstraint("pool_number", name=op.f("uq_mission_lines_pool_number")),
    )
    op.create_index("ix_mission_lines_mission_id", "mission_lines", ["mission_id"], unique=False)
    op.create_check_constraint(op.f("ck_missions_kind"), "missions", "kind IN ('embassy', 'consulate')")
    op.create_check_constraint(op.f("ck_missions_partner"), "missions", "partner_id <> id")


def _hours() -> None:
    op.create_table(
        "mission_exceptions",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hours", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["missions.id"], name=op.f("fk_mission_exceptions_mission_id_missions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission_exceptions")),
        sa.UniqueConstraint("mission_id", "day", name=op.f("uq_mission_exceptions_mission_id_day")),
    )
    op.create_table(
        "mission_holidays",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name_ko", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("calendar", sa.String(length=4), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("calendar IN ('host', 'home', 'own')", name=op.f("ck_mission_holidays_calendar")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_mission_holidays_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission_holidays")),
        sa.UniqueConstraint("mission_id", "day", "calendar", name=op.f("uq_mission_holidays_mission_id_day_calendar")),
    )
    op.create_table(
        "mission_hours",
        sa.Column("mission_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hours", sa.Text(), nullable=False),
        sa.Column("holiday_hours", sa.Text(), server_default="off", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_mission_hours_mission_id_missions")),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["officers.id"], name=op.f("fk_mission_hours_updated_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("mission_id", name=op.f("pk_mission_hours")),
    )


def _taps_and_bulletins() -> None:
    op.create_table(
        "mission_notices",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("text_ko", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_mission_notices_in_order")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_mission_notices_mission_id_missions")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_mission_notices_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission_notices")),
    )
    op.create_index(
        "ix_mission_notices_mission_id_valid_from", "mission_notices", ["mission_id", "valid_from"], unique=False
    )
    op.create_table(
        "mission_overrides",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("last", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('closed_now', 'open_now')", name=op.f("ck_mission_overrides_kind")),
        sa.CheckConstraint(
            "ends_at > starts_at AND (ended_at IS NULL OR ended_at >= starts_at)",
            name=op.f("ck_mission_overrides_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["officers.id"], name=op.f("fk_mission_overrides_ended_by_id_officers")
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_mission_overrides_mission_id_missions")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_mission_overrides_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission_overrides")),
    )
    op.create_index(
        "ix_mission_overrides_mission_id_ends_at", "mission_overrides", ["mission_id", "ends_at"], unique=False
    )
    op.create_index(
        "uq_mission_overrides_last", "mission_overrides", ["mission_id"], unique=True, postgresql_where=sa.text("last")
    )


def _people() -> None:
    op.create_table(
        "mission_duty",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("position >= 1", name=op.f("ck_mission_duty_position")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_mission_duty_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission_duty")),
        sa.UniqueConstraint("mission_id", "position", name=op.f("uq_mission_duty_mission_id_position")),
    )
    op.create_table(
        "mission_staff",
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_mission_staff_mission_id_missions")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_mission_staff_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission_staff")),
        sa.UniqueConstraint("officer_id", "mission_id", name=op.f("uq_mission_staff_officer_id_mission_id")),
    )
    op.create_index("ix_mission_staff_mission_id", "mission_staff", ["mission_id"], unique=False)


def downgrade() -> None:
    """Drop what was added; every change of it stays on the audit trail."""
    for table in ("staff", "duty", "notices", "overrides", "exceptions", "holidays", "hours", "lines"):
        op.drop_table(f"mission_{table}")
    op.drop_constraint(op.f("ck_missions_partner"), "missions", type_="check")
    op.drop_constraint(op.f("ck_missions_kind"), "missions", type_="check")
    op.drop_constraint(op.f("fk_missions_partner_id_missions"), "missions", type_="foreignkey")
    for column in ("partner_id", "email", "services_en", "services_ko", "regions", "languages", "kind"):
        op.drop_column("missions", column)
