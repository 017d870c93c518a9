"""Sanctions lists in versions, what was compared with them, findings, and the rules against fraud."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "sanction_lists",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("layout", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,19}$'", name=op.f("ck_sanction_lists_code")),
        sa.ForeignKeyConstraint(
            ["imported_by_id"], ["officers.id"], name=op.f("fk_sanction_lists_imported_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanction_lists")),
    )
    op.create_index("ix_sanction_lists_code", "sanction_lists", ["code", "id"], unique=False)
    op.create_table(
        "screening_rules",
        sa.Column("numbers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["kept_by_id"], ["officers.id"], name=op.f("fk_screening_rules_kept_by_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_rules")),
    )
    op.create_table(
        "sanction_entries",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("aliases", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("born", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("country", sa.String(length=60), nullable=False),
        sa.Column("programme", sa.String(length=200), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=False),
        sa.Column("from_list_id", sa.BigInteger(), nullable=False),
        sa.Column("until_list_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'body', 'thing')", name=op.f("ck_sanction_entries_kind")),
        sa.ForeignKeyConstraint(
            ["from_list_id"], ["sanction_lists.id"], name=op.f("fk_sanction_entries_from_list_id_sanction_lists")
        ),
        sa.ForeignKeyConstraint(
            ["until_list_id"], ["sanction_lists.id"], name=op.f("fk_sanction_entries_until_list_id_sanction_lists")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanction_entries")),
    )
    op.create_index(
        "ix_sanction_entries_now",
        "sanction_entries",
        ["code", "reference"],
        unique=True,
        postgresql_where=sa.text("until_list_id IS NULL"),
    )
    op.create_table(
        "sanction_names",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("live", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["sanction_entries.id"], name=op.f("fk_sanction_names_entry_id_sanction_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanction_names")),
    )
    op.create_index("ix_sanction_names_entry_id", "sanction_names", ["entry_id"], unique=False)
    op.create_index(
        "ix_sanction_names_keys",
        "sanction_names",
        ["keys"],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("live"),
    )
    op.create_table(
        "screening_checks",
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("name_digest", sa.String(length=40), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("best_tenths", sa.SmallInteger(), nullable=False),
        sa.Column("hits", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("role IN ('payee', 'payer', 'depositor')", name=op.f("ck_screening_checks_role")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["sanction_lists.id"], name=op.f("fk_screening_checks_list_id_sanction_lists")
        ),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_screening_checks_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_checks")),
        sa.UniqueConstraint(
            "remittance_id",
            "role",
            "name_digest",
            "list_id",
            name=op.f("uq_screening_checks_remittance_id_role_name_digest_list_id"),
        ),
    )
    op.create_index("ix_screening_checks_name", "screening_checks", ["role", "name_digest", "at"], unique=False)
    op.create_table(
        "screening_findings",
        sa.Column("remittance_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="open", nullable=False),
        sa.Column("role", sa.String(length=10), server_default="", nullable=False),
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("listed_name", sa.String(length=300), server_default="", nullable=False),
        sa.Column("score_tenths", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("born", sa.String(length=8), server_default="", nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("pair", sa.String(length=64), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_screening_findings_decided")),
        sa.CheckConstraint(
            "role = '' OR role IN ('payee', 'payer', 'depositor')", name=op.f("ck_screening_findings_role")
        ),
        sa.CheckConstraint("severity IN ('note', 'hold')", name=op.f("ck_screening_findings_severity")),
        sa.CheckConstraint("state IN ('open', 'cleared', 'confirmed')", name=op.f("ck_screening_findings_state")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id IS DISTINCT FROM raised_by_id",
            name=op.f("ck_screening_findings_four_eyes"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["officers.id"], name=op.f("fk_screening_findings_decided_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["sanction_entries.id"], name=op.f("fk_screening_findings_entry_id_sanction_entries")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_screening_findings_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["raised_by_id"], ["officers.id"], name=op.f("fk_screening_findings_raised_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_screening_findings_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_findings")),
        sa.UniqueConstraint(
            "remittance_id", "kind", "pair", name=op.f("uq_screening_findings_remittance_id_kind_pair")
        ),
    )
    op.create_index(
        "ix_screening_findings_pair",
        "screening_findings",
        ["pair"],
        unique=False,
        postgresql_where=sa.text("state = 'cleared'"),
    )
    op.create_index("ix_screening_findings_state", "screening_findings", ["state", "id"], unique=False)
    op.create_table(
        "screening_marks",
        sa.Column("remittance_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("rules_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["remittance_id"], ["remittances.id"], name=op.f("fk_screening_marks_remittance_id_remittances")
        ),
        sa.PrimaryKeyConstraint("remittance_id", name=op.f("pk_screening_marks")),
    )


def downgrade() -> None:
    """Remove them, with the indexes on them."""
    op.drop_table("screening_marks")
    op.drop_table("screening_findings")
    op.drop_table("screening_checks")
    op.drop_table("sanction_names")
    op.drop_table("sanction_entries")
    op.drop_table("screening_rules")
    op.drop_table("sanction_lists")
