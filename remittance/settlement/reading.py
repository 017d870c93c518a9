"""Settlements as lists and one by one, with the numbers of their remittances; staff of missions see their missions' own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.errors import NotFound
from hotline.missions.models import Mission
from remittance.requests.models import Remittance
from remittance.settlement.models import Settlement, SettlementItem
from remittance.tills import access

PAGE_ROWS = 50


@dataclass(frozen=True)
class Whole:
    """A settlement with its mission and, in the order of the payouts, its remittances by number."""

    one: Settlement
    mission: Mission
    items: Sequence[tuple[SettlementItem, str]]


def listed(
    session: Session, actor: Actor, *, state: str = "", mission_id: int = 0, before: int = 0, limit: int = PAGE_ROWS
) -> list[tuple[Settlement, Mission]]:
    """Return settlements that the actor sees, the latest first; `before` is the id under which a page begins."""
    query = select(Settlement, Mission).join(Mission, Mission.id == Settlement.mission_id)
    allowed = access.seen(session, actor)
    if allowed is not None:
        query = query.where(Settlement.mission_id.in_(allowed))
    if state:
        query = query.where(Settlement.state == state)
    if mission_id:
        query = query.where(Settlement.mission_id == mission_id)
    if before:
        query = query.where(Settlement.id < before)
    return [(row[0], row[1]) for row in session.execute(query.order_by(Settlement.id.desc()).limit(limit))]


def whole(session: Session, actor: Actor, settlement_id: int) -> Whole:
    """Return one settlement; raises NotFound for one that is not there or another mission's."""
    one = session.get(Settlement, settlement_id)
    allowed = access.seen(session, actor)
    if one is None or (allowed is not None and one.mission_id not in allowed):
        raise NotFound("settlement", settlement_id)
    rows = session.execute(
        select(SettlementItem, Remittance.number)
        .join(Remittance, Remittance.id == SettlementItem.remittance_id)
        .where(SettlementItem.settlement_id == one.id)
        .order_by(SettlementItem.paid_at, SettlementItem.remittance_id)
    )
    return Whole(one, session.get_one(Mission, one.mission_id), [(row[0], row[1]) for row in rows])


def of_remittance(session: Session, remittance_id: int) -> Settlement | None:
    """Return the settlement that settled a remittance, or the one that waits with it; None where neither is."""
    return session.scalar(
        select(Settlement)
        .join(SettlementItem, SettlementItem.settlement_id == Settlement.id)
        .where(SettlementItem.remittance_id == remittance_id, Settlement.state != "withdrawn")
        .order_by(Settlement.id.desc())
        .limit(1)
    )
