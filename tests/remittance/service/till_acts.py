"""What people do at a till besides paying: they count it with a witness, and headquarters explains what differed."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select

from remittance.ledger.accounts import account_for
from remittance.ledger.balances import balance
from remittance.ledger.states import MISSION_CASH
from remittance.tills import counting, differences
from remittance.tills.counting import Counted
from remittance.tills.models import TillDifference
from tests.remittance.service.world import NOTES, World, pick_of


def count(world: World, pick: int, number: int) -> None:
    """A cashier counts a till, sometimes a note wrong; another witnesses or refuses it, or it is taken back."""
    mission, currency = world.missions[pick % len(world.missions)], tuple(NOTES)[number % len(NOTES)]
    with world.services.db.transaction() as session:
        account = account_for(session, world.clock, MISSION_CASH, currency, mission_id=mission.id)
        there = balance(session, account).minor // NOTES[currency]
    pieces = {NOTES[currency]: max(0, there + (1, -1, 0, 0, 0)[number // 7 % 5])}
    kind = ("opening", "closing", "spot")[pick % 3]
    given = Counted(mission_id=mission.id, currency=currency, kind=kind, key=f"c-{pick}-{number}", pieces=pieces)
    made = world.do(lambda session: counting.count(session, world.clock, mission.cashiers[0], given))
    if number % 5 == 0:
        world.do(partial(counting.refuse, note="counted anew"), world.clock, mission.cashiers[1], made.id)
    elif number % 11 == 0:
        world.do(counting.withdraw, world.clock, mission.cashiers[0], made.id)
    else:
        world.do(counting.witness, world.clock, mission.cashiers[1], made.id)


def explain(world: World, pick: int, number: int) -> None:
    """A finance officer says why a till differed; another agrees, or gives it back."""
    with world.services.db.transaction() as session:
        found = session.scalars(
            select(TillDifference.id).where(TillDifference.state != "explained").order_by(TillDifference.id)
        ).all()
    wanted = pick_of(found, pick)
    if wanted is None:
        return
    world.do(partial(differences.ask, reason="a note stuck to another"), world.clock, world.one, wanted)
    if number % 4:
        world.do(differences.explain, world.clock, world.two, wanted)
    else:
        world.do(partial(differences.give_back, note="which note?"), world.clock, world.two, wanted)
