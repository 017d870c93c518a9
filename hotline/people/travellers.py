"""Travellers kept: added, changed, placed, opted out and erased, each in one transaction and on the audit trail.

The trail is append-only, so nothing that could name or find a person may go onto it: it says which values changed and shows
a number by its country code and last two digits, and a place by its country. What is erased is then gone everywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from hotline.core import audit, outbox
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import NotFound, Refused
from hotline.core.phone import mask
from hotline.people import fields
from hotline.people.fields import PositionFields, TravellerChanges, TravellerFields
from hotline.people.models import Position, Sighting, Traveller
from hotline.people.placing import effective_position, record_sighting
from hotline.people.upsert import IDENTITY_LOCK

ERASED_TOPIC = "TravellerErased"
"""Outbox topic with {"traveller_id"}: rooms that keep copies of a person's number or texts remove them too."""
NOWHERE = "ZZ"

_HAND_ON_JOURNEYS = """
WITH passed AS (
    UPDATE itineraries i SET traveller_id = heir.traveller_id, reference = NULL, version = version + 1
      FROM (SELECT DISTINCT ON (c.itinerary_id) c.itinerary_id, c.traveller_id
              FROM companions c JOIN itineraries own ON own.id = c.itinerary_id AND own.traveller_id = :id
             WHERE c.traveller_id IS NOT NULL ORDER BY c.itinerary_id, c.id) AS heir
     WHERE i.id = heir.itinerary_id
    RETURNING i.id, i.traveller_id
)
DELETE FROM companions c USING passed p WHERE c.itinerary_id = p.id AND c.traveller_id = p.traveller_id
"""
_LEAVE_JOURNEYS = "DELETE FROM companions WHERE traveller_id = :id"
_END_JOURNEYS = "DELETE FROM itineraries WHERE traveller_id = :id"


@dataclass(frozen=True)
class Placed:
    """The position that is held now, None when nothing that counts is known.

    `taken` is False when it is not what was reported, because something fresher or more exact is known or because the
    report has lapsed already.
    """

    position: Position | None
    taken: bool


def add(
    session: Session,
    clock: Clock,
    actor: Actor,
    given: TravellerFields,
    position: PositionFields | None = None,
    *,
    source: str = "hand",
) -> Traveller:
    """Add a traveller; one with a known reference is brought up to date instead (`fresh` on the result tells which).

    Raises SeveralFaults naming every value that cannot be used.
    """
    values = fields.checked_values(asdict(given))
    # Whoever adds people waits for the others, or the same reference could come in twice at once.
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IDENTITY_LOCK})
    known = _by_reference(session, values["reference"])
    if known is not None:
        _change(session, clock, actor, known, values)
        traveller = known
    else:
        now = clock.now()
        traveller = Traveller(**values, created_at=now, updated_at=now)
        traveller.fresh = True
        session.add(traveller)
        session.flush()
    if position is not None:
        _place(session, clock, traveller, position, source)
    if traveller.fresh:
        audit.record(session, clock, actor, "traveller.added", "traveller", traveller.id, after=_shown(values, values))
    return traveller


def update(session: Session, clock: Clock, actor: Actor, traveller_id: int, changes: TravellerChanges) -> Traveller:
    """Change some values of a traveller; a changed number counts as reachable again.

    Raises NotFound, SeveralFaults naming every value that cannot be used, and Refused when the reference is taken or the
    person was erased.
    """
    given = {name: value for name, value in asdict(changes).items() if value is not None}
    values = fields.checked_values(given)
    traveller = get(session, traveller_id, lock=True)
    _refuse_erased(traveller)
    if values.get("reference") not in (None, traveller.reference):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": IDENTITY_LOCK})
        holder = _by_reference(session, values["reference"])
        if holder is not None:
            raise Refused(
                f"Traveller {holder.id} has this reference already.", code="reference-taken", params={"id": holder.id}
            )
    _change(session, clock, actor, traveller, values)
    return traveller


def set_position(
    session: Session, clock: Clock, actor: Actor, traveller_id: int, given: PositionFields, *, source: str = "hand"
) -> Placed:
    """Record where somebody was seen; `taken` on the result says whether this is now held to be their place.

    `source` says who knows (up to 20 characters). A report that is less exact than one that still holds is kept and takes
    over when that one lapses; one that is older than what its source has said already changes nothing. Raises NotFound,
    InvalidInput for a place that is not on earth or a time that cannot be, Refused for an erased person.
    """
    traveller = get(session, traveller_id, lock=True)
    _refuse_erased(traveller)
    held = effective_position(session, traveller_id)
    before = _place_shown(held) if held is not None else None
    placed = _place(session, clock, traveller, given, source)
    after = _place_shown(placed.position) if placed.position is not None else None
    if before != after:
        audit.record(session, clock, actor, "traveller.placed", "traveller", traveller_id, before=before, after=after)
    return placed


def set_opted_out(session: Session, clock: Clock, actor: Actor, traveller_id: int, opted_out: bool) -> Traveller:
    """Keep a person's wish to get no texts, or lift it; raises NotFound, Refused for an erased person."""
    traveller = get(session, traveller_id, lock=True)
    _refuse_erased(traveller)
    if (traveller.opted_out_at is not None) == opted_out:
        return traveller
    traveller.opted_out_at = clock.now() if opted_out else None
    traveller.updated_at = clock.now()
    action = "traveller.opted_out" if opted_out else "traveller.opted_in"
    audit.record(session, clock, actor, action, "traveller", traveller_id, after={"opted_out": opted_out})
    return traveller


def erase(session: Session, clock: Clock, actor: Actor, traveller_id: int) -> Traveller:
    """Remove everything that names or finds a person; the empty row stays, so that counts and the trail keep their sense.

    Erasing again changes nothing. Raises NotFound. Other rooms learn it from the outbox (`TravellerErased`). The source
    system must erase the person too: its next list would otherwise bring them back, as somebody new.
    """
    traveller = get(session, traveller_id, lock=True)
    if traveller.erased_at is not None:
        return traveller
    now = clock.now()
    traveller.name, traveller.phone, traveller.phone_region, traveller.reference = "", "", NOWHERE, None
    traveller.language, traveller.number_bad_at = fields.DEFAULT_LANGUAGE, None
    traveller.email = traveller.email_bad_at = None
    traveller.erased_at = traveller.updated_at = now
    position = session.get(Position, traveller_id, with_for_update=True)
    if position is not None:
        # Not deleted: the resident index learns of changed rows, and could not see one that is gone.
        position.lat = position.lon = position.cell = position.valid_until = position.recheck_at = None
        position.country, position.precision, position.source = NOWHERE, "exact", "erased"
        position.language, position.observed_at = traveller.language, now
    session.execute(delete(Sighting).where(Sighting.traveller_id == traveller_id))
    _forget_journeys(session, traveller_id)
    outbox.publish(session, clock, ERASED_TOPIC, {"traveller_id": traveller_id})
    audit.record(session, clock, actor, "traveller.erased", "traveller", traveller_id)
    return traveller


def _forget_journeys(session: Session, traveller_id: int) -> None:
    """Take a person out of all journeys; one with companions who are reached goes on as the first companion's own."""
    given = {"id": traveller_id}
    for statement in (_HAND_ON_JOURNEYS, _LEAVE_JOURNEYS, _END_JOURNEYS):
        session.execute(text(statement), given)


def get(session: Session, traveller_id: int, *, lock: bool = False) -> Traveller:
    """Return a traveller; raises NotFound. `lock` keeps others from changing them until commit."""
    traveller = session.get(Traveller, traveller_id, with_for_update=lock)
    if traveller is None:
        raise NotFound("traveller", traveller_id)
    return traveller


def position_of(session: Session, traveller_id: int) -> Position | None:
    """Return where a traveller is held to be; None when nothing was ever known or nothing is known any more."""
    return effective_position(session, traveller_id)


def _by_reference(session: Session, reference: str | None) -> Traveller | None:
    if reference is None:
        return None
    return session.scalar(select(Traveller).where(Traveller.reference == reference).with_for_update())


def _refuse_erased(traveller: Traveller) -> None:
    if traveller.erased_at is not None:
        raise Refused(f"Traveller {traveller.id} was erased; nothing can be added to them.", code="erased")


def _change(session: Session, clock: Clock, actor: Actor, traveller: Traveller, values: dict[str, Any]) -> None:
    before = {name: getattr(traveller, name) for name in values}
    changed = {name: value for name, value in values.items() if value != before[name]}
    if not changed:
        return
    for name, value in changed.items():
        setattr(traveller, name, value)
    if "phone" in changed:
        traveller.number_bad_at = None
    if "email" in changed:
        traveller.email_bad_at = None
    traveller.updated_at = clock.now()
    position = session.get(Position, traveller.id, with_for_update=True)
    if position is not None and changed.keys() & {"language", "drill"}:
        position.language, position.drill = traveller.language, traveller.drill
    audit.record(
        session, clock, actor, "traveller.changed", "traveller", traveller.id,
        before=_shown(before, changed), after=_shown(changed, changed),
    )  # fmt: skip


def _place(session: Session, clock: Clock, traveller: Traveller, given: PositionFields, source: str) -> Placed:
    observed_at = given.observed_at or clock.now()
    position = record_sighting(
        session, clock, traveller.id, lat=given.lat, lon=given.lon, country=given.country, precision=given.precision,
        source=source, observed_at=observed_at, valid_until=given.valid_until,
    )  # fmt: skip
    held = None if position is None else (position.source, position.precision, position.observed_at)
    return Placed(position, taken=held == (source, given.precision, observed_at))


def _shown(values: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """Return values fit for the trail: what tells who somebody is only by the fact that it is there."""
    shown: dict[str, Any] = {name: values[name] for name in names if name in ("language", "drill", "phone_region")}
    if "phone" in names:
        shown["phone"] = mask(values["phone"])
    for name in ("name", "reference", "email"):
        if name in names:
            shown[name] = "[withheld]" if values[name] else None
    return shown


def _place_shown(position: Position) -> dict[str, datetime | str | None]:
    return {
        "country": position.country, "precision": position.precision, "source": position.source,
        "observed_at": position.observed_at, "valid_until": position.valid_until,
    }  # fmt: skip
