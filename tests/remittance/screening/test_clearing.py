"""A finding is decided by fresh eyes: cleared it frees the money and is not raised again for that person, confirmed it stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, NotFound, Refused
from hotline.core.services import Services
from remittance.requests import asking, moving, reviewing
from remittance.requests.models import Remittance, RemittanceChange
from remittance.screening import clearing, holding, standing
from remittance.screening.models import ScreeningFinding
from tests.remittance.requests.making import make_actor, make_case, make_remittance, make_wish, noted
from tests.remittance.screening.making import ROWS, make_list

LISTED = {"payee_name": "ZELIMKHAN TAREK QUORBANI"}


@pytest.fixture(autouse=True)
def _guarded(app: object) -> None:
    """The application is wired, so that the guard is in its place."""


@pytest.fixture
def held(services: Services, clock: FrozenClock) -> tuple[int, int]:
    """Return a remittance under review that a list holds, and the finding."""
    with services.db.transaction() as session:
        one = make_remittance(session, clock, **LISTED)
        chief = make_actor(session, clock, "duty_chief")
        reviewing.take_up(session, clock, chief, one.id)
        make_list(session, clock)
    holding.sweep(services)
    with services.db.transaction() as session:
        return one.id, session.scalars(select(ScreeningFinding.id)).one()


def test_cleared_by_fresh_eyes_it_goes_on_where_it_stood(
    services: Services, clock: FrozenClock, held: tuple[int, int]
) -> None:
    with services.db.transaction() as session:
        fresh = make_actor(session, clock, "finance_officer")
        finding = clearing.clear(session, clock, fresh, held[1], reason="Born  twenty years later")
        assert (finding.state, finding.decided_by_id, finding.reason) == (
            "cleared",
            fresh.id,
            "Born twenty years later",
        )
        assert finding.raised_by_id is None, "raised by the service, cleared by an officer: both are on record"
        one = moving.get(session, held[0])
        assert (one.state, one.held_state) == ("under_review", None)
        lifted = session.scalars(select(RemittanceChange).where(RemittanceChange.event == "lift_under_review")).one()
        assert (lifted.by_id, lifted.reason) == (fresh.id, ""), "the story says nothing of why"
        trail = session.scalars(select(AuditEntry).where(AuditEntry.action == "screening.cleared")).one()
        assert (trail.actor_id, trail.subject_id) == (fresh.id, held[1]) and "QUORBANI" not in str(trail.after)
    assert holding.sweep(services) == 1
    with services.db.transaction() as session:
        assert moving.get(session, held[0]).state == "under_review"


def test_whoever_had_a_part_in_the_case_does_not_clear(
    services: Services, clock: FrozenClock, held: tuple[int, int]
) -> None:
    with services.db.transaction() as session:
        one = moving.get(session, held[0])
        reviewer = one.reviewed_by_id
        asker = make_actor(session, clock, "agent", "duty_chief")
        session.execute(
            RemittanceChange.__table__.update()  # type: ignore[attr-defined]
            .where(RemittanceChange.event == "request")
            .values(by_id=asker.id)
        )
    for officer_id in (reviewer, asker.id):
        with pytest.raises(Refused) as error, services.db.transaction() as session:
            actor = make_actor(session, clock, "duty_chief")
            clearing.clear(session, clock, type(actor)(**{**vars(actor), "id": officer_id}), held[1], reason="Fine")
        assert error.value.code == "had-a-part"
    with services.db.transaction() as session:
        assert standing.blocked(session, held[0])


def test_others_than_those_who_may_do_not_clear(services: Services, clock: FrozenClock, held: tuple[int, int]) -> None:
    for role in ("agent", "senior_agent", "auditor", "administrator"):
        with pytest.raises(Forbidden), services.db.transaction() as session:
            clearing.clear(session, clock, make_actor(session, clock, role), held[1], reason="Fine")
    with services.db.transaction() as session:
        fresh = make_actor(session, clock, "duty_chief")
        for reason in ("", "   ", "x" * 501):
            with pytest.raises(InvalidInput):
                clearing.clear(session, clock, fresh, held[1], reason=reason)
        with pytest.raises(NotFound):
            clearing.clear(session, clock, fresh, 999_999, reason="Fine")


def test_a_confirmed_one_stays_held_and_is_rejected_by_the_table(
    services: Services, clock: FrozenClock, held: tuple[int, int]
) -> None:
    with services.db.transaction() as session:
        fresh = make_actor(session, clock, "duty_chief")
        clearing.confirm(session, clock, fresh, held[1], reason="The passport's number is the list's")
        assert moving.get(session, held[0]).state == "on_hold" and standing.blocked(session, held[0])
    with pytest.raises(Refused) as error, services.db.transaction() as session:
        clearing.clear(session, clock, fresh, held[1], reason="I was wrong")
    assert error.value.code == "own-finding"
    with pytest.raises(Refused) as error, services.db.transaction() as session:
        reviewing.lift(session, clock, make_actor(session, clock, "duty_chief"), held[0], reason="Why not")
    assert error.value.code == "under-check"
    with services.db.transaction() as session:
        reviewing.decide(session, clock, fresh, held[0], "reject_held", reason="Not possible")
        assert moving.get(session, held[0]).state == "rejected"


def test_the_second_clearing_is_refused_and_the_database_keeps_four_eyes(
    services: Services, clock: FrozenClock, held: tuple[int, int]
) -> None:
    with services.db.transaction() as session:
        clearing.clear(session, clock, make_actor(session, clock, "duty_chief"), held[1], reason="Another person")
    with pytest.raises(Refused), services.db.transaction() as session:
        clearing.clear(session, clock, make_actor(session, clock, "duty_chief"), held[1], reason="Another person")
    with pytest.raises(IntegrityError), services.db.transaction() as session:
        finding = session.get_one(ScreeningFinding, held[1])
        finding.raised_by_id = finding.decided_by_id


def test_what_was_cleared_is_not_raised_again_for_that_person(
    services: Services, clock: FrozenClock, held: tuple[int, int]
) -> None:
    with services.db.transaction() as session:
        clearing.clear(session, clock, make_actor(session, clock, "duty_chief"), held[1], reason="Another person")
        chief = make_actor(session, clock, "duty_chief")
        reviewing.decide(session, clock, chief, held[0], "cancel", reason="Asked again later")
        first = session.get_one(Remittance, held[0])
        case = make_case(session, clock, person_id=first.person_id)
        agent = make_actor(session, clock, "agent")
        wish = make_wish(case_id=case.id, mission_id=first.mission_id, **LISTED)
        again = asking.ask(session, clock, agent, wish)
        stranger = make_remittance(session, clock, payer_phone="+82 10-2000-0055", **LISTED)
        make_list(session, clock, ROWS + "Somebody New,,,XX,TEST,T-4\n")
    assert holding.sweep(services) == 2
    with services.db.transaction() as session:
        assert moving.get(session, again.id).state == "requested", "the same person, the same entry"
        assert moving.get(session, stranger.id).state == "on_hold", (
            "another person of the same name is asked about anew"
        )
        reviewing.take_up(session, clock, chief, again.id)
        reviewing.note(session, clock, chief, again.id, noted())
        assert reviewing.approve(session, clock, chief, again.id).state == "approved"


def test_an_officers_own_hold_is_theirs_to_lift(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, clock, **LISTED)
        chief = make_actor(session, clock, "duty_chief")
        reviewing.decide(session, clock, chief, one.id, "hold", reason="To be looked into")
        make_list(session, clock)
    holding.sweep(services)
    with services.db.transaction() as session:
        finding = session.scalars(select(ScreeningFinding)).one()
        clearing.clear(session, clock, make_actor(session, clock, "duty_chief"), finding.id, reason="Another person")
        assert moving.get(session, one.id).state == "on_hold"
        reviewing.lift(session, clock, make_actor(session, clock, "duty_chief"), one.id, reason="Fine")
        assert moving.get(session, one.id).state == "requested"


def test_names_of_erased_people_leave_the_findings(
    services: Services, clock: FrozenClock, held: tuple[int, int]
) -> None:
    with services.db.transaction() as session:
        finding = session.scalars(select(ScreeningFinding)).one()
        clearing.clear(session, clock, make_actor(session, clock, "duty_chief"), finding.id, reason="Kim is another")
        kept = (finding.id, finding.kind, finding.score_tenths, finding.entry_id, finding.decided_by_id)
        known = finding.pair
    with services.db.transaction() as session:
        one = moving.get(session, held[0])
        one.payee_name, one.state, one.held_state, one.ended_at = "", "rejected", None, clock.now()
    holding.forget(services)
    with services.db.transaction() as session:
        one = session.scalars(select(ScreeningFinding)).one()
        assert (one.name, one.listed_name, one.reason) == ("", "", "")
        assert one.pair != known, "a hash of a name is found again by whoever has the name"
        assert (one.id, one.kind, one.score_tenths, one.entry_id, one.decided_by_id) == kept
