"""A person says where they are, from the browser of their own phone: an exact sighting, when it can be one."""

from __future__ import annotations

import math
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core import audit
from hotline.core.actor import Actor
from hotline.core.clock import Clock
from hotline.core.errors import InvalidInput, Refused
from hotline.people import fields, travellers
from hotline.people.models import Position
from hotline.people.placing import record_sighting

SOURCE = "checkin"
EXACT_WITHIN_M = 3_000.0
"""Up to here a location is exact: a telephone mast in the country tells about as much, and alerts are of kilometres."""
CITY_WITHIN_M = 50_000.0
"""Beyond this the browser has only guessed by the address of the connection, which may lie in another country."""
NULL_ISLAND_DEG = 0.001


def check_in(
    session: Session,
    clock: Clock,
    actor: Actor,
    traveller_id: int,
    *,
    lat: float,
    lon: float,
    accuracy_m: float,
    observed_at: datetime | None = None,
) -> Position | None:
    """Record where a person's own phone says they are and return their effective position now.

    `lat` and `lon` in degrees (WGS 84), `accuracy_m` the radius in metres within which the browser is 95 % sure (W3C
    Geolocation), `observed_at` aware. A vague location counts as a city. Raises NotFound, Refused for an erased person, and
    InvalidInput for what is no location: not on earth, too vague, the point 0°, 0° that broken devices report.
    """
    if not (math.isfinite(accuracy_m) and 0 <= accuracy_m <= CITY_WITHIN_M):
        raise InvalidInput(
            "accuracy_m", accuracy_m, f"a location is known within {CITY_WITHIN_M / 1000:g} km or not at all"
        )
    lat, lon = fields.checked_degrees(lat, lon)
    if abs(lat) < NULL_ISLAND_DEG and abs(lon) < NULL_ISLAND_DEG:
        raise InvalidInput("lat", lat, "0°, 0° is what a device reports that does not know where it is")
    traveller = travellers.get(session, traveller_id)
    if traveller.erased_at is not None:
        raise Refused(f"Traveller {traveller_id} was erased; nothing can be added to them.", code="erased")
    position = record_sighting(
        session, clock, traveller_id, lat=lat, lon=lon, precision="exact" if accuracy_m <= EXACT_WITHIN_M else "city",
        source=SOURCE, observed_at=observed_at,
    )  # fmt: skip
    after = None if position is None else {"country": position.country, "precision": position.precision}
    audit.record(session, clock, actor, "traveller.checked_in", "traveller", traveller_id, after=after)
    return position
