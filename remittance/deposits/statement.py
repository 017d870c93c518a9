"""A bank's statement as values, whatever file it came in, and the faults for which a file is refused whole; pure.

Money is whole minor units with the sign of the account holder: positive is money that came in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NoReturn

from hotline.core.errors import InvalidInput, SeveralFaults, TooLarge
from remittance.money.amounts import from_decimal

MAX_BYTES = 3_000_000
"""Of a file, whichever way it comes: the page carries it along between the look and the yes, a third longer, in one request."""
MAX_STATEMENTS, MAX_ENTRIES = 200, 20_000
MAX_FAULTS = 50
"""A file with more faults than these is not read on: it is another kind of file."""
MAX_TEXT_CHARS = 500
_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{0,5})?")
"""No exponents: `1E-999999999` is a decimal too, and costs minutes."""


def demand_size(size: int) -> None:
    """Raise TooLarge for a file of more bytes than are taken, by the page, by a programme, and by command alike."""
    if size > MAX_BYTES:
        most = MAX_BYTES // 1_000_000
        raise TooLarge(
            f"A bank's file has at most {most} MB. Download a shorter period, and take the periods over one after the other.",
            code="statement-too-large", params={"mb": most},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement on the account. `line` is where it begins in the file, 1 the first.

    `reference` is what the payer gave along to be recognised by, `bank_reference` the bank's own name of the movement.
    `returned`: it takes an earlier one back.
    """

    line: int
    amount: int
    booked_on: date
    value_on: date | None = None
    reference: str = ""
    bank_reference: str = ""
    payer: str = ""
    payer_account: str = ""
    details: str = ""
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of one account, complete: its opening balance and its entries give its closing balance."""

    line: int
    account: str
    """As the bank writes it: IBAN, or bank and number; empty where the file does not say (a table)."""
    currency: str
    number: str
    opened_on: date
    closed_on: date
    opening: int
    closing: int
    entries: tuple[Entry, ...]


@dataclass
class Findings:
    """What is wrong with a file, with the line of each fault; names of people are never among the values."""

    faults: list[dict[str, object]] = field(default_factory=list)

    def add(self, line: int, name: str, value: object, mend: str) -> None:
        """Note a fault; stops when there are too many."""
        self.faults.append({"field": f"{name} (line {line})", "value": str(value)[:60], "mend": mend, "line": line})
        if len(self.faults) >= MAX_FAULTS:
            self.refuse()

    def stop(self, line: int, name: str, value: object, mend: str) -> NoReturn:
        """Note a fault after which nothing more can be read."""
        self.faults.append({"field": f"{name} (line {line})", "value": str(value)[:60], "mend": mend, "line": line})
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise SeveralFaults with everything found."""
        raise SeveralFaults(self.faults, "The statement was refused whole; nothing of it was taken over.")

    def money(self, line: int, name: str, text: str, currency: str) -> int:
        """Return an amount without a sign in minor units; 0 beside a fault when it is none of this currency."""
        if not _AMOUNT.fullmatch(text):
            self.add(line, name, text, "write amounts as 1234.56, without a sign")
            return 0
        try:
            return from_decimal(Decimal(text), currency).minor
        except InvalidInput as error:
            self.add(line, name, f"{text} {currency}", error.mend)
        return 0


def clip(text: str | None) -> str:
    """Return a text of one line and of limited length."""
    return " ".join((text or "").split())[:MAX_TEXT_CHARS]


def balance(statement: Statement, findings: Findings) -> None:
    """Note a fault when opening balance and entries do not give the closing balance: a line is missing, or doubled."""
    moved = sum(entry.amount for entry in statement.entries)
    if statement.opening + moved != statement.closing:
        short = statement.closing - statement.opening - moved
        findings.add(
            statement.line, "closing balance", f"{statement.closing} {statement.currency}",
            f"opening {statement.opening} and entries {moved} in minor units leave {short}; ask the bank for the whole statement",
        )  # fmt: skip
