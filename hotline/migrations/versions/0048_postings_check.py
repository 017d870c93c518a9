"""A posting is checked against its own journal alone: joined with all of them, each check read the whole table.

The trigger of migration 0030 joined a transition table with the journals. Its plan was made while the books were small and
kept by each connection, so that it scanned all journals at each posting until the table's statistics were renewed.
"""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

BALANCES = """
CREATE OR REPLACE FUNCTION ledger_journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {own}IF EXISTS (
        SELECT FROM ledger_postings WHERE journal_id = NEW.journal_id GROUP BY currency HAVING sum(minor) <> 0
    ) THEN
        RAISE EXCEPTION 'journal % does not sum to zero in each currency', NEW.journal_id USING ERRCODE = 'LG005';
    END IF;
    RETURN NULL;
END $$;
"""
OWN = """IF NOT EXISTS (SELECT FROM ledger_journals WHERE id = NEW.journal_id AND txid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'a journal of an earlier transaction takes no postings' USING ERRCODE = 'LG004';
    END IF;
    """
COME = """
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
"""


def upgrade() -> None:
    """Let the deferred check of each posting look at its journal too, and drop the check of each statement."""
    op.execute("DROP TRIGGER ledger_postings_come ON ledger_postings; DROP FUNCTION ledger_postings_come()")
    op.execute(BALANCES.format(own=OWN))


def downgrade() -> None:
    """Check by statement again."""
    op.execute(BALANCES.format(own=""))
    op.execute(COME)
