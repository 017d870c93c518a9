"""What the books say of one subject alone: how much of it stands on accounts of a kind."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from remittance.ledger.models import LedgerAccount, LedgerJournal, LedgerPosting


def standing(session: Session, kind: str, about_kind: str, about_id: int) -> dict[str, int]:
    """Return minor units by currency that journals about this subject left on accounts of a kind; debts are less than zero.

    Deposits of remittance 12 that are held: `-standing(session, DEPOSITS, "remittance", 12)["KRW"]`. Zeros are left out.
    """
    rows = session.execute(
        select(LedgerPosting.currency, func.sum(LedgerPosting.minor))
        .join(LedgerJournal, LedgerJournal.id == LedgerPosting.journal_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerJournal.about_kind == about_kind, LedgerJournal.about_id == about_id, LedgerAccount.kind == kind)
        .group_by(LedgerPosting.currency)
    )
    return {currency: int(total) for currency, total in rows if total}
