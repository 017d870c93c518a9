"""What becomes of somebody's place in call-outs when they leave the roster, and of their number when they are erased."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hotline.core.services import Services
from overflow.surge.models import AskedPerson, CalloutCall
from overflow.surge.moving import get_person, move
from overflow.surge.states import COMING, DONE, PENDING, RESERVE


def left(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `VolunteerLeft`: nobody waits for them, asks or rings them; a second telling changes nothing."""
    with services.db.transaction() as session:
        people = session.scalars(
            select(AskedPerson.id).where(
                AskedPerson.volunteer_id == int(payload["volunteer_id"]),
                AskedPerson.state.in_((*PENDING, *COMING, RESERVE)),
            )
        ).all()
        for person_id in people:
            _, person = get_person(session, person_id)
            person.call_at = None
            if person.state in PENDING:
                move(session, services.clock, person, "lose", reason="no_volunteer")
            elif person.state in (*COMING, RESERVE):
                move(session, services.clock, person, "spare", reason="no_volunteer")


def forget(services: Services, payload: Mapping[str, Any]) -> None:
    """Handle `VolunteerErased`: numbers go; what they did stays as figures of somebody without a name."""
    with services.db.transaction() as session:
        _forget(session, int(payload["volunteer_id"]))


def _forget(session: Session, volunteer_id: int) -> None:
    theirs = select(AskedPerson.id).where(AskedPerson.volunteer_id == volunteer_id)
    session.execute(
        update(CalloutCall).where(CalloutCall.person_id.in_(theirs), CalloutCall.state == DONE).values(phone="")
    )
    session.execute(update(AskedPerson).where(AskedPerson.volunteer_id == volunteer_id).values(phone="", call_at=None))
