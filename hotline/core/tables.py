"""Tables that leave the house as CSV: read as Korean by spreadsheets, and no cell of a stranger's is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets misread Hangul."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets begin a formula with (OWASP, CSV injection), also in the width of East Asian letters."""


def plain_cell(value: object) -> object:
    """Return a cell that is read as the text it is; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value


def as_csv(rows: Iterable[Iterable[object]], *, start: str = BYTE_ORDER_MARK) -> str:
    """Return rows as CSV with lines that end as RFC 4180 says, every cell plain."""
    text = io.StringIO()
    text.write(start)
    csv.writer(text, lineterminator="\r\n").writerows([[plain_cell(cell) for cell in row] for row in rows])
    return text.getvalue()
