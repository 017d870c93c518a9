"""Which requests came from one place: the same network address and the same browser, for screening's rules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from remittance.own_page.models import OwnRequest

MOST = 500


def from_the_same_place(session: Session, remittance_id: int, since: datetime) -> list[int]:
    """Return other remittances that were asked for from the same address with the same browser since a moment (aware UTC).

    Either alone says little: a hotel has one address, and a browser says of itself what thousands do. Nothing for a request that
    was not made on an own page.
    """
    mine = aliased(OwnRequest)
    statement = (
        select(OwnRequest.remittance_id)
        .join(
            mine,
            (mine.address_digest == OwnRequest.address_digest) & (mine.device_digest == OwnRequest.device_digest),
        )
        .where(
            mine.remittance_id == remittance_id,
            OwnRequest.remittance_id != remittance_id,
            OwnRequest.asked_at >= since,
        )
        .order_by(OwnRequest.remittance_id.desc())
        .limit(MOST)
    )
    return list(session.scalars(statement))
