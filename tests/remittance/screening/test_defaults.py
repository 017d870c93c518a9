"""The numbers that come with the software: families and groups of one incident are not held, and short names are not mixed up."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.names.likeness import SAME, likeness
from remittance.requests.models import Remittance
from remittance.screening import finders, rules, thresholds
from remittance.screening.comparing import as_one, judge
from remittance.screening.models import ScreeningRules
from remittance.screening.rules import DEFAULTS, Fact, many_travellers
from tests.incidents.making import make_incident
from tests.remittance.requests.making import make_case, make_remittance

PHONE = {"payer_phone": "+82 10-2000-0077"}
NAMES = ("AN DOHYUN", "BAE SORA", "CHO YUNA", "DO KANGMIN", "EUM HAERIM", "GU TAEYANG", "HAN BOREUM")
SURNAMES = [
    "김",
    "이",
    "박",
    "최",
    "정",
    "강",
    "조",
    "윤",
    "장",
    "임",
    "한",
    "오",
    "서",
    "신",
    "권",
    "황",
    "안",
    "송",
    "유",
    "전",
    "홍",
]
GIVEN = [
    "민수",
    "민서",
    "진수",
    "민준",
    "서준",
    "도윤",
    "예준",
    "시우",
    "하준",
    "지호",
    "지후",
    "준서",
    "준우",
    "현우",
    "지훈",
    "건우",
    "우진",
    "선우",
    "서진",
    "민재",
    "현준",
    "영수",
    "영호",
    "영철",
    "정훈",
    "성호",
    "성민",
    "상훈",
    "지영",
    "미영",
    "은영",
    "영희",
    "영숙",
    "정숙",
    "미숙",
    "경희",
    "은주",
    "은정",
    "수진",
    "지은",
    "지현",
    "민지",
    "유진",
    "수빈",
    "지민",
    "서연",
    "서윤",
    "지우",
    "하은",
    "하윤",
    "민아",
    "지아",
    "채원",
    "수아",
    "예은",
    "다은",
    "예린",
    "소율",
    "준",
    "혁",
    "솔",
]


@pytest.fixture(autouse=True)
def _guarded(app: object) -> None:
    """The application is wired, so that the guard is in its place."""


def facts(session: Session, clock: FrozenClock, one: Remittance) -> dict[str, Fact]:
    return {each.rule: each for each in finders.found(session, clock, one, thresholds.current(session).numbers)}


def test_a_parent_who_pays_for_three_children_of_one_incident_is_only_noted(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        quake, other = (make_incident(session, services, name_en=name).id for name in ("Quake", "Flood"))
        first, second, third = (
            make_remittance(session, clock, payee_name=NAMES[nth], incident_id=quake, **PHONE) for nth in range(3)
        )
        fact = facts(session, clock, third)[rules.PAYER_PHONE_MANY]
        assert (fact.severity, fact.numbers["count"]) == ("note", 3)
        second.incident_id = None
        session.flush()
        assert facts(session, clock, third)[rules.PAYER_PHONE_MANY].severity == "note", "one other is a couple's"
        first.incident_id = other
        session.flush()
        assert facts(session, clock, third)[rules.PAYER_PHONE_MANY].severity == "hold", (
            "they are of no incident of its own"
        )


@pytest.mark.parametrize(("people", "severity"), [(2, None), (3, "note"), (9, "note"), (10, "hold")])
def test_a_group_of_one_incident_holds_from_the_rules_number_on(people: int, severity: str | None) -> None:
    others = {nth: nth for nth in range(1, people)}
    fact = many_travellers(rules.DEPOSITOR_MANY, DEFAULTS, others, 0, explained=set(others))
    assert (fact.severity if fact else None) == severity


def test_a_version_from_before_a_number_was_there_takes_it_from_the_software(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        kept = {rules.PAYER_PHONE_MANY: {"severity": "note", "count": 5, "days": 7}}
        session.add(ScreeningRules(numbers=kept, kept_at=clock.now()))
        session.flush()
        numbers = thresholds.current(session).numbers
    assert numbers[rules.PAYER_PHONE_MANY] == {"severity": "note", "count": 5, "days": 7, "incident": 10}
    assert numbers[rules.CLUSTER_PLACE] == DEFAULTS[rules.CLUSTER_PLACE]


def test_a_country_whose_requests_jump_is_noted_over_a_month(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        for nth in range(4):
            one = make_remittance(
                session, clock, case=make_case(session, clock, country="KH"), payee_name=NAMES[nth],
                payer_phone=f"+82 10-2000-01{nth:02}",
            )  # fmt: skip
            found = facts(session, clock, one).get(rules.COUNTRY_JUMP)
            assert (found is not None) == (nth == 3)
            clock.advance(timedelta(days=7))
        assert found is not None and (found.severity, found.numbers["count"]) == ("note", 4)
        assert rules.CLUSTER not in facts(session, clock, one), "no day is full"


def test_twins_and_slips_of_the_pen_are_noted_and_other_short_names_are_other_people(
    services: Services, clock: FrozenClock
) -> None:
    born = date(1990, 12, 31)
    with services.db.transaction() as session:
        make_remittance(session, clock, payee_name="KIM MINSU", payee_born_on=born, payer_phone="+82 10-2000-0091")
        twin = make_remittance(session, clock, payee_name="KIM JINSU", payee_born_on=born)
        assert facts(session, clock, twin)[rules.PAYEE_AGAIN].severity == "note"
        other = make_remittance(session, clock, payee_name="KIM JINSO", payer_phone="+82 10-2000-0092")
        assert rules.PAYEE_AGAIN not in facts(session, clock, other)


def test_how_often_two_short_names_drawn_by_chance_are_mixed_up() -> None:
    draw = random.Random(1)
    names = [surname + given for surname in SURNAMES for given in GIVEN]
    pairs = [draw.sample(names, 2) for _ in range(6_000)]
    assert sum(likeness(*pair) >= SAME for pair in pairs) > 30, "likeness alone mixes up many"
    assert sum(as_one(*pair) for pair in pairs) <= 3
    judged = [judge(one, other, None, ()) for one, other in pairs]
    assert sum(found is not None and found.severity == "hold" for found in judged) <= 3
    assert sum(found is not None for found in judged) <= 6
    judged = [judge(one, other, date(1990, 1, 1), ("1990",)) for one, other in pairs]
    assert sum(found is not None for found in judged) <= 30, "one in two hundred where the year fits"
