"""Which names that a look-up brings back cannot be the attempt in doubt, because an earlier attempt of the text has them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import psycopg

from hotline.providers.text_tables import TextTables


@cache
def _earlier(tables: TextTables) -> str:
    return f"""
SELECT a.provider_sid FROM {tables.attempts} a JOIN {tables.texts} t ON t.id = a.{tables.reference}
 WHERE t.id = ANY(%s) AND a.number < t.attempts AND a.provider_sid IS NOT NULL
"""  # noqa: S608 - put together from constants, no value comes from outside


def names_of_earlier_attempts(
    connection: psycopg.Connection[Any], text_ids: Sequence[int], tables: TextTables
) -> set[str]:
    """Return the provider's names of all attempts of these texts but their last ones.

    A text that is tried again has the same words and number as before, so a look-up finds both.
    """
    return {sid for (sid,) in connection.execute(_earlier(tables), (list(text_ids),)).fetchall()}
