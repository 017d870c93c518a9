"""Writing notices: the one way in. A notice is kept in the caller's transaction and sent by the lanes after its commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput
from hotline.notices.models import Notice
from hotline.notices.states import PURPOSES, Priority

MAX_BODY_CHARS = 1_600
"""Longest text the provider carries."""
MAX_KEY_CHARS = 120
LONGEST_LIFE = timedelta(days=3)
"""A single text that could not be sent for three days has nothing to say any more."""

_INSERT_MANY = """
INSERT INTO notices (purpose, phone, body, dedupe_key, priority, asked_for, secret, created_at, expires_at,
                     traveller_id)
SELECT %(purpose)s, n.phone, n.body, n.key, %(priority)s, %(asked_for)s, %(secret)s, %(now)s, n.expires_at,
       n.traveller_id
  FROM unnest(%(phones)s::text[], %(bodies)s::text[], %(keys)s::text[], %(expires)s::timestamptz[],
              %(travellers)s::bigint[]) AS n(phone, body, key, expires_at, traveller_id)
    ON CONFLICT (dedupe_key) DO NOTHING
RETURNING dedupe_key
"""


@dataclass(frozen=True, slots=True)
class NewNotice:
    """One text of a batch: number in E.164, words, the key that makes it unique, and until when it means anything."""

    phone: str
    body: str
    dedupe_key: str
    expires_at: datetime
    traveller_id: int | None = None


def publish(  # noqa: PLR0913  # the text with everything that decides about it, all by name
    session: Session,
    clock: Clock,
    *,
    phone: str,
    body: str,
    purpose: str,
    dedupe_key: str,
    expires_at: datetime,
    priority: Priority | None = None,
    traveller_id: int | None = None,
) -> int:
    """Keep one text to be sent once, in the caller's transaction; its id, also when the key was known already.

    `phone` is in E.164; `purpose` one of `PURPOSES`, which also gives the priority unless one is named. `dedupe_key` says
    what the text is about (`code:12`): the same key never leads to a second text. `expires_at` (aware) is at most three
    days away; what could not be sent by then lapses. `traveller_id` names the person it is for, so that it is forgotten
    with them. Raises InvalidInput.
    """
    now = clock.now()
    known = PURPOSES.get(purpose)
    if known is None:
        raise InvalidInput("purpose", purpose, f"use one of {', '.join(PURPOSES)}")
    _check(NewNotice(phone, body, dedupe_key, expires_at), now)
    inserted = session.scalar(
        insert(Notice)
        .values(
            purpose=purpose,
            phone=phone,
            body=body,
            dedupe_key=dedupe_key,
            priority=int(known.priority if priority is None else priority),
            asked_for=known.asked_for,
            secret=known.secret,
            created_at=now,
            expires_at=expires_at,
            traveller_id=traveller_id,
        )
        .on_conflict_do_nothing(index_elements=[Notice.dedupe_key])
        .returning(Notice.id)
    )
    if inserted is not None:
        return inserted
    return session.scalars(select(Notice.id).where(Notice.dedupe_key == dedupe_key)).one()


def publish_many(
    connection: psycopg.Connection[Any], now: datetime, purpose: str, notices: Sequence[NewNotice]
) -> set[str]:
    """Keep a batch of texts of one purpose in one statement of the caller's transaction; the keys that were new.

    Raises InvalidInput for the first one that cannot be used, and then keeps none.
    """
    known = PURPOSES.get(purpose)
    if known is None:
        raise InvalidInput("purpose", purpose, f"use one of {', '.join(PURPOSES)}")
    for each in notices:
        _check(each, now)
    if not notices:
        return set()
    rows = connection.execute(
        _INSERT_MANY,
        {
            "purpose": purpose,
            "priority": int(known.priority),
            "asked_for": known.asked_for,
            "secret": known.secret,
            "now": now,
            "phones": [each.phone for each in notices],
            "bodies": [each.body for each in notices],
            "keys": [each.dedupe_key for each in notices],
            "expires": [each.expires_at for each in notices],
            "travellers": [each.traveller_id for each in notices],
        },
    ).fetchall()
    return {row[0] for row in rows}


def _check(given: NewNotice, now: datetime) -> None:
    if not given.phone.startswith("+") or not given.phone[1:].isdigit() or len(given.phone) > 16:
        raise InvalidInput("phone", "…", "give the number in E.164, such as +821012345678")
    if not 1 <= len(given.body) <= MAX_BODY_CHARS:
        raise InvalidInput("body", f"{len(given.body)} characters", f"use 1 to {MAX_BODY_CHARS} characters")
    if not 1 <= len(given.dedupe_key) <= MAX_KEY_CHARS:
        raise InvalidInput("dedupe_key", given.dedupe_key, f"use 1 to {MAX_KEY_CHARS} characters")
    if not now < given.expires_at <= now + LONGEST_LIFE:
        raise InvalidInput("expires_at", given.expires_at.isoformat(), "lie ahead by at most three days")
