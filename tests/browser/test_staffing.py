"""Staffing in a browser: advice with its curves, a question played and compared, the overview; both languages and widths."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.core import jobs
from hotline.core.services import Services
from overflow.staffing import asking
from overflow.staffing.advice import keep
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.overflow.staffing.making import MINUTE, make_history, make_minutes, make_volunteer
from tests.queues.making import make_agent, make_queue

pytestmark = pytest.mark.browser


def practise(services: Services, language: str) -> Officer:
    """Make a centre whose calls have just jumped, and its duty chief."""
    now = services.clock.now().replace(second=0, microsecond=0)
    with services.db.transaction() as session:
        make_queue(session)
        for _ in range(12):
            make_agent(session, duty_since=now, state_since=now)
        make_volunteer(session, duty_since=now, state_since=now)
        make_history(session, weeks=2, per_minute=2, until=now - 20 * MINUTE)
        make_minutes(
            session,
            [3, 5, 6, 8, 9, 11, 12, 12, 14, 15, 13, 16, 15, 17, 16, 16, 15, 17, 16, 16],
            until=now,
            country="JP",
        )
        chief = make_officer(session, roles=("duty_chief",), display_name="배준혁", language=language)
    keep(services)
    return chief


@pytest.mark.parametrize(
    ("language", "size"),
    [("ko", PHONE), ("ko", DESK), ("en", DESK), ("en", PHONE)],
    ids=["ko-360", "ko-1280", "en-1280", "en-360"],
)
def test_the_duty_chief_sees_what_is_needed_and_plays_what_if(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    desk = open_desk(language=language, size=size)
    desk.sign_in(practise(site.services, language))
    name = f"{language}-{size['width']}"
    desk.go("/")
    expect(desk.page.locator("body")).to_contain_text("소집하십시오" if language == "ko" else "Call out")
    desk.check(f"overview-staffing-{name}")
    desk.go("/staffing")
    expect(desk.page.locator("[data-curve='people'] canvas")).to_be_visible()
    expect(desk.page.locator("[data-curve='calls'] canvas")).to_be_visible()
    desk.check(f"staffing-{name}")
    desk.go("/staffing/what-if")
    desk.page.locator("[name=per_hour]").fill("100")
    desk.page.locator("[name=hours]").fill("3")
    desk.check(f"what-if-{name}")
    desk.page.get_by_role("button", name="모의 실행" if language == "ko" else "Play both").click()
    expect(desk.page.locator("progress")).to_be_visible()
    desk.check(f"what-if-waits-{name}")
    jobs.run_job(asking.JOB, [int(desk.page.url.rsplit("/", 1)[1])])
    # The page hears of it by itself and draws without being loaded again.
    expect(desk.page.locator("[data-curve='wait'] canvas")).to_be_visible(timeout=15_000)
    desk.check(f"what-if-played-{name}")
    desk.assert_clean()


def test_open_pages_follow_the_advice(site: Site, open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(language="en", size=DESK)
    desk.sign_in(practise(site.services, "en"))
    desk.go("/staffing")
    before = desk.page.locator("#advice-title + span").inner_text()
    site.services.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]  # tests have a clock that is moved
    keep(site.services)
    expect(desk.page.locator("#advice-title + span")).not_to_have_text(before, timeout=15_000)
    expect(desk.page.locator("[data-curve='people'] canvas")).to_have_count(1)
    desk.assert_clean()
