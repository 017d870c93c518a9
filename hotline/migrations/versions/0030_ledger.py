"""The books: accounts, journals, postings, seals, months, and the triggers that hold what must hold whoever writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from hotline.people.models import Xid8

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KEPT = ("ledger_accounts", "ledger_journals", "ledger_postings", "ledger_seals", "ledger_carried")
APPEND_ONLY = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books are append-only: % of % is refused; a correction is a reversal', TG_OP, TG_TABLE_NAME;
END $$;
"""
# The lock is shared by all who post and taken alone by the one who closes: a closing waits for postings under way,
# and later ones see it. 5067081 is this lock's own number (see remittance.ledger.posting).
JOURNALS = """
CREATE FUNCTION ledger_journal_comes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(5067081);
    SELECT max(period) INTO closed FROM ledger_months WHERE state = 'closed';
    IF NEW.period <= closed THEN
        RAISE EXCEPTION 'the books of % are closed up to %', NEW.period, closed USING ERRCODE = 'LG001';
    END IF;
    NEW.txid := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_journals_come BEFORE INSERT ON ledger_journals
    FOR EACH ROW EXECUTE FUNCTION ledger_journal_comes();

CREATE FUNCTION ledger_journal_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM ledger_postings WHERE journal_id = NEW.id) < 2 THEN
        RAISE EXCEPTION 'journal % has fewer than two postings', NEW.id USING ERRCODE = 'LG002';
    END IF;
    IF NEW.reverses_id IS NOT NULL AND (
        EXISTS (SELECT FROM ledger_journals WHERE id = NEW.reverses_id AND reverses_id IS NOT NULL)
        OR EXISTS (
            SELECT FROM ledger_postings WHERE journal_id IN (NEW.id, NEW.reverses_id)
             GROUP BY account_id, abs(minor) HAVING sum(minor) <> 0 OR count(*) % 2 <> 0
        )
    ) THEN
        RAISE EXCEPTION 'journal % is not the opposite of journal %', NEW.id, NEW.reverses_id USING ERRCODE = 'LG003';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_journals_whole AFTER INSERT ON ledger_journals
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_journal_is_whole();
"""
POSTINGS = """
CREATE FUNCTION ledger_postings_come() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM fresh JOIN ledger_journals j ON j.id = fresh.journal_id WHERE j.txid <> pg_current_xact_id()
    ) THEN
        RAISE EXCEPTION 'a journal of an earlier transaction takes no postings' USING ERRCODE = 'LG004';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_postings_come AFTER INSERT ON ledger_postings REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_postings_come();

CREATE FUNCTION ledger_journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_postings WHERE journal_id = NEW.journal_id GROUP BY currency HAVING sum(minor) <> 0
    ) THEN
        RAISE EXCEPTION 'journal % does not sum to zero in each currency', NEW.journal_id USING ERRCODE = 'LG005';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_postings_balance AFTER INSERT ON ledger_postings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_journal_balances();
"""
MONTHS = """
CREATE FUNCTION ledger_month_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE closed text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a month of the books is never removed';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state = 'closed' OR OLD.period <> NEW.period) THEN
        RAISE EXCEPTION 'month % is closed and never opened again', OLD.period;
    END IF;
    IF NEW.state = 'closed' THEN
        PERFORM pg_advisory_xact_lock(5067081);
        SELECT max(period) INTO closed FROM ledger_months WHERE state = 'closed';
        IF NEW.period < closed THEN
            RAISE EXCEPTION 'months close in order, and % is closed', closed;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_months_change BEFORE INSERT OR UPDATE OR DELETE ON ledger_months
    FOR EACH ROW EXECUTE FUNCTION ledger_month_changes();
CREATE TRIGGER ledger_months_stay BEFORE TRUNCATE ON ledger_months
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""
FUNCTIONS = (
    "ledger_month_changes", "ledger_journal_balances", "ledger_postings_come", "ledger_journal_is_whole",
    "ledger_journal_comes", "ledger_refuse_change",
)  # fmt: skip


def upgrade() -> None:
    """Add the tables and what guards them."""
    _tables()
    for statement in (APPEND_ONLY, JOURNALS, POSTINGS, MONTHS):
        op.execute(statement)
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
        )


def _tables() -> None:
    op.create_table(
        "ledger_journals",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("about_kind", sa.String(length=40), server_default="", nullable=False),
        sa.Column("about_id", sa.BigInteger(), nullable=True),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("txid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("memo <> ''", name=op.f("ck_ledger_journals_memo")),
        sa.CheckConstraint("period ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'", name=op.f("ck_ledger_journals_period")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_journals.id"], name=op.f("fk_ledger_journals_reverses_id_ledger_journals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_journals")),
        sa.UniqueConstraint("id", "period", name=op.f("uq_ledger_journals_id_period")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_journals_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_ledger_journals_reverses_id")),
    )
    op.create_index("ix_ledger_journals_about", "ledger_journals", ["about_kind", "about_id"], unique=False)
    op.create_index("ix_ledger_journals_period", "ledger_journals", ["period", "id"], unique=False)
    op.create_table(
        "ledger_accounts",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=True),
        sa.Column("reference", sa.String(length=40), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('mission_cash', 'mission_settlement')) = (mission_id IS NOT NULL)",
            name=op.f("ck_ledger_accounts_mission"),
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_ledger_accounts_currency")),
        sa.CheckConstraint(
            "kind IN ('bank', 'mission_cash', 'mission_settlement', 'suspense', "
            "'deposits_held', 'payouts_due', 'fees', 'rounding', 'fx')",
            name=op.f("ck_ledger_accounts_kind"),
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["missions.id"], name=op.f("fk_ledger_accounts_mission_id_missions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_ledger_accounts_id_currency")),
        sa.UniqueConstraint(
            "kind",
            "currency",
            "mission_id",
            "reference",
            name=op.f("uq_ledger_accounts_kind_currency_mission_id_reference"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_ledger_accounts_mission_id", "ledger_accounts", ["mission_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("journal_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(state = 'posted') = (journal_id IS NOT NULL)", name=op.f("ck_ledger_entries_posted")),
        sa.CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_ledger_entries_decided")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_ledger_entries_reason")),
        sa.CheckConstraint(
            "state <> 'posted' OR decided_by_id <> asked_by_id", name=op.f("ck_ledger_entries_four_eyes")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'posted', 'refused', 'withdrawn')", name=op.f("ck_ledger_entries_state")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["officers.id"], name=op.f("fk_ledger_entries_asked_by_id_officers")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["officers.id"], name=op.f("fk_ledger_entries_decided_by_id_officers")
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["ledger_journals.id"], name=op.f("fk_ledger_entries_journal_id_ledger_journals")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_journals.id"], name=op.f("fk_ledger_entries_reverses_id_ledger_journals")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_ledger_entries_journal_id")),
    )
    op.create_index(
        "ix_ledger_entries_waiting",
        "ledger_entries",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "ledger_months",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), server_default="", nullable=False),
        sa.Column("head", sa.String(length=64), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_ledger_months_closed")),
        sa.CheckConstraint("period ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'", name=op.f("ck_ledger_months_period")),
        sa.CheckConstraint("state = 'open' OR asked_by_id IS NOT NULL", name=op.f("ck_ledger_months_asked")),
        sa.CheckConstraint("state IN ('open', 'asked', 'closed')", name=op.f("ck_ledger_months_state")),
        sa.CheckConstraint("closed_by_id <> asked_by_id", name=op.f("ck_ledger_months_four_eyes")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["officers.id"], name=op.f("fk_ledger_months_asked_by_id_officers")),
        sa.ForeignKeyConstraint(["closed_by_id"], ["officers.id"], name=op.f("fk_ledger_months_closed_by_id_officers")),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_ledger_months")),
    )
    op.create_table(
        "ledger_seals",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["ledger_journals.id"], name=op.f("fk_ledger_seals_journal_id_ledger_journals")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_seals")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_ledger_seals_journal_id")),
    )
    op.create_table(
        "ledger_carried",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=False),
        sa.Column("credit", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("debit >= 0 AND credit >= 0", name=op.f("ck_ledger_carried_turnover")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_carried_account_id_ledger_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["period"], ["ledger_months.period"], name=op.f("fk_ledger_carried_period_ledger_months")
        ),
        sa.PrimaryKeyConstraint("period", "account_id", name=op.f("pk_ledger_carried")),
    )
    op.create_table(
        "ledger_postings",
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "minor <> 0 AND minor BETWEEN -1000000000000000 AND 1000000000000000", name=op.f("ck_ledger_postings_minor")
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "currency"],
            ["ledger_accounts.id", "ledger_accounts.currency"],
            name=op.f("fk_ledger_postings_account_id_ledger_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["journal_id", "period"],
            ["ledger_journals.id", "ledger_journals.period"],
            name=op.f("fk_ledger_postings_journal_id_ledger_journals"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_postings")),
    )
    op.create_index(
        "ix_ledger_postings_account_id",
        "ledger_postings",
        ["account_id", "period", "id"],
        unique=False,
        postgresql_include=["minor"],
    )
    op.create_index("ix_ledger_postings_journal_id", "ledger_postings", ["journal_id"], unique=False)


def downgrade() -> None:
    """Take them away again."""
    for table in ("ledger_entries", "ledger_carried", "ledger_months", "ledger_seals", "ledger_postings", "ledger_journals",
                  "ledger_accounts"):  # fmt: skip
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
