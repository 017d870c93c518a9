"""Weekly test calls of missions' lines with their rounds and alarms; training calls with scenarios and score sheets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _tests()
    _training()


def _tests() -> None:
    op.create_table(
        "line_test_rounds",
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('open','finished')", name=op.f("ck_line_test_rounds_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_test_rounds")),
        sa.UniqueConstraint("week", name=op.f("uq_line_test_rounds_week")),
    )
    op.create_table(
        "line_tests",
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=True),
        sa.Column("repeat_of_id", sa.BigInteger(), nullable=True),
        sa.Column("started_by_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("sender", sa.String(length=20), server_default="", nullable=False),
        sa.Column("provider_sid", sa.String(length=64), nullable=True),
        sa.Column("leg_word", sa.String(length=12), server_default="", nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_call_id", sa.BigInteger(), nullable=True),
        sa.Column("recognised_how", sa.String(length=16), server_default="", nullable=False),
        sa.Column("greeted_mission_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=20), server_default="", nullable=False),
        sa.Column("error_code", sa.String(length=10), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'failed') = (reason <> '')", name=op.f("ck_line_tests_reason")),
        sa.CheckConstraint(
            "(state IN ('passed','failed')) = (finished_at IS NOT NULL)", name=op.f("ck_line_tests_finished")
        ),
        sa.CheckConstraint(
            "state IN ('planned','placing','doubt','ringing','arrived','passed','failed')",
            name=op.f("ck_line_tests_state"),
        ),
        sa.ForeignKeyConstraint(["arrived_call_id"], ["calls.id"], name=op.f("fk_line_tests_arrived_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["greeted_mission_id"], ["missions.id"], name=op.f("fk_line_tests_greeted_mission_id_missions")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["mission_lines.id"], name=op.f("fk_line_tests_line_id_mission_lines")),
        sa.ForeignKeyConstraint(
            ["repeat_of_id"], ["line_tests.id"], name=op.f("fk_line_tests_repeat_of_id_line_tests")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["line_test_rounds.id"], name=op.f("fk_line_tests_round_id_line_test_rounds")
        ),
        sa.ForeignKeyConstraint(["started_by_id"], ["officers.id"], name=op.f("fk_line_tests_started_by_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_tests")),
        sa.UniqueConstraint("arrived_call_id", name=op.f("uq_line_tests_arrived_call_id")),
        sa.UniqueConstraint("provider_sid", name=op.f("uq_line_tests_provider_sid")),
    )
    op.create_index(
        "ix_line_tests_due",
        "line_tests",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('passed','failed')"),
    )
    op.create_index("ix_line_tests_line", "line_tests", ["line_id", "id"], unique=False)
    op.create_index("ix_line_tests_placed_at", "line_tests", ["placed_at"], unique=False)
    op.create_index(
        "uq_line_tests_active",
        "line_tests",
        ["line_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('placing','doubt','ringing','arrived')"),
    )
    op.create_index("uq_line_tests_repeat", "line_tests", ["repeat_of_id"], unique=True)
    op.create_index(
        "uq_line_tests_round",
        "line_tests",
        ["round_id", "line_id"],
        unique=True,
        postgresql_where=sa.text("repeat_of_id IS NULL"),
    )
    op.create_table(
        "line_alarms",
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("test_id", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by_test_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["mission_lines.id"], name=op.f("fk_line_alarms_line_id_mission_lines")),
        sa.ForeignKeyConstraint(
            ["resolved_by_test_id"], ["line_tests.id"], name=op.f("fk_line_alarms_resolved_by_test_id_line_tests")
        ),
        sa.ForeignKeyConstraint(["test_id"], ["line_tests.id"], name=op.f("fk_line_alarms_test_id_line_tests")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_alarms")),
    )
    op.create_index(
        "uq_line_alarms_standing",
        "line_alarms",
        ["line_id"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )


def _training() -> None:
    op.create_table(
        "training_scenarios",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title_ko", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.Column("text_ko", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_scenarios")),
        sa.UniqueConstraint("code", name=op.f("uq_training_scenarios_code")),
    )
    op.create_table(
        "training_calls",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("trainee_id", sa.BigInteger(), nullable=False),
        sa.Column("trainer_id", sa.BigInteger(), nullable=False),
        sa.Column("scenario_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total", sa.SmallInteger(), nullable=True),
        sa.Column("follow_up", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(state = 'held') = (total IS NOT NULL AND held_at IS NOT NULL)", name=op.f("ck_training_calls_held")
        ),
        sa.CheckConstraint("state IN ('scheduled','calling','held','cancelled')", name=op.f("ck_training_calls_state")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_training_calls_call_id_calls")),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_training_calls_mission_id_missions")),
        sa.ForeignKeyConstraint(
            ["scenario_id"], ["training_scenarios.id"], name=op.f("fk_training_calls_scenario_id_training_scenarios")
        ),
        sa.ForeignKeyConstraint(["trainee_id"], ["officers.id"], name=op.f("fk_training_calls_trainee_id_officers")),
        sa.ForeignKeyConstraint(["trainer_id"], ["officers.id"], name=op.f("fk_training_calls_trainer_id_officers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_calls")),
    )
    op.create_index("ix_training_calls_mission", "training_calls", ["mission_id", "scheduled_at"], unique=False)
    op.create_index("ix_training_calls_trainee", "training_calls", ["trainee_id", "scheduled_at"], unique=False)
    op.create_table(
        "training_scores",
        sa.Column("training_id", sa.BigInteger(), nullable=False),
        sa.Column("area", sa.String(length=14), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.String(length=500), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "area IN ('reachability','greeting','attitude','competence','closing')",
            name=op.f("ck_training_scores_area"),
        ),
        sa.CheckConstraint("score BETWEEN 0 AND 5", name=op.f("ck_training_scores_score")),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_calls.id"], name=op.f("fk_training_scores_training_id_training_calls")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_scores")),
        sa.UniqueConstraint("training_id", "area", name=op.f("uq_training_scores_training_id_area")),
    )


def downgrade() -> None:
    """Drop the tables; who started and scored what stays on the audit trail."""
    op.drop_table("training_scores")
    op.drop_table("line_alarms")
    op.drop_table("training_calls")
    op.drop_table("line_tests")
    op.drop_table("training_scenarios")
    op.drop_table("line_test_rounds")
