"""Asking, reviewing, deciding, holding and expiring: who may do what, in which order, and never the same person twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from hotline.cases.person_models import Person
from hotline.core.clock import FrozenClock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Refused, SeveralFaults
from hotline.core.outbox import OutboxEvent
from hotline.core.services import Services
from hotline.incidents.models import Incident
from remittance.money.amounts import Money
from remittance.requests import access, asking, expiring, moving, policies, reading, reviewing
from remittance.requests.models import Policy, Remittance
from remittance.requests.policies import KOREA
from remittance.requests.reading import Wanted
from remittance.requests.reference import is_reference
from remittance.requests.states import LASTS
from tests.remittance.requests.making import (
    make_actor,
    make_approved,
    make_case,
    make_hong_kong,
    make_remittance,
    make_wish,
    noted,
)


def faults_of(caught: Any) -> dict[str, str]:
    return {str(fault["field"]): str(fault["mend"]) for fault in caught.value.faults}


def test_a_request_is_written_down_once_with_a_number_and_a_reference(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission, case = make_hong_kong(session), make_case(session, clock)
        wish = make_wish(case_id=case.id, mission_id=mission.id)
        agent = make_actor(session, clock, "agent")
        one, again = asking.ask(session, clock, agent, wish), asking.ask(session, clock, agent, wish)
        assert one.id == again.id and one.number.startswith(f"R-{clock.now():%Y}-") and is_reference(one.reference)
        with pytest.raises(Refused, match="another request"):
            asking.ask(session, clock, make_actor(session, clock, "agent"), wish)
        with pytest.raises(InvalidInput):
            asking.ask(session, clock, agent, make_wish(case_id=case.id, mission_id=mission.id, key="x" * 81))
        assert (one.state, one.payer_phone, one.payee_phone) == ("requested", "+821020000011", "+85261234567")
        assert [change.event for change in moving.changes(session, one.id)] == ["request"]
        told = session.scalars(select(OutboxEvent).where(OutboxEvent.topic == "RemittanceMoved")).all()
        assert [event.payload["after"] for event in told] == ["requested"]


def test_every_fault_is_named_at_once(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission, case, agent = make_hong_kong(session), make_case(session, clock), make_actor(session, clock, "agent")
        wish = make_wish(
            case_id=case.id, mission_id=mission.id, reason="gambling", payee_name=" ", identity="second_factor", consent=False,
            payer_phone="12", wanted=Money(300_001, "USD"), payee_language="fr",
        )  # fmt: skip
        with pytest.raises(SeveralFaults) as caught:
            asking.ask(session, clock, agent, wish)
        faults = faults_of(caught)
        assert {"reason", "payee_name", "identity_words", "consent", "payer_phone", "amount", "payee_language"} == set(
            faults
        )
        assert "3000.00 USD" in faults["amount"]
        for more, field in (({"wanted": Money(1_000, "KRW")}, "currency"), ({"wanted": Money(0, "USD")}, "amount")):
            with pytest.raises(SeveralFaults) as caught:
                asking.ask(session, clock, agent, make_wish(case_id=case.id, mission_id=mission.id, **more))
            assert set(faults_of(caught)) == {field}


def test_one_is_open_for_a_person_and_incident_and_the_limit_holds_over_several(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        mission, case = make_hong_kong(session), make_case(session, clock)
        chief = make_actor(session, clock, "duty_chief")
        first = make_remittance(session, clock, mission=mission, case=case, wanted=Money(200_000, "USD"))
        with pytest.raises(Refused, match=first.number):
            make_remittance(session, clock, mission=mission, case=case)
        first.state, first.ended_at = "settled", clock.now()
        session.flush()
        with pytest.raises(Refused, match=r"1000\.00 USD"):
            make_remittance(session, clock, mission=mission, case=case, wanted=Money(100_100, "USD"))
        second = make_remittance(session, clock, mission=mission, case=case, wanted=Money(100_000, "USD"))
        reviewing.decide(session, clock, chief, second.id, "cancel", reason="Found the wallet")
        assert make_remittance(session, clock, mission=mission, case=case).state == "requested", (
            "what was called off counts nothing"
        )


def test_two_requests_at_once_for_one_person_are_one(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission, case, agent = make_hong_kong(session), make_case(session, clock), make_actor(session, clock, "agent")
        wishes = [make_wish(case_id=case.id, mission_id=mission.id) for _ in range(6)]

    def ask(wish: asking.Wish) -> bool:
        try:
            with services.db.transaction() as session:
                asking.ask(session, clock, agent, wish)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(ask, wishes)) == [False] * 5 + [True]


def test_a_yes_needs_a_review_by_somebody_and_a_decision_by_somebody_else(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        asker = make_actor(session, clock, "mission_officer", mission=mission)
        other = make_actor(session, clock, "mission_officer", mission=mission)
        one = make_remittance(session, clock, mission=mission, asker=asker)
        with pytest.raises(Refused, match="not possible"):
            moving.move(session, clock, other, one, "approve")
        reviewing.take_up(session, clock, asker, one.id)
        with pytest.raises(Refused, match="interview"):
            reviewing.approve(session, clock, other, one.id)
        reviewing.note(session, clock, asker, one.id, noted())
        with pytest.raises(Refused, match="Whoever asked"):
            reviewing.approve(session, clock, asker, one.id)
        with pytest.raises(Conflict):
            reviewing.approve(session, clock, other, one.id, version=1)
        reviewing.approve(session, clock, other, one.id, version=one.version)
        assert (one.state, one.approved_by_id, one.due_at) == ("approved", other.id, clock.now() + LASTS["approved"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"identity": "face"}, "identity"), ({"duress": "maybe"}, "duress"), ({"identity": "second_factor"}, "identity_words"),
        ({"consent": False}, "consent"), ({"payer_phone": "12"}, "payer_phone"), ({"payer_name": "x" * 121}, "payer_name"),
    ],
)  # fmt: skip
def test_what_a_review_writes_down_is_checked(
    services: Services, clock: FrozenClock, given: dict[str, Any], field: str
) -> None:
    with services.db.transaction() as session:
        chief, one = make_actor(session, clock, "duty_chief"), make_remittance(session, clock)
        reviewing.take_up(session, clock, chief, one.id)
        with pytest.raises(InvalidInput) as caught:
            reviewing.note(session, clock, chief, one.id, noted(**given))
        assert caught.value.field == field


def test_what_an_interview_gave_is_not_written_over(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        chief, one = make_actor(session, clock, "duty_chief"), make_remittance(session, clock)
        reviewing.take_up(session, clock, chief, one.id)
        reviewing.note(session, clock, chief, one.id, noted(duress="under_pressure"))
        with pytest.raises(Refused, match="stays"):
            reviewing.note(session, clock, make_actor(session, clock, "duty_chief"), one.id, noted())
        assert one.duress == "under_pressure"


def test_other_currencies_are_weighed_at_the_quote_and_closed_missions_pay_nobody(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        assert make_approved(session, clock, wanted=Money(100_000, "JPY")).state == "approved"
        closed = make_hong_kong(session, code="closed")
        closed.closed_at = clock.now()
        session.flush()
        with pytest.raises(Refused, match="closed"):
            make_remittance(session, clock, mission=closed)
        one, asker = make_approved(session, clock), make_actor(session, clock, "duty_chief")
        with pytest.raises(Refused, match="closed"):
            reviewing.reroute(session, clock, asker, one.id, closed.id, reason="Short")
        object.__setattr__(asker, "id", one.requested_by_id)
        with pytest.raises(Refused, match="does not choose"):
            reviewing.reroute(session, clock, asker, one.id, make_hong_kong(session, code="macau").id, reason="Mine")


def test_an_incident_opens_no_second_limit_and_must_be_open_and_of_the_cases_kind(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        mission, case, officer = (
            make_hong_kong(session),
            make_case(session, clock),
            make_actor(session, clock, "duty_chief"),
        )
        made = {
            name: Incident(
                name_ko="지진", name_en="Quake", kind="earthquake", severity="Severe", countries=["HK"], drill=name == "drill",
                state="closed" if name == "over" else "open", closed_at=clock.now() if name == "over" else None,
                began_at=clock.now(), opened_at=clock.now(), opened_by_id=officer.id, updated_at=clock.now(),
            ) for name in ("open", "over", "drill")
        }  # fmt: skip
        session.add_all(made.values())
        session.flush()
        for name in ("over", "drill"):
            with pytest.raises(Refused, match="over, or a drill"):
                make_remittance(session, clock, mission=mission, case=case, incident_id=made[name].id)
        make_remittance(session, clock, mission=mission, case=case)
        with pytest.raises(Refused, match="still open"):
            make_remittance(session, clock, mission=mission, case=case, incident_id=made["open"].id)


def test_staff_of_missions_ask_for_cases_of_their_countries_only(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission, case = make_hong_kong(session), make_case(session, clock, country="PH")
        staff = make_actor(session, clock, "mission_officer", mission=mission)
        with pytest.raises(NotFound):
            make_remittance(session, clock, mission=mission, case=case, asker=staff)


def test_an_erased_person_is_forgotten_once_their_remittance_is_over(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one, two = make_remittance(session, clock), make_remittance(session, clock)
        reviewing.decide(
            session, clock, make_actor(session, clock, "duty_chief"), one.id, "cancel", reason="Kim found it"
        )
        reviewing.decide(session, clock, make_actor(session, clock, "duty_chief"), two.id, "hold", reason="Kim calls")
        session.execute(
            update(Person).where(Person.id.in_([one.person_id, two.person_id])).values(erased_at=clock.now())
        )
    expiring.expire(services)
    with services.db.transaction() as session:
        found = {each.id: each for each in session.scalars(select(Remittance))}
        assert (found[one.id].payee_name, found[one.id].payer_phone, found[one.id].wanted_minor) == ("", "", 100_000)
        assert found[two.id].payee_name == "KIM MINSU", "what goes on needs its names"
        assert [each.reason for each in moving.changes(session, one.id)] == ["", ""]
        assert moving.changes(session, two.id)[-1].reason == "Kim calls"


def test_another_mission_pays_with_a_reason(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one, chief = make_approved(session, clock), make_actor(session, clock, "duty_chief")
        other = make_hong_kong(session, code="macau")
        with pytest.raises(InvalidInput):
            reviewing.reroute(session, clock, chief, one.id, one.mission_id, reason="x")
        reviewing.reroute(session, clock, chief, one.id, other.id, reason="Short of dollars")
        assert one.mission_id == other.id and moving.changes(session, one.id)[-1].facts["after_mission"] == other.id
        fresh = make_remittance(session, clock)
        with pytest.raises(Refused):
            reviewing.reroute(session, clock, chief, fresh.id, other.id, reason="Too early")


def test_staff_of_missions_see_and_ask_for_their_own_only(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        ours, theirs = make_remittance(session, clock, mission=mission), make_remittance(session, clock)
        staff = make_actor(session, clock, "mission_officer", mission=mission)
        cashier = make_actor(session, clock, "cashier", mission=mission)
        for actor in (staff, cashier):
            assert [one.id for one in reading.listed(session, actor, Wanted())] == [ours.id]
            with pytest.raises(NotFound):
                access.demand(session, actor, theirs.id)
        with pytest.raises(Forbidden):
            make_remittance(session, clock, asker=staff)
        assert len(reading.listed(session, make_actor(session, clock, "auditor"), Wanted())) == 2
        nobody = make_actor(session, clock, "author")
        assert reading.listed(session, nobody, Wanted()) == []
        with pytest.raises(Forbidden):
            access.demand(session, nobody, ours.id)


@pytest.mark.parametrize("role", ["auditor", "author", "cashier", "official", "administrator"])
def test_others_may_neither_ask_nor_decide(services: Services, clock: FrozenClock, role: str) -> None:
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        actor, one = make_actor(session, clock, role, mission=mission), make_remittance(session, clock, mission=mission)
        case = make_case(session, clock)
        with pytest.raises(Forbidden):
            asking.ask(session, clock, actor, make_wish(case_id=case.id, mission_id=mission.id))
        with pytest.raises(Forbidden):
            reviewing.take_up(session, clock, actor, one.id)
        with pytest.raises(Forbidden):
            reviewing.decide(session, clock, actor, one.id, "reject", reason="No")


def test_what_nobody_follows_up_expires_and_what_waits_for_people_is_told_once(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        asked, held = make_remittance(session, clock), make_approved(session, clock)
        reviewing.decide(
            session, clock, make_actor(session, clock, "finance_officer"), held.id, "hold", reason="Looked into"
        )
    assert expiring.expire(services) == 0
    clock.advance(timedelta(hours=49))
    assert expiring.expire(services) == 2 and expiring.expire(services) == 0
    with services.db.transaction() as session:
        found = {one.id: one for one in session.scalars(select(Remittance))}
        assert found[asked.id].state == "expired" and found[asked.id].ended_at == clock.now()
        assert found[held.id].state == "on_hold" and found[held.id].overdue_at == clock.now()
        assert session.scalar(select(func.count()).where(OutboxEvent.topic == "RemittanceOverdue")) == 1
        chief = make_actor(session, clock, "duty_chief")
        assert [one.id for one in reading.listed(session, chief, Wanted("overdue"))] == [held.id]


def test_lists_are_searched_filtered_and_paged(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        chief = make_actor(session, clock, "duty_chief")
        made = [make_remittance(session, clock, payee_name=f"PERSON {letter}") for letter in "ABC"]
        reviewing.take_up(session, clock, chief, made[2].id)
        for words in (made[1].number.lower(), f"{made[1].reference[:4]} {made[1].reference[4:]}".lower(), "son b"):
            assert [one.id for one in reading.listed(session, chief, Wanted(search=words))] == [made[1].id]
        assert [one.id for one in reading.listed(session, chief, Wanted("under_review"))] == [made[2].id]
        assert reading.listed(session, chief, Wanted(search="100%_")) == []
        page = reading.listed(session, chief, Wanted(), limit=2)
        assert [one.id for one in page] == [made[2].id, made[1].id]
        assert [one.id for one in reading.listed(session, chief, Wanted(), before=made[1].id)] == [made[0].id]


def test_koreas_policy_comes_with_the_software_and_a_new_one_leaves_old_requests_alone(
    services: Services, clock: FrozenClock
) -> None:
    with services.db.transaction() as session:
        korea = policies.current(session, clock.now())
        assert (korea.limit_minor, korea.limit_currency, set(korea.reasons)) == (300_000, "USD", set(KOREA.reasons))
        assert set(korea.payout_currencies) == set(KOREA.payout_currencies) and korea.begins_at == policies.BEGINNING
        one, boss = make_remittance(session, clock), make_actor(session, clock, "administrator")
        clock.advance(timedelta(minutes=1))
        rules = policies.Rules(
            limit=Money(100_000, "EUR"), reasons=("robbed",), deposit_currency="EUR", payout_currencies=("USD",)
        )
        kept = policies.keep(session, clock, boss, rules)
        assert policies.current(session, clock.now()).id == kept.id != one.policy_id
        assert session.get_one(Policy, one.policy_id).limit_currency == "USD" and len(policies.history(session)) == 2
        bad = policies.Rules(
            limit=Money(1, "USD"), reasons=("fun",), deposit_currency="XQX", payout_currencies=(), rate_hours=999
        )
        with pytest.raises(SeveralFaults) as caught:
            policies.keep(session, clock, boss, bad)
        assert {"reasons", "deposit_currency", "payout_currencies", "rate_hours"} == set(faults_of(caught))
