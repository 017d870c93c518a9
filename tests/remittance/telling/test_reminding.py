"""One that cannot be reminded keeps no other waiting, leaves no name in the log, and a turn ends where nearly all fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from hotline.core import turns
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from remittance.requests.models import Remittance
from remittance.telling import reminding
from tests.remittance.requests.making import make_approved
from tests.remittance.telling.making import go, make_quote


@pytest.fixture
def two(services: Services, clock: FrozenClock) -> list[Remittance]:
    """Return two whose quotes end soon."""
    with services.db.transaction() as session:
        both = [make_approved(session, clock, payer_phone=f"+82 10-2000-001{nth}") for nth in range(2)]
        for each in both:
            make_quote(session, clock, each)
    for each in both:
        go(services, each.id, "quote")
    clock.advance(timedelta(hours=22))
    return both


def test_one_that_cannot_be_reminded_keeps_no_other_waiting_and_is_tried_again(
    services: Services, two: list[Remittance], monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = reminding.send

    def fail(session: Any, services: Services, found: Remittance, *more: Any, **named: Any) -> Any:
        if found.id == two[0].id:
            raise ValueError(found.payer_phone)
        return sound(session, services, found, *more, **named)

    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(reminding, "send", fail)
        assert reminding.remind(services) == 1, "the one after it was reminded"
    failed = [each for each in logs if each["event"] == "remittances.not_reminded"]
    assert [(each["id"], each["error"], each["log_level"]) for each in failed] == [(two[0].id, "ValueError", "warning")]
    assert two[0].payer_phone not in repr(logs)
    assert reminding.remind(services) == 1, "what failed is tried again at the next turn"


def test_where_nearly_everything_fails_a_turn_ends(
    services: Services, two: list[Remittance], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_FAILED", 1)

    def fail(*_: Any, **__: Any) -> Any:
        raise ValueError

    monkeypatch.setattr(reminding, "send", fail)
    with capture_logs() as logs:
        assert reminding.remind(services) == 0
    assert [each["event"] for each in logs] == ["remittances.not_reminded", "turns.stopped"]
