"""When somebody is erased, what missions wrote about giving their things back goes; who had what in hand stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from hotline.core.services import Services

_FORGET = """
WITH who AS (
    SELECT same.id FROM persons own
      JOIN persons same ON coalesce(same.merged_into_id, same.id) = coalesce(own.merged_into_id, own.id)
      LEFT JOIN travellers t ON t.id = same.traveller_id
     WHERE (own.id = :person OR own.traveller_id = :traveller)
       AND (same.id = own.id OR t.id IS NULL OR t.erased_at IS NOT NULL)
), theirs AS (SELECT id FROM cases WHERE person_id IN (SELECT id FROM who))
UPDATE handover_items i SET note = ''
 WHERE i.note <> '' AND (
       (i.kind = 'case' AND i.subject_id IN (SELECT id FROM theirs))
    OR (i.kind = 'promise' AND i.subject_id IN (
            SELECT id FROM callbacks WHERE traveller_id = :traveller OR case_id IN (SELECT id FROM theirs)))
    OR (i.kind = 'unhelped' AND i.subject_id IN (
            SELECT c.id FROM calls c LEFT JOIN contacts k ON k.id = c.contact_id
             WHERE c.traveller_id = :traveller OR k.person_id IN (SELECT id FROM who))))
"""


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `TravellerErased` and `PersonErased`; idempotent."""
    whose = {"traveller": int(payload.get("traveller_id", 0)), "person": int(payload.get("person_id", 0))}
    with services.db.transaction() as session:
        session.execute(text(_FORGET), whose)
