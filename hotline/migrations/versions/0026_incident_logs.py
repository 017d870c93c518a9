"""Incidents get a version, a log that is only ever added to, and a team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of an incident is append-only';
END $$;
CREATE TRIGGER incident_log_append_only BEFORE UPDATE OR DELETE ON incident_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change();
"""


def upgrade() -> None:
    """Add the tables and the column."""
    op.add_column("incidents", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_index(
        "uq_incidents_source",
        "incidents",
        ["source"],
        unique=True,
        postgresql_where=sa.text("source <> '' AND state = 'open'"),
    )
    op.create_table(
        "incident_log",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("corrects_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('note', 'fact')", name=op.f("ck_incident_log_kind")),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_incident_log_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["incident_log.id"], name=op.f("fk_incident_log_corrects_id_incident_log")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_log_incident_id_incidents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_log")),
    )
    op.create_index("ix_incident_log_incident_id", "incident_log", ["incident_id", "id"])
    op.create_index("uq_incident_log_corrects", "incident_log", ["corrects_id"], unique=True)
    op.execute(APPEND_ONLY)
    op.create_table(
        "incident_team",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "part IN ('lead', 'deputy', 'alerts', 'calls', 'volunteers', 'missions', 'partners', 'press', 'log')",
            name=op.f("ck_incident_team_part"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_incident_team_by_id_officers")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_team_incident_id_incidents")),
        sa.ForeignKeyConstraint(["officer_id"], ["officers.id"], name=op.f("fk_incident_team_officer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_team")),
    )
    op.create_index("ix_incident_team_incident_id", "incident_team", ["incident_id"])
    op.create_index(
        "uq_incident_team_now",
        "incident_team",
        ["incident_id", "officer_id", "part"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("incident_team")
    op.drop_table("incident_log")
    op.execute("DROP FUNCTION refuse_log_change()")
    op.drop_index("uq_incidents_source", "incidents")
    op.drop_column("incidents", "version")
