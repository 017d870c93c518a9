"""A quote says what is to be deposited, weighs the limit, keeps the till's cash, and is over when its time is."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select

from hotline.core.actor import SYSTEM, Actor
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Conflict, Forbidden, HotlineError, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from hotline.missions.models import Mission
from remittance.money.amounts import Money
from remittance.money.rounding import smallest_note
from remittance.quotes import following, quoting
from remittance.quotes.floats import free_cash
from remittance.quotes.models import Quote
from remittance.quotes.standing import quote_of, reserved
from remittance.requests import effects, expiring, moving, reviewing
from remittance.requests.models import Remittance
from tests.remittance.ledger.making import at_once
from tests.remittance.quotes.making import (
    HOUR,
    fill_till,
    make_bank,
    make_policy,
    make_quotable,
    make_rate,
    make_rates,
)
from tests.remittance.requests.making import (
    make_actor,
    make_approved,
    make_case,
    make_hong_kong,
    make_remittance,
    noted,
)

WANTED = {
    "USD": 100_000, "EUR": 50_000, "JPY": 120_000, "BHD": 200_500, "IQD": 750_000_000, "HKD": 500_000, "KRW": 1_000_000,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _following(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this room's effect in place, as the service has."""
    monkeypatch.setitem(effects.EFFECTS, following.NAME, following.follow)


def quoter(services: Services) -> Actor:
    with services.db.transaction() as session:
        return make_actor(session, services.clock, "duty_chief")


def code_of(services: Services, actor: Actor, remittance_id: int) -> str:
    """Return why a quote is refused."""
    with pytest.raises(HotlineError) as caught, services.db.transaction() as session:
        quoting.quote(session, services.clock, actor, remittance_id)
    return caught.value.code


@pytest.mark.parametrize("currency", sorted(WANTED))
def test_a_quote_in_each_currency_adds_up_and_stays_within_the_limit(services: Services, currency: str) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        make_policy(session, services.clock)
        one = make_quotable(session, services.clock, wanted=Money(WANTED[currency], currency))
    with services.db.transaction() as session:
        made = quoting.quote(session, services.clock, actor, one.id)
        assert moving.get(session, one.id).state == "quoted"
        assert made.due_minor == made.value_minor + made.fee_minor + made.residue_minor
        assert (made.paid_minor, made.currency, made.due_currency) == (WANTED[currency], currency, "KRW")
        assert made.paid_minor % smallest_note(currency) == 0 and made.due_minor % 10 == 0 and made.fee_minor == 3_000
        exact = Money(made.paid_minor, currency).fraction() * Fraction(made.rate) * Fraction(101, 100)
        assert 0 <= made.due_minor - 3_000 - exact < 10, "rounded once, up to ten won"
        assert 0 < made.limit_minor <= 300_000


def test_a_thousand_dollars_come_to_what_one_computes_by_hand(services: Services) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, services.clock)
    with services.db.transaction() as session:
        made = quoting.quote(session, services.clock, actor, one.id)
        assert (Fraction(made.rate), made.due_minor, made.residue_minor) == (1_450, 1_450_000, 0)
        assert made.rate_source == "ecb" and made.rate_at == services.clock.now() - HOUR and len(made.rate_ids) == 2
        assert made.limit_minor == 100_000 and made.quoted_by_id == actor.id
        assert made.expires_at == services.clock.now() + timedelta(days=1) == moving.get(session, one.id).due_at
        (change,) = [each for each in moving.changes(session, one.id) if each.event == "quote"]
        assert change.facts["due_minor"] == 1_450_000
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "remittance.quote")).all()
        assert "KIM" not in str(entry.after)


def test_without_a_fresh_rate_nothing_is_quoted(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        make_bank(session, clock)
        mission = make_hong_kong(session)
        fill_till(session, clock, mission, Money(100_000, "USD"))
        one = make_approved(session, clock, mission=mission)
    assert code_of(services, actor, one.id) == "no-rate", "none at all"
    with services.db.transaction() as session:
        make_rates(session, clock, at=clock.now() - 25 * HOUR)
        make_rate(session, base="USD", quoted="KRW", value="9999", at=clock.now(), agreed_at=None, source="hana-bank")
        make_rate(
            session, base="USD", quoted="KRW", value="9999", at=clock.now(), refused_at=clock.now(), source="x-bank"
        )
    assert code_of(services, actor, one.id) == "no-rate", "one too old, one that waits, one that was refused"
    with services.db.transaction() as session:
        make_rate(session, base="USD", quoted="KRW", value="1460", at=clock.now() - 23 * HOUR, source="hana-bank")
    with services.db.transaction() as session:
        assert Fraction(quoting.quote(session, clock, actor, one.id).rate) == 1_460


def test_a_rate_is_checked_again_each_time(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
    with services.db.transaction() as session:
        quoting.quote(session, clock, actor, one.id)
    clock.advance(23 * HOUR)
    with services.db.transaction() as session:
        assert quoting.quote(session, clock, actor, one.id).nth == 2
    clock.advance(HOUR)
    assert code_of(services, actor, one.id) == "no-rate"
    with services.db.transaction() as session:
        held = quote_of(session, one.id)
        assert held is not None and held.nth == 2, "a refused quote leaves the one before"
        assert moving.get(session, one.id).due_at == held.expires_at


def test_a_drill_an_account_that_is_missing_and_odd_notes_are_refused(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        drill = make_approved(session, clock, mission=mission, case=make_case(session, clock, drill=True))
        make_rates(session, clock)
        fill_till(session, clock, mission, Money(500_000, "USD"))
        real = make_approved(session, clock, mission=mission)
        odd = make_approved(session, clock, mission=mission, wanted=Money(10_050, "USD"))
    assert code_of(services, actor, drill.id) == "drill-money"
    assert code_of(services, actor, real.id) == "no-bank-account"
    assert code_of(services, actor, odd.id) == "not-in-notes"
    with services.db.transaction() as session:
        assert session.scalars(select(Quote)).all() == []


def test_only_what_is_approved_is_quoted_by_those_who_may(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
        asked = make_remittance(session, clock)
        agent = make_actor(session, clock, "agent")
        elsewhere = make_actor(session, clock, "mission_officer", mission=make_hong_kong(session, code="macau"))
    assert code_of(services, actor, asked.id) == "wrong-state"
    assert code_of(services, actor, 999_999) == "not-found"
    for who, error in ((agent, Forbidden), (elsewhere, NotFound)):
        with pytest.raises(error), services.db.transaction() as session:
            quoting.quote(session, clock, who, one.id)
    with pytest.raises(Conflict), services.db.transaction() as session:
        quoting.quote(session, clock, actor, one.id, version=1)


def test_the_limit_is_that_of_the_whole_incident_in_every_currency(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        make_policy(session, clock, open_per_person=3)
        mission, case = make_hong_kong(session), make_case(session, clock)
        one = make_quotable(session, clock, mission=mission, case=case, wanted=Money(150_000, "EUR"))
        fill_till(session, clock, mission, Money(500_000, "JPY"))
        two = make_approved(session, clock, mission=mission, case=case, wanted=Money(200_000, "JPY"))
        third = make_approved(session, clock, mission=mission, case=case, wanted=Money(210_000, "JPY"))
    for number in (one.id, two.id):
        with services.db.transaction() as session:
            quoting.quote(session, clock, actor, number)
    with pytest.raises(Refused) as caught, services.db.transaction() as session:
        quoting.quote(session, clock, actor, third.id)
    # 1,500 euros are 1,620 dollars; 200,000 yen 1,329.24, rounded up.
    assert caught.value.code == "remittance-limit" and caught.value.params == {"left": "USD 50.76"}
    with services.db.transaction() as session:
        reviewing.decide(session, clock, actor, two.id, "cancel", reason="not needed")
    assert code_of(services, actor, third.id) == "remittance-limit", (
        "210,000 yen are more than is left beside the euros"
    )


def test_the_yes_already_weighs_by_a_rate_where_there_is_one(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_policy(session, clock)
        make_rates(session, clock)
        much = make_remittance(session, clock, wanted=Money(300_000, "EUR"))
        chief = make_actor(session, clock, "duty_chief")
        reviewing.take_up(session, clock, chief, much.id)
        reviewing.note(session, clock, chief, much.id, noted())
    with pytest.raises(Refused) as caught, services.db.transaction() as session:
        reviewing.approve(session, clock, chief, much.id)
    assert caught.value.code == "remittance-limit"
    clock.advance(25 * HOUR)
    with services.db.transaction() as session:
        assert reviewing.approve(session, clock, chief, much.id).state == "approved", (
            "no fresh rate: the quote will weigh it"
        )
        make_bank(session, clock)
        make_rates(session, clock)
    assert code_of(services, chief, much.id) == "remittance-limit"


def test_two_of_one_person_at_once_do_not_pass_the_limit_together(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        make_policy(session, clock, open_per_person=2)
        mission, case = make_hong_kong(session), make_case(session, clock)
        fill_till(session, clock, mission, Money(900_000, "EUR"))
        one = make_quotable(session, clock, mission=mission, case=case, wanted=Money(200_000, "EUR"))
        two = make_approved(session, clock, mission=mission, case=case, wanted=Money(200_000, "EUR"))
    results = at_once([lambda number=number: run(services, actor, number) for number in (one.id, two.id)])
    assert sorted(results) == ["quoted", "remittance-limit"]


def run(services: Services, actor: Actor, number: int) -> str:
    try:
        with services.db.transaction() as session:
            quoting.quote(session, services.clock, actor, number)
    except HotlineError as error:
        return error.code
    return "quoted"


def test_two_quotes_at_once_for_one_tills_cash_are_one(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        one = make_quotable(session, clock, mission=mission, cash=Money(150_000, "USD"))
        two = make_approved(session, clock, mission=mission)
    results = at_once([lambda number=number: run(services, actor, number) for number in (one.id, two.id)])
    assert sorted(results) == ["float-short", "quoted"]
    with services.db.transaction() as session:
        assert reserved(session, mission.id, "USD") == 100_000
        assert free_cash(session, mission.id, "USD") == Money(50_000, "USD")


def test_a_quote_pressed_twice_at_once_reserves_once(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
    assert at_once([lambda: run(services, actor, one.id)] * 2) == ["quoted", "quoted"]
    with services.db.transaction() as session:
        assert reserved(session, one.mission_id, "USD") == 100_000
        assert [row.nth for row in session.scalars(select(Quote).order_by(Quote.nth))] == [1, 2]


def test_a_quote_that_a_room_above_refuses_leaves_nothing(
    services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, clock)

    def dies(*_: object) -> None:
        raise Refused("No.", code="no")

    with monkeypatch.context() as patched:
        patched.setitem(effects.EFFECTS, "zz", dies)
        assert run(services, actor, one.id) == "no"
    with services.db.transaction() as session:
        assert (moving.get(session, one.id).state, quote_of(session, one.id)) == ("approved", None)
        assert reserved(session, one.mission_id, "USD") == 0
    assert run(services, actor, one.id) == "quoted"


def test_the_till_says_what_it_has_free(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, clock, cash=Money(99_999, "USD"))
    with pytest.raises(Refused) as caught, services.db.transaction() as session:
        quoting.quote(session, clock, actor, one.id)
    assert caught.value.code == "float-short"
    assert caught.value.params == {"free": "USD 999.99", "paid": "USD 1,000.00"}
    with services.db.transaction() as session:
        fill_till(session, clock, session.get_one(Mission, one.mission_id), Money(1, "USD"))
    assert run(services, actor, one.id) == "quoted"


def test_an_expired_quote_gives_the_cash_free(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        mission = make_hong_kong(session)
        one = make_quotable(session, clock, mission=mission)
        two = make_approved(session, clock, mission=mission)
    assert [run(services, actor, number) for number in (one.id, two.id)] == ["quoted", "float-short"]
    clock.advance(20 * HOUR)
    assert expiring.expire(services) == 0
    with services.db.transaction() as session:
        two = make_approved(session, clock, mission=mission)
    clock.advance(4 * HOUR)
    assert expiring.expire(services) >= 1
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "expired" and reserved(session, mission.id, "USD") == 0
        make_rates(session, clock)
    assert run(services, actor, two.id) == "quoted"


def test_another_mission_pays_only_with_cash_of_its_own(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
        here, there = one.mission_id, make_hong_kong(session, code="macau")
    assert run(services, actor, one.id) == "quoted"
    with pytest.raises(Refused) as caught, services.db.transaction() as session:
        reviewing.reroute(session, clock, actor, one.id, there.id, reason="travelled on")
    assert caught.value.code == "float-short"
    with services.db.transaction() as session:
        assert moving.get(session, one.id).mission_id == here, "the refused change left nothing"
        fill_till(session, clock, there, Money(100_000, "USD"))
    with services.db.transaction() as session:
        held = quote_of(session, one.id)
        moved = reviewing.reroute(session, clock, actor, one.id, there.id, reason="travelled on")
        assert held is not None and (moved.state, moved.due_at) == ("quoted", held.expires_at)
    with services.db.transaction() as session:
        assert (reserved(session, here, "USD"), reserved(session, there.id, "USD")) == (0, 100_000)


@pytest.mark.parametrize("events", [("deposit",), ("deposit", "release")], ids=["deposited", "ready"])
def test_what_is_deposited_or_ready_goes_only_where_the_cash_is(
    services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, events: tuple[str, ...]
) -> None:
    monkeypatch.setattr(effects, "EFFECTS", {following.NAME: following.follow})  # no books of rooms above
    actor = quoter(services)
    with services.db.transaction() as session:
        one, there = make_quotable(session, clock), make_hong_kong(session, code="macau")
    assert run(services, actor, one.id) == "quoted"
    with services.db.transaction() as session:
        for event in events:
            moving.move(session, clock, SYSTEM, moving.get(session, one.id, lock=True), event)
    with pytest.raises(Refused) as caught, services.db.transaction() as session:
        reviewing.reroute(session, clock, actor, one.id, there.id, reason="travelled on")
    assert caught.value.code == "float-short"
    with services.db.transaction() as session:
        fill_till(session, clock, there, Money(100_000, "USD"))
        reviewing.reroute(session, clock, actor, one.id, there.id, reason="travelled on")
        assert reserved(session, there.id, "USD") == 100_000


def test_an_approved_one_is_rerouted_without_asking_the_till(services: Services, clock: FrozenClock) -> None:
    actor = quoter(services)
    with services.db.transaction() as session:
        one, there = make_quotable(session, clock), make_hong_kong(session, code="macau")
    with services.db.transaction() as session:
        reviewing.reroute(session, clock, actor, one.id, there.id, reason="travelled on")
    assert run(services, actor, one.id) == "float-short"


def test_what_is_on_hold_keeps_its_cash_and_has_time_to_be_quoted_again(services: Services, clock: FrozenClock) -> None:
    actor, fresh = quoter(services), quoter(services)
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
    assert run(services, actor, one.id) == "quoted"
    with services.db.transaction() as session:
        reviewing.decide(session, clock, actor, one.id, "hold", reason="look")
        assert reserved(session, one.mission_id, "USD") == 100_000
    clock.advance(30 * HOUR)
    with services.db.transaction() as session:
        lifted = reviewing.lift(session, clock, fresh, one.id, reason="fine")
        assert (lifted.state, lifted.due_at) == ("quoted", clock.now() + following.GRACE)
        make_rates(session, clock)
    assert expiring.expire(services) == 0
    assert run(services, actor, one.id) == "quoted"


def test_looking_at_what_a_quote_comes_to_changes_nothing(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_quotable(session, clock)
    with services.db.transaction() as session:
        before = session.get_one(Remittance, one.id)
        offer = quoting.preview(session, clock.now(), before)
        assert offer.rounded.due == Money(1_450_000, "KRW") and offer.bank.code == "main"
        assert not session.new and not session.dirty and session.scalars(select(Quote)).all() == []
    with services.db.transaction() as session, pytest.raises(InvalidInput):
        before.wanted_minor = 10_050
        quoting.preview(session, clock.now(), before)
