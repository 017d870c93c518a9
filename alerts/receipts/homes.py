"""Finding the message that a receipt is about, when all it knows is the provider's own name of it.

A webhook's address carries our id. A receipt that came over a message centre's link carries the centre's id, and that may not be
known yet (the answer to the hand-over has not been recorded), may name one part of a text, may be of an earlier attempt, or
may never become known because the answer was lost. Then the number it went to tells, if exactly one text to it is in doubt.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from hotline.providers.ranks import DELIVERED, FAILED, NOTHING, Word, word

HOLD_FOR = timedelta(minutes=45)
"""How long a receipt waits for its message; longer than a doubt at a provider without a record stands."""

_PARTS_OF = """
SELECT own.provider_sid, p.provider_sid, p.message_id, p.attempt, p.part, p.status, p.error_code
  FROM message_parts own
  JOIN message_parts p ON p.message_id = own.message_id AND p.attempt = own.attempt
 WHERE own.provider_sid = ANY(%s) ORDER BY p.message_id, p.attempt, p.part
"""
_MARK_PARTS = """
UPDATE message_parts p SET status = w.status, error_code = w.code
  FROM unnest(%s::text[], %s::text[], %s::text[]) AS w(sid, status, code) WHERE p.provider_sid = w.sid
"""
_BY_SID = "SELECT provider_sid, id FROM messages WHERE provider_sid = ANY(%s)"
_EARLIER = """
SELECT a.provider_sid, m.id, a.number FROM messages m JOIN attempts a ON a.message_id = m.id
 WHERE m.phone = ANY(%s) AND a.provider_sid = ANY(%s)
"""
_IN_DOUBT = """
SELECT m.phone, a.provider, min(m.id) FROM messages m JOIN attempts a ON a.message_id = m.id AND a.number = m.attempts
 WHERE m.phone = ANY(%s) AND a.provider = ANY(%s) AND a.left_at IS NOT NULL
   AND (m.state = 'in_doubt' OR m.state = 'failed' AND m.error_code = 'lost')
 GROUP BY m.phone, a.provider HAVING count(*) = 1
"""


class Row(NamedTuple):
    """A receipt as it waits in the table."""

    id: int
    message_id: int | None
    sid: str
    status: str
    error_code: str | None
    recipient: str | None
    received_at: datetime
    attempt: int | None = None
    provider: str | None = None


class Part(NamedTuple):
    """One part of a text, as its row says."""

    sid: str
    message_id: int
    attempt: int
    number: int
    status: str | None
    error_code: str | None


@dataclass
class Homes:
    """Receipts by their message; ids of those that are nobody's; how many stay because their message may yet show."""

    by_message: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    nowhere: list[int] = field(default_factory=list)
    held: int = 0


def find_homes(connection: psycopg.Connection[Any], rows: list[Row], now: datetime) -> Homes:
    """Group receipts by message in the caller's transaction; words about parts are remembered with the parts."""
    homes = Homes()
    for row in rows:
        if row.message_id is not None:
            homes.by_message[row.message_id].append(row)
    nameless = [row for row in rows if row.message_id is None]
    for look in (_of_parts, _by_sid, _of_earlier_attempts, _by_number):
        if nameless:
            found = look(connection, nameless)
            for row in found:
                assert row.message_id is not None
                homes.by_message[row.message_id].append(row)
            placed = {row.id for row in found}
            nameless = [row for row in nameless if row.id not in placed]
    for row in nameless:
        if row.provider is not None and now - row.received_at < HOLD_FOR:
            homes.held += 1
        else:
            homes.nowhere.append(row.id)
    return homes


def _of_parts(connection: psycopg.Connection[Any], rows: list[Row]) -> list[Row]:
    """Turn what is said of parts into what is known of the whole text."""
    found = connection.execute(_PARTS_OF, ([row.sid for row in rows],)).fetchall()
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
        _MARK_PARTS,
        (marked, [words[sid].status or None for sid in marked], [words[sid].error_code or None for sid in marked]),
    )
    placed = []
    for row in mine:
        parts = texts[row.sid]
        whole = together([words[part.sid] for part in parts])
        placed.append(
            row._replace(
                message_id=parts[0].message_id, attempt=parts[0].attempt, sid=parts[0].sid,
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


def _by_sid(connection: psycopg.Connection[Any], rows: list[Row]) -> list[Row]:
    known: dict[str, int] = dict(connection.execute(_BY_SID, ([row.sid for row in rows],)).fetchall())
    return [row._replace(message_id=known[row.sid]) for row in rows if row.sid in known]


def _of_earlier_attempts(connection: psycopg.Connection[Any], rows: list[Row]) -> list[Row]:
    """Find receipts of attempts that have failed and were followed by others: the message has forgotten their names."""
    asking = [row for row in rows if row.provider is not None and row.recipient is not None]
    if not asking:
        return []
    values = ([row.recipient for row in asking], [row.sid for row in asking])
    known = {sid: (message_id, number) for sid, message_id, number in connection.execute(_EARLIER, values).fetchall()}
    return [row._replace(message_id=known[row.sid][0], attempt=known[row.sid][1]) for row in asking if row.sid in known]


def _by_number(connection: psycopg.Connection[Any], rows: list[Row]) -> list[Row]:
    """Give a receipt with an unknown name to the one text in doubt to its number; two names for one number are unclear."""
    asking = [row for row in rows if row.provider is not None and row.recipient is not None]
    if not asking:
        return []
    names = Counter((row.recipient, row.provider) for row in {row.sid: row for row in asking}.values())
    values = ([row.recipient for row in asking], [row.provider for row in asking])
    doubts = {(phone, provider): id_ for phone, provider, id_ in connection.execute(_IN_DOUBT, values).fetchall()}
    return [
        row._replace(message_id=doubts[row.recipient, row.provider])
        for row in asking
        if (row.recipient, row.provider) in doubts and names[row.recipient, row.provider] == 1
    ]
