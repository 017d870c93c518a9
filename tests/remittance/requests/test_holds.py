"""A hold: whoever is under pressure gets no money, fresh eyes lift it, and it leads back to where it began."""

from __future__ import annotations

import pytest

from hotline.cases.models import Case
from hotline.core.clock import FrozenClock
from hotline.core.errors import InvalidInput, Refused
from hotline.core.services import Services
from remittance.requests import moving, reviewing
from remittance.requests.states import EXPIRES, FINAL, HOLDABLE, LASTS, REMITTANCE
from tests.remittance.requests.making import (
    make_actor,
    make_approved,
    make_remittance,
    noted,
)


def test_whoever_is_under_pressure_gets_a_hold_and_no_money(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        chief, one = make_actor(session, clock, "duty_chief"), make_remittance(session, clock)
        reviewing.take_up(session, clock, chief, one.id)
        reviewing.note(session, clock, chief, one.id, noted(duress="under_pressure"))
        with pytest.raises(Refused, match="under pressure"):
            reviewing.approve(session, clock, chief, one.id)
        reviewing.decide(session, clock, chief, one.id, "hold", reason="To be looked into")
        assert (one.state, one.held_state) == ("on_hold", "under_review")


def test_what_is_held_is_rejected_without_money_and_refunded_with(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        finance, chief = make_actor(session, clock, "finance_officer"), make_actor(session, clock, "duty_chief")
        for state, allowed, refused in (
            ("approved", "reject_held", "refund_held"),
            ("deposited", "refund_held", "reject_held"),
        ):
            one = make_approved(session, clock)
            one.state = state
            session.flush()
            reviewing.decide(session, clock, finance, one.id, "hold", reason="Looked into")
            with pytest.raises(Refused):
                reviewing.decide(session, clock, chief, one.id, refused, reason="No")
            reviewing.decide(session, clock, chief, one.id, allowed, reason="No")


def test_nobody_who_had_a_part_rejects_or_refunds_what_is_held(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        for state, event in (("approved", "reject_held"), ("deposited", "refund_held")):
            one = make_approved(session, clock)
            one.state = state
            session.flush()
            finance, owner = make_actor(session, clock, "finance_officer"), make_actor(session, clock, "duty_chief")
            reviewing.decide(session, clock, finance, one.id, "hold", reason="Looked into")
            case = session.get_one(Case, one.case_id)
            case.owner_id, case.state = owner.id, "in_hand"
            session.flush()
            for had_a_part in (one.requested_by_id, one.approved_by_id, finance.id, owner.id):
                actor = make_actor(session, clock, "duty_chief")
                object.__setattr__(actor, "id", had_a_part)
                with pytest.raises(Refused, match="part in it"):
                    reviewing.decide(session, clock, actor, one.id, event, reason="No")
            assert one.state == "on_hold"


@pytest.mark.parametrize(
    ("more", "missing"),
    [({"duress": "not_asked"}, ("interview",)), ({"payer_name": ""}, ("payer_name",)), ({"payer_phone": ""}, ("payer_phone",)),
     ({"payer_phone": "", "consent": False}, ("payer_phone", "consent"))],
)  # fmt: skip
def test_no_yes_without_the_interview_the_relative_and_the_consent(
    services: Services, clock: FrozenClock, more: dict[str, object], missing: tuple[str, ...]
) -> None:
    with services.db.transaction() as session:
        chief, one = make_actor(session, clock, "duty_chief"), make_remittance(session, clock)
        reviewing.take_up(session, clock, chief, one.id)
        reviewing.note(session, clock, chief, one.id, noted(**more))
        with pytest.raises(Refused) as caught:
            reviewing.approve(session, clock, chief, one.id)
        assert (caught.value.code, caught.value.params) == ("review-incomplete", {"missing": missing})
        reviewing.note(session, clock, chief, one.id, noted())
        assert reviewing.approve(session, clock, chief, one.id).state == "approved"


def test_a_hold_is_lifted_by_fresh_eyes_and_leads_back(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_approved(session, clock)
        finance = make_actor(session, clock, "finance_officer")
        reviewing.decide(session, clock, finance, one.id, "hold", reason="Same depositor as others")
        owner = make_actor(session, clock, "duty_chief", "agent")
        case = session.get_one(Case, one.case_id)
        case.owner_id, case.state = owner.id, "in_hand"
        session.flush()
        parts = {change.by_id for change in moving.changes(session, one.id)} | {owner.id}
        assert {one.requested_by_id, one.reviewed_by_id, one.approved_by_id, finance.id, owner.id} == parts
        for had_a_part in parts:
            actor = make_actor(session, clock, "duty_chief")
            object.__setattr__(actor, "id", had_a_part)
            with pytest.raises(Refused, match="part in it"):
                reviewing.lift(session, clock, actor, one.id, reason="Looks fine")
        fresh = make_actor(session, clock, "duty_chief")
        with pytest.raises(InvalidInput):
            reviewing.lift(session, clock, fresh, one.id, reason=" ")
        for _ in range(2):  # whoever lifted one hold is no part of it, and may lift the next
            reviewing.lift(session, clock, fresh, one.id, reason="Another man of that name")
            assert one.state == "approved"
            reviewing.decide(session, clock, finance, one.id, "hold", reason="Same depositor as others")
        reviewing.lift(session, clock, fresh, one.id, reason="The same as before")
        assert (one.state, one.held_state) == ("approved", None)
        with pytest.raises(Refused):
            reviewing.lift(session, clock, make_actor(session, clock, "duty_chief"), one.id, reason="Again")


def test_every_open_state_can_be_held_and_leads_back_to_itself_alone() -> None:
    for state in HOLDABLE:
        lifts = [t for t in REMITTANCE.transitions if t.state == "on_hold" and t.event == f"lift_{state}"]
        assert [t.target for t in lifts] == [state]
    # What is over begins again only by a dispute, or where the entry that was its refund was another's.
    assert not [t for t in REMITTANCE.transitions if t.state in FINAL and t.event not in ("dispute", "undo_refund")]
    assert set(LASTS) == set(REMITTANCE.states) - set(FINAL) and set(LASTS) >= EXPIRES
    money = {"partial", "overpaid", "wrong_depositor", "deposited", "ready"}
    for transition in REMITTANCE.transitions:
        if transition.state in money:
            assert transition.target not in {"cancelled", "expired", "rejected"}, (
                "a deposit never ends without cash or refund"
            )
