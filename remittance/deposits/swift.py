"""Reading MT940, SWIFT's customer statement; pure.

The library `mt-940` knows the form of each field and the banks' dialects of field 86. The walk through the file is ours,
because a refusal names its line, and because a line that the library would pass over is a fault here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from mt940 import models, processors, tags
from mt940.options import Options

from remittance.deposits.statement import MAX_ENTRIES, MAX_STATEMENTS, Entry, Findings, Statement, clip

_TAG = re.compile(r":(\d\d[A-Z]?):")
_ENVELOPE = re.compile(r"\{[1235]:[^\n]*|^-\}?[^\n]*$")
"""SWIFT's blocks around the message and its end: `{1:…}{2:…}{4:` and `-}`."""
_AMOUNT = re.compile(r"(?=.*\d)\d{0,14}(,\d{0,4})?")
_BALANCES = {"60F": "opening", "60M": "opening", "62F": "closing", "62M": "closing"}
NO_REFERENCES = frozenset({"", "NONREF", "NOTPROVIDED"})
_STATEMENT, _BALANCE = tags.Statement(), tags.BalanceBase()
_DIALECT = Options(applicant_iban=True)
"""Field 86 names the payer's account and the payer apart."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of the file: its tag, its text with inner line breaks, and the line at which it begins."""

    tag: str
    text: str
    line: int


def read(text: str, findings: Findings) -> list[Statement]:
    """Return the statements of a file; faults are among the findings. Raises SeveralFaults for what is no such file."""
    found: list[Statement] = []
    for fields in _messages(_fields(text, findings)):
        if len(found) >= MAX_STATEMENTS:
            findings.stop(fields[0].line, "message", len(found), f"send at most {MAX_STATEMENTS} statements")
        statement = _statement(fields, findings)
        if statement is not None:
            found.append(statement)
    if not found and not findings.faults:
        findings.stop(1, "file", "no statement", "a statement begins with :20: and has :60F: and :62F:")
    return found


def _fields(text: str, findings: Findings) -> Iterator[_Field]:
    """Divide the file into fields; a line that begins none goes on with the one before it."""
    tag, rows, began = "", list[str](), 0
    for number, raw in enumerate(text.splitlines(), start=1):
        row = _ENVELOPE.sub("", raw).rstrip()
        begins = _TAG.match(row)
        if begins is None:
            if row and not tag:
                findings.stop(number, "file", "text before :20:", "send CAMT.053, MT940 or a table (CSV)")
            if tag and row:
                rows.append(row)
            continue
        if tag:
            yield _Field(tag, "\n".join(rows), began)
        tag, rows, began = begins.group(1), [row[begins.end() :]], number
    if tag:
        yield _Field(tag, "\n".join(rows), began)


def _messages(fields: Iterator[_Field]) -> Iterator[list[_Field]]:
    """Divide the fields into messages, each of which begins with its own reference."""
    message: list[_Field] = []
    for each in fields:
        if each.tag == "20" and message:
            yield message
            message = []
        message.append(each)
    if message:
        yield message


def _statement(fields: list[_Field], findings: Findings) -> Statement | None:
    named = {each.tag: each for each in reversed(fields)}
    first = fields[0]
    if first.tag != "20":
        findings.add(first.line, f":{first.tag}:", "no :20: before it", "a statement begins with its reference :20:")
        return None
    balances = {
        kind: _balance(each, findings) for each in fields if (kind := _BALANCES.get(each.tag, "")) and each.tag in named
    }
    opening, closing = balances.get("opening"), balances.get("closing")
    for kind, tag in (("opening", ":60F:"), ("closing", ":62F:")):
        if kind not in balances:
            findings.add(first.line, tag, "missing", f"a statement needs its {kind} balance")
    if opening is None or closing is None:
        return None
    if closing[1] != opening[1]:
        findings.add(first.line, ":62F:", closing[1], f"the account is kept in {opening[1]}")
        return None
    account = named.get("25")
    number = named.get("28C") or named.get("28")
    return Statement(
        first.line, clip(account.text)[:40] if account else "", opening[1], clip(number.text)[:40] if number else "",
        opening[2], closing[2], opening[0], closing[0], tuple(_entries(fields, opening[1], findings)),
    )  # fmt: skip


def _balance(given: _Field, findings: Findings) -> tuple[int, str, date] | None:
    """Return amount, currency and day of a balance; None beside a fault."""
    found = _BALANCE.re.match(given.text)
    if found is None:
        findings.add(given.line, f":{given.tag}:", given.text[:30], "write it as C260331EUR1234,56")
        return None
    day = _day(given.line, found["year"], found["month"], found["day"], findings)
    if day is None:
        return None
    currency = found["currency"].upper()
    amount = _amount(given.line, f":{given.tag}:", found["amount"], currency, findings)
    return (amount if found["status"].upper() == "C" else -amount), currency, day


def _day(line: int, year: str, month: str, day: str, findings: Findings) -> date | None:
    """Return a day of a year in two figures: of this century, as no bank's statement is older."""
    try:
        return date(2000 + int(year), int(month), int(day))
    except ValueError:
        findings.add(line, "day", f"{year}{month}{day}", "write days as YYMMDD")
        return None


def _amount(line: int, name: str, text: str, currency: str, findings: Findings) -> int:
    """Return an amount with a comma in minor units: banks write `12,` and `,5` as well."""
    if not _AMOUNT.fullmatch(text):
        findings.add(line, name, text, "write amounts as 1234,56")
        return 0
    whole, _, part = text.partition(",")
    return findings.money(line, name, f"{whole or 0}.{part}" if part else whole, currency)


def _entries(fields: list[_Field], currency: str, findings: Findings) -> Iterator[Entry]:
    """Return the entries, each with the field 86 that follows it."""
    count = 0
    for position, each in enumerate(fields):
        if each.tag != "61":
            continue
        count += 1
        if count > MAX_ENTRIES:
            findings.stop(each.line, ":61:", count, f"send at most {MAX_ENTRIES} entries")
        after = fields[position + 1] if position + 1 < len(fields) else None
        entry = _entry(each, after.text if after is not None and after.tag == "86" else "", currency, findings)
        if entry is not None:
            yield entry


def _entry(given: _Field, about: str, currency: str, findings: Findings) -> Entry | None:
    found = _STATEMENT.re.match(given.text)
    if found is None:
        findings.add(given.line, ":61:", given.text[:10], "write it as 260331C1234,56NTRFREFERENCE")
        return None
    value_on = _day(given.line, found["year"], found["month"], found["day"], findings)
    if value_on is None:
        return None
    way = found["status"].upper()
    amount = _amount(given.line, ":61:", found["amount"], currency, findings)
    said = _about(about)
    references = (found["customer_reference"] or "", str(said.get("end_to_end_reference") or ""))
    return Entry(
        line=given.line, amount=amount if way in ("C", "RD") else -amount,
        booked_on=_booked(given.line, value_on, found["entry_month"], found["entry_day"], findings), value_on=value_on,
        reference=clip(next((each for each in references if each.strip().upper() not in NO_REFERENCES), "")),
        bank_reference=clip(found["bank_reference"]),
        payer=clip(str(said.get("applicant_name") or "")), payer_account=clip(str(said.get("applicant_iban") or "")),
        details=clip(str(said.get("purpose") or said.get("transaction_details") or "")),
        returned=way.startswith("R"),
    )  # fmt: skip


def _booked(line: int, value_on: date, month: str | None, day: str | None, findings: Findings) -> date:
    """Return the booking day, which has no year of its own: the one nearest to the value day."""
    if not (month or "").strip() or not (day or "").strip():
        return value_on
    near = [
        found
        for year in (value_on.year - 1, value_on.year, value_on.year + 1)
        if (found := _of_year(year, str(month), str(day))) is not None
    ]
    if not near:
        findings.add(line, ":61:", f"{month}{day}", "write the booking day as MMDD")
        return value_on
    return min(near, key=lambda each: abs(each - value_on))


def _of_year(year: int, month: str, day: str) -> date | None:
    try:
        return date(year, int(month), int(day))
    except ValueError:
        return None  # such as 29 February in a year without it: another year is nearer


def _about(text: str) -> dict[str, Any]:
    """Return what field 86 says by the bank's own keys, or as plain text where it has none."""
    if not text:
        return {}
    given = {"transaction_details": text.strip()}
    message = models.Transactions(options=_DIALECT)
    return processors.transaction_details_post_processor(message, tags.TransactionDetails(), given, dict(given))
