"""Journeys: legs that count on their dates in the local time of the place, and companions who are reached as well.

Every change recomputes the positions of the traveller and of all companions, before and after, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.db import psycopg_of
from hotline.core.errors import Conflict, InvalidInput, NotFound, Refused
from hotline.people import effective, fields, travellers
from hotline.people.fields import TravellerFields
from hotline.people.legs import MAX_ITINERARIES, LegFields, located_legs
from hotline.people.models import Companion, Itinerary, ItineraryLeg, Traveller
from hotline.people.upsert import IDENTITY_LOCK

MAX_COMPANIONS = 30


@dataclass(frozen=True, kw_only=True)
class CompanionFields:
    """Somebody who travels along; with a phone (in any usual form) they get texts of their own."""

    name: str
    phone: str = ""


@dataclass(frozen=True, kw_only=True)
class ItineraryFields:
    """A whole journey. `reference` is the source system's key; the same one again replaces the journey."""

    legs: Sequence[LegFields]
    companions: Sequence[CompanionFields] = ()
    reference: str | None = None


def add(
    session: Session, clock: Clock, actor: Actor, traveller_id: int, given: ItineraryFields, *, source: str
) -> Itinerary:
    """Add a journey, or replace the one with the same reference.

    Raises NotFound, Refused for an erased person or beyond MAX_ITINERARIES, and InvalidInput naming what cannot be used.
    """
    legs = located_legs(given.legs)
    source, reference = fields.checked_source(source), fields.checked_reference(given.reference)
    owner = travellers.get(session, traveller_id)
    companions = _companions(session, clock, actor, owner, given.companions)
    _lock(session, {traveller_id, *_ids(companions)})
    _refuse_erased(session, owner)
    known = _by_reference(session, traveller_id, reference)
    if known is not None:
        return _replace(session, clock, actor, known, legs, companions)
    number = session.scalar(select(func.count()).where(Itinerary.traveller_id == traveller_id)) or 0
    if number >= MAX_ITINERARIES:
        raise Refused(f"A traveller has at most {MAX_ITINERARIES} journeys; delete old ones.", code="too-many-journeys")
    now = clock.now()
    itinerary = Itinerary(
        traveller_id=traveller_id, reference=reference, source=source, version=1, created_at=now, updated_at=now,
        legs=legs, companions=companions,
    )  # fmt: skip
    session.add(itinerary)
    session.flush()
    _recompute(session, clock, {traveller_id, *_ids(companions)})
    audit.record(
        session, clock, actor, "itinerary.added", "traveller", traveller_id, after=_shown(itinerary)
    )  # fmt: skip
    return itinerary


def change(
    session: Session,
    clock: Clock,
    actor: Actor,
    itinerary_id: int,
    *,
    version: int,
    legs: Sequence[LegFields] | None = None,
    companions: Sequence[CompanionFields] | None = None,
) -> Itinerary:
    """Put other legs or companions in the place of all; None leaves them as they are.

    Raises NotFound, Conflict when somebody has changed the journey since `version`, and InvalidInput.
    """
    itinerary = get(session, itinerary_id)
    owner = travellers.get(session, itinerary.traveller_id)
    new_legs = None if legs is None else located_legs(legs)
    new_companions = None if companions is None else _companions(session, clock, actor, owner, companions)
    _lock(session, {owner.id, *_ids(itinerary.companions), *_ids(new_companions or ())})
    session.refresh(itinerary, with_for_update=True)
    _refuse_erased(session, owner)
    if itinerary.version != version:
        raise Conflict("Somebody has changed this journey meanwhile; look at it again.", code="version-conflict")
    return _replace(session, clock, actor, itinerary, new_legs, new_companions)


def delete(session: Session, clock: Clock, actor: Actor, itinerary_id: int) -> None:
    """Delete a journey; whoever is known from elsewhere goes on being held there. Raises NotFound."""
    itinerary = get(session, itinerary_id)
    people = {itinerary.traveller_id, *_ids(itinerary.companions)}
    _lock(session, people)
    before = _shown(itinerary)
    session.delete(itinerary)
    session.flush()
    _recompute(session, clock, people)
    audit.record(
        session, clock, actor, "itinerary.deleted", "traveller", itinerary.traveller_id, before=before
    )  # fmt: skip


def get(session: Session, itinerary_id: int) -> Itinerary:
    """Return a journey with its legs and companions; raises NotFound."""
    itinerary = session.get(Itinerary, itinerary_id)
    if itinerary is None:
        raise NotFound("itinerary", itinerary_id)
    return itinerary


def of_traveller(session: Session, traveller_id: int) -> list[Itinerary]:
    """Return the journeys a person makes or goes along with, the latest to begin first."""
    along = select(Companion.itinerary_id).where(Companion.traveller_id == traveller_id)
    found = session.scalars(
        select(Itinerary).where(or_(Itinerary.traveller_id == traveller_id, Itinerary.id.in_(along)))
    ).all()
    return sorted(found, key=lambda each: each.legs[0].starts_at if each.legs else each.created_at, reverse=True)


def companions_of(session: Session, itinerary: Itinerary) -> list[tuple[str, Traveller | None]]:
    """Return the companions by name, with the traveller that each of them is, where they have a phone."""
    found = []
    for each in itinerary.companions:
        person = session.get(Traveller, each.traveller_id) if each.traveller_id is not None else None
        found.append((person.name if person is not None else each.name, person))
    return found


def _replace(
    session: Session,
    clock: Clock,
    actor: Actor,
    itinerary: Itinerary,
    legs: list[ItineraryLeg] | None,
    companions: list[Companion] | None,
) -> Itinerary:
    before = _shown(itinerary)
    people = {itinerary.traveller_id, *_ids(itinerary.companions)}
    # The old rows go first: the same stay may be among the new ones, and no journey has it twice.
    if legs is not None:
        itinerary.legs = []
    if companions is not None:
        itinerary.companions = []
    session.flush()
    itinerary.legs = itinerary.legs if legs is None else legs
    itinerary.companions = itinerary.companions if companions is None else companions
    itinerary.version += 1
    itinerary.updated_at = clock.now()
    session.flush()
    _recompute(session, clock, people | set(_ids(itinerary.companions)))
    audit.record(
        session, clock, actor, "itinerary.changed", "traveller", itinerary.traveller_id,
        before=before, after=_shown(itinerary),
    )  # fmt: skip
    return itinerary


def _companions(
    session: Session, clock: Clock, actor: Actor, owner: Traveller, given: Sequence[CompanionFields]
) -> list[Companion]:
    """Return rows for the companions; whoever has a phone becomes, or already is, a traveller of their own."""
    if len(given) > MAX_COMPANIONS:
        raise InvalidInput("companions", len(given), f"a journey has at most {MAX_COMPANIONS} companions")
    if any(each.phone.strip() for each in given):
        # Whoever adds people waits for the others; taken before any person's row, as everywhere.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IDENTITY_LOCK})
    rows: list[Companion] = []
    for number, each in enumerate(given):
        try:
            person = _person(session, clock, actor, owner, each)
        except InvalidInput as fault:
            raise InvalidInput(f"companions.{number}.{fault.field}", fault.value, fault.mend) from fault
        if person is None:
            rows.append(Companion(name=fields.checked_name(each.name), traveller_id=None))
        elif person.id not in _ids(rows):
            rows.append(Companion(name="", traveller_id=person.id))
    return rows


def _person(session: Session, clock: Clock, actor: Actor, owner: Traveller, given: CompanionFields) -> Traveller | None:
    name = fields.checked_name(given.name)
    if not given.phone.strip():
        return None
    number = fields.checked_phone(given.phone)
    if number.e164 == owner.phone:
        raise InvalidInput("phone", given.phone, "is the traveller's own; leave it empty for whoever shares the phone")
    holders = session.scalars(
        select(Traveller).where(Traveller.phone == number.e164, Traveller.erased_at.is_(None)).order_by(Traveller.id)
    ).all()
    if len(holders) > 1:
        holders = [holder for holder in holders if holder.name == name]
        if len(holders) != 1:
            raise InvalidInput("phone", given.phone, "several people have this number; leave it empty or correct it")
    if not holders:
        new = TravellerFields(name=name, phone=number.e164, language=owner.language, drill=owner.drill)
        return travellers.add(session, clock, actor, new)
    if holders[0].drill != owner.drill:
        raise InvalidInput("phone", given.phone, "belongs to somebody for drills only, or the traveller is for drills")
    return holders[0]


def _by_reference(session: Session, traveller_id: int, reference: str | None) -> Itinerary | None:
    if reference is None:
        return None
    known = select(Itinerary).where(Itinerary.traveller_id == traveller_id, Itinerary.reference == reference)
    return session.scalar(known.with_for_update())


def _ids(companions: Iterable[Companion]) -> list[int]:
    return [each.traveller_id for each in companions if each.traveller_id is not None]


def _lock(session: Session, people: set[int]) -> None:
    session.flush()
    effective.lock_travellers(psycopg_of(session), sorted(people))


def _recompute(session: Session, clock: Clock, people: set[int]) -> None:
    effective.recompute(psycopg_of(session), sorted(people), clock.now())


def _refuse_erased(session: Session, owner: Traveller) -> None:
    session.refresh(owner)
    if owner.erased_at is not None:
        raise Refused(f"Traveller {owner.id} was erased; nothing can be added to them.", code="erased")


def _shown(itinerary: Itinerary) -> dict[str, Any]:
    """What the trail tells of a journey: nothing by which somebody could be followed for good."""
    return {
        "itinerary": itinerary.id,
        "legs": len(itinerary.legs),
        "countries": sorted({leg.country for leg in itinerary.legs}),
        "companions": len(itinerary.companions),
    }
