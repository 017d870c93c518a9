"""Before a month of the books closes, every till that moved in it was counted, and what differs still is shown."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.missions.models import Mission
from remittance.ledger.closing import Hindrance
from remittance.money.amounts import Money
from remittance.money.wording import format_money
from remittance.tills.models import TillDifference
from remittance.tills.states import EXPLAINED

MOST_SHOWN = 100
_UNCOUNTED = text("""
WITH moved AS (
    SELECT account.mission_id, account.currency, max(journal.posted_at) AS at
      FROM ledger_accounts account
      JOIN ledger_postings posting ON posting.account_id = account.id AND posting.period = :period
      JOIN ledger_journals journal ON journal.id = posting.journal_id
     WHERE account.kind = 'mission_cash' AND journal.about_kind <> 'till_difference'
     GROUP BY account.mission_id, account.currency
)
SELECT mission.id, mission.name_en, mission.name_ko, moved.currency
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
    nothing: it is in the counts, and stays visible (`still_open`).
    """
    korean = str(get_locale()) == "ko"
    return [
        Hindrance(
            "till-not-counted",
            {"mission": row.name_ko if korean else row.name_en, "currency": row.currency},
            *_book_of(row.id, row.currency),
        )
        for row in session.execute(_UNCOUNTED, {"period": period})
    ]


def still_open(session: Session, _period: str) -> list[Hindrance]:
    """Return the differences that two officers have not explained, each with its till's cash book.

    Also those found since the month's end: its closing count may have come after it. None stops the closing: the month closes
    with what the books say, and the difference is booked in the month that explains it.
    """
    language = "ko" if str(get_locale()) == "ko" else "en"
    rows = session.execute(
        select(TillDifference, Mission)
        .join(Mission, Mission.id == TillDifference.mission_id)
        .where(TillDifference.state != EXPLAINED)
        .order_by(TillDifference.opened_at, TillDifference.id)
        .limit(MOST_SHOWN)
    )
    return [
        Hindrance(
            "till-differs",
            {
                "mission": mission.name_ko if language == "ko" else mission.name_en,
                "amount": format_money(Money(one.minor, one.currency), language),
            },
            *_book_of(mission.id, one.currency),
            stops=False,
        )
        for one, mission in rows
    ]


def _book_of(mission_id: int, currency: str) -> tuple[str, dict[str, Any]]:
    return "tills.book", {"mission_id": mission_id, "currency": currency}
