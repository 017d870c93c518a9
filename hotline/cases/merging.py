"""Duplicates: who may be the same person, and making them one in a way that can be taken back exactly.

Merging moves nothing. The other person, and whoever was merged into them, point at the kept one; taking it back points them
where they pointed before. Contacts and cases that came in between stay with the person they came to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from hotline.cases.person_models import Person, PersonMerge
from hotline.cases.persons import get_person, members
from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import NotFound, Refused

UNDO_WITHIN = timedelta(days=7)
ALIKE = 0.5
"""How much two names must have in common, 0 to 1, when the number is the same; a shared number alone proves nothing."""
_PROPOSED = """
SELECT a.id AS first_id, b.id AS second_id, a.name AS first_name, b.name AS second_name, 'passport' AS why, 1.0 AS alike
  FROM persons a JOIN persons b ON b.passport_hash = a.passport_hash AND b.id > a.id
 WHERE a.merged_into_id IS NULL AND b.merged_into_id IS NULL AND a.erased_at IS NULL AND b.erased_at IS NULL
UNION
SELECT a.id, b.id, a.name, b.name, 'phone', grams_alike(a.grams, b.grams)
  FROM person_phones f JOIN person_phones g ON g.phone = f.phone AND g.person_id > f.person_id
  JOIN persons a ON a.id = f.person_id JOIN persons b ON b.id = g.person_id
 WHERE a.merged_into_id IS NULL AND b.merged_into_id IS NULL AND a.erased_at IS NULL AND b.erased_at IS NULL
   AND (a.name = '' OR b.name = '' OR grams_alike(a.grams, b.grams) >= :alike)
 ORDER BY alike DESC, first_id, second_id LIMIT :most
"""


@dataclass(frozen=True)
class Proposal:
    """Two persons who may be one: by the same passport, or by a shared number and a like name (`alike` 0 to 1)."""

    first_id: int
    second_id: int
    first_name: str
    second_name: str
    why: str
    alike: float


def proposals(session: Session, *, limit: int = 50) -> list[Proposal]:
    """Return who may be the same, the likeliest first."""
    rows = session.execute(text(_PROPOSED), {"alike": ALIKE, "most": limit})
    return [Proposal(**dict(row)) for row in rows.mappings()]


def merge(session: Session, clock: Clock, actor: Actor, kept_id: int, other_id: int) -> PersonMerge:
    """Make two persons one, known as the first; raises NotFound, Refused for the same or an erased one."""
    kept_id, other_id = get_person(session, kept_id).id, get_person(session, other_id).id
    for person_id in sorted({kept_id, other_id}):  # in one order, so that two merges at once do not wait in a circle
        get_person(session, person_id, lock=True)
    kept, other = get_person(session, kept_id), get_person(session, other_id)
    if kept.id == other.id:
        raise Refused("These are one person already.", code="same-person")
    if kept.erased_at is not None or other.erased_at is not None:
        raise Refused("An erased person is merged with nobody.", code="erased")
    moved = [each for each in members(session, other.id) if each != other.id]
    everybody = [*moved, other.id]
    session.execute(update(Person).where(Person.id.in_(everybody)).values(merged_into_id=kept.id))
    session.expire_all()
    row = PersonMerge(
        kept_id=kept_id, other_id=other_id, member_ids=moved, at=clock.now(), officer_id=actor.id,
        undo_until=clock.now() + UNDO_WITHIN,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(
        session, clock, actor, "person.merged", "person", kept_id, after={"other_id": other_id, "merge": row.id}
    )
    return row


def undo(session: Session, clock: Clock, actor: Actor, merge_id: int) -> PersonMerge:
    """Take a merge back; the latest of a person first. Raises Refused when the time for it is over or somebody was erased."""
    row = session.get(PersonMerge, merge_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("merge", merge_id)
    if row.undone_at is not None:
        return row
    kept = session.get_one(Person, row.kept_id, with_for_update=True, populate_existing=True)
    if clock.now() > row.undo_until or kept.erased_at is not None:
        raise Refused("The time to take this back is over.", code="undo-over")
    later = select(PersonMerge.id).where(
        PersonMerge.id > row.id, PersonMerge.undone_at.is_(None),
        (PersonMerge.kept_id == row.kept_id) | (PersonMerge.other_id == row.kept_id),
    )  # fmt: skip
    if session.scalar(later.limit(1)) is not None:
        raise Refused("Take the later merge back first.", code="undo-later-first")
    session.execute(update(Person).where(Person.id == row.other_id).values(merged_into_id=None))
    session.execute(update(Person).where(Person.id.in_(row.member_ids)).values(merged_into_id=row.other_id))
    session.expire_all()
    row.undone_at, row.undone_by_id = clock.now(), actor.id
    audit.record(
        session, clock, actor, "person.parted", "person", row.kept_id, after={"other_id": row.other_id, "merge": row.id}
    )
    return row


def merges_of(session: Session, person_id: int) -> list[PersonMerge]:
    """Return the merges of a person that hold, the latest first."""
    found = select(PersonMerge).where(PersonMerge.kept_id == person_id, PersonMerge.undone_at.is_(None))
    return list(session.scalars(found.order_by(PersonMerge.id.desc()).limit(20)))
