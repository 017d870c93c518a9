"""What of a mission can be settled: its payouts in one currency up to a day, as the quotes and the books both have them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.errors import Refused
from remittance.ledger.months import BOOKS_ZONE
from remittance.requests.states import PAID

MAX_REMITTANCES = 300
"""In one settlement, the oldest first: each of them is moved, told and audited in the transaction that settles it."""

_PAYOUTS = text("""
SELECT one.id AS remittance_id, one.number, one.version, quote.paid_minor AS minor, paid.at AS paid_at,
       coalesce(-booked.minor, 0)::bigint AS booked
  FROM remittances one
  JOIN LATERAL (
       SELECT currency, paid_minor FROM remittance_quotes
        WHERE remittance_id = one.id ORDER BY nth DESC LIMIT 1) quote ON true
  JOIN LATERAL (
       SELECT min(change.at) AS at FROM remittance_changes change
        WHERE change.remittance_id = one.id AND change.event = 'pay') paid ON true
  LEFT JOIN LATERAL (
       SELECT sum(posting.minor) AS minor
         FROM ledger_journals journal
         JOIN ledger_postings posting ON posting.journal_id = journal.id
         JOIN ledger_accounts account ON account.id = posting.account_id
        WHERE journal.about_kind = 'remittance' AND journal.about_id = one.id AND account.kind = 'mission_cash'
          AND account.mission_id = one.mission_id AND account.currency = quote.currency) booked ON true
 WHERE one.mission_id = :mission AND one.state = :paid AND quote.currency = :currency
   AND (CAST(:until AS timestamptz) IS NULL OR paid.at < :until)
   AND (CAST(:only AS bigint[]) IS NULL OR one.id = ANY(:only))
   AND NOT EXISTS (SELECT FROM settlement_items item WHERE item.remittance_id = one.id AND item.settled)
 ORDER BY paid.at, one.id
 LIMIT :most
""")


@dataclass(frozen=True)
class Payout:
    """One remittance that can be settled: minor units handed out, when (UTC), and the version that was read."""

    remittance_id: int
    number: str
    version: int
    minor: int
    paid_at: datetime


def end_of(day: date) -> datetime:
    """Return the moment (UTC) at which a day of the ministry's calendar ends."""
    return datetime.combine(day + timedelta(days=1), time(), BOOKS_ZONE).astimezone(UTC)


def payouts(
    session: Session, mission_id: int, currency: str, last_day: date | None, *, only: Sequence[int] | None = None
) -> list[Payout]:
    """Return what can be settled, the oldest first: what was paid out up to a day, disputed ones left out.

    `only` narrows it to these remittances (by id). Raises Refused (`books-differ`) where the till's books do not have a payout as
    its quote has it: that is found out first.
    """
    rows = session.execute(
        _PAYOUTS,
        {
            "mission": mission_id, "paid": PAID, "currency": currency, "until": end_of(last_day) if last_day else None,
            "only": list(only) if only is not None else None, "most": MAX_REMITTANCES,
        },
    ).all()  # fmt: skip
    for row in rows:
        if row.booked != row.minor:
            raise Refused(
                f"The books of the till do not have {row.number} as it was paid out.", code="books-differ",
                params={"number": row.number},
            )  # fmt: skip
    return [Payout(row.remittance_id, row.number, row.version, row.minor, row.paid_at) for row in rows]


def digest_of(mission_id: int, currency: str, found: Sequence[Payout]) -> str:
    """Return the SHA-256 over every remittance with its version and amount: who agrees to it agrees to exactly these."""
    lines = sorted([each.remittance_id, each.version, each.minor] for each in found)
    content = json.dumps([mission_id, currency, lines], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()
