"""Forgetting: announced calls lose their callers' numbers when the call's own number is forgotten, or after ninety days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from hotline.core.services import Services

JOB = "overflow.forget_old"
KEPT_FOR = timedelta(days=90)
"""Long enough to look into a complaint about a line; the call itself is kept by its own rules."""
BATCH, MAX_BATCHES = 1_000, 40
_BLANK = "caller = '', reference = '', answer = answer - 'notices' || '{\"notices\": []}'"
_OLD = f"""
UPDATE forwardings SET {_BLANK} WHERE id IN (
    SELECT id FROM forwardings WHERE caller <> '' AND received_at < :before
     ORDER BY received_at LIMIT :most FOR UPDATE SKIP LOCKED)
"""  # noqa: S608  # a constant of this file
_OF_FORGOTTEN_CALLS = f"""
UPDATE forwardings SET {_BLANK} WHERE caller <> '' AND call_id IN (
    SELECT c.id FROM calls c WHERE c.id = forwardings.call_id AND c.phone = '' AND c.state = 'ended')
   AND received_at > :since
"""  # noqa: S608
_OF_TRAVELLER = f"""
UPDATE forwardings SET {_BLANK} WHERE caller <> '' AND call_id IN (
    SELECT c.id FROM calls c LEFT JOIN contacts t ON t.id = c.contact_id LEFT JOIN persons p ON p.id = t.person_id
     WHERE c.traveller_id = :traveller OR p.traveller_id = :traveller OR p.id = :person)
"""  # noqa: S608


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased` and `PersonErased`; idempotent. Whatever order handlers run in, the job below comes after."""
    whose = {"traveller": int(payload.get("traveller_id", 0)), "person": int(payload.get("person_id", 0))}
    with services.db.transaction() as session:
        session.execute(text(_OF_TRAVELLER), whose)


def forget_old(services: Services) -> int:
    """Take the numbers out of old announcements and out of those whose call was forgotten meanwhile; how many."""
    now, done = services.clock.now(), 0
    with services.db.transaction() as session:
        done += int(session.execute(text(_OF_FORGOTTEN_CALLS), {"since": now - KEPT_FOR}).rowcount)  # type: ignore[attr-defined]
    for _ in range(MAX_BATCHES):
        with services.db.transaction() as session:
            given = {"before": now - KEPT_FOR, "most": BATCH}
            changed = int(session.execute(text(_OLD), given).rowcount)  # type: ignore[attr-defined]  # an UPDATE has one
        done += changed
        if changed < BATCH:
            break
    return done
