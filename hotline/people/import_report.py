"""The refused rows of a list as a table for a spreadsheet, by which its author mends the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hotline.core import tables

COLUMNS = ("line", "field", "value", "mend")


def refused_csv(refused: Iterable[Mapping[str, Any]]) -> str:
    """Return refused rows (line, field, value, mend) as CSV with a header line; no cell can be taken for a formula.

    A value comes from a stranger's file, so one that a spreadsheet would run is kept as text by an apostrophe before it.
    """
    rows = ([row.get(name, "") for name in COLUMNS] for row in refused)
    cells = ([cell if isinstance(cell, int) else str(cell) for cell in row] for row in rows)
    return tables.as_csv([COLUMNS, *cells])
