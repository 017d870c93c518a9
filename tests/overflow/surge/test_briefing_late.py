"""Volunteers are called out before the incident's briefing is published: nobody is dropped for what could not be done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from overflow.briefing.models import BriefingVersion
from overflow.surge.wording import sentence
from tests.overflow.surge.world import World


@pytest.fixture
def publish(world: World) -> Callable[[], None]:
    """Take the published briefing back to a draft; the function returned publishes it."""

    def set_to(state: str) -> None:
        with world.services.db.transaction() as session:
            version = session.get_one(BriefingVersion, world.version_id)
            draft = state == "draft"
            version.state = state
            version.published_at = None if draft else world.clock.now()
            version.published_by_id = None if draft else world.chief_id

    set_to("draft")
    return lambda: set_to("published")


def test_whoever_said_yes_is_waited_for_until_there_is_a_briefing_and_then_told(
    world: World, publish: Callable[[], None]
) -> None:
    world.people(8)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    world.later(60 * 90, 600)
    assert world.person(first.id).state == "confirmed", "nobody could have become ready meanwhile"
    assert not {"remind", "no_show", "briefing"} & set(world.told())
    publish()
    published = world.clock.now()
    world.look()
    assert world.told().count("briefing") == 1
    assert world.person(first.id).comes_at == published + timedelta(minutes=15)
    world.look()
    assert world.told().count("briefing") == 1
    world.comes(first.id)
    world.look()
    assert world.person(first.id).state == "ready"


def test_from_the_publishing_on_they_are_reminded_and_replaced_as_everybody(
    world: World, publish: Callable[[], None]
) -> None:
    world.people(8)
    world.start(1)
    first = world.asked()[0]
    world.says(first.id, "now")
    world.later(60 * 60, 600)
    publish()
    world.later(60 * 30, 60)
    assert world.person(first.id).reason == "no_show"
    assert [world.told().count(key) for key in ("briefing", "remind", "no_show")] == [1, 1, 1]


def test_text_about_the_briefing_says_by_when_in_both_languages() -> None:
    for language, words in (("ko", "11월 28일 10:00까지"), ("en", "by 28 Nov 10:00")):
        by = "11월 28일 10:00" if language == "ko" else "28 Nov 10:00"
        assert words in sentence("briefing", language, drill=False, comes=by, link="https://x.example/v/a")
