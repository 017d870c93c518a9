"""Registration, single texts and texts on arrival in a real browser: both languages, two sizes, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from alerts.arrivals import texts
from hotline.auth.officers import actor_of
from hotline.core.clock import FrozenClock
from hotline.notices import store
from hotline.notices.models import Notice
from hotline.people.models import Traveller
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import NOW, make_officer

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko"])
LONG = "Welcome to {place}. In an emergency call {mission} {mission_phone} or the consular centre {hotline}, day and night."


def newest_code(site: Site) -> str:
    with site.services.db.transaction() as session:
        body = session.scalars(select(Notice.body).order_by(Notice.id.desc()).limit(1)).one()
    found = re.search(r"\d{6}", body)
    assert found is not None
    return found[0]


@LANGUAGES
@SIZES
def test_registering_is_accessible_and_clean_from_form_to_erasure(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    desk = open_desk(language=language, size=size)
    page = desk.page
    page.set_default_timeout(30_000)  # the list of cities is read with the first journey
    desk.expected_statuses.add(422)
    desk.go("/register")
    desk.check(f"register-{language}")
    page.locator("form[action='/register'] button[type=submit]").click()
    desk.check(f"register-faults-{language}")
    page.fill("[name=name]", "김하늘")
    page.fill("[name=phone]", "010-1234-5678")
    page.select_option("#field-country", "PH")
    page.fill("[name=city]", "Manila")
    page.fill("[name=first_date]", "2026-11-20")
    page.fill("[name=last_date]", "2026-11-30")
    page.check("[name=agreed]")
    page.locator("form[action='/register'] button[type=submit]").click()
    page.wait_for_url("**/register/code")
    desk.check(f"register-code-{language}")
    page.fill("[name=code]", newest_code(site))
    page.locator("form[action='/register/code'] button[type=submit]").click()
    page.wait_for_url("**/register/me")
    desk.check(f"register-me-{language}")
    page.locator("details summary").filter(has_text="김하늘").click()
    page.check("[name=sure]")
    page.locator("button[value=erase]").click()
    page.wait_for_load_state()
    desk.check(f"register-gone-{language}")
    with site.services.db.transaction() as session:
        assert session.scalars(select(Traveller.phone)).all() == [""]
    desk.go("/register/change")
    desk.check(f"register-change-{language}")


@LANGUAGES
@SIZES
def test_pages_of_texts_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], clock: FrozenClock, language: str, size: dict[str, int]
) -> None:
    with site.services.db.transaction() as session:
        author = make_officer(session, roles=("author",), display_name="김서연")
        approver = make_officer(session, roles=("approver",), display_name="강태오", language=language)
        ids = [
            store.publish(
                session, clock, phone=f"+8210123456{nth:02}", body="Welcome to Manila.", purpose=purpose,
                dedupe_key=f"k{nth}", expires_at=NOW + timedelta(hours=1),
            )
            for nth, purpose in enumerate(["code", "arrival", "duty", "relative", "payment"])
        ]  # fmt: skip
        session.execute(
            text("UPDATE notices SET state = 'delivered', sent_at = created_at WHERE id < :id"), {"id": ids[2]}
        )
        session.execute(
            text("UPDATE notices SET state = 'failed', error_code = '30005' WHERE id = :id"), {"id": ids[3]}
        )
        for country, code, body in (("ZZ", "en", LONG), ("PH", "ko", "[외교부] {place} 긴급 {mission_phone}")):
            draft = texts.write(
                session,
                clock,
                actor_of(author, "console"),
                country=country,
                language=code,
                body=body,
                hotline="+82232100404",
            )
            if country == "ZZ":
                texts.approve(session, clock, actor_of(approver, "console"), draft.id)
        texts.set_policy(
            session, clock, actor_of(author, "console"), "AE", greets=True, settle_minutes=240, quiet_days=30
        )
    desk = open_desk(language=language, size=size)
    desk.sign_in(approver)
    for name, path in {
        "notices": "/notices",
        "notices-none": "/notices?q=0000000",
        "notice": f"/notices/{ids[3]}",
        "notice-code": f"/notices/{ids[0]}",
        "arrivals": "/arrivals",
    }.items():
        desk.go(path)
        desk.check(f"{name}-{language}")


def test_an_author_writes_a_text_on_arrival(site: Site, open_desk: Callable[..., Desk]) -> None:
    with site.services.db.transaction() as session:
        author = make_officer(session, roles=("author",), language="ko")
    desk = open_desk(language="ko", size=DESK)
    desk.sign_in(author)
    desk.go("/arrivals")
    desk.page.fill("[name=body]", "{place} {hotline}")
    desk.page.get_by_role("button", name="초안 저장").click()
    desk.page.wait_for_load_state()
    desk.check("arrivals-author-ko")
    assert desk.page.get_by_text("{place} {hotline}").count() == 1
