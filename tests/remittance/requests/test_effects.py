"""What rooms above do with a change of state happens in its transaction, or the change does not happen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hotline.core.clock import Clock, FrozenClock
from hotline.core.errors import Refused
from hotline.core.services import Services
from remittance.requests import effects, expiring, moving, reviewing
from remittance.requests.effects import Step
from remittance.requests.models import Remittance
from tests.remittance.requests.making import make_actor, make_approved


def test_an_effect_sees_the_change_and_may_refuse_it(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Step] = []

    def no(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
        assert one.state == step.after
        seen.append(step)
        if step.event == "cancel":
            raise Refused("No.", code="no")

    with services.db.transaction() as session:
        one = make_approved(session, services.clock)
        chief = make_actor(session, services.clock, "duty_chief")
    monkeypatch.setitem(effects.EFFECTS, "test", no)
    with pytest.raises(Refused), services.db.transaction() as session:
        reviewing.decide(session, services.clock, chief, one.id, "cancel", reason="done")
    with services.db.transaction() as session:
        assert moving.get(session, one.id).state == "approved"
        reviewing.decide(session, services.clock, chief, one.id, "hold", reason="look")
        reviewing.lift(
            session, services.clock, make_actor(session, services.clock, "duty_chief"), one.id, reason="fine"
        )
    assert [(step.before, step.after, step.left) for step in seen] == [
        ("approved", "cancelled", "approved"), ("approved", "on_hold", "approved"), ("on_hold", "approved", "approved"),
    ]  # fmt: skip


@pytest.mark.parametrize("error", [Refused("No.", code="no"), ValueError("unforeseen")])
def test_one_that_an_effect_refuses_to_expire_keeps_none_of_the_others(
    services: Services, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with services.db.transaction() as session:
        first, second = make_approved(session, clock), make_approved(session, clock)

    def no(session: Session, clock: Clock, one: Remittance, step: Step) -> None:
        if one.id == first.id:
            raise error

    monkeypatch.setitem(effects.EFFECTS, "test", no)
    clock.advance(timedelta(days=2))
    assert expiring.expire(services) == 1
    with services.db.transaction() as session:
        assert moving.get(session, first.id).state == "approved"
        assert moving.get(session, second.id).state == "expired"
