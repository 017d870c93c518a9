"""Vouchers stay as they were issued, and what was paid stays paid: nobody who writes past the service changes either."""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

STAY = """
CREATE FUNCTION refuse_voucher_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'vouchers stay as they were issued';
END $$;
CREATE TRIGGER payout_vouchers_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON payout_vouchers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_voucher_change();
CREATE FUNCTION refuse_paid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.state, NEW.remittance_id, NEW.mission_id, NEW.quote_nth, NEW.currency, NEW.paid_minor, NEW.notes,
                            NEW.prepared_by_id, NEW.witness_id, NEW.paid_at)
        IS DISTINCT FROM (OLD.state, OLD.remittance_id, OLD.mission_id, OLD.quote_nth, OLD.currency, OLD.paid_minor, OLD.notes,
                          OLD.prepared_by_id, OLD.witness_id, OLD.paid_at) THEN
        RAISE EXCEPTION 'what was paid stays paid; a dispute reverses it in the books';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_paid_stay BEFORE UPDATE OR DELETE ON payouts
    FOR EACH ROW WHEN (OLD.state = 'paid') EXECUTE FUNCTION refuse_paid_change();
"""


def upgrade() -> None:
    """Add the guards."""
    op.execute(STAY)


def downgrade() -> None:
    """Take them away again."""
    op.execute("DROP TRIGGER payouts_paid_stay ON payouts; DROP FUNCTION refuse_paid_change()")
    op.execute("DROP TRIGGER payout_vouchers_stay ON payout_vouchers; DROP FUNCTION refuse_voucher_change()")
