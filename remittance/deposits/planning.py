"""What taking a file over would do: whose accounts its statements are of, where they go on from, what is new; nothing is written.

A file is refused whole, with the line of each fault, when a statement is of no account of ours, of another currency, does not
follow on the last one, or tells of days that cannot be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from remittance.banks.models import BankAccount
from remittance.deposits.aligning import End, Known, Misfit, align, first_day, moving
from remittance.deposits.models import BankEntry, BankStatement
from remittance.deposits.payers import bare, numbers_of
from remittance.deposits.reading import TABLE, Reading
from remittance.deposits.statement import MAX_ENTRIES, Entry, Findings, Statement
from remittance.ledger.months import BOOKS_ZONE
from remittance.requests.reference import plain

FIRST_DAY = date(2000, 1, 2)
"""The books tell of nothing earlier than 2000."""
MAX_ACCOUNTS = 500
HEAD_LINES, COLUMNS = 20, 3
"""Above the headings, which are the first row of several columns, banks write whose table it is."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One statement with its account; its first `known` entries are in the books, and `whole` says that all of it is."""

    bank_account_id: int
    statement: Statement
    known: int
    whole: bool
    digest: str

    @property
    def new(self) -> tuple[Entry, ...]:
        """The entries that are not in the books yet."""
        return () if self.whole else moving(self.statement)[self.known :]


def plan(
    session: Session, now: datetime, reading: Reading, bank: BankAccount | None, data: bytes = b""
) -> list[Planned]:
    """Return what each statement would bring, in the order in which they are taken over.

    `bank` is the account whose table it is; `data` the file, in whose first lines a table may name its account. Raises
    SeveralFaults.
    """
    findings = Findings()
    accounts = session.scalars(select(BankAccount).order_by(BankAccount.id).limit(MAX_ACCOUNTS)).all()
    if reading.form == TABLE and bank is not None:
        _check_head(data, bank, accounts, findings)
    found = list[tuple[BankAccount, Statement]]()
    for statement in reading.statements:
        _check_days(statement, now, findings)
        account = bank if reading.form == TABLE else _account_of(statement, accounts, findings)
        if account is not None:
            found.append((account, statement))
    found.sort(key=lambda pair: (pair[0].id, pair[1].opened_on, pair[1].closed_on, pair[1].line))
    planned = _follow(session, found, findings) if not findings.faults else []
    if findings.faults:
        findings.refuse()
    return planned


def _account_of(statement: Statement, accounts: Sequence[BankAccount], findings: Findings) -> BankAccount | None:
    """Return the account, agreed by two officers, that a statement is of; None beside a fault."""
    numbers = numbers_of(statement.account)
    ours = [each for each in accounts if bare(each.number) in numbers and each.agreed_by_id is not None]
    if not ours:
        shown = f"…{statement.account[-4:]}" if statement.account else "none"
        findings.add(
            statement.line, "account", shown, "enter this bank account first and have a second officer agree to it"
        )
        return None
    fits = [each for each in ours if each.currency == statement.currency]
    if not fits:
        findings.add(
            statement.line, "currency", statement.currency, f"the account {ours[0].code} is kept in {ours[0].currency}"
        )
        return None
    return max(fits, key=lambda each: (each.closed_at is None, each.id))


def _check_head(data: bytes, bank: BankAccount, accounts: Sequence[BankAccount], findings: Findings) -> None:
    """Refuse a table above which another account of ours is named."""
    above = list(
        takewhile(lambda line: sum(line.count(mark) for mark in b",;\t") < COLUMNS, data.splitlines()[:HEAD_LINES])
    )
    head = plain(b"".join(above).decode("ascii", "ignore"))
    named = [each for each in accounts if len(bare(each.number)) >= 8 and plain(each.number) in head]
    if named and bank.id not in {each.id for each in named}:
        findings.add(1, "account", bank.code, f"the table says that it is of {named[0].code}; choose that account")


def _check_days(statement: Statement, now: datetime, findings: Findings) -> None:
    latest = now.astimezone(BOOKS_ZONE).date() + timedelta(days=1)
    for entry in statement.entries:
        if not FIRST_DAY <= entry.booked_on <= latest:
            findings.add(entry.line, "day", entry.booked_on, f"an entry is booked between {FIRST_DAY} and {latest}")
    if not statement.opened_on <= statement.closed_on <= latest:
        findings.add(
            statement.line, "closing day", statement.closed_on, f"it lies between {statement.opened_on} and {latest}"
        )


def _follow(session: Session, found: Sequence[tuple[BankAccount, Statement]], findings: Findings) -> list[Planned]:
    """Align each statement with what is known, and with those before it in the same file."""
    planned, ends, lines = list[Planned](), dict[int, End | None](), dict[int, list[Known]]()
    seen = set[tuple[int, str, str]]()
    for account, statement in found:
        if account.id not in ends:
            ends[account.id] = end_of(session, account.id)
            since = min(first_day(each) for owner, each in found if owner.id == account.id)
            lines[account.id] = _known(session, account.id, since)
            own = [digest_of(each) for owner, each in found if owner.id == account.id]
            seen |= _seen(session, account.id, own)
        end, digest = ends[account.id], digest_of(statement)
        if _is_seen(account.id, digest, statement, seen):
            planned.append(Planned(account.id, statement, len(moving(statement)), True, digest))
            continue
        since = first_day(statement)
        count = align(statement, [one for one in lines[account.id] if one.booked_on >= since], end)
        if isinstance(count, Misfit):
            findings.add(statement.line, "opening balance", count.value, count.mend)
            break  # what follows it cannot be judged
        entries = moving(statement)
        whole = bool(entries) and count == len(entries)
        planned.append(Planned(account.id, statement, count, whole, digest))
        seen.add((account.id, digest, statement.number))
        if not whole:
            balance = statement.closing - sum(entry.amount for entry in entries[count:])
            for entry in entries[count:]:
                balance += entry.amount
                lines[account.id].append(Known(entry.booked_on, entry.amount, balance, entry.bank_reference))
            closed_on = statement.closed_on if end is None else max(end.closed_on, statement.closed_on)
            ends[account.id] = End(statement.closing, closed_on)
    return planned


def end_of(session: Session, bank_account_id: int) -> End | None:
    """Return where the books of an account end; None before its first statement."""
    row = session.execute(
        select(BankStatement.closing_minor, BankStatement.closed_on)
        .where(BankStatement.bank_account_id == bank_account_id)
        .order_by(BankStatement.id.desc())
        .limit(1)
    ).first()
    return End(row[0], row[1]) if row is not None else None


def _known(session: Session, bank_account_id: int, since: date) -> list[Known]:
    rows = session.execute(
        select(BankEntry.booked_on, BankEntry.amount_minor, BankEntry.balance_minor, BankEntry.bank_reference)
        .where(BankEntry.bank_account_id == bank_account_id, BankEntry.booked_on >= since)
        .order_by(BankEntry.id.desc())
        .limit(2 * MAX_ENTRIES)
    ).all()
    return [Known(*row) for row in reversed(rows)]


def _seen(session: Session, bank_account_id: int, wanted: Sequence[str]) -> set[tuple[int, str, str]]:
    found = session.execute(
        select(BankStatement.digest, BankStatement.number).where(
            BankStatement.bank_account_id == bank_account_id, BankStatement.digest.in_(set(wanted))
        )
    )
    return {(bank_account_id, digest, number) for digest, number in found}


def _is_seen(account_id: int, digest: str, statement: Statement, seen: set[tuple[int, str, str]]) -> bool:
    """Say whether this very statement was taken over.

    One whose movements cancel each other out may come twice in a day: there the bank's number has to be the same as well.
    """
    numbers = {number for owner, known, number in seen if (owner, known) == (account_id, digest)}
    if not moving(statement) or statement.opening != statement.closing:
        return bool(numbers)
    return bool(statement.number) and statement.number in numbers


def digest_of(statement: Statement) -> str:
    """Return the SHA-256 over what every form of a statement says alike: balances, closing day, day and amount of each entry."""
    parts = [statement.currency, str(statement.opening), str(statement.closing), str(statement.closed_on)]
    parts += [f"{entry.booked_on} {entry.amount}" for entry in moving(statement)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
