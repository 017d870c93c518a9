"""Published CAP documents and the feeds that are polled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME_AN_AUTHOR = """
UPDATE alerts SET author_id = coalesce(submitted_by_id, (SELECT min(id) FROM officers)) WHERE author_id IS NULL
"""
DOCUMENTS_STAY = """
CREATE FUNCTION refuse_document_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'published documents never change';
END $$;
CREATE TRIGGER cap_documents_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON cap_documents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_document_change();
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cap_documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("msg_type", sa.String(length=10), nullable=False),
        sa.Column("identifier", sa.String(length=120), nullable=False),
        sa.Column("sender", sa.String(length=300), nullable=False),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("msg_type IN ('Alert','Update','Cancel')", name=op.f("ck_cap_documents_msg_type")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_cap_documents_alert_id_alerts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cap_documents")),
        sa.UniqueConstraint("alert_id", "msg_type", name=op.f("uq_cap_documents_alert_id_msg_type")),
        sa.UniqueConstraint("identifier", name=op.f("uq_cap_documents_identifier")),
    )
    op.execute(DOCUMENTS_STAY)
    op.create_table(
        "cap_signers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cap_signers")),
    )
    op.create_index(
        "uq_cap_signers_fingerprint_trusted", "cap_signers", ["fingerprint"], unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )  # fmt: skip
    _create_feeds()
    op.add_column("alerts", sa.Column("cap_signature", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.alter_column("alerts", "author_id", existing_type=sa.BigInteger(), nullable=True)


def downgrade() -> None:
    """Take back; a draft that a feed made gets whoever submitted it as its author, else the first officer."""
    op.execute(NAME_AN_AUTHOR)
    op.alter_column("alerts", "author_id", existing_type=sa.BigInteger(), nullable=False)
    op.drop_column("alerts", "cap_signature")
    op.drop_table("cap_signers")
    for table in ("feed_sightings", "feed_hazards", "feed_sources"):
        op.drop_table(table)
    op.drop_table("cap_documents")
    op.execute("DROP FUNCTION refuse_document_change()")


def _create_feeds() -> None:
    op.create_table(
        "feed_sources",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("threshold", sa.String(length=10), nullable=False),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("etag", sa.String(length=300), nullable=True),
        sa.Column("last_modified", sa.String(length=100), nullable=True),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=True),
        sa.Column("unreadable", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('cap','gdacs','usgs')", name=op.f("ck_feed_sources_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_sources")),
        sa.UniqueConstraint("url", name=op.f("uq_feed_sources_url")),
    )
    op.create_index("ix_feed_sources_due", "feed_sources", ["next_poll_at"], postgresql_where=sa.text("enabled"))
    op.create_table(
        "feed_hazards",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("magnitude", sa.Double(), nullable=True),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.Column("draft_version", sa.Integer(), nullable=True),
        sa.Column("drafted", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_feed_hazards_alert_id_alerts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_hazards")),
        sa.UniqueConstraint("alert_id", name=op.f("uq_feed_hazards_alert_id")),
    )
    op.create_index("ix_feed_hazards_kind_occurred_at", "feed_hazards", ["kind", "occurred_at"])
    op.create_table(
        "feed_sightings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=False),
        sa.Column("hazard_id", sa.BigInteger(), nullable=True),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.Column("stamp", sa.String(length=64), server_default="", nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("place", sa.String(length=200), server_default="", nullable=False),
        sa.Column("magnitude", sa.Double(), nullable=True),
        sa.Column("level", sa.String(length=10), server_default="", nullable=False),
        sa.Column("severity", sa.String(length=16), server_default="", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("url", sa.String(length=500), server_default="", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_feed_sightings_alert_id_alerts")),
        sa.ForeignKeyConstraint(
            ["hazard_id"], ["feed_hazards.id"], name=op.f("fk_feed_sightings_hazard_id_feed_hazards")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["feed_sources.id"], name=op.f("fk_feed_sightings_source_id_feed_sources")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_sightings")),
        sa.UniqueConstraint("source_id", "external_id", name=op.f("uq_feed_sightings_source_id_external_id")),
    )
    op.create_index("ix_feed_sightings_hazard_id", "feed_sightings", ["hazard_id"])
    op.create_index("ix_feed_sightings_alert_id", "feed_sightings", ["alert_id"])
