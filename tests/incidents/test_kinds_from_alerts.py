"""What an incident opened from an alert begins with: plans are found by its kind, and callers hear its names."""

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


@pytest.mark.parametrize(
    ("headline", "names", "said"),
    [
        ("태풍 새벽, 마닐라만 접근", {}, ""),
        ("태풍 새벽", {"en": {"event": "Typhoon", "place": "Manila Bay"}}, "Typhoon, Manila Bay"),
        ("태풍 새벽", {"en": {"event": "태풍", "place": "Manila Bay"}}, ""),
        ("M 9.0 off Fukushima", {"ko": {"event": "지진"}}, "M 9.0 off Fukushima"),
    ],
)  # fmt: skip
def test_english_name_is_one_that_an_announcement_can_say_or_is_left_to_the_officer(
    services: Services, headline: str, names: dict[str, dict[str, str]], said: str
) -> None:
    with services.db.transaction() as session:
        alert = make_alert(session, author=make_officer(session), headline=headline, names_by_language=names)
        values = incident_links.values(session, alert.id)
        assert values is not None
        assert (values["name_ko"], values["name_en"]) == (headline, said)


def _kind_of(services: Services, event: str) -> object:
    with services.db.transaction() as session:
        values = incident_links.values(
            session, make_alert(session, author=make_officer(session), event=event, headline="M").id
        )
        assert values is not None
        return values["kind"]
