"""The journal as files, streamed row by row: CSV for spreadsheets, and the plain-text format of beancount, which checks it anew.

In the beancount file every closed month's carried balances stand as assertions, with no tolerance: a program that knows nothing
of this one computes them from the transactions and says where they differ.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from hotline.core.db import Database
from hotline.core.tables import BYTE_ORDER_MARK, plain_cell
from remittance.ledger.months import BOOKS_ZONE, begins, following, period_of
from remittance.ledger.states import BANK, DEPOSITS, FEES, FX, MISSION_CASH, PAYOUTS, ROUNDING, SETTLEMENT, SUSPENSE
from remittance.money.amounts import Money

FETCH_ROWS = 500
CHUNK_CHARS = 32_000
MAX_EXPORT_S = 900.0
"""Longest time one export may take; whoever reads more slowly than that gets a file that ends without its last line."""
PLACES = {
    BANK: "Assets:Bank", MISSION_CASH: "Assets:MissionCash", SETTLEMENT: "Assets:Settlement",
    SUSPENSE: "Liabilities:Suspense", DEPOSITS: "Liabilities:DepositsHeld", PAYOUTS: "Liabilities:PayoutsDue",
    FEES: "Income:Fees", ROUNDING: "Income:Rounding", FX: "Equity:Exchange",
}  # fmt: skip
"""Where each kind of account stands in the plain-text books."""
HEADER = (
    "journal", "key", "occurred_at", "period", "posted_at", "memo", "about", "reverses", "actor", "account", "mission",
    "currency", "debit", "credit", "minor",
)  # fmt: skip
_ACCOUNTS: LiteralString = """
SELECT account.id, account.kind, account.currency, account.reference, mission.code AS mission
  FROM ledger_accounts account LEFT JOIN missions mission ON mission.id = account.mission_id ORDER BY account.id
"""
_JOURNALS: LiteralString = """
SELECT journal.id, journal.key, journal.occurred_at, journal.period, journal.posted_at, journal.memo, journal.about_kind,
       journal.about_id, journal.reverses_id, journal.actor_name,
       (SELECT json_agg(json_build_array(posting.account_id, posting.minor) ORDER BY posting.id)
          FROM ledger_postings posting WHERE posting.journal_id = journal.id) AS postings
  FROM ledger_journals journal
 WHERE %(period)s::text = '' OR journal.period = %(period)s::text
 ORDER BY journal.period, journal.id
"""
_FIRST_DAY: LiteralString = "SELECT min(period) AS period FROM ledger_journals"
_CARRIED: LiteralString = "SELECT period, account_id, minor FROM ledger_carried ORDER BY period, account_id"


@dataclass(frozen=True)
class NamedAccount:
    """An account with its name in the plain-text books, and what it is."""

    name: str
    kind: str
    mission: str
    currency: str


def csv_lines(db: Database, period: str = "") -> Iterator[str]:
    """Return the journal as CSV, one line for each posting, in pieces; of one month, or of all where it is empty.

    Amounts are in major units with all of the currency's digits, `minor` is signed. Begins with a byte order mark, without which
    spreadsheets misread Hangul; no cell can be taken for a formula.
    """
    with _snapshot(db) as reader:
        accounts = reader.accounts()
        text = _Text(start=BYTE_ORDER_MARK)
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(HEADER)
        for row in reader.journals(period):
            for account_id, minor in row["postings"] or []:
                writer.writerow([plain_cell(cell) for cell in _cells(row, accounts[account_id], minor)])
            if text.is_full:
                yield text.taken()
        yield text.taken()


def beancount_lines(db: Database) -> Iterator[str]:
    """Return all of the books in beancount's plain-text format, in pieces; `bean-check` finds no fault in it.

    A journal stands on the day of its fact in the time of the ministry, or on the first of the month that it was booked into
    where that came later; then its own day is with it as metadata.
    """
    with _snapshot(db) as reader:
        accounts = reader.accounts()
        first = begins(reader.first_period() or period_of(reader.now)).astimezone(BOOKS_ZONE).date()
        text = _Text(start='option "title" "Emergency remittance"\n\n')
        for account in accounts.values():
            text.write(f"{first} open {account.name} {account.currency}\n")
        count = 0
        for row in reader.journals(""):
            count += 1
            text.write(_transaction(row, accounts))
            if text.is_full:
                yield text.taken()
        text.write("\n")
        for row in reader.carried():
            amount = Money(row["minor"], accounts[row["account_id"]].currency)
            day = begins(following(row["period"])).astimezone(BOOKS_ZONE).date()
            text.write(
                f"{day} balance {accounts[row['account_id']].name} {_plain(amount.decimal())} ~ 0 {amount.currency}\n"
            )
            if text.is_full:
                yield text.taken()
        yield text.taken() + f"\n; {count} journals\n"


class _Text(io.StringIO):
    """What was written since it was last taken."""

    def __init__(self, start: str) -> None:
        super().__init__()
        self.write(start)

    @property
    def is_full(self) -> bool:
        return self.tell() >= CHUNK_CHARS

    def taken(self) -> str:
        written = self.getvalue()
        self.seek(0)
        self.truncate()
        return written


class _Reader:
    """One snapshot of the books, read over cursors of the server: no more than FETCH_ROWS of it are ever in memory."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + MAX_EXPORT_S
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None, "now is one row"
        self.now: datetime = row[0]

    def accounts(self) -> dict[int, NamedAccount]:
        """Every account by id."""
        return {row["id"]: _named(row) for row in self._rows(_ACCOUNTS)}

    def journals(self, period: str) -> Iterator[dict[str, Any]]:
        """Journals in the order of their months."""
        return self._rows(_JOURNALS, {"period": period})

    def carried(self) -> Iterator[dict[str, Any]]:
        """Balances at the ends of closed months."""
        return self._rows(_CARRIED)

    def first_period(self) -> str:
        """The first month with anything in it; empty where nothing is."""
        return next(self._rows(_FIRST_DAY))["period"] or ""

    def _rows(self, statement: LiteralString, values: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        with self._connection.cursor("ledger_export", row_factory=dict_row) as cursor:
            cursor.itersize = FETCH_ROWS
            for row in cursor.execute(statement, values):
                if time.monotonic() > self._deadline:
                    raise TimeoutError(f"an export took longer than {MAX_EXPORT_S:.0f} s")
                yield row


class _snapshot:  # noqa: N801  # used as a function
    """Open a reader on a connection of its own, all of whose statements see the same moment."""

    def __init__(self, db: Database) -> None:
        self._manager = db.connection()

    def __enter__(self) -> _Reader:
        connection = self._manager.__enter__()
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _Reader(connection)

    def __exit__(self, *raised: Any) -> bool | None:
        return self._manager.__exit__(*raised)


def _named(row: dict[str, Any]) -> NamedAccount:
    parts = [PLACES[row["kind"]], *(_component(part) for part in (row["mission"], row["reference"]) if part)]
    return NamedAccount(":".join([*parts, row["currency"]]), row["kind"], row["mission"] or "", row["currency"])


def _component(code: str) -> str:
    """A part of an account's name begins with a capital or a digit and has letters, digits and hyphens."""
    clean = "".join(letter if letter.isascii() and (letter.isalnum() or letter == "-") else "-" for letter in code)
    return clean[:1].upper() + clean[1:] if clean[:1].isalnum() else f"X{clean}"


def _cells(row: dict[str, Any], account: NamedAccount, minor: int) -> tuple[object, ...]:
    amount = _plain(Money(abs(minor), account.currency).decimal())
    debit, credit = (amount, "") if minor > 0 else ("", amount)
    return (
        row["id"], row["key"], _moment(row["occurred_at"]), row["period"], _moment(row["posted_at"]), row["memo"],
        _about(row), row["reverses_id"] or "", row["actor_name"], account.name, account.mission, account.currency, debit,
        credit, minor,
    )  # fmt: skip


def _transaction(row: dict[str, Any], accounts: dict[int, NamedAccount]) -> str:
    day: date = row["occurred_at"].astimezone(BOOKS_ZONE).date()
    lines = list[str]()
    if period_of(row["occurred_at"]) != row["period"]:
        lines.append(f"  occurred: {day}")
        day = begins(row["period"]).astimezone(BOOKS_ZONE).date()
    lines = [f"\n{day} * {_quoted(row['memo'])}", f"  journal: {row['id']}", f"  key: {_quoted(row['key'])}", *lines]
    if row["about_kind"]:
        lines.append(f"  about: {_quoted(_about(row))}")
    if row["reverses_id"]:
        lines.append(f"  reverses: {row['reverses_id']}")
    for account_id, minor in row["postings"] or []:
        account = accounts[account_id]
        lines.append(f"  {account.name}  {_plain(Money(minor, account.currency).decimal())} {account.currency}")
    return "\n".join(lines) + "\n"


def _about(row: dict[str, Any]) -> str:
    return f"{row['about_kind']} {row['about_id'] or ''}".strip()


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"


def _quoted(words: str) -> str:
    clean = "".join(letter if letter.isprintable() else " " for letter in words)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
