"""A mission's cash book: every movement of a till with the balance after it, and its counts, moves and differences beside it.

Movements stand in the order of what happened, and of booking where two happened at once; the last balance is the till's balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from remittance.ledger.models import LedgerJournal, LedgerPosting
from remittance.tills.models import TillCount, TillDifference, TillMove
from remittance.tills.states import EXPLAINED, PREPARED, WAITING

PAGE_ROWS, MAX_ROWS, LISTED = 100, 5_000, 20


@dataclass(frozen=True)
class Movement:
    """One movement: `minor` units into the till (less than zero: out of it) and what was in it afterwards."""

    posting_id: int
    journal_id: int
    at: datetime
    memo: str
    about_kind: str
    about_id: int | None
    minor: int
    balance: int


@dataclass(frozen=True)
class Book:
    """What a till held before the first day, its movements, and what went in and out; `next_after` continues, None ends."""

    opening: int
    into: int
    out: int
    movements: list[Movement]
    next_after: int | None

    @property
    def closing(self) -> int:
        """What it held at the end of the last day, over all pages."""
        return self.opening + self.into - self.out


@dataclass(frozen=True)
class Beside:
    """What stands beside the movements: the latest counts and moves, and the differences that nobody has explained."""

    counts: Sequence[TillCount]
    moves: Sequence[TillMove]
    differences: Sequence[TillDifference]


def days_of(zone: str, first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """Return where the days begin and end (UTC) at a mission whose clocks go by `zone`; None for what is not bounded."""
    return (
        _midnight(first, zone) if first is not None else None,
        _midnight(last + timedelta(days=1), zone) if last is not None else None,
    )


def book(
    session: Session, account_id: int, begins: datetime | None = None, ends: datetime | None = None, *, after: int = 0,
    limit: int = PAGE_ROWS,
) -> Book:  # fmt: skip
    """Return a till's movements from `begins` up to `ends` (aware), in pages; `after` is the posting that a page comes after."""
    mine = LedgerPosting.account_id == account_id
    joined = LedgerJournal.id == LedgerPosting.journal_id
    total = func.coalesce(func.sum(LedgerPosting.minor), 0)
    opening = 0
    if begins is not None:
        earlier = select(total).join(LedgerJournal, joined).where(mine, LedgerJournal.occurred_at < begins)
        opening = int(session.scalar(earlier) or 0)
    within = [mine]
    if begins is not None:
        within.append(LedgerJournal.occurred_at >= begins)
    if ends is not None:
        within.append(LedgerJournal.occurred_at < ends)
    sums = session.execute(
        select(
            func.coalesce(func.sum(LedgerPosting.minor).filter(LedgerPosting.minor > 0), 0),
            func.coalesce(-func.sum(LedgerPosting.minor).filter(LedgerPosting.minor < 0), 0),
        )
        .join(LedgerJournal, joined)
        .where(*within)
    ).one()
    order = (LedgerJournal.occurred_at, LedgerPosting.id)
    running = func.sum(LedgerPosting.minor).over(order_by=order).label("running")
    lines = (
        select(LedgerPosting.id, LedgerPosting.minor, LedgerJournal.id.label("journal_id"), LedgerJournal.occurred_at,
               LedgerJournal.memo, LedgerJournal.about_kind, LedgerJournal.about_id, running)
        .join(LedgerJournal, joined)
        .where(*within)
        .subquery()
    )  # fmt: skip
    query = select(lines).order_by(lines.c.occurred_at, lines.c.id).limit(limit + 1)
    place = session.scalar(select(lines.c.occurred_at).where(lines.c.id == after)) if after else None
    if place is not None:
        later = (lines.c.occurred_at == place) & (lines.c.id > after)
        query = query.where(or_(lines.c.occurred_at > place, later))
    rows = session.execute(query).all()
    movements = [
        Movement(row.id, row.journal_id, row.occurred_at, row.memo, row.about_kind, row.about_id, row.minor,
                 opening + int(row.running))
        for row in rows[:limit]
    ]  # fmt: skip
    return Book(opening, int(sums[0]), int(sums[1]), movements, movements[-1].posting_id if len(rows) > limit else None)


def beside(session: Session, mission_id: int, currency: str) -> Beside:
    """Return what stands beside a till's movements; what waits for somebody comes first."""
    counts = select(TillCount).where(TillCount.mission_id == mission_id, TillCount.currency == currency)
    moves = select(TillMove).where(TillMove.mission_id == mission_id, TillMove.currency == currency)
    differences = select(TillDifference).where(
        TillDifference.mission_id == mission_id, TillDifference.currency == currency, TillDifference.state != EXPLAINED
    )
    return Beside(
        session.scalars(counts.order_by(TillCount.state != WAITING, TillCount.id.desc()).limit(LISTED)).all(),
        session.scalars(moves.order_by(TillMove.state != PREPARED, TillMove.id.desc()).limit(LISTED)).all(),
        session.scalars(differences.order_by(TillDifference.id).limit(LISTED)).all(),
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
