"""Briefings with tries, passes and lifts; knowledge tests; buddies; first level of agents and hard calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; everybody who is an agent so far is staff, and whoever waits for a senior is a hard call."""
    op.add_column("agents", sa.Column("first_level", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("queue_entries", sa.Column("hard", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute("UPDATE agents SET marks = array_append(marks, 'staff') WHERE NOT marks @> ARRAY['staff']")
    op.execute(
        "UPDATE queue_entries SET hard = true WHERE state IN ('waiting','reserved') AND (danger OR 'senior' = ANY(skills))"
    )
    _briefings()
    _tries()
    _tests()
    _buddies()


def _briefings() -> None:
    op.create_table(
        "briefing_versions",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("counts_from", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="draft", nullable=False),
        sa.Column("body_ko", sa.Text(), nullable=False),
        sa.Column("body_en", sa.Text(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edited", sa.Integer(), server_default="1", nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)", name=op.f("ck_briefing_versions_published")
        ),
        sa.CheckConstraint("state IN ('draft','published')", name=op.f("ck_briefing_versions_state")),
        sa.CheckConstraint(
            "number >= 1 AND counts_from BETWEEN 1 AND number", name=op.f("ck_briefing_versions_numbers")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["officers.id"], name=op.f("fk_briefing_versions_author_id_officers")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_briefing_versions_incident_id_incidents")
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["officers.id"], name=op.f("fk_briefing_versions_published_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefing_versions")),
        sa.UniqueConstraint("incident_id", "number", name=op.f("uq_briefing_versions_incident_id_number")),
    )
    op.create_index(
        "ix_briefing_versions_published",
        "briefing_versions",
        ["incident_id", sa.text("number DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_index(
        "uq_briefing_versions_draft",
        "briefing_versions",
        ["incident_id"],
        unique=True,
        postgresql_where=sa.text("state = 'draft'"),
    )


def _tries() -> None:
    op.create_table(
        "briefing_lifts",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("after_try", sa.SmallInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("note <> ''", name=op.f("ck_briefing_lifts_note")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_briefing_lifts_agent_id_agents")),
        sa.ForeignKeyConstraint(["by_id"], ["officers.id"], name=op.f("fk_briefing_lifts_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["briefing_versions.id"], name=op.f("fk_briefing_lifts_version_id_briefing_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefing_lifts")),
        sa.UniqueConstraint(
            "version_id", "agent_id", "after_try", name=op.f("uq_briefing_lifts_version_id_agent_id_after_try")
        ),
    )
    op.create_table(
        "briefing_passes",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_briefing_passes_agent_id_agents")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_briefing_passes_incident_id_incidents")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["briefing_versions.id"], name=op.f("fk_briefing_passes_version_id_briefing_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefing_passes")),
        sa.UniqueConstraint("version_id", "agent_id", name=op.f("uq_briefing_passes_version_id_agent_id")),
    )
    op.create_index(
        "ix_briefing_passes_agent_id", "briefing_passes", ["agent_id", "incident_id", "version_number"], unique=False
    )
    op.create_table(
        "briefing_tries",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rights", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("rights BETWEEN 0 AND 3", name=op.f("ck_briefing_tries_rights")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_briefing_tries_agent_id_agents")),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_briefing_tries_incident_id_incidents")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["briefing_versions.id"], name=op.f("fk_briefing_tries_version_id_briefing_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_briefing_tries")),
        sa.UniqueConstraint(
            "version_id", "agent_id", "number", name=op.f("uq_briefing_tries_version_id_agent_id_number")
        ),
    )
    op.create_index("ix_briefing_tries_agent_id", "briefing_tries", ["agent_id", "incident_id"], unique=False)


def _tests() -> None:
    op.create_table(
        "knowledge_tests",
        sa.Column("name_ko", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("skill", sa.String(length=30), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("pass_percent", sa.SmallInteger(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("wait_hours", sa.SmallInteger(), nullable=False),
        sa.Column("questions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("level BETWEEN 1 AND 5", name=op.f("ck_knowledge_tests_level")),
        sa.CheckConstraint("months BETWEEN 1 AND 60", name=op.f("ck_knowledge_tests_months")),
        sa.CheckConstraint("pass_percent BETWEEN 1 AND 100", name=op.f("ck_knowledge_tests_pass_percent")),
        sa.CheckConstraint("wait_hours BETWEEN 0 AND 8760", name=op.f("ck_knowledge_tests_wait_hours")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_tests")),
    )
    op.create_table(
        "knowledge_tries",
        sa.Column("test_id", sa.BigInteger(), nullable=False),
        sa.Column("volunteer_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rights", sa.SmallInteger(), nullable=False),
        sa.Column("asked", sa.SmallInteger(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("certificate_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("rights BETWEEN 0 AND asked", name=op.f("ck_knowledge_tries_rights")),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["volunteer_certificates.id"],
            name=op.f("fk_knowledge_tries_certificate_id_volunteer_certificates"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["test_id"], ["knowledge_tests.id"], name=op.f("fk_knowledge_tries_test_id_knowledge_tests")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"],
            ["volunteers.id"],
            name=op.f("fk_knowledge_tries_volunteer_id_volunteers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_tries")),
        sa.UniqueConstraint(
            "test_id", "volunteer_id", "number", name=op.f("uq_knowledge_tries_test_id_volunteer_id_number")
        ),
    )
    op.create_index("ix_knowledge_tries_volunteer_id", "knowledge_tries", ["volunteer_id", "test_id"], unique=False)


def _buddies() -> None:
    op.create_table(
        "buddies",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(length=12), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(until IS NULL) = (why = '')", name=op.f("ck_buddies_why")),
        sa.CheckConstraint("agent_id <> senior_id", name=op.f("ck_buddies_two")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_buddies_agent_id_agents")),
        sa.ForeignKeyConstraint(["senior_id"], ["agents.id"], name=op.f("fk_buddies_senior_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buddies")),
    )
    op.create_index(
        "ix_buddies_senior_id", "buddies", ["senior_id"], unique=False, postgresql_where=sa.text("until IS NULL")
    )
    op.create_index("uq_buddies_now", "buddies", ["agent_id"], unique=True, postgresql_where=sa.text("until IS NULL"))
    op.create_table(
        "listen_wishes",
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("senior_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "passed_over", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("state", sa.String(length=6), server_default="asked", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(length=12), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'over') = (ended_at IS NOT NULL)", name=op.f("ck_listen_wishes_ended")),
        sa.CheckConstraint("state IN ('asked','joined','over')", name=op.f("ck_listen_wishes_state")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_listen_wishes_agent_id_agents")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_listen_wishes_call_id_calls")),
        sa.ForeignKeyConstraint(["senior_id"], ["agents.id"], name=op.f("fk_listen_wishes_senior_id_agents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listen_wishes")),
    )
    op.create_index(
        "ix_listen_wishes_senior_id",
        "listen_wishes",
        ["senior_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'over'"),
    )
    op.create_index(
        "uq_listen_wishes_open", "listen_wishes", ["call_id"], unique=True, postgresql_where=sa.text("state <> 'over'")
    )


def downgrade() -> None:
    """Take them away again."""
    for table in (
        "listen_wishes", "buddies", "knowledge_tries", "knowledge_tests", "briefing_tries", "briefing_passes",
        "briefing_lifts", "briefing_versions",
    ):  # fmt: skip
        op.drop_table(table)
    op.execute(
        "UPDATE queue_entries SET need = array_to_string(array_remove(string_to_array(need, ' '), 'staff'), ' ') WHERE hard"
    )
    op.execute("UPDATE agents SET marks = array_remove(marks, 'staff')")
    op.drop_column("queue_entries", "hard")
    op.drop_column("agents", "first_level")
