"""What a settled text says about the person: the number is bad for good, or its owner wants no texts.

Marks go to everybody who has the number: it is the handset that cannot be reached or has said stop, and families share one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.providers.codes import BAD_NUMBER_CODES, OPTED_OUT_CODES
from hotline.providers.ranks import DELIVERED

CARRIER = Actor(kind="webhook", id=None, name="message provider", via="webhook")

NUMBER_BAD, NUMBER_GOOD, OPTED_OUT = "travellers.number_bad", "travellers.number_good", "travellers.opted_out"

# The rows are locked in the order of their ids, so that two batches that meet the same people never wait for each other.
_MARKS = {
    NUMBER_BAD: """
UPDATE travellers SET number_bad_at = %(at)s, updated_at = %(at)s WHERE id IN (
    SELECT id FROM travellers WHERE phone = ANY(%(phones)s) AND number_bad_at IS NULL AND erased_at IS NULL
     ORDER BY id FOR NO KEY UPDATE) RETURNING id""",
    NUMBER_GOOD: """
UPDATE travellers SET number_bad_at = NULL, updated_at = %(at)s WHERE id IN (
    SELECT id FROM travellers WHERE phone = ANY(%(phones)s) AND number_bad_at IS NOT NULL
     ORDER BY id FOR NO KEY UPDATE) RETURNING id""",
    OPTED_OUT: """
UPDATE travellers SET opted_out_at = %(at)s, updated_at = %(at)s WHERE id IN (
    SELECT id FROM travellers WHERE phone = ANY(%(phones)s) AND opted_out_at IS NULL AND erased_at IS NULL
     ORDER BY id FOR NO KEY UPDATE) RETURNING id""",
}


class Outcome(NamedTuple):
    """How one text came out: what it was part of (an alert's or a notice's id) and its number, the error code before and
    now (empty for none), its state now."""

    about: int
    phone: str
    code_before: str
    code: str
    state: str


class Mark(NamedTuple):
    """People who were marked because of one alert or notice."""

    action: str
    about: int
    traveller_ids: list[int]


def mark(connection: psycopg.Connection[Any], at: datetime, outcomes: Iterable[Outcome]) -> list[Mark]:
    """Mark the people behind permanent failures in the caller's transaction; what was changed, for `record`.

    A number that was called bad and then did receive the text after all loses its mark.
    """
    phones: dict[tuple[str, int], set[str]] = defaultdict(set)
    for outcome in outcomes:
        if outcome.code in BAD_NUMBER_CODES:
            phones[NUMBER_BAD, outcome.about].add(outcome.phone)
        elif outcome.code in OPTED_OUT_CODES:
            phones[OPTED_OUT, outcome.about].add(outcome.phone)
        elif outcome.state == DELIVERED and outcome.code_before in BAD_NUMBER_CODES:
            phones[NUMBER_GOOD, outcome.about].add(outcome.phone)
    marks = []
    for (action, about), numbers in sorted(phones.items()):
        found = connection.execute(_MARKS[action], {"at": at, "phones": sorted(numbers)}).fetchall()
        if found:
            marks.append(Mark(action, about, sorted(row[0] for row in found)))
    return marks


def record(session: Session, clock: Clock, kind: str, marks: Iterable[Mark]) -> None:
    """Write one audit entry per mark; last in the transaction, because the audit's chain is locked until commit.

    `kind` is what the marks are about, as the trail calls it: `alert` or `notice`.
    """
    for action, about, traveller_ids in marks:
        audit.record(session, clock, CARRIER, action, kind, about, after={"travellers": traveller_ids})
