"""What a list or a rule finds holds the money, says so to nobody, and money that is blocked moves by no way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from hotline.core import outbox
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, Refused
from hotline.core.services import Services
from remittance.requests import moving, reviewing
from remittance.requests.models import RemittanceChange
from remittance.screening import holding, standing
from remittance.screening.examining import look_into, screen_name
from remittance.screening.models import ScreeningCheck, ScreeningFinding
from tests.remittance.deposits.making import DUE, Bank
from tests.remittance.requests.making import make_actor, make_approved, make_case, make_remittance, noted
from tests.remittance.screening.making import ROWS, make_list
from wsgi import build_registry

LISTED = {"payee_name": "ZELIMKHAN TAREK QUORBANI"}


@pytest.fixture(autouse=True)
def _guarded(app: object) -> None:
    """The application is wired, so that the guard is in its place."""


def looked(services: Services, remittance_id: int, times: int = 1) -> str:
    """Deliver the fact that a remittance moved, and return its state."""
    for _ in range(times):
        holding.on_moved(services, {"remittance_id": remittance_id})
    with services.db.transaction() as session:
        return moving.get(session, remittance_id).state


def test_a_listed_payee_is_held_once_however_often_it_is_told(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        version = make_list(session, clock)
        one = make_remittance(session, clock, **LISTED)
    assert looked(services, one.id, times=3) == "on_hold"
    with services.db.transaction() as session:
        finding = session.scalars(select(ScreeningFinding)).one()
        assert (finding.kind, finding.role, finding.severity, finding.born) == ("list", "payee", "hold", "unknown")
        assert (finding.listed_name, finding.score_tenths) == ("QUORBANI, Zelimkhan Tarek", 1000)
        held = session.scalars(select(RemittanceChange).where(RemittanceChange.event == "hold")).one()
        assert (held.by_id, held.reason, held.facts) == (None, "", {}), "nothing that could be read to somebody"
        checks = session.scalars(select(ScreeningCheck).order_by(ScreeningCheck.id)).all()
        assert [(each.role, each.hits, each.list_id) for each in checks] == [
            ("payee", 1, version.id),
            ("payer", 0, version.id),
        ]
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action == "screening.raised")).one()
        assert trail.after == {"remittance_id": one.id, "kind": "list", "severity": "hold"}
        assert standing.blocked(session, one.id)


def test_nobody_found_is_kept_as_the_fact_of_having_looked(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_remittance(session, clock)
    assert looked(services, one.id) == "requested"
    with services.db.transaction() as session:
        checks = session.scalars(select(ScreeningCheck)).all()
        assert [(each.role, each.hits) for each in checks] == [("payee", 0), ("payer", 0)]
        assert session.scalars(select(ScreeningFinding)).all() == []
        assert not standing.blocked(session, one.id)


def test_without_a_list_nothing_is_said_to_have_been_compared(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, clock, **LISTED)
    assert looked(services, one.id) == "requested"
    with services.db.transaction() as session:
        assert session.scalars(select(ScreeningCheck)).all() == []


def test_a_new_list_brings_open_ones_to_the_sweep_and_then_none(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        mine = make_approved(session, clock, **LISTED)
        over = make_remittance(session, clock, payer_phone="+82 10-2000-0099", **LISTED)
        chief = make_actor(session, clock, "duty_chief")
        reviewing.decide(session, clock, chief, over.id, "cancel", reason="No longer needed")
    assert holding.sweep(services) == 1 and holding.sweep(services) == 0
    with services.db.transaction() as session:
        make_list(session, clock)
    assert holding.sweep(services) == 1
    with services.db.transaction() as session:
        assert moving.get(session, mine.id).state == "on_hold"
        assert moving.get(session, over.id).state == "cancelled"
    assert holding.sweep(services) == 0, "the hold itself brings nothing new"


def test_a_relative_who_is_named_later_is_compared_too(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_remittance(session, clock, payer_name="", payer_phone="")
    assert looked(services, one.id) == "requested"
    with services.db.transaction() as session:
        chief = make_actor(session, clock, "duty_chief")
        reviewing.take_up(session, clock, chief, one.id)
        reviewing.note(session, clock, chief, one.id, noted(payer_name="오덕삼"))
    assert holding.sweep(services) == 1
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "on_hold"
        assert session.scalars(select(ScreeningFinding.role)).all() == ["payer"]


def test_the_yes_compares_by_itself_where_nobody_did_yet(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_remittance(session, clock, **LISTED)
        chief = make_actor(session, clock, "duty_chief")
        reviewing.take_up(session, clock, chief, one.id)
        reviewing.note(session, clock, chief, one.id, noted())
    with pytest.raises(Refused) as error, services.db.transaction() as session:
        reviewing.approve(session, clock, chief, one.id)
    assert error.value.code == "under-check"
    assert "list" not in error.value.message and "sanction" not in error.value.message
    assert holding.sweep(services) == 1, "what the refusal undid is found again"
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "on_hold"


def test_before_release_a_newer_list_is_asked(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_approved(session, clock, payee_name="ZELIMKHAN TAREK QUORBANI")
        one.state = "deposited"
    with services.db.transaction() as session:
        make_list(session, clock)
    with pytest.raises(Refused), services.db.transaction() as session:
        moving.move(session, clock, SYSTEM, moving.get(session, one.id, lock=True), "release")
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "deposited"
    assert holding.sweep(services) == 1
    with services.db.transaction() as session:
        assert moving.get(session, one.id).held_state == "deposited"


def test_a_hold_is_not_lifted_while_something_stands_against_it(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_remittance(session, clock, **LISTED)
        fresh = make_actor(session, clock, "duty_chief")
    looked(services, one.id)
    with pytest.raises(Refused) as error, services.db.transaction() as session:
        reviewing.lift(session, clock, fresh, one.id, reason="I know them")
    assert error.value.code == "under-check"


def test_a_depositor_is_compared_where_the_deposit_is_known(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_remittance(session, clock)
        raised = screen_name(session, clock, one.id, "depositor", "  오 덕삼 ")
        assert [(each.role, each.severity) for each in raised] == [("depositor", "hold")]
        assert screen_name(session, clock, one.id, "depositor", "오 덕삼") == [], "once with each list"
        with pytest.raises(InvalidInput):
            screen_name(session, clock, one.id, "neighbour", "오덕삼")
        assert look_into(session, clock, one.id).state == "on_hold"


def test_who_deposited_is_compared_before_anything_is_released(services: Services, clock: FrozenClock) -> None:
    bank = Bank(services)
    one = bank.quoted()
    with services.db.transaction() as session:
        make_list(session, clock)
    bank.send(bank.entry(DUE, reference=one.reference, payer="오덕삼"))
    came = bank.state(one)
    with services.db.transaction() as session:
        locked = moving.get(session, one.id, lock=True)
        assert not holding.passes(session, locked), "the release asks this"
        assert session.scalars(select(ScreeningFinding)).all() == [], "and writes nothing"
    assert looked(services, one.id) == "on_hold"
    with services.db.transaction() as session:
        finding = session.scalars(select(ScreeningFinding)).one()
        assert (finding.role, finding.name) == ("depositor", "오덕삼")
        assert moving.get(session, one.id).held_state == came


def test_from_the_request_to_the_hold_through_the_outbox(services: Services, clock: FrozenClock) -> None:
    handlers = build_registry().handlers
    with services.db.transaction() as session:
        make_list(session, clock)
        held = make_remittance(session, clock, **LISTED)
        fine = make_remittance(session, clock, payee_name="AN DOHYUN", payer_phone="+82 10-2000-0012")
    while outbox.deliver_due(services, handlers):
        pass
    with services.db.transaction() as session:
        assert (moving.get(session, held.id).state, moving.get(session, fine.id).state) == ("on_hold", "requested")
        assert session.scalars(select(ScreeningFinding.remittance_id)).all() == [held.id]
    assert holding.sweep(services) == 0, "nothing is left for the sweep"


def test_drills_are_left_alone(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        make_list(session, clock)
        one = make_remittance(session, clock, case=make_case(session, clock, drill=True), **LISTED)
    assert looked(services, one.id) == "requested" and holding.sweep(services) == 0


def test_several_telling_at_once_raise_one_finding(services: Services, clock: FrozenClock) -> None:

    with services.db.transaction() as session:
        make_list(session, clock, ROWS)
        one = make_remittance(session, clock, **LISTED)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: holding.on_moved(services, {"remittance_id": one.id}), range(8)))
    with services.db.transaction() as session:
        assert len(session.scalars(select(ScreeningFinding)).all()) == 1
        assert len(session.scalars(select(RemittanceChange).where(RemittanceChange.event == "hold")).all()) == 1
