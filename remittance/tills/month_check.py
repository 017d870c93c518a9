"""Before a month of the books closes, every till that moved in it was counted after its last movement."""

from __future__ import annotations

from flask_babel import get_locale
from sqlalchemy import text
from sqlalchemy.orm import Session

from remittance.ledger.closing import Hindrance

_UNCOUNTED = text("""
WITH moved AS (
    SELECT account.mission_id, account.currency, max(journal.posted_at) AS at
      FROM ledger_accounts account
      JOIN ledger_postings posting ON posting.account_id = account.id AND posting.period = :period
      JOIN ledger_journals journal ON journal.id = posting.journal_id
     WHERE account.kind = 'mission_cash' AND journal.about_kind <> 'till_difference'
     GROUP BY account.mission_id, account.currency
)
SELECT mission.name_en, mission.name_ko, moved.currency
  FROM moved JOIN missions mission ON mission.id = moved.mission_id
 WHERE NOT EXISTS (
       SELECT FROM till_counts counted
        WHERE counted.mission_id = moved.mission_id AND counted.currency = moved.currency
          AND counted.state = 'witnessed' AND counted.kind = 'closing' AND counted.counted_at >= moved.at)
 ORDER BY mission.name_en, moved.currency
""")


def uncounted(session: Session, period: str) -> list[Hindrance]:
    """Return a hindrance for each till that moved in a month without a witnessed closing count after its last movement.

    An explained difference moves the books and no cash, so that it asks for no new count. A difference that is still open hinders
    nothing: it is in the counts, and stays visible.
    """
    korean = str(get_locale()) == "ko"
    return [
        Hindrance("till-not-counted", {"mission": row.name_ko if korean else row.name_en, "currency": row.currency})
        for row in session.execute(_UNCOUNTED, {"period": period})
    ]
