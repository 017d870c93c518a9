"""Single texts outside alerts, and registration by the traveller."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    _notices()
    _phone_checks()
    _roaming()
    _arrivals()


def downgrade() -> None:
    """Take back."""
    for table in ("arrivals", "arrival_policies", "arrival_texts"):
        op.drop_table(table)
    for table in ("crossings", "roaming_days", "roaming_batches", "carrier_keys", "carriers"):
        op.drop_table(table)
    for table in ("phone_checks", "notice_receipts", "notice_attempts", "notices"):
        op.drop_table(table)


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.String(120), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("asked_for", sa.Boolean(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.Column("traveller_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(10), server_default="queued", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_sid", sa.String(64), nullable=True),
        sa.Column("provider_status", sa.String(20), nullable=True),
        sa.Column("error_code", sa.String(10), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "state IN ('queued','sending','in_doubt','sent','delivered','failed','lapsed')",
            name=op.f("ck_notices_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_notices_dedupe_key")),
    )
    op.create_index("ix_notices_waiting", "notices", ["priority", "id"], postgresql_where=sa.text("state = 'queued'"))
    op.create_index(
        "ix_notices_unsettled",
        "notices",
        ["lease_until"],
        postgresql_where=sa.text("state IN ('sending', 'in_doubt')"),
    )
    op.create_index(
        "ix_notices_provider_sid",
        "notices",
        ["provider_sid"],
        postgresql_where=sa.text("provider_sid IS NOT NULL"),
    )
    op.create_index("ix_notices_phone", "notices", ["phone", "id"])
    op.create_index("ix_notices_purpose", "notices", ["purpose", "id"])
    op.create_index(
        "ix_notices_traveller_id",
        "notices",
        ["traveller_id"],
        postgresql_where=sa.text("traveller_id IS NOT NULL"),
    )
    op.create_index("ix_notices_kept", "notices", ["created_at"], postgresql_where=sa.text("phone <> ''"))
    op.create_table(
        "notice_attempts",
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.String(20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(20), nullable=True),
        sa.Column("provider_sid", sa.String(64), nullable=True),
        sa.Column("error_code", sa.String(10), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_attempts")),
        sa.UniqueConstraint("notice_id", "number", name=op.f("uq_notice_attempts_notice_id_number")),
    )
    op.create_table(
        "notice_receipts",
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_sid", sa.String(64), nullable=False),
        sa.Column("provider_status", sa.String(20), nullable=False),
        sa.Column("error_code", sa.String(10), nullable=True),
        sa.Column("recipient", sa.String(20), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_receipts")),
    )


def _phone_checks() -> None:
    op.create_table(
        "phone_checks",
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("phone_region", sa.String(2), nullable=False),
        sa.Column("number_range", sa.String(16), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("wrong_tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wishes", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_checks")),
    )
    for columns in (
        ["phone", "created_at"],
        ["number_range", "created_at"],
        ["address_hash", "created_at"],
        ["created_at"],
    ):
        op.create_index(f"ix_phone_checks_{'_'.join(columns)}", "phone_checks", columns)


def _roaming() -> None:
    op.create_table(
        "carriers",
        sa.Column("code", sa.String(11), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("style", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carriers")),
        sa.UniqueConstraint("code", name=op.f("uq_carriers_code")),
    )
    op.create_table(
        "carrier_keys",
        sa.Column("carrier_id", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(24), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["carrier_id"], ["carriers.id"], name=op.f("fk_carrier_keys_carrier_id_carriers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier_keys")),
        sa.UniqueConstraint("key_id", name=op.f("uq_carrier_keys_key_id")),
    )
    op.create_index(op.f("ix_carrier_keys_carrier_id"), "carrier_keys", ["carrier_id"])
    op.create_table(
        "roaming_batches",
        sa.Column("carrier_id", sa.BigInteger(), nullable=False),
        sa.Column("call_hash", sa.String(64), nullable=False),
        sa.Column("events", postgresql.JSONB(), nullable=False),
        sa.Column("refused", sa.SmallInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roaming_batches")),
        sa.UniqueConstraint("carrier_id", "call_hash", name=op.f("uq_roaming_batches_carrier_id_call_hash")),
    )
    op.create_index(
        "ix_roaming_batches_waiting", "roaming_batches", ["id"], postgresql_where=sa.text("folded_at IS NULL")
    )
    op.create_index("ix_roaming_batches_received_at", "roaming_batches", ["received_at"])
    op.create_table(
        "roaming_days",
        sa.Column("carrier_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["carrier_id"], ["carriers.id"], name=op.f("fk_roaming_days_carrier_id_carriers")),
        sa.PrimaryKeyConstraint("carrier_id", "day", name=op.f("pk_roaming_days")),
    )
    op.create_table(
        "crossings",
        sa.Column("traveller_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("home", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("considered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crossings")),
        sa.UniqueConstraint("traveller_id", "at", "country", name=op.f("uq_crossings_traveller_id_at_country")),
    )
    op.create_index("ix_crossings_new", "crossings", ["id"], postgresql_where=sa.text("NOT considered"))
    op.create_index("ix_crossings_received_at", "crossings", ["received_at"])


def _arrivals() -> None:
    op.create_table(
        "arrival_texts",
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), server_default="draft", nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('draft','approved','withdrawn')", name=op.f("ck_arrival_texts_state")),
        sa.CheckConstraint("approved_by_id <> author_id", name=op.f("ck_arrival_texts_two_people")),
        sa.ForeignKeyConstraint(["author_id"], ["officers.id"], name=op.f("fk_arrival_texts_author_id_officers")),
        sa.ForeignKeyConstraint(
            ["approved_by_id"], ["officers.id"], name=op.f("fk_arrival_texts_approved_by_id_officers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival_texts")),
        sa.UniqueConstraint("country", "language", "version", name=op.f("uq_arrival_texts_country_language_version")),
    )
    op.create_index(
        "ix_arrival_texts_approved",
        "arrival_texts",
        ["country", "language"],
        unique=True,
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_table(
        "arrival_policies",
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("greets", sa.Boolean(), nullable=False),
        sa.Column("settle_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_days", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("settle_minutes BETWEEN 0 AND 720", name=op.f("ck_arrival_policies_settle")),
        sa.CheckConstraint("quiet_days BETWEEN 0 AND 90", name=op.f("ck_arrival_policies_quiet")),
        sa.PrimaryKeyConstraint("country", name=op.f("pk_arrival_policies")),
    )
    op.create_table(
        "arrivals",
        sa.Column("traveller_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(8), server_default="waiting", nullable=False),
        sa.Column("reason", sa.String(12), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("state IN ('waiting','greeted','passed')", name=op.f("ck_arrivals_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("phone", "country", "arrived_at", name=op.f("uq_arrivals_phone_country_arrived_at")),
    )
    op.create_index("ix_arrivals_waiting", "arrivals", ["due_at"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_index("ix_arrivals_decided_at", "arrivals", ["decided_at"])
    op.create_index("ix_arrivals_traveller_id", "arrivals", ["traveller_id"])
