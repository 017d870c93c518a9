"""Call-outs in a browser: the duty chief's pages at a desk, the volunteer's own page on a telephone, both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.core.clock import FrozenClock
from overflow.surge import demo
from overflow.surge.models import Callout
from overflow.volunteers.links import token_for
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.calls.telephones import Telephones
from tests.factories import make_officer
from tests.overflow.surge.world import World

pytestmark = pytest.mark.browser


def surge(site: Site, clock: FrozenClock, language: str) -> tuple[World, Officer]:
    """Make a call-out in full swing, and a duty chief who reads this language."""
    telephones = Telephones(clock)
    site.services.rooms["voice_provider"] = site.services.rooms["call_control"] = telephones
    world = World(site.services, clock, telephones)
    world.people(24, speaks=language)
    world.start(6)
    people = world.asked()
    world.later(25)
    for each in people[:3]:
        world.comes(each.id)
    world.says(people[3].id, "now")
    world.says(people[4].id, "no")
    world.says(people[5].id, "later", "voice")
    world.look()
    world.later(45)
    world.rests(people[0].id)
    world.look()
    with site.services.db.transaction() as session:
        chief = make_officer(session, roles=("duty_chief",), language=language, display_name="배준혁")
    return world, chief


@pytest.mark.parametrize(
    ("language", "size"), [("ko", DESK), ("en", DESK), ("en", PHONE)], ids=["ko-1280", "en-1280", "en-360"]
)
def test_the_duty_chief_calls_out_steers_and_reads_the_report(
    site: Site, clock: FrozenClock, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    world, chief = surge(site, clock, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(chief)
    name = f"{language}-{size['width']}"
    desk.go(f"/callouts/{world.callout_id}")
    desk.check(f"callout-{name}")
    desk.page.locator("#field-needed").fill("8")
    desk.page.locator("form[action$='/needed'] button").click()
    expect(desk.page.locator(".tiles")).to_contain_text("/ 8")
    for page, path in {
        "callouts": "/callouts", "callout-report": f"/callouts/{world.callout_id}/report",
        "incident-with-callout": f"/incidents/{world.incident_id}", "callout-new": f"/callouts/new?incident={world.incident_id}",
    }.items():  # fmt: skip
        desk.go(path)
        desk.check(f"{page}-{name}")
    world.act("cancel")
    world.look()
    desk.page.locator("button[value=preview]").click()
    expect(desk.page.locator("[role=status] .notice")).to_be_visible()
    desk.check(f"callout-preview-{name}")
    desk.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_volunteer_does_everything_on_the_telephone(
    site: Site, clock: FrozenClock, open_desk: Callable[..., Desk], language: str
) -> None:
    world, _ = surge(site, clock, language)
    person = world.in_state("asked", "calling")[0]
    desk = open_desk(language=language, size=PHONE)
    page = f"/v/{token_for(site.services, person.volunteer_id)}"
    desk.go(page)
    desk.check(f"own-asked-{language}")
    yes, ready = ("지금 가능합니다", "준비됨") if language == "ko" else ("I can come now", "I am ready")
    desk.page.get_by_role("button", name=yes, exact=True).click()
    expect(desk.page.locator(".notice-good").first).to_be_visible()
    desk.check(f"own-agreed-{language}")
    world.passes(person.id)
    world.look()
    desk.go(page)
    desk.page.get_by_role("button", name=ready, exact=True).click()
    world.look()
    desk.go(page)
    desk.check(f"own-ready-{language}")
    world.clock.advance(timedelta(hours=2))
    world.act("stand_down")
    world.look()
    desk.go(page)
    desk.check(f"own-afterwards-{language}")
    for question in ("prepared", "supported", "again"):
        desk.page.locator(f"#field-{question}").select_option("5")
    desk.page.get_by_role("button", name="보내기" if language == "ko" else "Send", exact=True).click()
    expect(desk.page.locator(".notice-good").first).to_be_visible()
    assert world.person(person.id).surveyed_at is not None
    desk.assert_clean()


def test_the_demo_shows_a_finished_drill(site: Site, open_desk: Callable[..., Desk]) -> None:
    with site.services.db.transaction() as session:
        chief = make_officer(session, roles=("duty_chief",), name=demo.CHIEF, language="ko", display_name="배준혁")
    for _ in range(2):
        demo.load(site.services, None)  # type: ignore[arg-type]  # the demo's author is not asked
    with site.services.db.transaction() as session:
        callout_id = session.query(Callout.id).one()[0]
    desk = open_desk(language="ko", size=DESK)
    desk.sign_in(chief)
    for page, path in {
        "demo-callout": f"/callouts/{callout_id}",
        "demo-report": f"/callouts/{callout_id}/report",
    }.items():
        desk.go(path)
        desk.check(page)
    desk.assert_clean()
