"""Which kind of incident an alert opens: plans of disaster mode are found by it, so a wrong kind hides the right plan."""

from __future__ import annotations

import pytest

from alerts import incident_links
from hotline.core.services import Services
from hotline.incidents.words import KINDS
from tests.factories import make_alert, make_officer


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("태풍 경보", "storm"), ("지진해일 주의보", "tsunami"), ("지진", "earthquake"), ("집중호우", "flood"),
        ("화산 분화", "volcano"),
        ("산불 확산", "fire"), ("연쇄 폭탄 테러", "attack"), ("대규모 시위", "unrest"), ("무력 충돌", "war"),
        ("열차 충돌", "accident"),
        ("감염병 확산", "epidemic"), ("Hurricane Warning", "storm"), ("Fire in a hotel", "fire"), ("Civil war", "war"),
    ],
)  # fmt: skip
def test_kind_follows_the_alerts_event_in_korean_and_english(services: Services, event: str, kind: str) -> None:
    assert kind in KINDS
    assert _kind_of(services, event) == kind


@pytest.mark.parametrize("event", ["Heat Warning", "Forward notice", "Ceasefire", "폭염 경보"])
def test_word_within_another_word_makes_no_war_and_no_fire(services: Services, event: str) -> None:
    assert _kind_of(services, event) == "other"


def _kind_of(services: Services, event: str) -> object:
    with services.db.transaction() as session:
        values = incident_links.values(
            session, make_alert(session, author=make_officer(session), event=event, headline="M").id
        )
        assert values is not None
        return values["kind"]
