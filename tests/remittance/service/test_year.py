"""A year of the whole service, by its own commands from asking to closing months; its journal is read by beancount."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core.data import Transaction

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.ledger import exporting, sealing
from remittance.ledger.checking import check as check_books
from tests.remittance.requests.making import make_case
from tests.remittance.service.acts import fill
from tests.remittance.service.invariants import Memory, check
from tests.remittance.service.way import ENDS, Way
from tests.remittance.service.world import NOTES, PLACES, World, later

pytestmark = [pytest.mark.long]
DAYS = 365
CURRENCIES = tuple(NOTES)


def live(services: Services, clock: FrozenClock, files: Path, *, cases: int, missions: int) -> World:
    """Take so many cases through so many missions in a year; each ends where its way leads."""
    world = World(services, clock)
    with services.db.transaction() as session:
        while len(world.missions) < missions:
            code, country, zone = PLACES[len(world.missions) % len(PLACES)]
            world.missions.append(world.add_mission(session, code, country, zone))
    world.begin()
    fill(world)
    for nth in range(cases):
        later(world, minutes=DAYS * 24 * 60 // cases)
        world.rates()
        with services.db.transaction() as session:
            case = make_case(session, clock, name=f"여행자 {nth}").id
        way = Way(world, nth, case, files, places=missions, currency=CURRENCIES[nth % len(CURRENCIES)])
        way.go()
        assert world.get(way.wanted).state == ENDS[way.path], way.path
    return world


def balances(services: Services, world: World) -> None:
    """The journal loads into beancount without an error and balances in every currency; the books and the rows agree."""
    check(world, Memory())
    sealing.run(services)
    with services.db.connection() as connection:
        assert check_books(connection, world.clock.now()).sound
    entries, errors, _ = loader.load_string("".join(exporting.beancount_lines(services.db)))
    assert not errors, errors[:3]
    sums = Counter[str]()
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            assert posting.units is not None and posting.units.number is not None
            sums[posting.units.currency] += posting.units.number  # type: ignore[assignment]  # decimals
    assert set(sums) == {"KRW", *CURRENCIES} and set(sums.values()) == {Decimal(0)}


@pytest.mark.timeout(1_800)
def test_a_small_year_by_every_command_balances_in_beancount(
    services: Services, clock: FrozenClock, tmp_path: Path, app: object
) -> None:
    balances(services, live(services, clock, tmp_path, cases=15, missions=7))


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
def test_a_year_of_seven_hundred_cases_and_180_missions_balances_in_beancount(
    services: Services, clock: FrozenClock, tmp_path: Path, app: object
) -> None:
    balances(services, live(services, clock, tmp_path, cases=700, missions=180))
