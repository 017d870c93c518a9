"""What holds after every step, whatever was done: asked of the database itself, in a few statements."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from remittance.deposits.checking import bank_balances
from tests.remittance.service import till_model
from tests.remittance.service.world import World

_LATEST = """latest AS (
  SELECT DISTINCT ON (q.remittance_id) q.remittance_id, q.paid_minor, q.currency, q.due_minor, q.due_currency, q.value_minor,
         q.fee_minor, q.residue_minor, q.limit_minor
    FROM remittance_quotes q ORDER BY q.remittance_id, q.nth DESC),
 one AS (SELECT r.id, r.person_id, r.mission_id, r.case_id, coalesce(r.held_state, r.state) AS state, latest.*
    FROM remittances r LEFT JOIN latest ON latest.remittance_id = r.id),
 held AS (SELECT j.about_id AS id, a.kind, p.currency, sum(p.minor) AS minor
    FROM ledger_postings p JOIN ledger_journals j ON j.id = p.journal_id JOIN ledger_accounts a ON a.id = p.account_id
   WHERE j.about_kind = 'remittance' GROUP BY 1, 2, 3)"""
WRONG: dict[str, str] = {
    "a currency's postings sum to zero": "SELECT currency, sum(minor) FROM ledger_postings GROUP BY 1 HAVING sum(minor) <> 0",
    "each remittance's payouts due are what is ready for it": """
WITH $latest SELECT one.id, one.state, held.minor FROM one FULL JOIN (SELECT * FROM held WHERE kind = 'payouts_due') held
  ON held.id = one.id WHERE coalesce(held.minor, 0) <> CASE WHEN one.state = 'ready' THEN -one.paid_minor ELSE 0 END""",
    "deposits held are what came, less what was released and what went back": """
WITH $latest, came AS (SELECT remittance_id AS id, sum(amount_minor) AS minor FROM bank_entries
                          WHERE remittance_id IS NOT NULL GROUP BY 1)
SELECT one.id, one.state, came.minor, held.minor FROM one LEFT JOIN came ON came.id = one.id
  LEFT JOIN (SELECT * FROM held WHERE kind = 'deposits_held') held ON held.id = one.id
 WHERE coalesce(came.minor, 0) <> -coalesce(held.minor, 0)
       + CASE WHEN one.state IN ('ready', 'paid', 'settled', 'disputed') THEN one.due_minor ELSE 0 END""",
    "value, fee and residue of what was released are the quote's": """
WITH $latest, took AS (SELECT id, sum(minor) FILTER (WHERE kind = 'fees') AS fee,
         sum(minor) FILTER (WHERE kind = 'rounding') AS residue
    FROM held WHERE kind IN ('fees', 'rounding') GROUP BY 1)
SELECT one.id, one.state, took.fee, took.residue FROM one JOIN took ON took.id = one.id
 WHERE coalesce(took.fee, 0) <> CASE WHEN one.state IN ('ready', 'paid', 'settled', 'disputed') THEN -one.fee_minor ELSE 0 END
    OR coalesce(took.residue, 0) <> CASE WHEN one.state IN ('ready', 'paid', 'settled', 'disputed') THEN -one.residue_minor
       ELSE 0 END""",
    "at most one payout, and one where it was paid": """
WITH $latest, paid AS (SELECT remittance_id AS id, count(*) AS times FROM payouts WHERE state = 'paid' GROUP BY 1)
SELECT one.id, one.state, paid.times FROM one LEFT JOIN paid ON paid.id = one.id
 WHERE coalesce(paid.times, 0) > 1 OR (one.state IN ('paid', 'settled', 'disputed')) AND coalesce(paid.times, 0) <> 1""",
    "nothing is held for what is over": """
WITH $latest SELECT one.id, one.state FROM one JOIN held ON held.id = one.id AND held.kind = 'deposits_held'
 WHERE held.minor <> 0 AND one.state IN ('rejected', 'expired', 'cancelled', 'refunded', 'requested', 'approved', 'quoted')""",
    "no till is promised more than it has": """
WITH $latest, promised AS (SELECT mission_id, currency, sum(paid_minor) AS minor FROM one
    WHERE state IN ('quoted', 'partial', 'overpaid', 'wrong_depositor', 'deposited', 'ready') AND currency IS NOT NULL
    GROUP BY 1, 2),
 cash AS (SELECT a.mission_id, a.currency, sum(p.minor) AS minor
    FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id
    WHERE a.kind = 'mission_cash' GROUP BY 1, 2)
SELECT * FROM promised FULL JOIN cash USING (mission_id, currency) WHERE coalesce(promised.minor, 0) > coalesce(cash.minor, 0)""",
    "nobody's case is past the limit": """
WITH $latest SELECT case_id, sum(limit_minor) FROM one
 WHERE state NOT IN ('requested', 'under_review', 'approved', 'rejected', 'expired', 'cancelled', 'refunded', 'refund_pending')
 GROUP BY 1 HAVING sum(limit_minor) > 300000""",
    "nobody is past the limit of an incident": """
WITH $latest SELECT one.person_id, r.incident_id, sum(one.limit_minor) FROM one JOIN remittances r ON r.id = one.id
 WHERE r.incident_id IS NOT NULL AND one.state NOT IN
   ('requested', 'under_review', 'approved', 'rejected', 'expired', 'cancelled', 'refunded', 'refund_pending')
 GROUP BY 1, 2 HAVING sum(one.limit_minor) > 300000""",
    "one is open for a person and incident, or for a case": """
SELECT person_id, of, count(*) FROM (
    SELECT id, person_id, 'case ' || case_id AS of, coalesce(held_state, state) AS state FROM remittances
    UNION ALL SELECT id, person_id, 'incident ' || incident_id, coalesce(held_state, state) FROM remittances
     WHERE incident_id IS NOT NULL) each
 WHERE state IN ('requested', 'under_review', 'approved', 'quoted', 'partial', 'overpaid', 'wrong_depositor', 'deposited',
                 'ready')
 GROUP BY 1, 2 HAVING count(*) > 1""",
    "suspense is what waits": """
SELECT a.minor, e.minor FROM (SELECT coalesce(sum(p.minor), 0) AS minor
    FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id WHERE a.kind = 'suspense') a,
  (SELECT coalesce(sum(amount_minor), 0) AS minor FROM bank_entries
   WHERE state IN ('new', 'suspense', 'fees_asked', 'refund_asked', 'refund_ordered')) e WHERE a.minor <> -e.minor""",
    "no key stands twice": "SELECT key FROM ledger_journals GROUP BY 1 HAVING count(*) > 1",
}  # fmt: skip
_BEHIND = text("""
SELECT j.id, j.key, j.digest, j.occurred_at, j.period, p.account_id, p.currency, p.minor
  FROM ledger_journals j JOIN ledger_postings p ON p.journal_id = j.id WHERE j.id <= :last ORDER BY j.id, p.id
""")
_LAST = text("SELECT coalesce(max(id), 0) FROM ledger_journals")


class Memory:
    """What the journal was after the last step: its end and its fingerprint."""

    def __init__(self) -> None:
        self.last, self.print = 0, self._print(())

    def check(self, session: Session) -> None:
        """Raise AssertionError when anything behind changed; remember how it is now."""
        rows = session.execute(_BEHIND, {"last": self.last}).all()
        assert self._print(rows) == self.print, "the journal behind is what it was"
        self.last = int(session.scalar(_LAST) or 0)
        self.print = self._print(session.execute(_BEHIND, {"last": self.last}).all())

    def _print(self, rows: Any) -> str:
        return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()


def check(world: World, memory: Memory) -> None:
    """Raise AssertionError, naming what does not hold."""
    with world.services.db.transaction() as session:
        for name, statement in WRONG.items():
            wrong = session.execute(text(statement.replace("$latest", _LATEST))).all()
            assert not wrong, f"{name}: {wrong[:3]}"
        for bank in bank_balances(session):
            assert bank.agrees, f"the bank account is its last statement: {bank}"
        till_model.check(session, world.clock.now())
        memory.check(session)
