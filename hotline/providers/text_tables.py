"""Where one kind of text is kept, so that rules which are the same for every kind are written once.

Alerts' messages and single notices live in tables of their own, with columns of the same names and meanings. The statements
of `retrying`, `homes`, `parts` and `leaving` are put together from these names; no value ever comes into a statement so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TextTables:
    """Names of one kind's tables; `reference` is the column by which attempts and parts name their text.

    `lasts_until` is an SQL expression over the text's row `t`: the moment after which it must not be tried again, where the
    row knows it.
    """

    texts: str
    attempts: str
    parts: str
    reference: str
    lasts_until: str = "'infinity'::timestamptz"
