"""The books as pages and the API show them: accounts with balances, statements, journals, months, entries that wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.core.errors import NotFound
from hotline.missions.models import Mission
from remittance.ledger.accounts import get_account
from remittance.ledger.balances import TrialRow, balances, trial_balance
from remittance.ledger.models import LedgerAccount, LedgerEntry, LedgerJournal, LedgerMonth, LedgerPosting, LedgerSeal
from remittance.ledger.months import following
from remittance.ledger.states import CLOSED, OPEN, WAITING

MAX_PAGE = 200
MAX_ACCOUNTS = 2_000
MAX_MONTHS = 600


@dataclass(frozen=True)
class Shown:
    """An account with the mission that it belongs to and what it holds, in minor units."""

    account: LedgerAccount
    mission: Mission | None
    minor: int = 0


@dataclass(frozen=True)
class StatementLine:
    """One posting of an account with what its journal says and what the account held after it."""

    posting_id: int
    journal_id: int
    occurred_at: datetime
    memo: str
    minor: int
    running: int


@dataclass(frozen=True)
class Statement:
    """One account in one month; `next_after` continues the lines, None ends them."""

    shown: Shown
    period: str
    figures: TrialRow
    lines: list[StatementLine]
    next_after: int | None


@dataclass(frozen=True)
class JournalPage:
    """Journals, the latest first; `next_before` continues, None ends."""

    journals: list[LedgerJournal]
    next_before: int | None


@dataclass(frozen=True)
class WholeJournal:
    """One journal with its lines, its place in the chain, what reversed it, and the entry by hand that it came from."""

    journal: LedgerJournal
    lines: list[tuple[LedgerPosting, Shown]]
    reversed_by: int | None
    seal: tuple[int, str] | None
    entry_id: int | None


def list_accounts(
    session: Session, *, kind: str = "", currency: str = "", mission_id: int = 0, search: str = "", after: int | None = None,
    limit: int = MAX_ACCOUNTS,
) -> list[Shown]:  # fmt: skip
    """Return accounts with their balances, by currency and kind; with `after` (0 from the beginning), by id, for paging."""
    query = _accounts().limit(limit)
    if after is not None:
        query = query.where(LedgerAccount.id > after).order_by(None).order_by(LedgerAccount.id)
    for column, value in (
        (LedgerAccount.kind, kind), (LedgerAccount.currency, currency), (LedgerAccount.mission_id, mission_id),
    ):  # fmt: skip
        if value:
            query = query.where(column == value)
    if search:
        query = query.where(
            func.concat_ws(" ", Mission.name_en, Mission.name_ko, Mission.code, LedgerAccount.reference).icontains(
                search, autoescape=True
            )
        )
    found = [(row[0], row[1]) for row in session.execute(query)]
    held = balances(session, [account.id for account, _ in found])
    return [Shown(account, mission, held.get(account.id, 0)) for account, mission in found]


def shown_accounts(session: Session, account_ids: Sequence[int]) -> dict[int, Shown]:
    """Return accounts by id with their missions, without balances."""
    rows = session.execute(_accounts().where(LedgerAccount.id.in_(set(account_ids))))
    return {row[0].id: Shown(row[0], row[1]) for row in rows}


def shown_trial(session: Session, period: str) -> list[tuple[TrialRow, Shown]]:
    """Return a month's trial balance with the accounts."""
    rows = trial_balance(session, period)
    shown = shown_accounts(session, [row.account_id for row in rows])
    return [(row, shown[row.account_id]) for row in rows]


def statement(session: Session, account_id: int, period: str, *, after: int = 0, limit: int = MAX_PAGE) -> Statement:
    """Return one account's month, its lines in the order of booking after the posting `after`; raises NotFound."""
    account = get_account(session, account_id)
    figures = next(
        (row for row in trial_balance(session, period) if row.account_id == account_id),
        TrialRow(account_id, account.currency, 0, 0, 0),
    )
    mine = (LedgerPosting.account_id == account_id, LedgerPosting.period == period)
    before = session.scalar(
        select(func.coalesce(func.sum(LedgerPosting.minor), 0)).where(*mine, LedgerPosting.id <= after)
    )
    rows = session.execute(
        select(LedgerPosting, LedgerJournal)
        .join(LedgerJournal, LedgerJournal.id == LedgerPosting.journal_id)
        .where(*mine, LedgerPosting.id > after)
        .order_by(LedgerPosting.id)
        .limit(limit + 1)
    ).all()
    running, lines = figures.opening + int(before or 0), list[StatementLine]()
    for posting, journal in rows[:limit]:
        running += posting.minor
        lines.append(StatementLine(posting.id, journal.id, journal.occurred_at, journal.memo, posting.minor, running))
    more = lines[-1].posting_id if len(rows) > limit else None
    return Statement(shown_accounts(session, [account_id])[account_id], period, figures, lines, more)


def list_journals(
    session: Session, *, period: str = "", about: tuple[str, int] | None = None, before: int = 0, limit: int = MAX_PAGE
) -> JournalPage:
    """Return journals, the latest first: all, those of a month, or those about one thing."""
    query = select(LedgerJournal).order_by(LedgerJournal.id.desc()).limit(limit + 1)
    if period:
        query = query.where(LedgerJournal.period == period)
    if about is not None:
        query = query.where(LedgerJournal.about_kind == about[0], LedgerJournal.about_id == about[1])
    if before:
        query = query.where(LedgerJournal.id < before)
    found = list(session.scalars(query))
    return JournalPage(found[:limit], found[limit - 1].id if len(found) > limit else None)


def lines_of_journals(session: Session, journal_ids: Sequence[int]) -> dict[int, list[tuple[LedgerPosting, Shown]]]:
    """Return the postings of journals with their accounts, by journal, in the order they were given."""
    postings = session.scalars(
        select(LedgerPosting).where(LedgerPosting.journal_id.in_(set(journal_ids))).order_by(LedgerPosting.id)
    ).all()
    shown = shown_accounts(session, [posting.account_id for posting in postings])
    lines: dict[int, list[tuple[LedgerPosting, Shown]]] = {journal_id: [] for journal_id in journal_ids}
    for posting in postings:
        lines[posting.journal_id].append((posting, shown[posting.account_id]))
    return lines


def whole_journal(session: Session, journal_id: int) -> WholeJournal:
    """Return one journal with everything that belongs to it; raises NotFound."""
    journal = session.get(LedgerJournal, journal_id)
    if journal is None:
        raise NotFound("journal", journal_id)
    seal = session.execute(
        select(LedgerSeal.seq, LedgerSeal.hash).where(LedgerSeal.journal_id == journal_id)
    ).one_or_none()
    return WholeJournal(
        journal,
        lines_of_journals(session, [journal_id])[journal_id],
        session.scalar(select(LedgerJournal.id).where(LedgerJournal.reverses_id == journal_id)),
        (seal.seq, seal.hash) if seal else None,
        session.scalar(select(LedgerEntry.id).where(LedgerEntry.journal_id == journal_id)),
    )


def periods(session: Session, now_period: str) -> list[str]:
    """Return every month from the first posting to this one, the latest first."""
    first = session.scalar(select(func.min(LedgerJournal.period))) or now_period
    found = [min(first, now_period)]
    while found[-1] < now_period and len(found) < MAX_MONTHS:
        found.append(following(found[-1]))
    return found[::-1]


def months_by_period(session: Session) -> dict[str, LedgerMonth]:
    """Return what is known of the months, by month."""
    return {month.period: month for month in session.scalars(select(LedgerMonth))}


def last_closed(known: Mapping[str, LedgerMonth]) -> str:
    """Return the last closed month; the empty text, which is before every month, where none is."""
    return max((month.period for month in known.values() if month.state == CLOSED), default="")


def state_of(period: str, known: Mapping[str, LedgerMonth]) -> str:
    """Return a month's state: a month without postings before a closed one is closed with it."""
    if period <= last_closed(known):
        return CLOSED
    return known[period].state if period in known else OPEN


def list_entries(session: Session, *, waiting: bool, before: int = 0, limit: int = MAX_PAGE) -> list[LedgerEntry]:
    """Return entries by hand, the latest first: those that wait, or all."""
    query = select(LedgerEntry).order_by(LedgerEntry.id.desc()).limit(limit)
    if waiting:
        query = query.where(LedgerEntry.state == WAITING)
    if before:
        query = query.where(LedgerEntry.id < before)
    return list(session.scalars(query))


def names_of(session: Session, officer_ids: Sequence[int | None]) -> dict[int, str]:
    """Return officers' display names by id."""
    wanted = {each for each in officer_ids if each is not None}
    rows = session.execute(select(Officer.id, Officer.display_name).where(Officer.id.in_(wanted)))
    return {row.id: row.display_name for row in rows}


def _accounts() -> Select[tuple[LedgerAccount, Mission]]:
    return (
        select(LedgerAccount, Mission)
        .outerjoin(Mission, Mission.id == LedgerAccount.mission_id)
        .order_by(LedgerAccount.currency, LedgerAccount.kind, Mission.code, LedgerAccount.reference, LedgerAccount.id)
    )
