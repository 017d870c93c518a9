"""The demo's till: counted without a difference, and the same after a second load."""

from __future__ import annotations

from sqlalchemy import func, select

from hotline.core.actor import SYSTEM
from hotline.core.services import Services
from hotline.missions import staff
from remittance.tills import demo
from remittance.tills.models import TillCount, TillMove
from remittance.tills.overview import tills
from tests.factories import NOW, make_officer
from tests.remittance.requests.making import make_hong_kong


def test_the_demos_till_is_filled_and_counted_once(services: Services) -> None:
    demo.load(services, SYSTEM)
    with services.db.transaction() as session:
        assert tills(session, NOW) == [], "without its mission and people nothing is made up"
        mission = make_hong_kong(session)
        cashier = make_officer(session, roles=("cashier",), name=demo.COUNTS)
        make_officer(session, roles=("mission_officer",), name=demo.WITNESSES)
    for _ in range(2):
        demo.load(services, SYSTEM)
        with services.db.transaction() as session:
            (till,) = tills(session, NOW)
            assert (till.cash, till.differences, till.counted_at) == (demo.FLOAT.minor, 0, NOW)
            numbers = [session.scalar(select(func.count()).select_from(each)) for each in (TillCount, TillMove)]
            assert numbers == [1, 2] and staff.missions_of(session, cashier.id) == [mission.id]
