"""A case's history has a line for each step of its money, once, and none of a hold."""

from __future__ import annotations

from sqlalchemy import select

from hotline.cases.models import CaseEntry
from hotline.core.services import Services
from remittance.payouts import codes
from remittance.requests.models import Remittance
from remittance.telling import timeline
from tests.remittance.requests.making import make_actor, make_remittance
from tests.remittance.telling.making import facts, go, make_quote


def lines(services: Services, case_id: int) -> list[str]:
    with services.db.transaction() as session:
        found = session.scalars(
            select(CaseEntry).where(CaseEntry.case_id == case_id, CaseEntry.kind == "money").order_by(CaseEntry.id)
        ).all()
        return [each.details["label"] for each in found]


def test_each_step_is_one_line(services: Services) -> None:
    with services.db.transaction() as session:
        one = make_remittance(session, services.clock)
        make_quote(session, services.clock, one)
    go(
        services,
        one.id,
        "review",
        "approve",
        "hold",
        "lift_approved",
        "quote",
        "quote_again",
        "deposit",
        "release",
        "reroute",
    )
    for _ in range(2):
        for fact in facts(services):
            timeline.trace(services, fact)
    timeline.trace(services, {"remittance_id": 10**9, "change_id": 1})
    assert lines(services, one.case_id) == [
        "Asked for", "Under review", "Approved", "Deposit awaited", "Deposited", "Ready for payout", "Another mission pays",
    ]  # fmt: skip


def test_no_code_is_texted_to_whoever_may_be_watched(services: Services) -> None:
    with services.db.transaction() as session:
        one = session.get_one(Remittance, make_remittance(session, services.clock).id)
        one.state, one.duress = "ready", "unsure"
        session.flush()
        system = make_actor(session, services.clock, "duty_chief")
        assert codes.first(session, services.clock, services.settings, system, one) is None
        one.duress = "free"
        assert codes.first(session, services.clock, services.settings, system, one) is not None
