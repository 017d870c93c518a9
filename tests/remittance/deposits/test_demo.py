"""The demo's statement is there once, waits for people, and agrees with books that had something in them before."""

from __future__ import annotations

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.banks import demo as banks
from remittance.deposits import checking, demo, listing
from remittance.ledger import demo as ledger
from tests.factories import make_mission, make_officer
from tests.remittance.ledger.making import DAY


def test_the_demo_has_a_statement_once(services: Services, clock: FrozenClock) -> None:
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert listing.statements(session) == [], "no demo without its officers and its account"
        make_mission(session, code="hong-kong", country="HK")
        for name in (banks.ENTERS, banks.AGREES):
            make_officer(session, name=name, roles=("finance_officer",))
    for each in (ledger, banks, demo):
        each.load(services, SYSTEM)
    clock.advance(DAY)
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        (found,) = checking.bank_balances(session)
        waits = listing.waiting(session)
        assert len(listing.statements(session)) == 1
    assert found.agrees and [each.amount_minor for each in waits] == [-1_100, 725_250, 1_450_500]
