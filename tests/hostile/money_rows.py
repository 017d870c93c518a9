"""Rows of remittances and exchange rates for hostile calls, in the states in which something can be done with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions.models import MissionStaff
from remittance.money.amounts import Money
from remittance.quotes import rates
from remittance.requests import reviewing
from tests.remittance.quotes.making import fill_till, make_bank, make_rates
from tests.remittance.requests.making import make_actor, make_approved, make_hong_kong, make_remittance, noted


class MoneyRows:
    """Makes what the parameters of remittances' and rates' addresses name; a part of `rows.Rows`."""

    _services: Services
    _numbers: Iterator[int]
    _chief: Actor
    _almighty: Actor
    _furnished = False

    def _remittance_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """One that was asked for (0), is under review (1), approved with all that a quote needs (2), or on hold (3)."""
        clock = self._services.clock
        mission = make_hong_kong(session, code=f"hostile-{next(self._numbers)}")
        session.add(MissionStaff(officer_id=self._almighty.id, mission_id=mission.id, since=clock.now()))
        if state < 2:
            one = make_remittance(session, clock, mission=mission)
            if state == 1:
                reviewing.take_up(session, clock, self._chief, one.id)
                reviewing.note(session, clock, self._chief, one.id, noted())
            return one.id
        if not self._furnished:
            self._furnished = True
            make_bank(session, clock, code="chosen")
            make_rates(session, clock)
        fill_till(session, clock, mission, Money(100_000, "USD"))
        one = make_approved(session, clock, mission=mission)
        if state > 2:
            reviewing.decide(session, clock, self._chief, one.id, "hold", reason="To be looked into")
        return one.id

    def _rate_id(self, session: Session, state: int, _made: dict[str, int]) -> int:
        """One that waits for a second officer (0, 1), counts (2), or is out of use (3)."""
        clock, typist = self._services.clock, make_actor(session, self._services.clock, "finance_officer")
        at = clock.now() - timedelta(seconds=next(self._numbers))
        typed = rates.Typed(base="USD", quoted="KRW", value="1450", source="hana-bank", at=at)
        rate = rates.type_in(session, clock, typist, typed)
        if state == 2:
            rates.agree(session, clock, make_actor(session, clock, "finance_officer"), rate.id)
        elif state > 2:
            rates.refuse(session, clock, typist, rate.id)
        return rate.id
