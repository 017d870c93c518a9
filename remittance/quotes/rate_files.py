"""Reading exchange rates: the European Central Bank's daily file (XML and CSV), and a plain table of one's own; pure.

Rates are decimal texts made exact; nothing passes through a float.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from lxml import etree

from hotline.core.errors import InvalidInput, SeveralFaults
from remittance.money.currencies import exponent

MAX_BYTES, MAX_RATES, MAX_FAULTS = 500_000, 2_000, 50
LARGEST = Fraction(10**9)
ECB, TABLE = "ecb", "csv"
_PLAIN = re.compile(r"\d{1,12}(\.\d{1,10})?")
_DAYS = ("%Y-%m-%d", "%d %B %Y", "%Y.%m.%d")


@dataclass(frozen=True, slots=True)
class GivenRate:
    """One unit of `base` costs `value` units of `quoted`, on a day; `line` is where it stands in the file."""

    base: str
    quoted: str
    value: Fraction
    day: date
    line: int


class _Faults:
    def __init__(self) -> None:
        self.found: list[dict[str, object]] = []

    def add(self, line: int, name: str, value: object, mend: str) -> None:
        self.found.append({"field": f"{name} (line {line})", "value": str(value)[:40], "mend": mend, "line": line})
        if len(self.found) >= MAX_FAULTS:
            self.refuse()

    def refuse(self) -> None:
        raise SeveralFaults(self.found, "The rates were refused whole; nothing of them was taken over.")


def read_rates(data: bytes) -> tuple[str, list[GivenRate]]:
    """Return the kind of file and its rates.

    Raises SeveralFaults with every fault's line: an unknown currency, a rate that is none, a day in another form, a rate twice.
    """
    faults = _Faults()
    if not data.strip() or len(data) > MAX_BYTES:
        faults.add(1, "file", f"{len(data)} bytes", f"send 1 to {MAX_BYTES} bytes")
        faults.refuse()
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        kind, rates = ECB, _xml(data, faults)
    else:
        kind, rates = _csv(data, faults)
    seen = dict[tuple[str, str, date], int]()
    for rate in rates:
        before = seen.setdefault((rate.base, rate.quoted, rate.day), rate.line)
        if before != rate.line or rate.base == rate.quoted:
            faults.add(
                rate.line, "currency", f"{rate.base} {rate.quoted}", "give each pair of two currencies once a day"
            )
    if not rates and not faults.found:
        faults.add(1, "file", "no rates", "send the European Central Bank's file, or rows of base,quoted,rate,day")
    if faults.found:
        faults.refuse()
    return kind, rates


def _xml(data: bytes, faults: _Faults) -> list[GivenRate]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        faults.add(error.lineno or 1, "file", "broken XML", "download it again")
        faults.refuse()
        raise  # not reached: refuse raises
    if root.getroottree().docinfo.internalDTD is not None:
        faults.add(1, "DOCTYPE", "present", "the file has none; download it again")
        faults.refuse()
    found: list[GivenRate] = []
    for cube in root.iterfind(".//{*}Cube[@time]"):
        for each in list(cube.iterfind("{*}Cube"))[:MAX_RATES]:
            line = int(str(each.sourceline or 0))
            rate = _rate(line, "EUR", each.get("currency", ""), each.get("rate", ""), cube.get("time", ""), faults)
            if rate is not None:
                found.append(rate)
    return found


def _csv(data: bytes, faults: _Faults) -> tuple[str, list[GivenRate]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        faults.add(1, "encoding", "unknown", "save the file as UTF-8")
        faults.refuse()
        raise  # not reached: refuse raises
    rows = [
        (number, [cell.strip() for cell in row])
        for number, row in enumerate(csv.reader(text.splitlines()), start=1)
        if row
    ]
    head = [cell.casefold() for cell in rows[0][1]] if rows else []
    if head[:1] == ["date"] and "base" not in head:
        return ECB, _wide(rows, faults)
    columns = {name: head.index(name) for name in ("base", "quoted", "rate", "day") if name in head}
    if len(columns) < 4:
        faults.add(1, "headings", ",".join(head)[:40], "begin with the row base,quoted,rate,day")
        faults.refuse()
    found: list[GivenRate] = []
    for line, cells in rows[1 : MAX_RATES + 1]:
        given = {name: cells[column] if column < len(cells) else "" for name, column in columns.items()}
        rate = _rate(line, given["base"], given["quoted"], given["rate"], given["day"], faults)
        if rate is not None:
            found.append(rate)
    return TABLE, found


def _wide(rows: list[tuple[int, list[str]]], faults: _Faults) -> list[GivenRate]:
    """Read the bank's table: a day, then a column for each currency; N/A where there is no rate."""
    currencies = rows[0][1][1:]
    found: list[GivenRate] = []
    for line, cells in rows[1:]:
        for currency, text in zip(currencies, cells[1:], strict=False):
            if not currency or text in ("", "N/A") or len(found) >= MAX_RATES:
                continue
            rate = _rate(line, "EUR", currency, text, cells[0], faults)
            if rate is not None:
                found.append(rate)
    return found


def _rate(line: int, base: str, quoted: str, text: str, day: str, faults: _Faults) -> GivenRate | None:
    before = len(faults.found)
    for currency in (base, quoted):
        try:
            exponent(currency)
        except InvalidInput as error:
            faults.add(line, "currency", currency, error.mend)
    value = rate_of(text)
    if value is None:
        faults.add(line, "rate", text, "write a rate as 1456.78, more than zero")
    on = _day(day)
    if on is None:
        faults.add(line, "day", day, "write days as 2026-03-31")
    if len(faults.found) > before or value is None or on is None:
        return None
    return GivenRate(base, quoted, value, on, line)


def rate_of(text: str) -> Fraction | None:
    """Return a rate exactly; None for what is none, for zero, and for what is larger than any rate."""
    plain = text.strip().replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d+)?", text.strip()) else text.strip()
    if not _PLAIN.fullmatch(plain):
        return None
    try:
        value = Fraction(Decimal(plain))
    except InvalidOperation:
        return None
    return value if 0 < value <= LARGEST else None


def _day(text: str) -> date | None:
    for form in _DAYS:
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day of the calendar, without a clock
        except ValueError:
            continue
    return None
