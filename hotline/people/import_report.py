"""The refused rows of a list as a table for a spreadsheet, by which its author mends the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = ("line", "field", "value", "mend")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula, also in the width of East Asian letters (OWASP: CSV injection)."""
BYTE_ORDER_MARK = "\ufeff"
"""Lets spreadsheets read Korean without being asked."""


def refused_csv(refused: Iterable[Mapping[str, Any]]) -> str:
    """Return refused rows (line, field, value, mend) as CSV with a header line; no cell can be taken for a formula.

    A value comes from a stranger's file, so one that a spreadsheet would run is kept as text by an apostrophe before it.
    """
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for row in refused:
        table.writerow([_cell(row.get(name, "")) for name in COLUMNS])
    return BYTE_ORDER_MARK + written.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, int):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
