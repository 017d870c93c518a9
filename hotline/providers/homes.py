"""Finding the text that a receipt is about, when all it knows is the provider's own name of it.

A webhook's address carries our id. A receipt that came over a message centre's link carries the centre's id, and that may not be
known yet (the answer to the hand-over has not been recorded), may name one part of a text, may be of an earlier attempt, or
may never become known because the answer was lost. Then the number it went to tells, if exactly one text to it is in doubt,
whatever its kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import psycopg

from hotline.providers.ranks import DELIVERED, FAILED, NOTHING, Word, word
from hotline.providers.text_tables import TextTables
from hotline.providers.weighing import Row


class _Statements(NamedTuple):
    parts_of: str
    mark_parts: str
    by_sid: str
    earlier: str
    in_doubt: str


@cache
def _statements(tables: TextTables) -> _Statements:
    ref = tables.reference
    return _Statements(
        f"""
SELECT own.provider_sid, p.provider_sid, p.{ref}, p.attempt, p.part, p.status, p.error_code
  FROM {tables.parts} own
  JOIN {tables.parts} p ON p.{ref} = own.{ref} AND p.attempt = own.attempt
 WHERE own.provider_sid = ANY(%s) ORDER BY p.{ref}, p.attempt, p.part
""",  # noqa: S608 - put together from constants, as are all of these
        f"""
UPDATE {tables.parts} p SET status = w.status, error_code = w.code
  FROM unnest(%s::text[], %s::text[], %s::text[]) AS w(sid, status, code) WHERE p.provider_sid = w.sid
""",  # noqa: S608
        f"SELECT provider_sid, id FROM {tables.texts} WHERE provider_sid = ANY(%s)",  # noqa: S608
        f"""
SELECT a.provider_sid, t.id, a.number FROM {tables.texts} t JOIN {tables.attempts} a ON a.{ref} = t.id
 WHERE t.phone = ANY(%s) AND a.provider_sid = ANY(%s)
""",  # noqa: S608
        f"""
SELECT t.phone, a.provider, min(t.id), count(*)
  FROM {tables.texts} t JOIN {tables.attempts} a ON a.{ref} = t.id AND a.number = t.attempts
 WHERE t.phone = ANY(%s) AND a.provider = ANY(%s) AND a.left_at IS NOT NULL
   AND (t.state = 'in_doubt' OR t.state = 'failed' AND t.error_code = 'lost')
 GROUP BY t.phone, a.provider
""",  # noqa: S608
    )


class Part(NamedTuple):
    """One part of a text, as its row says."""

    sid: str
    text_id: int
    attempt: int
    number: int
    status: str | None
    error_code: str | None


Found = tuple[list[Row], list[Row]]
"""Receipts that have found their text, and those that have not."""


def by_name(connection: psycopg.Connection[Any], rows: list[Row], tables: TextTables) -> Found:
    """Find texts of one kind by the provider's name, in the caller's transaction; what is said of parts is remembered."""
    found: list[Row] = []
    for look in (_of_parts, _by_sid, _of_earlier_attempts):
        if not rows:
            break
        placed = look(connection, rows, tables)
        found += placed
        ids = {row.id for row in placed}
        rows = [row for row in rows if row.id not in ids]
    return found, rows


def by_number(
    connection: psycopg.Connection[Any], rows: list[Row], kinds: Sequence[TextTables]
) -> tuple[Mapping[TextTables, list[Row]], list[Row]]:
    """Give each receipt with an unknown name to the one text in doubt to its number, of whatever kind; and the rest.

    Two names for one number, or two doubts, are unclear: then nobody guesses.
    """
    asking = [row for row in rows if row.provider is not None and row.recipient is not None]
    found: dict[TextTables, list[Row]] = {tables: [] for tables in kinds}
    if not asking:
        return found, rows
    values = ([row.recipient for row in asking], [row.provider for row in asking])
    doubts: dict[tuple[str | None, str | None], list[tuple[TextTables, int]]] = defaultdict(list)
    for tables in kinds:
        for phone, provider, text_id, count in connection.execute(_statements(tables).in_doubt, values).fetchall():
            doubts[phone, provider] += [(tables, text_id)] * count
    names = Counter((row.recipient, row.provider) for row in {row.sid: row for row in asking}.values())
    left = []
    for row in rows:
        candidates = doubts.get((row.recipient, row.provider), [])
        if len(candidates) == 1 and names[row.recipient, row.provider] == 1:
            tables, text_id = candidates[0]
            found[tables].append(row._replace(text_id=text_id))
        else:
            left.append(row)
    return found, left


def _of_parts(connection: psycopg.Connection[Any], rows: list[Row], tables: TextTables) -> list[Row]:
    """Turn what is said of parts into what is known of the whole text."""
    found = connection.execute(_statements(tables).parts_of, ([row.sid for row in rows],)).fetchall()
    if not found:
        return []
    texts: dict[str, list[Part]] = defaultdict(list)
    for own, *part in found:
        texts[own].append(Part(*part))
    words: dict[str, Word] = {
        part.sid: word(part.status, part.error_code) for parts in texts.values() for part in parts
    }
    mine = [row for row in rows if row.sid in texts]
    for row in mine:
        words[row.sid] = max(words[row.sid], word(row.status, row.error_code))
    marked = sorted({row.sid for row in mine})
    connection.execute(
        _statements(tables).mark_parts,
        (marked, [words[sid].status or None for sid in marked], [words[sid].error_code or None for sid in marked]),
    )
    placed = []
    for row in mine:
        parts = texts[row.sid]
        whole = together([words[part.sid] for part in parts])
        placed.append(
            row._replace(
                text_id=parts[0].text_id, attempt=parts[0].attempt, sid=parts[0].sid,
                status=whole.status, error_code=whole.error_code or None,
            )
        )  # fmt: skip
    return placed


def together(words: Iterable[Word]) -> Word:
    """Return what is known of a text from what is known of its parts; pure.

    One part that failed makes the text unreadable; it has been delivered when every part has.
    """
    every = list(words)
    failed = [each for each in every if each.state == FAILED and each is not NOTHING]
    if failed:
        return max(failed)
    if all(each.state == DELIVERED for each in every):
        return min(every)
    return word("sent", None)


def _by_sid(connection: psycopg.Connection[Any], rows: list[Row], tables: TextTables) -> list[Row]:
    found = connection.execute(_statements(tables).by_sid, ([row.sid for row in rows],)).fetchall()
    known: dict[str, int] = dict(found)
    return [row._replace(text_id=known[row.sid]) for row in rows if row.sid in known]


def _of_earlier_attempts(connection: psycopg.Connection[Any], rows: list[Row], tables: TextTables) -> list[Row]:
    """Find receipts of attempts that have failed and were followed by others: the text has forgotten their names."""
    asking = [row for row in rows if row.provider is not None and row.recipient is not None]
    if not asking:
        return []
    values = ([row.recipient for row in asking], [row.sid for row in asking])
    found = connection.execute(_statements(tables).earlier, values).fetchall()
    known = {sid: (text_id, number) for sid, text_id, number in found}
    return [row._replace(text_id=known[row.sid][0], attempt=known[row.sid][1]) for row in asking if row.sid in known]
