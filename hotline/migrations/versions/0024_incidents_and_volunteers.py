"""Incidents, and the roster of volunteers with certificates, hours of the week and days away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _incidents()
    _volunteers()
    _times()


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("name_ko", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("place", sa.String(length=160), server_default="", nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("radius_km", sa.Float(), nullable=True),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("source", sa.String(length=40), server_default="", nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_incidents_closed")),
        sa.CheckConstraint(
            "kind IN ('earthquake', 'tsunami', 'storm', 'flood', 'volcano', 'fire', 'attack', 'unrest', 'war', 'accident', "
            "'epidemic', 'other')",
            name=op.f("ck_incidents_kind"),
        ),
        sa.CheckConstraint(
            "severity IN ('Extreme', 'Severe', 'Moderate', 'Minor', 'Unknown')", name=op.f("ck_incidents_severity")
        ),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_incidents_state")),
        sa.CheckConstraint(
            "(lat IS NULL) = (lon IS NULL) AND (lat IS NULL) = (radius_km IS NULL)", name=op.f("ck_incidents_place")
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["officers.id"], name=op.f("fk_incidents_opened_by_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_open", "incidents", ["id"], unique=False, postgresql_where=sa.text("state = 'open'"))


def _volunteers() -> None:
    op.create_table(
        "volunteers",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("phone_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("speaks", sa.String(length=2), server_default="ko", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("skills", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("zone", sa.String(length=60), server_default="Asia/Seoul", nullable=False),
        sa.Column("site", sa.String(length=80), server_default="", nullable=False),
        sa.Column("senior", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("drill", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("max_hours_day", sa.SmallInteger(), server_default="6", nullable=False),
        sa.Column("max_hours_week", sa.SmallInteger(), server_default="20", nullable=False),
        sa.Column("quiet_from", sa.SmallInteger(), server_default="1320", nullable=False),
        sa.Column("quiet_to", sa.SmallInteger(), server_default="420", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_words", sa.String(length=40), server_default="", nullable=False),
        sa.Column("state", sa.String(length=10), server_default="applied", nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("erased_at IS NULL OR (phone = '' AND name = '')", name=op.f("ck_volunteers_erased")),
        sa.CheckConstraint("speaks IN ('ko', 'en')", name=op.f("ck_volunteers_speaks")),
        sa.CheckConstraint("state <> 'approved' OR agent_id IS NOT NULL", name=op.f("ck_volunteers_agent")),
        sa.CheckConstraint("state <> 'approved' OR phone_verified_at IS NOT NULL", name=op.f("ck_volunteers_verified")),
        sa.CheckConstraint(
            "state IN ('applied', 'approved', 'suspended', 'refused', 'left')", name=op.f("ck_volunteers_state")
        ),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 1439 AND quiet_to BETWEEN 0 AND 1439", name=op.f("ck_volunteers_quiet")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_volunteers_agent_id_agents")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["officers.id"], name=op.f("fk_volunteers_decided_by_id_officers")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_volunteers_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteers")),
        sa.UniqueConstraint("officer_id", name=op.f("uq_volunteers_officer_id")),
    )
    op.create_index("ix_volunteers_agent_id", "volunteers", ["agent_id"], unique=True)
    op.create_index("ix_volunteers_state", "volunteers", ["state", "id"], unique=False)
    op.create_index(
        "uq_volunteers_phone",
        "volunteers",
        ["phone"],
        unique=True,
        postgresql_where=sa.text("phone <> '' AND state NOT IN ('left','refused')"),
    )


def _times() -> None:
    op.create_table(
        "volunteer_away",
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("first <= last", name=op.f("ck_volunteer_away_order")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"],
            ["volunteers.id"],
            name=op.f("fk_volunteer_away_volunteer_id_volunteers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer_away")),
    )
    op.create_index("ix_volunteer_away_volunteer_id", "volunteer_away", ["volunteer_id", "last"], unique=False)
    op.create_table(
        "volunteer_certificates",
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("skill", sa.String(length=30), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(length=60), server_default="", nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("issued_at < expires_at", name=op.f("ck_volunteer_certificates_period")),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_volunteer_certificates_level")),
        sa.ForeignKeyConstraint(
            ["kept_by_id"], ["officers.id"], name=op.f("fk_volunteer_certificates_kept_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"],
            ["volunteers.id"],
            name=op.f("fk_volunteer_certificates_volunteer_id_volunteers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer_certificates")),
    )
    op.create_index(
        "ix_volunteer_certificates_volunteer_id", "volunteer_certificates", ["volunteer_id", "expires_at"], unique=False
    )
    op.create_table(
        "volunteer_hours",
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("starts", sa.SmallInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("minutes BETWEEN 15 AND 1440", name=op.f("ck_volunteer_hours_minutes")),
        sa.CheckConstraint(
            "weekday BETWEEN 0 AND 6 AND starts BETWEEN 0 AND 1439", name=op.f("ck_volunteer_hours_starts")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"],
            ["volunteers.id"],
            name=op.f("fk_volunteer_hours_volunteer_id_volunteers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volunteer_hours")),
    )
    op.create_index("ix_volunteer_hours_volunteer_id", "volunteer_hours", ["volunteer_id"], unique=False)


def downgrade() -> None:
    """Take them away again."""
    for table in ("volunteer_hours", "volunteer_certificates", "volunteer_away", "volunteers", "incidents"):
        op.drop_table(table)
