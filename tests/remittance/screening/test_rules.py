"""Rules against fraud count what they say, at their edges, over the right time; their numbers are kept in versions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, SeveralFaults
from hotline.core.services import Services
from remittance.deposits.models import BankEntry
from remittance.deposits.payers import account_hash
from remittance.own_page.models import OwnRequest
from remittance.requests.models import Remittance
from remittance.screening import clearing, finders, holding, rules, thresholds
from remittance.screening.models import ScreeningFinding
from remittance.screening.rules import DEFAULTS, Fact
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.requests.making import make_actor, make_case, make_hong_kong, make_remittance

NAMES = ("AN DOHYUN", "BAE SORA", "CHO YUNA", "DO KANGMIN", "EUM HAERIM", "GU TAEYANG", "HAN BOREUM")


@pytest.fixture(autouse=True)
def _guarded(app: object) -> None:
    """The application is wired, so that the guard is in its place."""


def make_others(session: Any, clock: FrozenClock, count: int, **more: Any) -> list[Remittance]:
    """Ask for money for several people who have nothing in common but what is said."""
    return [
        make_remittance(session, clock, **({"payee_name": NAMES[nth], "payer_phone": f"+82 10-2000-01{nth:02}"} | more))
        for nth in range(count)
    ]


def facts(session: Any, clock: FrozenClock, one: Remittance) -> dict[str, Fact]:
    return {each.rule: each for each in finders.found(session, clock, one, thresholds.current(session).numbers)}


@pytest.mark.parametrize(("others", "found"), [(1, False), (2, True)])
def test_one_number_for_two_travellers_is_nothing_and_for_three_it_is(
    services: Services, clock: FrozenClock, others: int, found: bool
) -> None:
    with services.db.transaction() as session:
        before = make_others(session, clock, others, payer_phone="+82 10-2000-0077")
        one = make_remittance(session, clock, payer_phone="010-2000-0077")
        fact = facts(session, clock, one).get(rules.PAYER_PHONE_MANY)
        assert (fact is not None) == found
        if fact is not None:
            assert fact.numbers == {"count": 3, "days": 30, "remittances": [each.id for each in before]}


def test_what_is_older_than_the_days_does_not_count(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_others(session, clock, 2, payer_phone="+82 10-2000-0077")
        clock.advance(timedelta(days=30))
        one = make_remittance(session, clock, payer_phone="+82 10-2000-0077")
        assert rules.PAYER_PHONE_MANY in facts(session, clock, one)
        clock.advance(timedelta(seconds=1))
        assert rules.PAYER_PHONE_MANY not in facts(session, clock, one)


def test_one_traveller_asked_for_again_and_again_is_one(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        first = make_remittance(session, clock)
        for _ in range(3):
            make_remittance(session, clock, case=make_case(session, clock, person_id=first.person_id))
        assert set(facts(session, clock, first)) == set()


@pytest.mark.parametrize(
    ("accounts", "payers", "severity"),
    [
        (("1-1", "1-1", "1-1"), ("김덕배", "이영자", "박서진"), "hold"),
        (("", "", ""), ("김덕배", "KIM DEOKBAE", "Deok-bae Kim"), "note"),
        (("1-1", "", "1-1"), ("김덕배", "김덕배", "김덕배"), "note"),
        (("1-1", "2-2", "3-3"), ("김덕배", "김덕배", "김덕배"), ""),
        (("1-1", "1-1", "3-3"), ("김덕배", "김덕배", "김덕배"), ""),
        (("", "", ""), ("", "", ""), ""),
    ],
)
def test_one_depositor_for_three_travellers(
    services: Services, clock: FrozenClock, accounts: tuple[str, ...], payers: tuple[str, ...], severity: str
) -> None:
    bank = Bank(services)
    everybody = [
        bank.quoted(payee_name=NAMES[nth], payer_phone=f"+82 10-2000-01{nth:02}", payer_name=payer)
        for nth, payer in enumerate(payers)
    ]
    for nth, each in enumerate(everybody):
        bank.send(bank.entry(DUE, reference=each.reference, payer=payers[nth]))
    with services.db.transaction() as session:
        for nth, each in enumerate(everybody):
            entry = session.scalars(select(BankEntry).where(BankEntry.remittance_id == each.id)).one()
            entry.payer_account_hash = account_hash("secret", accounts[nth])
        session.flush()
        found = [facts(session, clock, each).get(rules.DEPOSITOR_MANY) for each in everybody]
    assert [each.severity if each else "" for each in found] == [severity] * 3
    if severity:
        assert found[2] is not None and found[2].numbers["remittances"] == [each.id for each in everybody[:2]]


def test_one_payee_as_two_people(services: Services, clock: FrozenClock) -> None:
    born = date(1990, 12, 31)
    with services.db.transaction() as session:
        make_remittance(session, clock, payee_name="KIM MINSU", payee_born_on=born, payer_phone="+82 10-2000-0091")
        sure = make_remittance(session, clock, payee_name="Kim Min-su", payee_born_on=born)
        assert facts(session, clock, sure)[rules.PAYEE_AGAIN].severity == "hold"
        likely = make_remittance(session, clock, payee_name="MINSU KIM", payer_phone="+82 10-2000-0092")
        assert facts(session, clock, likely)[rules.PAYEE_AGAIN].severity == "note"
        other = make_remittance(session, clock, payee_name="KIM MINSU", payee_born_on=date(1970, 1, 1))
        assert facts(session, clock, other)[rules.PAYEE_AGAIN].severity == "note", "one has no birth on record"
        nobody = make_remittance(session, clock, payee_name="PARK SEOJIN", payee_born_on=born)
        assert rules.PAYEE_AGAIN not in facts(session, clock, nobody)


@pytest.mark.parametrize(
    ("addresses", "browsers", "found"),
    [("aaa", "xxx", True), ("aab", "xxx", False), ("aaa", "xxy", False), ("abc", "xyz", False)],
)
def test_one_device_is_one_address_and_one_browser(
    services: Services, clock: FrozenClock, addresses: str, browsers: str, found: bool
) -> None:
    with services.db.transaction() as session:
        everybody = make_others(session, clock, 3)
        assert rules.SAME_DEVICE not in facts(session, clock, everybody[2]), (
            "nothing is known of a request by telephone"
        )
        for one, address, browser in zip(everybody, addresses, browsers, strict=True):
            session.add(
                OwnRequest(remittance_id=one.id, address_digest=address, device_digest=browser, asked_at=clock.now())
            )
        session.flush()
        fact = facts(session, clock, everybody[2]).get(rules.SAME_DEVICE)
        assert (fact is not None) == found
        if fact is not None:
            assert (fact.severity, fact.numbers["count"]) == ("note", 3)
        clock.advance(timedelta(days=8))
        assert rules.SAME_DEVICE not in facts(session, clock, everybody[2])


def test_a_cluster_is_many_at_one_place_beyond_what_is_usual(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        three = make_others(session, clock, 3, mission=mission)
        assert rules.CLUSTER not in facts(session, clock, three[-1])
        clock.advance(timedelta(hours=23))
        fourth = make_remittance(session, clock, mission=mission)
        assert facts(session, clock, fourth)[rules.CLUSTER].numbers["count"] == 4
        clock.advance(timedelta(hours=2))
        late = make_remittance(session, clock, mission=mission, payee_name="LATE COMER")
        assert rules.CLUSTER not in facts(session, clock, late), "the first three are a day ago"


def test_where_many_are_usual_or_an_incident_is_declared_there_is_no_cluster() -> None:
    assert rules.cluster(DEFAULTS, [1, 2, 3], 0) is not None
    assert rules.cluster(DEFAULTS, [1, 2, 3], 120) is not None, "four are three times what 120 in 90 days are for one"
    assert rules.cluster(DEFAULTS, [1, 2, 3], 121) is None
    assert rules.cluster(DEFAULTS, [1, 2], 0) is None
    assert rules.cluster(DEFAULTS | {"cluster": {"severity": "off"}}, [1, 2, 3], 0) is None


def test_a_mission_that_does_not_look_after_the_country_is_noted(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        near = make_remittance(session, clock)
        far = make_remittance(session, clock, case=make_case(session, clock, country="BR"), payee_name="AN DOHYUN")
        assert rules.FAR_MISSION not in facts(session, clock, near)
        assert facts(session, clock, far)[rules.FAR_MISSION].severity == "note"
    holding.on_moved(services, {"remittance_id": far.id})
    with services.db.transaction() as session:
        assert session.get_one(Remittance, far.id).state == "requested", "a note holds nothing"
        assert session.scalars(select(ScreeningFinding.kind)).all() == [rules.FAR_MISSION]


def test_a_rules_finding_is_raised_once_and_again_only_when_there_is_more(
    services: Services, clock: FrozenClock
) -> None:
    phone = {"payer_phone": "+82 10-2000-0077"}
    with services.db.transaction() as session:
        make_others(session, clock, 2, **phone)
        one = make_remittance(session, clock, **phone)
    for _ in range(2):
        holding.on_moved(services, {"remittance_id": one.id})
    with services.db.transaction() as session:
        finding = session.scalars(select(ScreeningFinding).where(ScreeningFinding.remittance_id == one.id)).one()
        assert session.get_one(Remittance, one.id).state == "on_hold"
        clearing.clear(session, clock, make_actor(session, clock, "duty_chief"), finding.id, reason="One family")
    holding.on_moved(services, {"remittance_id": one.id})
    with services.db.transaction() as session:
        assert session.get_one(Remittance, one.id).state == "requested"
        make_remittance(session, clock, payee_name="HAN BOREUM", **phone)
    holding.on_moved(services, {"remittance_id": one.id})
    with services.db.transaction() as session:
        assert session.get_one(Remittance, one.id).state == "on_hold", "a fourth traveller is news"


def test_new_rules_bring_open_ones_to_the_sweep(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_others(session, clock, 2, payer_phone="+82 10-2000-0077")
    assert holding.sweep(services) == 2
    with services.db.transaction() as session:
        given = {rule: dict(each) for rule, each in DEFAULTS.items()}
        given[rules.PAYER_PHONE_MANY] |= {"count": "2", "severity": "note"}
        with pytest.raises(Forbidden):
            thresholds.keep(session, clock, make_actor(session, clock, "auditor"), given)
        kept = thresholds.keep(session, clock, make_actor(session, clock, "administrator"), given)
        assert thresholds.current(session).id == kept.id and thresholds.history(session) == [kept]
    assert holding.sweep(services) == 2
    with services.db.transaction() as session:
        severities = session.scalars(select(ScreeningFinding.severity)).all()
        assert severities == ["note", "note"]


def test_rules_that_cannot_be_kept_name_every_number() -> None:
    with pytest.raises(SeveralFaults) as error:
        rules.checked({"depositor_many": {"severity": "maybe", "count": "1", "days": "a"}, "cluster": "x"})
    named = [each["field"] for each in error.value.faults]
    assert named[:5] == [
        "depositor_many.severity",
        "depositor_many.count",
        "depositor_many.days",
        "depositor_many.incident",
        "payer_phone_many.severity",
    ]
    assert rules.checked(DEFAULTS) == DEFAULTS


def test_a_finding_brings_those_that_it_counts_to_be_looked_into(services: Services, clock: FrozenClock) -> None:
    phone = {"payer_phone": "+82 10-2000-0077"}
    with services.db.transaction() as session:
        given = {rule: dict(each) for rule, each in DEFAULTS.items()}
        given[rules.PAYER_PHONE_MANY] |= {"severity": "hold", "count": 3}
        thresholds.keep(session, clock, make_actor(session, clock, "administrator"), given)
        everybody = make_others(session, clock, 2, **phone)
        for each in everybody:
            holding.look_into(session, clock, each.id)
        everybody.append(make_remittance(session, clock, payee_name="HAN BOREUM", **phone))
    holding.on_moved(services, {"remittance_id": everybody[2].id})
    with services.db.transaction() as session:
        assert [session.get_one(Remittance, each.id).state for each in everybody] == ["on_hold"] * 3
        found = session.scalars(select(ScreeningFinding).order_by(ScreeningFinding.remittance_id)).all()
        ids = {each.id for each in everybody}
        assert [set(each.facts["remittances"]) for each in found] == [ids - {each.id} for each in everybody]
