"""The persons behind a figure of the board, page by page: who is safe, needs help, is silent, or was not reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.board.figures import EVERYBODY, Split
from hotline.core.errors import InvalidInput
from hotline.people.search import search

PAGE = 50
TIMEOUT_MS = 5_000
"""Among a million people of whom ten failed, finding these ten reads much; longer than this no page makes anybody wait."""
MAX_PERSONS = 200
STATES: Final = ("help", "silent", "safe", "not_reached", "waiting")
"""What can be asked for, in the order in which pages show it."""

_ANSWERED: Final = """
SELECT s.traveller_id AS position, t.id, t.name, t.phone, t.erased_at, s.country, s.said_at, NULL::text AS state
  FROM standings s JOIN travellers t ON t.id = s.traveller_id
 WHERE s.alert_id = :alert AND s.status = :status AND s.traveller_id > :after {split} {persons}
 ORDER BY s.traveller_id LIMIT :limit
"""
_MESSAGES: Final = """
SELECT m.id AS position, t.id, t.name, t.phone, t.erased_at, m.country, NULL::timestamptz AS said_at, m.state
  FROM messages m JOIN travellers t ON t.id = m.traveller_id
 WHERE (m.alert_id, m.phone) > (:alert, coalesce((SELECT p.phone FROM messages p WHERE p.id = :after), ''))
   AND m.alert_id <= :alert AND m.state = ANY (:states) {condition} {split} {persons}
 ORDER BY m.alert_id, m.phone LIMIT :limit
"""
"""In the order of the numbers, because (alert, number) is the index there is, and written as a range over both, so that no
other index can be taken. The place is passed on by a message's id, so that no number stands in an address."""
_WITHOUT_ANSWER: Final = (
    "AND NOT EXISTS (SELECT 1 FROM standings s WHERE s.alert_id = m.alert_id AND s.traveller_id = m.traveller_id)"
)
_OF_COUNTRY: Final = "AND {row}.country = :country"
_OF_PROVIDER: Final = {
    "s": "AND s.provider = :provider",
    "m": "AND CASE WHEN m.state IN ('queued', 'withdrawn', 'lapsed') THEN '' ELSE m.provider END = :provider",
}
"""As the running counts have it: what waits or was taken back is nobody's (`alerts.tallies`)."""
_MESSAGE_STATES: Final = {
    "silent": ["sent", "delivered"],
    "not_reached": ["failed", "withdrawn", "lapsed"],
    "waiting": ["queued", "sending", "in_doubt"],
}


@dataclass(frozen=True)
class Person:
    """One line of a list; `said_at` is None for those who have not answered, `state` the text's state for those."""

    traveller_id: int
    name: str
    phone: str
    country: str
    said_at: datetime | None
    state: str | None


@dataclass(frozen=True)
class PersonPage:
    """One page of a list; `next_after` continues, None ends."""

    people: Sequence[Person]
    next_after: int | None


def people_in(
    session: Session,
    alert_id: int,
    state: str,
    *,
    after: int = 0,
    wanted: str = "",
    split: Split = EVERYBODY,
    limit: int = PAGE,
) -> PersonPage:
    """Return one page of the people in one state; `wanted` narrows by name, number or reference, `split` to a part of them.

    Raises InvalidInput for a state that is none of STATES.
    """
    if state not in STATES:
        raise InvalidInput("state", state, f"use one of {', '.join(STATES)}")
    parameters: dict[str, object] = {"alert": alert_id, "after": after, "limit": limit + 1}
    persons = ""
    if wanted.strip():
        persons = "AND t.id = ANY (:persons)"
        parameters["persons"] = [found.traveller.id for found in search(session, wanted, limit=MAX_PERSONS).found]
    session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_MS}"))
    row = "m" if state in _MESSAGE_STATES else "s"
    narrowed = []
    if split.country is not None:
        narrowed.append(_OF_COUNTRY.format(row=row))
        parameters["country"] = split.country
    if split.provider is not None:
        narrowed.append(_OF_PROVIDER[row])
        parameters["provider"] = split.provider
    if state in _MESSAGE_STATES:
        parameters["states"] = _MESSAGE_STATES[state]
        condition = _WITHOUT_ANSWER if state == "silent" else ""
        statement = _MESSAGES.format(condition=condition, split=" ".join(narrowed), persons=persons)
    else:
        parameters["status"] = state
        statement = _ANSWERED.format(split=" ".join(narrowed), persons=persons)
    rows = session.execute(text(statement), parameters).all()
    people = [
        Person(row.id, "" if row.erased_at else row.name, "" if row.erased_at else row.phone, row.country, row.said_at,
               row.state)
        for row in rows[:limit]
    ]  # fmt: skip
    return PersonPage(people, rows[limit - 1].position if len(rows) > limit else None)
