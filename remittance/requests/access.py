"""Who sees and handles which remittance: officers of missions only those of where they work, everybody else by permission."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, false, true
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import Forbidden, NotFound
from hotline.missions import staff
from remittance.requests import moving
from remittance.requests.models import Remittance
from remittance.requests.states import PAY, READ, REVIEW


def visible(session: Session, actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which the actor sees a remittance."""
    if actor.kind == "system":
        return true()
    if not actor.may(READ):
        return false()
    if bound_to_missions(actor):
        return Remittance.mission_id.in_(staff.missions_of(session, actor.id or 0))
    return true()


def bound_to_missions(actor: Actor) -> bool:
    """Say whether the actor acts for the missions where they work alone: its officers and its cashiers."""
    return actor.may(staff.OWN) or (actor.may(PAY) and not actor.may(REVIEW))


def only_visible(session: Session, actor: Actor, statement: Select[tuple[Remittance]]) -> Select[tuple[Remittance]]:
    """Return the statement for what the actor sees."""
    return statement.where(visible(session, actor))


def demand(session: Session, actor: Actor, remittance_id: int, *, lock: bool = False) -> Remittance:
    """Return a remittance that the actor sees; raises NotFound for one that is not there or another mission's."""
    one = moving.get(session, remittance_id, lock=lock)
    if actor.kind != "system" and not actor.may(READ):
        raise Forbidden(f"This needs the permission {READ}.")
    if bound_to_missions(actor) and one.mission_id not in staff.missions_of(session, actor.id or 0):
        raise NotFound("remittance", remittance_id)
    return one
