"""Which of the provider's names are parts of one text, written down so that their receipts find it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import psycopg

from hotline.providers.text_tables import TextTables


class Names(NamedTuple):
    """The provider's names of the parts of one attempt, in their order."""

    text_id: int
    attempt: int
    sids: tuple[str, ...]


@cache
def _keep(tables: TextTables) -> str:
    return f"""
INSERT INTO {tables.parts} (provider_sid, {tables.reference}, attempt, part, parts)
SELECT * FROM unnest(%s::text[], %s::bigint[], %s::smallint[], %s::smallint[], %s::smallint[]) ON CONFLICT DO NOTHING
"""  # noqa: S608 - put together from constants, no value comes from outside


def keep(connection: psycopg.Connection[Any], names: Sequence[Names], tables: TextTables) -> None:
    """Write the names down in the caller's transaction; texts that went as one have none."""
    rows = [
        (sid, each.text_id, each.attempt, number, len(each.sids))
        for each in names
        for number, sid in enumerate(each.sids, start=1)
    ]
    if rows:
        connection.execute(_keep(tables), tuple(list(column) for column in zip(*rows, strict=True)))
