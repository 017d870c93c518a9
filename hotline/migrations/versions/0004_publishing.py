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
    op.add_column("alerts", sa.Column("cap_signature", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.alter_column("alerts", "author_id", existing_type=sa.BigInteger(), nullable=True)


def downgrade() -> None:
    """Take back; a draft that a feed made gets whoever submitted it as its author, else the first officer."""
    op.execute(NAME_AN_AUTHOR)
    op.alter_column("alerts", "author_id", existing_type=sa.BigInteger(), nullable=False)
    op.drop_column("alerts", "cap_signature")
    op.drop_table("cap_signers")
    op.drop_table("cap_documents")
    op.execute("DROP FUNCTION refuse_document_change()")
