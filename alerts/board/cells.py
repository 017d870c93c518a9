"""Cells of tables that leave the house: a spreadsheet must never take a word for a formula."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets begin a formula with (OWASP, CSV injection), also in the width of East Asian letters."""


def plain_cell(value: object) -> object:
    """Return a cell that is read as the text it is; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return value
