"""Bounds of quotes: the incident's limit to the cent and over merged people, how often, and by rates whose moment has come."""

from __future__ import annotations

import pytest

from hotline.cases.person_models import Person
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from hotline.incidents.models import Incident
from remittance.money.amounts import Money
from remittance.quotes import following, quoting
from remittance.quotes.standing import MAX_QUOTES
from remittance.requests import effects
from tests.overflow.briefing.making import make_incident
from tests.remittance.quotes.making import HOUR, fill_till, make_bank, make_policy, make_quotable, make_rates
from tests.remittance.requests.making import make_actor, make_approved, make_case, make_hong_kong


@pytest.fixture(autouse=True)
def _following(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this room's effect in place, as the service has."""
    monkeypatch.setitem(effects.EFFECTS, following.NAME, following.follow)


@pytest.fixture
def chief(services: Services, clock: FrozenClock) -> Actor:
    """Somebody who quotes."""
    with services.db.transaction() as session:
        return make_actor(session, clock, "duty_chief")


def quoted(services: Services, actor: Actor, remittance_id: int) -> str:
    """Quote one; the code of the refusal, or nothing."""
    try:
        with services.db.transaction() as session:
            quoting.quote(session, services.clock, actor, remittance_id)
    except HotlineError as error:
        return error.code
    return ""


def test_the_limit_is_reached_to_the_last_dollar_and_not_passed(
    services: Services, clock: FrozenClock, chief: Actor
) -> None:
    with services.db.transaction() as session:
        make_policy(session, clock, open_per_person=3)
        mission, case = make_hong_kong(session), make_case(session, clock)
        one = make_quotable(session, clock, mission=mission, case=case, wanted=Money(200_000, "USD")).id
        two = make_approved(session, clock, mission=mission, case=case, wanted=Money(100_000, "USD")).id
        euros = make_approved(session, clock, mission=mission, case=case, wanted=Money(500, "EUR")).id
        fill_till(session, clock, mission, Money(500_000, "USD"))
        fill_till(session, clock, mission, Money(500_000, "EUR"))
    assert [quoted(services, chief, each) for each in (one, two, euros)] == ["", "", "remittance-limit"]


@pytest.mark.parametrize(("merged", "code"), [(False, ""), (True, "remittance-limit")])
def test_people_who_turned_out_to_be_one_have_one_limit(
    services: Services, clock: FrozenClock, chief: Actor, merged: bool, code: str
) -> None:
    with services.db.transaction() as session:
        make_policy(session, clock)
        incident: Incident = make_incident(session)
        mission, first, second = make_hong_kong(session), make_case(session, clock), make_case(session, clock)
        wish = {"mission": mission, "incident_id": incident.id, "wanted": Money(150_000, "EUR")}
        two = make_approved(session, clock, case=second, **wish).id
        one = make_quotable(session, clock, case=first, **wish).id
        fill_till(session, clock, mission, Money(500_000, "EUR"))
        if merged:
            session.get_one(Person, second.person_id).merged_into_id = first.person_id
    assert [quoted(services, chief, each) for each in (one, two)] == ["", code]


def test_one_is_quoted_so_many_times_and_then_asked_for_anew(
    services: Services, clock: FrozenClock, chief: Actor
) -> None:
    with services.db.transaction() as session:
        one = make_quotable(session, clock).id
    assert {quoted(services, chief, one) for _ in range(MAX_QUOTES)} == {""}
    assert quoted(services, chief, one) == "too-many-quotes"


def test_a_rate_counts_from_its_moment_on_and_not_before(services: Services, clock: FrozenClock, chief: Actor) -> None:
    with services.db.transaction() as session:
        make_bank(session, clock)
        mission = make_hong_kong(session)
        fill_till(session, clock, mission, Money(100_000, "USD"))
        one = make_approved(session, clock, mission=mission).id
        make_rates(session, clock, at=clock.now() + HOUR)
    assert quoted(services, chief, one) == "no-rate"
    clock.advance(HOUR)
    assert quoted(services, chief, one) == ""
