"""What needs attention in the centre (promises, given-up callbacks, dead numbers), and links of persons that were ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "person_link_revocations",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_person_link_revocations_person_id_persons")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_link_revocations")),
    )
    op.create_table(
        "attention_items",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("ref", sa.String(length=80), nullable=False),
        sa.Column("callback_id", sa.BigInteger(), nullable=True),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "kind IN ('soon', 'overdue', 'given_up', 'number_dead')", name=op.f("ck_attention_items_kind")
        ),
        sa.CheckConstraint("(callback_id IS NULL) <> (agent_id IS NULL)", name=op.f("ck_attention_items_about_one")),
        sa.CheckConstraint("(kind = 'number_dead') = (agent_id IS NOT NULL)", name=op.f("ck_attention_items_agent")),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by_id IS NULL)", name=op.f("ck_attention_items_acknowledged")
        ),
        sa.ForeignKeyConstraint(
            ["acknowledged_by_id"], ["officers.id"], name=op.f("fk_attention_items_acknowledged_by_id_officers")
        ),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_attention_items_agent_id_agents")),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name=op.f("fk_attention_items_callback_id_callbacks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attention_items")),
        sa.UniqueConstraint("ref", name=op.f("uq_attention_items_ref")),
    )
    op.create_index("ix_attention_items_callback_id", "attention_items", ["callback_id"])
    op.create_index("ix_attention_items_agent_id", "attention_items", ["agent_id"])


def downgrade() -> None:
    """Drop the tables; what was acknowledged and ended stays on the audit trail."""
    op.drop_table("attention_items")
    op.drop_table("person_link_revocations")
