"""A confirmed deposit becomes cash that is ready, once, when nothing stands against it; what is left otherwise is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from hotline.core.actor import SYSTEM
from hotline.core.clock import FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.missions import missions
from hotline.notices.models import Notice
from remittance.ledger import sealing
from remittance.ledger.states import FEES, FX, ROUNDING
from remittance.payouts import codes, paying, releasing
from remittance.requests import expiring, moving, reviewing
from remittance.requests.models import RemittanceChange
from remittance.screening import clearing, thresholds
from remittance.screening.models import ScreeningFinding
from remittance.screening.rules import DEFAULTS, PAYER_PHONE_MANY
from tests.remittance.ledger.making import at_once
from tests.remittance.payouts.making import DUE, FEE, PAID, VALUE, Counter, deposit, make_quote
from tests.remittance.requests.making import make_actor, make_approved


def test_a_release_books_value_fee_and_residue_and_sends_a_code(counter: Counter, services: Services) -> None:
    remittance_id = counter.deposited()
    assert counter.owed() == (-DUE, 0)
    releasing.on_moved(services, {"remittance_id": remittance_id, "after": "deposited"})
    assert counter.state(remittance_id) == "ready" and counter.owed() == (0, -PAID)
    stand = [counter.standing(kind, "KRW") for kind in (FX, FEES, ROUNDING)]
    assert stand == [-VALUE, -FEE, -(DUE - VALUE - FEE)] and counter.standing(FX, "USD") == PAID
    assert len(counter.code(remittance_id)) == 9
    assert releasing.sweep(services) == 0 and releasing.release(services, remittance_id) == "wrong-state"
    assert counter.books().findings == []


def test_a_drill_is_not_released_though_everything_else_is_there(counter: Counter, services: Services) -> None:
    remittance_id = counter.deposited()
    with services.db.transaction() as session:
        moving.get(session, remittance_id, lock=True).drill = True
    assert releasing.release(services, remittance_id) == "drill-money"
    assert releasing.sweep(services) == 0 and counter.owed() == (-DUE, 0)


def test_twenty_releases_at_once_are_one(counter: Counter, services: Services) -> None:
    remittance_id = counter.deposited()
    results = at_once([lambda: releasing.release(services, remittance_id)] * 20)
    assert sorted(results) == ["", *["wrong-state"] * 19]
    assert counter.owed() == (0, -PAID)


def test_short_cash_leaves_it_deposited_until_the_till_is_filled(services: Services) -> None:
    counter = Counter(services, cash=PAID + PAID // 2)
    first, second = counter.deposited(), counter.deposited()
    assert releasing.release(services, second) == "cash-short", "the first one's cash is spoken for"
    assert releasing.release(services, first) == "cash-short", "and the second one's for the first"
    with services.db.transaction() as session:
        counter.fill(session, PAID)
    assert releasing.sweep(services) == 2
    assert counter.state(first) == counter.state(second) == "ready"


def test_nothing_is_released_without_quote_deposit_or_what_a_guard_says(
    counter: Counter, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with services.db.transaction() as session:
        one = make_approved(session, services.clock, mission=missions.get(session, counter.mission))
        make_quote(session, services.clock, one)
        moving.move(session, services.clock, SYSTEM, one, "quote")
        deposit(session, services.clock, one, minor=DUE - 10)
    assert releasing.release(services, one.id) == "deposit-short"
    remittance_id = counter.deposited()
    monkeypatch.setitem(releasing.GUARDS, "test", lambda _session, _one: "being-checked")
    assert releasing.release(services, remittance_id) == "being-checked" and releasing.sweep(services) == 0
    monkeypatch.setitem(releasing.GUARDS, "test", lambda _session, _one: None)
    assert releasing.sweep(services) == 1


def test_what_expires_unfetched_is_owed_to_the_depositor_again(counter: Counter, clock: FrozenClock) -> None:
    remittance_id = counter.ready()
    prepared = counter.prepared(remittance_id)
    clock.advance(timedelta(days=14, seconds=1))
    expiring.expire(counter.services)
    assert counter.state(remittance_id) == "refund_pending" and counter.owed() == (-DUE, 0)
    with counter.services.db.transaction() as session:
        assert codes.live(session, remittance_id) is None
        assert paying.get(session, SYSTEM, prepared.id).state == "withdrawn"
    sealing.run()
    assert counter.books().findings == []


def test_calling_off_or_refunding_from_hold_takes_the_release_back(counter: Counter, services: Services) -> None:
    called_off, held = counter.ready(), counter.ready()
    with services.db.transaction() as session:
        reviewing.decide(session, services.clock, counter.chief, called_off, "cancel", reason="Not needed any more")
        reviewing.decide(session, services.clock, counter.chief, held, "hold", reason="To be looked into")
    assert counter.owed() == (-DUE, -PAID), "a hold takes nothing back"
    with services.db.transaction() as session:
        fresh = make_actor(session, services.clock, "finance_officer")
        reviewing.decide(session, services.clock, fresh, held, "refund_held", reason="Not for this")
    assert counter.owed() == (-2 * DUE, 0) and counter.books().findings == []


def test_a_lifted_hold_goes_on_with_the_same_code_and_books(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    with services.db.transaction() as session:
        reviewing.decide(session, services.clock, counter.chief, remittance_id, "hold", reason="To be looked into")
    with services.db.transaction() as session:
        fresh = make_actor(session, services.clock, "finance_officer")
        reviewing.lift(session, services.clock, fresh, remittance_id, reason="Fine")
    assert counter.owed() == (0, -PAID)
    assert counter.prepared(remittance_id).state == "prepared"


def test_a_finding_of_screening_keeps_it_back_and_nobody_is_told_why(counter: Counter, services: Services) -> None:
    deposited, ready = counter.deposited(), counter.ready()
    prepared = counter.prepared(ready)
    with services.db.transaction() as session:
        for remittance_id in (deposited, ready):
            finding = ScreeningFinding(
                remittance_id=remittance_id, person_id=moving.get(session, remittance_id).person_id, kind="list",
                severity="hold", pair=f"test-{remittance_id}", raised_at=services.clock.now(),
            )  # fmt: skip
            session.add(finding)
    assert releasing.release(services, deposited) == "being-checked" and counter.state(deposited) == "on_hold"
    assert releasing.sweep(services) == 0
    with pytest.raises(Refused) as refused, services.db.transaction() as session:
        paying.confirm(session, services.clock, counter.witness, prepared.id)
    assert refused.value.code == "being-checked" and "sanction" not in refused.value.message
    assert counter.till() == 1_000_000


def one_number_for_two_holds(services: Services) -> None:
    with services.db.transaction() as session:
        keeper = make_actor(session, services.clock, "administrator")
        given = {rule: dict(each) for rule, each in DEFAULTS.items()}
        given[PAYER_PHONE_MANY] |= {"severity": "hold", "count": 2}
        thresholds.keep(session, services.clock, keeper, given)


def codes_sent(services: Services) -> int:
    with services.db.transaction() as session:
        return session.scalar(select(func.count()).select_from(Notice).where(Notice.purpose == "code")) or 0


@pytest.mark.usefixtures("app")
def test_rules_are_judged_before_anything_is_ready_and_a_code_goes_out(counter: Counter, services: Services) -> None:
    one_number_for_two_holds(services)
    phone = {"payer_phone": "+82 10-2000-0077"}
    first, second = counter.deposited(**phone), counter.deposited(**phone)
    for remittance_id in (first, second):
        # The release hears of the deposit before the room that looks for findings does.
        releasing.on_moved(services, {"remittance_id": remittance_id, "after": "deposited"})
        assert counter.state(remittance_id) == "on_hold", "whoever decides finds it at once"
    assert codes_sent(services) == 0 and counter.owed() == (-2 * DUE, 0)
    assert releasing.sweep(services) == 0
    with services.db.transaction() as session:
        holding_it = select(ScreeningFinding.kind).where(ScreeningFinding.severity == "hold")
        assert session.scalars(holding_it).all() == [PAYER_PHONE_MANY] * 2
        held = session.scalars(select(RemittanceChange).where(RemittanceChange.event == "hold")).all()
        assert [(each.reason, each.facts, each.by_id) for each in held] == [("", {}, None)] * 2
        chief = make_actor(session, services.clock, "duty_chief")
        for finding in session.scalars(select(ScreeningFinding)).all():
            clearing.clear(session, services.clock, chief, finding.id, reason="Both are of one family")
    assert releasing.sweep(services) == 2 and codes_sent(services) == 2, (
        "what was cleared does not stand against it again"
    )


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("way", ["text", "voice"])
def test_no_other_code_goes_out_against_the_rules_and_whoever_asks_learns_no_reason(
    counter: Counter, services: Services, way: str
) -> None:
    one_number_for_two_holds(services)
    phone = {"payer_phone": "+82 10-2000-0077"}
    ready = counter.ready(**phone)
    counter.deposited(**phone)
    with pytest.raises(Refused) as refused:
        releasing.new_code(services, counter.agent, ready, way=way, proof="questions")
    assert (refused.value.code, refused.value.params) == ("being-checked", {}) and "rule" not in refused.value.message
    assert codes_sent(services) == 1, "the release's own, from before"
    assert counter.state(ready) == "on_hold", "whoever decides finds it at once"
