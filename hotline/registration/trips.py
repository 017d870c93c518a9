"""A journey that a traveller tells us: one stay, kept as an itinerary that counts on its days in the place's own time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.people import itineraries
from hotline.people.itineraries import ItineraryFields
from hotline.people.legs import MAX_ITINERARIES, LegFields
from hotline.people.models import Itinerary, ItineraryLeg, Traveller
from hotline.registration.wishes import Trip

SOURCE = "registration"
MAX_SHOWN = 20


def add_trip(session: Session, clock: Clock, actor: Actor, traveller: Traveller, trip: Trip) -> bool:
    """Keep a journey and let it count where its days have come; the same stay twice is kept once.

    False when the person has as many journeys as anybody can have.
    """
    stay = f"{trip.country}|{trip.city.casefold()}|{trip.first_date}|{trip.last_date}"
    reference = "self:" + hashlib.sha256(stay.encode()).hexdigest()[:24]
    others = session.scalar(
        select(func.count()).where(
            Itinerary.traveller_id == traveller.id, Itinerary.reference.is_distinct_from(reference)
        )
    )
    if (others or 0) >= MAX_ITINERARIES:
        return False
    leg = LegFields(from_date=trip.first_date, to_date=trip.last_date, place=trip.city, country=trip.country)
    given = ItineraryFields(legs=[leg], reference=reference)
    itineraries.add(session, clock, actor, traveller.id, given, source=SOURCE)
    return True


def trips_of(session: Session, traveller_id: int, since: date) -> Sequence[ItineraryLeg]:
    """Return the stays of somebody's own journeys that do not end before a day, in their order."""
    return session.scalars(
        select(ItineraryLeg)
        .join(Itinerary, Itinerary.id == ItineraryLeg.itinerary_id)
        .where(Itinerary.traveller_id == traveller_id, ItineraryLeg.last_date >= since)
        .order_by(ItineraryLeg.first_date, ItineraryLeg.id)
        .limit(MAX_SHOWN)
    ).all()
