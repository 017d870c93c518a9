"""Degrees as people type them into a form."""

from __future__ import annotations

import math

from hotline.core.errors import InvalidInput


def read_degrees(field: str, text: str) -> float:
    """Return degrees written with a point or a comma; raises InvalidInput naming `field` when it is no number."""
    try:
        degrees = float(text.strip().replace(",", "."))
    except ValueError:
        degrees = math.nan
    if not math.isfinite(degrees):
        raise InvalidInput(field, text, "write degrees as a number such as 14.55")
    return degrees
