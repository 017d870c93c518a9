"""When somebody is erased: their words, places, files and numbers go; that there was a case, and what was done, stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy.orm import Session

from hotline.cases.person_models import Person
from hotline.cases.persons import get_person
from hotline.core import audit, outbox
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.db import psycopg_of
from hotline.core.errors import Refused
from hotline.core.services import Services

ERASED_TOPIC = "PersonErased"
"""Outbox topic with {"person_id"}, for somebody who is no traveller: other rooms forget them too."""
_WITH_THEM = """
SELECT same.id FROM persons own
  JOIN persons same ON coalesce(same.merged_into_id, same.id) = coalesce(own.merged_into_id, own.id)
  LEFT JOIN travellers t ON t.id = same.traveller_id
 WHERE own.id = %(own)s AND (same.id = own.id OR t.id IS NULL OR t.erased_at IS NOT NULL)
"""
"""Whoever is merged with them is the same person, but for another traveller who was not erased."""
_CASES = "(SELECT id FROM cases WHERE person_id = ANY(%(ids)s))"
_CONTACTS = f"(SELECT id FROM contacts WHERE person_id = ANY(%(ids)s) OR case_id IN {_CASES})"  # noqa: S608  # our own words
_FORGET = (
    # Questions, answers, notes and files name the person as much as their own words do.
    f"UPDATE case_entries SET body = '', details = details - '{{lat,lon}}'::text[] WHERE case_id IN {_CASES}",  # noqa: S608
    f"UPDATE case_entries SET body = '' WHERE contact_id IN {_CONTACTS}",  # noqa: S608
    f"UPDATE escalations SET question = '', answer = '' WHERE case_id IN {_CASES}",  # noqa: S608
    f"UPDATE attachments SET content = NULL, name = '', sha256 = '' WHERE case_id IN {_CASES}",  # noqa: S608
    f"UPDATE abuse_incidents SET phone = '', note = '', review_note = '' WHERE contact_id IN {_CONTACTS}",  # noqa: S608
    "DELETE FROM screened_calls WHERE phone <> '' AND phone IN (SELECT phone FROM contacts WHERE person_id = ANY(%(ids)s)"
    " UNION SELECT phone FROM person_phones WHERE person_id = ANY(%(ids)s))",
    "UPDATE number_flags SET phone = '', reason = '' WHERE phone <> '' AND phone IN (SELECT phone FROM contacts"
    " WHERE person_id = ANY(%(ids)s) UNION SELECT phone FROM person_phones WHERE person_id = ANY(%(ids)s))",
    # What is under way keeps its number until it is settled; it is forgotten with all old texts.
    "UPDATE notices SET phone = '', body = '', retry_at = NULL WHERE purpose = 'case_link' AND phone <> ''"
    " AND state NOT IN ('queued', 'sending', 'in_doubt')"
    " AND phone IN (SELECT phone FROM person_phones WHERE person_id = ANY(%(ids)s))",
    "UPDATE contacts SET phone = '', note = '' WHERE person_id = ANY(%(ids)s)",
    f"UPDATE contacts SET note = '' WHERE case_id IN {_CASES}",  # noqa: S608
    "UPDATE cases SET place = '', summary = '', lat = NULL, lon = NULL,"
    " closed_reason = CASE WHEN closed_reason IS NOT NULL THEN '' END WHERE person_id = ANY(%(ids)s)",
    "UPDATE case_people SET relation = '' WHERE person_id = ANY(%(ids)s)",
    "DELETE FROM person_phones WHERE person_id = ANY(%(ids)s)",
    "UPDATE persons SET name = '', passport_hash = NULL, medical = '', language = 'ko',"
    " erased_at = coalesce(erased_at, %(now)s) WHERE id = ANY(%(ids)s)",
)


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased`; idempotent. Notes of officers name the person too, so they go as well."""
    traveller_id = int(payload["traveller_id"])
    with services.db.connection() as connection:
        row = connection.execute("SELECT id FROM persons WHERE traveller_id = %s", (traveller_id,)).fetchone()
        if row is not None:
            _forget(connection, services.clock, int(row[0]))


def erase_person(session: Session, clock: Clock, actor: Actor, person_id: int) -> Person:
    """Erase somebody who is no traveller; again changes nothing. Raises Refused for a traveller, who is erased as one."""
    person = get_person(session, person_id, lock=True)
    if person.traveller_id is not None and person.erased_at is None:
        raise Refused("Erase the traveller; the person goes with them.", code="erase-traveller")
    if person.erased_at is None:
        _forget(psycopg_of(session), clock, person.id)
        session.expire_all()
        outbox.publish(session, clock, ERASED_TOPIC, {"person_id": person.id})
        audit.record(session, clock, actor, "person.erased", "person", person_id)
    return get_person(session, person_id)


def _forget(connection: psycopg.Connection[tuple[Any, ...]], clock: Clock, person_id: int) -> None:
    ids = [row[0] for row in connection.execute(_WITH_THEM, {"own": person_id})]
    given = {"ids": ids, "now": clock.now()}
    for statement in _FORGET:
        connection.execute(statement, given)
