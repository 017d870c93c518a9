"""Many requests from one place are found although they went to several missions; another place or day is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.requests.models import Remittance
from remittance.screening import finders, rules, thresholds
from remittance.screening.places import Place
from remittance.screening.rules import DEFAULTS, Fact
from tests.remittance.requests.making import make_actor, make_case, make_hong_kong, make_remittance

POIPET = {"country": "KH", "lat": 13.6570, "lon": 102.5635}
NAMES = ("AN DOHYUN", "BAE SORA", "CHO YUNA", "DO KANGMIN", "EUM HAERIM")


@pytest.fixture(autouse=True)
def _guarded(app: object) -> None:
    """The application is wired, so that the guard is in its place."""


def asked_from(session: Session, clock: FrozenClock, nth: int, **where: Any) -> Remittance:
    """Ask at a mission of one's own for somebody who is somewhere."""
    case = make_case(session, clock, name=NAMES[nth], **where)
    return make_remittance(session, clock, case=case, payee_name=NAMES[nth], payer_phone=f"+82 10-2000-01{nth:02}")


def found(session: Session, clock: FrozenClock, one: Remittance, rule: str = rules.CLUSTER_PLACE) -> Fact | None:
    facts = finders.found(session, clock, one, thresholds.current(session).numbers)
    return next((each for each in facts if each.rule == rule), None)


def test_four_from_one_place_are_found_whichever_missions_they_asked(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        around = [asked_from(session, clock, nth, **(POIPET | {"lat": 13.6570 + nth / 20})) for nth in range(3)]
        assert found(session, clock, around[2]) is None
        one = asked_from(session, clock, 3, **POIPET)
        fact = found(session, clock, one)
        assert fact is not None and fact.severity == "hold"
        assert fact.numbers == {
            "count": 4, "hours": 24, "usual": 0.0, "km": 25, "remittances": [each.id for each in around],
        }  # fmt: skip
        assert found(session, clock, one, rules.CLUSTER) is None, "each asked a mission of their own"
        clock.advance(timedelta(hours=25))
        assert found(session, clock, asked_from(session, clock, 4, **POIPET)) is None, "that was the day before"


def test_what_is_farther_away_does_not_count(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        for nth in range(3):
            asked_from(session, clock, nth, **(POIPET | {"lat": 13.6570 + 0.24}))
        assert found(session, clock, asked_from(session, clock, 3, **POIPET)) is None, "27 km to the north"
        one = asked_from(session, clock, 4, **(POIPET | {"lat": 13.6570 + 0.1}))
        assert found(session, clock, one) is not None, "all four are within 25 km of this one"


def test_where_there_is_no_position_the_same_words_in_one_country_are_one_place(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        for nth, words in enumerate(("Poipet, casino street", "POIPET  Casino-Street", "Poipet (casino street)")):
            asked_from(session, clock, nth, country="KH", place=words)
        assert found(session, clock, asked_from(session, clock, 3, place="Poipet casino street", **POIPET)) is not None
        elsewhere = asked_from(session, clock, 4, country="TH", place="Poipet casino street")
        assert found(session, clock, elsewhere) is None


def test_who_is_nowhere_on_record_is_in_no_cluster(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        everybody = [asked_from(session, clock, nth, country="KH") for nth in range(4)]
        assert found(session, clock, everybody[3]) is None
    assert Place(None, None, "  –  ", "KH").named is None
    assert Place(None, None, "airport", "ZZ").named is None


def test_what_mission_and_place_count_alike_is_one_finding(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        everybody = [
            make_remittance(
                session, clock, case=make_case(session, clock, lat=22.3, lon=114.2), mission=mission, payee_name=NAMES[nth],
                payer_phone=f"+82 10-2000-01{nth:02}",
            )
            for nth in range(4)
        ]  # fmt: skip
        assert found(session, clock, everybody[3], rules.CLUSTER) is not None
        assert found(session, clock, everybody[3]) is None
        given = {rule: dict(each) for rule, each in DEFAULTS.items()}
        given[rules.CLUSTER] |= {"severity": "off"}
        thresholds.keep(session, clock, make_actor(session, clock, "administrator"), given)
        assert found(session, clock, everybody[3]) is not None
