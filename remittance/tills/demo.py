"""Made-up cash: the till of Hong Kong in dollars, filled and counted by two people, and more cash that waits for a second one."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import SYSTEM, Actor
from hotline.core.services import Services
from hotline.missions import staff
from hotline.missions.models import Mission
from remittance.money.amounts import Money
from remittance.tills import cash_moves, counting
from remittance.tills.cash_moves import CashMove
from remittance.tills.counting import Counted
from remittance.tills.states import OPENING, PREPARED, REPLENISH, WAITING

MISSION, COUNTS, WITNESSES = "hong-kong", "cashier", "mission-officer-hong-kong"
FLOAT, MORE = Money(600_000, "USD"), Money(150_000, "USD")
NOTES = {10_000: 52, 2_000: 30, 1_000: 15, 100: 50}
"""What the float consists of."""


def load(services: Services, author: Actor) -> None:
    """Fill and count the till once; a later load finds everything under its keys and changes nothing."""
    with services.db.transaction() as session:
        mission = session.scalar(select(Mission).where(Mission.code == MISSION))
        people = [find_by_name(session, name) for name in (COUNTS, WITNESSES)]
        if mission is None or people[0] is None or people[1] is None:
            return
        for each in people:
            assert each is not None, "both are there"
            staff.add(session, services.clock, SYSTEM, mission.id, each.name)
        _fill(session, services, mission.id, actor_of(people[0], "cli"), actor_of(people[1], "cli"))


def _fill(session: Session, services: Services, mission_id: int, cashier: Actor, officer: Actor) -> None:
    clock = services.clock
    first = cash_moves.prepare(
        session, clock, cashier, _move(mission_id, FLOAT, "demo-float", "Float of the consulate")
    )
    if first.state == PREPARED:
        cash_moves.confirm(session, clock, officer, first.id)
        given = Counted(mission_id=mission_id, currency="USD", kind=OPENING, key="demo-opening", pieces=NOTES)
        counted = counting.count(session, clock, cashier, given)
        if counted.state == WAITING:
            counting.witness(session, clock, officer, counted.id)
        cash_moves.prepare(session, clock, cashier, _move(mission_id, MORE, "demo-more", "The holidays come"))


def _move(mission_id: int, amount: Money, key: str, reason: str) -> CashMove:
    return CashMove(
        mission_id=mission_id, kind=REPLENISH, amount=amount, source="HSBC Admiralty, the mission's account", reason=reason,
        key=key,
    )  # fmt: skip
