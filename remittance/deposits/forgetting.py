"""Who paid is forgotten some time after it is settled; amounts, days and where the money went stay for the books.

What officers wrote about an erased person goes as soon as their remittance is over, without that time.
"""

from __future__ import annotations

from sqlalchemy import text

from hotline.core.services import Services, current
from remittance.deposits.states import ASSIGNED, EXPLAINED, KEPT, RETURNED
from remittance.requests.states import FINAL

JOB, EVERY_S, BATCH = "deposits.forget", 6 * 3_600, 5_000
_FORGET = text("""
UPDATE bank_entries SET payer = '', payer_account_end = '', payer_account_hash = '', payer_name_hash = '', details = '',
       reference = '', reason = '', forgotten_at = :now
 WHERE id IN (
       SELECT e.id FROM bank_entries e LEFT JOIN remittances r ON r.id = e.remittance_id
        WHERE e.forgotten_at IS NULL AND e.state = ANY(:settled) AND e.decided_at < :before
          AND (e.remittance_id IS NULL OR r.ended_at < :before)
        ORDER BY e.id LIMIT :batch)
""")
_OF_ERASED = """
  FROM remittances r JOIN persons p ON p.id = r.person_id
 WHERE r.id = t.remittance_id AND p.erased_at IS NOT NULL AND r.state = ANY(:over)
"""
_FORGET_WORDS = (
    text(f"UPDATE bank_entries t SET reason = '' {_OF_ERASED} AND t.reason <> ''"),  # noqa: S608  # our own words
    text(f"UPDATE deposit_undos t SET reason = '', answer = '' {_OF_ERASED} AND (t.reason, t.answer) <> ('', '')"),  # noqa: S608
)
_FORGET_UNDOS = text("""
UPDATE deposit_undos u SET reason = '', answer = '' FROM bank_entries e
 WHERE e.id = u.entry_id AND e.forgotten_at IS NOT NULL AND u.state <> 'asked' AND (u.reason, u.answer) <> ('', '')
""")


def run(services: Services | None = None) -> int:
    """Forget what is due and return how many entries; the next run goes on where there were more than a batch.

    Without `services` those of the process.
    """
    services = services or current()
    now = services.clock.now()
    with services.db.transaction() as session:
        done = session.execute(
            _FORGET,
            {"now": now, "before": now - KEPT, "settled": [ASSIGNED, RETURNED, EXPLAINED], "batch": BATCH},
        )
        session.execute(_FORGET_UNDOS)
        for statement in _FORGET_WORDS:
            session.execute(statement, {"over": list(FINAL)})
        return int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one
