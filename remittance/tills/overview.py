"""Every till: what is in it, reserved, free and owed, and how old what is unsettled is; one statement for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from remittance.ledger.months import BOOKS_ZONE
from remittance.requests.states import PAID, RESERVING
from remittance.tills.ageing import EDGES, LATE_DAYS

MAX_ROWS, MAX_SEARCH_CHARS = 2_000, 60
DIFFERENT, LATE, UNCOUNTED = "different", "late", "uncounted"
CHOICES = (DIFFERENT, LATE, UNCOUNTED)
"""Only tills with an open difference, with unsettled payouts of more than 60 days, or that were never counted."""

ROWS = """
WITH closed AS (SELECT max(period) AS period FROM ledger_months WHERE state = 'closed'),
held AS (
    SELECT account.mission_id, account.currency,
           sum(coalesce(carried.minor, 0) + coalesce(since.minor, 0)) FILTER (WHERE account.kind = 'mission_cash') AS cash,
           sum(coalesce(carried.minor, 0) + coalesce(since.minor, 0)) FILTER (WHERE account.kind <> 'mission_cash') AS settling
      FROM ledger_accounts account
     CROSS JOIN closed
      LEFT JOIN ledger_carried carried ON carried.account_id = account.id AND carried.period = closed.period
      LEFT JOIN LATERAL (
           SELECT sum(posting.minor) AS minor FROM ledger_postings posting
            WHERE posting.account_id = account.id AND posting.period > coalesce(closed.period, '')) since ON true
     WHERE account.kind IN ('mission_cash', 'mission_settlement')
       AND (CAST(:missions AS bigint[]) IS NULL OR account.mission_id = ANY(:missions))
     GROUP BY account.mission_id, account.currency
), money AS (
    SELECT one.mission_id, quote.currency, quote.paid_minor AS minor, one.state = :paid AS unsettled,
           CASE WHEN one.state = :paid THEN CAST(:today AS date) - (
               SELECT CAST(min(change.at) AT TIME ZONE :zone AS date) FROM remittance_changes change
                WHERE change.remittance_id = one.id AND change.event = 'pay') END AS days
      FROM remittances one
      JOIN LATERAL (
           SELECT currency, paid_minor FROM remittance_quotes
            WHERE remittance_id = one.id ORDER BY nth DESC LIMIT 1) quote ON true
     WHERE (one.state = :paid OR coalesce(one.held_state, one.state) = ANY(:reserving))
       AND (CAST(:missions AS bigint[]) IS NULL OR one.mission_id = ANY(:missions))
), summed AS (
    SELECT mission_id, currency,
           sum(minor) FILTER (WHERE NOT unsettled) AS reserved,
           sum(minor) FILTER (WHERE unsettled AND days <= :first) AS age_0,
           sum(minor) FILTER (WHERE days > :first AND days <= :second) AS age_1,
           sum(minor) FILTER (WHERE days > :second AND days <= :third) AS age_2,
           sum(minor) FILTER (WHERE days > :third) AS age_3,
           max(days) AS oldest_days
      FROM money GROUP BY mission_id, currency
), counted AS (
    SELECT DISTINCT ON (mission_id, currency) mission_id, currency, counted_at
      FROM till_counts WHERE state = 'witnessed' ORDER BY mission_id, currency, counted_at DESC, id DESC
), differed AS (
    SELECT mission_id, currency, count(*) AS number, sum(minor) AS minor
      FROM till_differences WHERE state <> 'explained' GROUP BY mission_id, currency
)
SELECT mission.id AS mission_id, mission.name_en, mission.name_ko, mission.zone, currency,
       coalesce(held.cash, 0)::bigint AS cash, coalesce(summed.reserved, 0)::bigint AS reserved,
       coalesce(-held.settling, 0)::bigint AS owed,
       coalesce(summed.age_0, 0)::bigint AS age_0, coalesce(summed.age_1, 0)::bigint AS age_1,
       coalesce(summed.age_2, 0)::bigint AS age_2, coalesce(summed.age_3, 0)::bigint AS age_3,
       summed.oldest_days, counted.counted_at,
       coalesce(differed.number, 0) AS differences, coalesce(differed.minor, 0)::bigint AS difference,
       held.cash IS NOT NULL AS is_open
  FROM held FULL JOIN summed USING (mission_id, currency)
  LEFT JOIN counted USING (mission_id, currency)
  LEFT JOIN differed USING (mission_id, currency)
  JOIN missions mission ON mission.id = mission_id
 WHERE (:currency = '' OR currency = :currency)
   AND (:search = '' OR concat_ws(' ', mission.name_en, mission.name_ko, mission.code, mission.city) ILIKE :search)
   AND (:only <> 'different' OR differed.number > 0)
   AND (:only <> 'late' OR summed.oldest_days > :late)
   AND (:only <> 'uncounted' OR (counted.counted_at IS NULL AND held.cash IS NOT NULL))
 ORDER BY mission.name_en, mission.id, currency
 LIMIT :most
"""
"""Takes what `values` returns."""


@dataclass(frozen=True)
class Till:
    """One mission's till of one currency; amounts in minor units.

    `owed` is what headquarters owes the mission (less than zero: the mission owes it). `ages` are the unsettled payouts by
    bucket of `ageing`; `oldest_days` is the age of the oldest. `is_open`: cash was put into it at some time.
    """

    mission_id: int
    name_en: str
    name_ko: str
    zone: str
    currency: str
    cash: int
    reserved: int
    owed: int
    ages: tuple[int, int, int, int]
    oldest_days: int | None
    counted_at: datetime | None
    differences: int
    difference: int
    is_open: bool

    @property
    def free(self) -> int:
        """What can be promised to the next traveller."""
        return self.cash - self.reserved

    @property
    def unsettled(self) -> int:
        """What was paid out and is not settled."""
        return sum(self.ages)

    @property
    def late(self) -> int:
        """What of it is older than 60 days."""
        return self.ages[2] + self.ages[3]


def tills(
    session: Session, now: datetime, *, missions: Sequence[int] | None = None, currency: str = "", search: str = "",
    only: str = "", limit: int = MAX_ROWS,
) -> list[Till]:  # fmt: skip
    """Return tills by mission and currency: all, or those of these missions (by id). `now` is aware.

    `search` looks into a mission's names, code and city; `only` is one of CHOICES or empty.
    """
    rows = session.execute(
        text(ROWS), values(now, missions=missions, currency=currency, search=search, only=only, limit=limit)
    )
    return [
        Till(
            row.mission_id, row.name_en, row.name_ko, row.zone, row.currency, row.cash, row.reserved, row.owed,
            (row.age_0, row.age_1, row.age_2, row.age_3), row.oldest_days, row.counted_at, row.differences, row.difference,
            row.is_open,
        )
        for row in rows
    ]  # fmt: skip


def values(
    now: datetime, *, missions: Sequence[int] | None = None, currency: str = "", search: str = "", only: str = "",
    limit: int = MAX_ROWS,
) -> dict[str, Any]:  # fmt: skip
    """Return what `ROWS` is filled with."""
    words = search.replace("\x00", "").strip()[:MAX_SEARCH_CHARS]
    for sign in ("\\", "%", "_"):
        words = words.replace(sign, f"\\{sign}")
    return {
        "missions": None if missions is None else list(missions), "paid": PAID, "reserving": list(RESERVING),
        "today": now.astimezone(BOOKS_ZONE).date(), "zone": BOOKS_ZONE.key, "first": EDGES[0], "second": EDGES[1],
        "third": EDGES[2], "currency": currency, "search": f"%{words}%" if words else "", "only": only, "late": LATE_DAYS,
        "most": limit,
    }  # fmt: skip
