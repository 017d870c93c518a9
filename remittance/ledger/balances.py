"""What accounts hold: carried forward by the last closed month, plus what was posted since; and the trial balance of a month.

Nothing is counted up while posting: a row that every posting changed would let one transaction at a time through an account.
A closed month stores each account's balance once, so that only the open months are summed, over an index that holds the amounts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.core.errors import NotFound
from remittance.ledger.accounts import get_account
from remittance.ledger.models import LedgerAccount
from remittance.money.amounts import Money

_BALANCES = text("""
WITH closed AS (SELECT max(period) AS period FROM ledger_months WHERE state = 'closed')
SELECT account.id, (coalesce(carried.minor, 0) + coalesce(since.minor, 0))::bigint AS minor
  FROM ledger_accounts account
 CROSS JOIN closed
  LEFT JOIN ledger_carried carried ON carried.account_id = account.id AND carried.period = closed.period
  LEFT JOIN LATERAL (
       SELECT sum(posting.minor) AS minor FROM ledger_postings posting
        WHERE posting.account_id = account.id AND posting.period > coalesce(closed.period, '')
       ) since ON true
 WHERE account.id = ANY(:ids)
""")
_TRIAL = text("""
WITH before AS (SELECT max(period) AS period FROM ledger_months WHERE state = 'closed' AND period < :period)
SELECT account.id, account.currency,
       (coalesce(carried.minor, 0) + coalesce(earlier.minor, 0))::bigint AS opening,
       coalesce(during.debit, 0)::bigint AS debit, coalesce(during.credit, 0)::bigint AS credit
  FROM ledger_accounts account
 CROSS JOIN before
  LEFT JOIN ledger_carried carried ON carried.account_id = account.id AND carried.period = before.period
  LEFT JOIN LATERAL (
       SELECT sum(posting.minor) AS minor FROM ledger_postings posting
        WHERE posting.account_id = account.id AND posting.period > coalesce(before.period, '')
          AND posting.period < :period
       ) earlier ON true
  LEFT JOIN LATERAL (
       SELECT sum(posting.minor) FILTER (WHERE posting.minor > 0) AS debit,
              -sum(posting.minor) FILTER (WHERE posting.minor < 0) AS credit
         FROM ledger_postings posting WHERE posting.account_id = account.id AND posting.period = :period
       ) during ON true
 ORDER BY account.currency, account.kind, account.mission_id NULLS FIRST, account.reference, account.id
""")


@dataclass(frozen=True)
class TrialRow:
    """One account in a month, in minor units: what it began with, what went in (debit) and out (credit)."""

    account_id: int
    currency: str
    opening: int
    debit: int
    credit: int

    @property
    def closing(self) -> int:
        """What it ends with."""
        return self.opening + self.debit - self.credit

    @property
    def is_silent(self) -> bool:
        """Nothing was there and nothing happened."""
        return not (self.opening or self.debit or self.credit)


@dataclass(frozen=True)
class Total:
    """One currency's sums; the books agree when `balance` is zero and debit equals credit."""

    currency: str
    debit: int
    credit: int
    balance: int

    @property
    def agrees(self) -> bool:
        """Say whether this currency balances."""
        return self.balance == 0 and self.debit == self.credit


def balance(session: Session, account_id: int) -> Money:
    """Return what an account holds now (a debt is less than zero); raises NotFound."""
    account = get_account(session, account_id)
    return Money(balances(session, [account_id])[account_id], account.currency)


def balances(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """Return the balances of accounts in minor units, by id, in one statement; unknown ids are left out."""
    return {row.id: row.minor for row in session.execute(_BALANCES, {"ids": list(account_ids)})}


def hold(session: Session, account_ids: Collection[int]) -> None:
    """Let nobody else hold these accounts until the transaction ends; for whoever decides on a balance (is there enough cash?).

    Postings of those who do not hold go on: only who spends against a balance needs to. In the order of ids, so that two who
    hold several do not wait for each other. Raises NotFound.
    """
    wanted = sorted(set(account_ids))
    found = session.scalars(
        select(LedgerAccount.id)
        .where(LedgerAccount.id.in_(wanted))
        .order_by(LedgerAccount.id)
        .with_for_update(key_share=True)
    ).all()
    for account_id in wanted:
        if account_id not in found:
            raise NotFound("account", account_id)


def trial_balance(session: Session, period: str) -> list[TrialRow]:
    """Return every account that has or had something in a month, by currency and kind."""
    rows = [TrialRow(*row) for row in session.execute(_TRIAL, {"period": period})]
    return [row for row in rows if not row.is_silent]


def totals(rows: Sequence[TrialRow]) -> list[Total]:
    """Return the sums of a trial balance by currency."""
    return [
        Total(
            currency,
            sum(row.debit for row in rows if row.currency == currency),
            sum(row.credit for row in rows if row.currency == currency),
            sum(row.closing for row in rows if row.currency == currency),
        )
        for currency in sorted({row.currency for row in rows})
    ]


def digest_of(rows: Sequence[TrialRow]) -> str:
    """Return the SHA-256 of a trial balance: who agrees to it agrees to exactly these figures."""
    lines = sorted(f"{row.account_id} {row.currency} {row.opening} {row.debit} {row.credit}" for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
