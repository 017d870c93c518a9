"""From a bank's file to statements that balance, or to every reason why not: CAMT.053, MT940, or a table; pure."""

from __future__ import annotations

from dataclasses import dataclass

from remittance.deposits import camt, swift, table
from remittance.deposits.statement import Findings, Statement, balance, demand_size

CAMT, MT940, TABLE = "camt053", "mt940", "csv"
FORMATS = (CAMT, MT940, TABLE)
_ENCODINGS = ("utf-8-sig", "cp949")
"""What banks' files are written in; the Korean code page takes every byte that its letters can be."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file held, and in which form."""

    form: str
    statements: tuple[Statement, ...]


def read_file(data: bytes, *, account: str = "", currency: str = "") -> Reading:
    """Read a bank's file whole.

    Args:
        data: the file as it came, at most `statement.MAX_BYTES`.
        account, currency: whose table it is; statements name their own.

    Raises TooLarge; SeveralFaults with each fault's line. Nothing of such a file may be taken over.
    """
    demand_size(len(data))
    findings = Findings()
    if not data.strip():
        findings.stop(1, "file", "empty", "download it from the bank again")
    form, statements = _read(data, account, currency, findings)
    for statement in statements:
        balance(statement, findings)
    if findings.faults:
        findings.refuse()
    return Reading(form, tuple(statements))


def _read(data: bytes, account: str, currency: str, findings: Findings) -> tuple[str, list[Statement]]:
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return CAMT, camt.read(data, findings)
    text = _decoded(data, findings)
    start = text.lstrip()
    if start.startswith((":20:", "{1:")) or "\n:20:" in text[:2000]:
        return MT940, swift.read(text, findings)
    if not currency:
        findings.stop(1, "account", "", "choose the bank account whose table it is")
    return TABLE, table.read(text, account, currency, findings)


def _decoded(data: bytes, findings: Findings) -> str:
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    line = 1 + data[: _first_odd_byte(data)].count(b"\n")
    findings.stop(line, "encoding", "unknown", "save the file as UTF-8 or in the Korean code page 949")


def _first_odd_byte(data: bytes) -> int:
    try:
        data.decode(_ENCODINGS[-1])
    except UnicodeDecodeError as error:
        return error.start
    return 0
