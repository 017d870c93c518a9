"""Who may have a hand in a payout: whoever allowed, told or sees it from afar does not pay; and what is over is not paid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from hotline.missions import missions
from remittance.payouts import paying, releasing
from remittance.payouts.models import Payout
from remittance.requests import moving
from tests.remittance.payouts.making import PAID, Counter, at_night, make_quote, seen
from tests.remittance.requests.making import make_actor


def confirm(counter: Counter, payout_id: int, actor: Actor) -> Payout:
    """Confirm in a transaction of its own."""
    with counter.services.db.transaction() as session:
        return paying.confirm(session, counter.clock, actor, payout_id)


def refused_prepare(counter: Counter, remittance_id: int, actor: Actor) -> str:
    """Return the code of what preparing was refused with."""
    with pytest.raises(HotlineError) as refused:
        paying.prepare(counter.services, actor, remittance_id, seen(counter.code(remittance_id)))
    return refused.value.code


def refused_confirm(counter: Counter, payout_id: int, actor: Actor) -> str:
    """Return the code of what confirming was refused with."""
    with pytest.raises(HotlineError) as refused:
        confirm(counter, payout_id, actor)
    return refused.value.code


@pytest.fixture
def head(counter: Counter, services: Services) -> Actor:
    """Somebody of the mission who may do everything there: allow, tell codes, pay and witness."""
    with services.db.transaction() as session:
        mission = missions.get(session, counter.mission)
        return make_actor(session, services.clock, "mission_officer", "cashier", mission=mission)


def test_whoever_allowed_the_exception_does_not_pay(
    counter: Counter, services: Services, clock: FrozenClock, head: Actor
) -> None:
    remittance_id = counter.ready()
    clock.set(at_night(clock.now()))
    with services.db.transaction() as session:
        paying.allow_outside_hours(session, clock, head, remittance_id, reason="Flight at six")
    assert refused_prepare(counter, remittance_id, head) == "same-officer-hours"
    payout = counter.prepared(remittance_id)
    assert confirm(counter, payout.id, head).state == "paid", "to witness it is another thing"


def test_a_cashier_cannot_allow_afterwards_what_they_prepared_before_closing_time(
    counter: Counter, services: Services, clock: FrozenClock, head: Actor
) -> None:
    remittance_id = counter.ready()
    clock.advance(timedelta(hours=5, minutes=50))
    payout = paying.prepare(services, head, remittance_id, seen(counter.code(remittance_id)))
    clock.advance(timedelta(minutes=15))
    with services.db.transaction() as session:
        paying.allow_outside_hours(session, clock, head, remittance_id, reason="Stood at the counter")
    assert refused_confirm(counter, payout.id, counter.witness) == "same-officer-hours"


def test_whoever_told_the_code_does_not_pay_either(counter: Counter, services: Services, head: Actor) -> None:
    remittance_id = counter.ready()
    _, code = releasing.new_code(services, head, remittance_id, way="voice", proof="questions")
    with pytest.raises(HotlineError) as refused:
        paying.prepare(services, head, remittance_id, seen(code))
    assert refused.value.code == "told-the-code"
    payout = paying.prepare(services, counter.cashier, remittance_id, seen(code))
    assert confirm(counter, payout.id, counter.witness).state == "paid"


def test_whoever_works_at_the_centre_pays_at_no_mission(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    with services.db.transaction() as session:
        afar = make_actor(session, services.clock, "cashier", "finance_officer")
    assert refused_prepare(counter, remittance_id, afar) == "not-found"
    payout = counter.prepared(remittance_id)
    assert refused_confirm(counter, payout.id, afar) == "not-found"


def test_what_is_no_longer_ready_is_not_paid_though_no_job_has_ended_it_yet(
    counter: Counter, services: Services, clock: FrozenClock
) -> None:
    remittance_id = counter.ready()
    payout = counter.prepared(remittance_id)
    with services.db.transaction() as session:
        moving.get(session, remittance_id, lock=True).due_at = clock.now()
    assert refused_confirm(counter, payout.id, counter.witness) == "not-ready"
    assert refused_prepare(counter, remittance_id, counter.cashier) == "not-ready"
    assert counter.till() == 1_000_000


def test_another_quote_than_the_one_that_was_prepared_is_not_paid_by_it(counter: Counter, services: Services) -> None:
    remittance_id = counter.ready()
    payout = counter.prepared(remittance_id)
    with services.db.transaction() as session:
        make_quote(session, services.clock, moving.get(session, remittance_id), nth=2, paid_minor=PAID - 10_000)
    assert refused_confirm(counter, payout.id, counter.witness) == "payout-old"
