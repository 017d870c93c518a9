"""Reading a bank's table (CSV), as Korean and other banks offer it for download; pure.

Columns are known by their headings, in Korean and English. Every row must lead from the balance before it to its own, oldest
first or newest first: so a table proves itself as a statement does.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from remittance.deposits.statement import MAX_ENTRIES, Entry, Findings, Statement, clip

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "day": ("거래일자", "거래일시", "거래일", "일자", "날짜", "date", "booking date", "transaction date"),
    "in": ("입금액", "입금", "입금금액", "맡기신금액", "credit", "deposit", "money in"),
    "out": ("출금액", "출금", "출금금액", "찾으신금액", "지급액", "debit", "withdrawal", "money out"),
    "amount": ("거래금액", "금액", "amount"),
    "balance": ("잔액", "거래후잔액", "거래후 잔액", "balance"),
    "payer": ("보낸분", "의뢰인", "입금자", "보낸분/받는분", "상대방", "거래처", "name", "payer", "counterparty"),
    "details": ("적요", "내용", "거래내용", "메모", "비고", "description", "details", "memo"),
    "reference": ("참조", "받는분통장표시", "내통장표시", "통장표시내용", "reference"),
    "bank_reference": ("거래번호", "일련번호", "transaction id", "id"),
}
NEEDED = ("day", "balance")
MAX_HEAD_ROWS = 20
"""Banks write the account's name and period above the headings."""
_DAY = re.compile(r"(\d{4})[-./년 ]{0,2}(\d{1,2})[-./월 ]{0,2}(\d{1,2})일?(?:\D.*)?")
_MONEY = re.compile(r"([-+]?)\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?")


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    entry: Entry
    balance: int


def read(text: str, account: str, currency: str, findings: Findings) -> list[Statement]:
    """Return the table as one statement of an account; faults are among the findings.

    Raises SeveralFaults when there are no headings that we know.
    """
    rows = _cells(text, findings)
    head, columns = _headings(rows, findings)
    found = [
        row
        for number, cells in rows[head + 1 :]
        if any(cell.strip() for cell in cells) and (row := _row(number, cells, columns, currency, findings)) is not None
    ]
    if len(found) > MAX_ENTRIES:
        findings.stop(found[-1].line, "rows", len(found), f"send at most {MAX_ENTRIES} rows; choose a shorter period")
    if not found and findings.faults:
        findings.refuse()  # every row has a fault of its own, which says more than that none is left
    if not found:
        findings.stop(
            rows[head][0], "rows", "none", "the table has no movement; choose a period in which there was one"
        )
    ordered = _in_order(found)
    if ordered is None:
        _name_the_break(found, currency, findings)
        return []
    first, last = ordered[0], ordered[-1]
    return [
        Statement(
            first.line, account, currency, "", first.entry.booked_on, last.entry.booked_on,
            first.balance - first.entry.amount, last.balance, tuple(row.entry for row in ordered),
        )
    ]  # fmt: skip


def _cells(text: str, findings: Findings) -> list[tuple[int, list[str]]]:
    sample = text[:4000]
    delimiter = max("\t;,", key=sample.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            rows.append((reader.line_num, cells))
            if len(rows) > MAX_ENTRIES + MAX_HEAD_ROWS:
                findings.stop(
                    reader.line_num, "rows", len(rows), f"send at most {MAX_ENTRIES} rows; choose a shorter period"
                )
    except csv.Error as error:
        findings.stop(reader.line_num, "row", "cannot be divided", f"mend the quotes of this row ({error})")
    return rows


def _known(cell: str) -> str:
    """Return what a heading means; empty for one that we do not need."""
    plain = re.sub(r"\s*[(\[].*", "", cell.strip().strip("\ufeff")).casefold()
    return next((name for name, words in HEADINGS.items() if plain in words), "")


def _headings(rows: list[tuple[int, list[str]]], findings: Findings) -> tuple[int, dict[str, int]]:
    """Return at which row the headings stand and the column of each that we know, the first of several."""
    for position, (_, cells) in enumerate(rows[:MAX_HEAD_ROWS]):
        columns: dict[str, int] = {}
        for column, cell in enumerate(cells):
            name = _known(cell)
            if name:
                columns.setdefault(name, column)
        if all(name in columns for name in NEEDED) and ("in" in columns or "amount" in columns):
            return position, columns
    findings.stop(
        1, "headings", "unknown", "the table needs columns for day, money in and balance: 거래일자, 입금액, 잔액"
    )


def _row(line: int, cells: list[str], columns: dict[str, int], currency: str, findings: Findings) -> _Row | None:
    def cell(name: str) -> str:
        column = columns.get(name)
        return cells[column].strip() if column is not None and column < len(cells) else ""

    if not cell("balance") and not cell("day"):
        return None  # a sum, or a remark below the table
    day = _day(line, cell("day"), findings)
    moved = _moved(line, cell("in"), cell("out"), cell("amount"), currency, findings)
    after = _money(line, "balance", cell("balance"), currency, findings)
    if day is None:
        return None
    entry = Entry(
        line=line, amount=moved, booked_on=day, reference=clip(cell("reference")),
        bank_reference=clip(cell("bank_reference")), payer=clip(cell("payer")), details=clip(cell("details")),
    )  # fmt: skip
    return _Row(line, entry, after)


def _day(line: int, text: str, findings: Findings) -> date | None:
    found = _DAY.fullmatch(text)
    try:
        if found is not None:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        found = None
    findings.add(line, "day", text[:20], "write days as 2026-03-31")
    return None


def _moved(line: int, came: str, went: str, amount: str, currency: str, findings: Findings) -> int:
    """Return what a row moved: two columns, of which one is empty or zero, or one with a sign."""
    if not came and not went:
        return _money(line, "amount", amount, currency, findings)
    there = _money(line, "money in", came or "0", currency, findings)
    away = _money(line, "money out", went or "0", currency, findings)
    if there and away:
        findings.add(line, "money in", came, "a row moves money one way; leave one of both columns empty")
    return there - abs(away)


def _money(line: int, name: str, text: str, currency: str, findings: Findings) -> int:
    found = _MONEY.fullmatch(text.replace("₩", "").replace("원", "").strip())
    if found is None:
        findings.add(line, name, text[:20], "write amounts as 1,234,567 or 1234.56")
        return 0
    sign, whole, part = found.groups()
    amount = findings.money(line, name, whole.replace(",", "") + (part or ""), currency)
    return -amount if sign == "-" else amount


def _in_order(rows: list[_Row]) -> list[_Row] | None:
    """Return the rows oldest first, whichever way the bank writes them; None when neither way adds up."""
    for way in (rows, rows[::-1]):
        if all(after.balance == before.balance + after.entry.amount for before, after in pairwise(way)):
            return way
    return None


def _name_the_break(rows: list[_Row], currency: str, findings: Findings) -> None:
    """Name the first row that does not add up, in the direction in which the days run."""
    way = rows if rows[0].entry.booked_on <= rows[-1].entry.booked_on else rows[::-1]
    for before, after in pairwise(way):
        expected = before.balance + after.entry.amount
        if after.balance != expected:
            findings.add(
                after.line, "balance", f"{after.balance} {currency}",
                f"the row before it and its own amount give {expected} in minor units; a row is missing, doubled or changed",
            )  # fmt: skip
            return
