"""How long a pickup code is good, in a browser: on the remittance's page and on the traveller's own, before and after its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.cases.person_links import link_for_person
from hotline.core.clock import FrozenClock
from remittance.requests import moving
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.remittance.payouts.making import Counter

pytestmark = pytest.mark.browser
TOO_OLD = {"ko": "코드 유효 시간 경과", "en": "Code too old"}
ANOTHER = {"ko": "전화로 새 코드를 요청하십시오", "en": "call us for a new one"}


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_a_code_that_is_too_old_is_said_and_a_new_one_is_a_button(
    site: Site, clock: FrozenClock, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    counter = Counter(site.services)
    remittance_id = counter.ready(payee_language=language)
    with site.services.db.transaction() as session:
        one, officer = moving.get(session, remittance_id), session.get_one(Officer, counter.officer.id)
        officer.language = language
        link = link_for_person(session, clock, site.services.settings, one.person_id, one.case_id)
    own = f"/p/{link.rpartition('/')[2]}/money?lang={language}"
    traveller = open_desk(language=language, size=size)
    traveller.go(own)
    traveller.check(f"own-money-code-good-{language}")
    clock.advance(timedelta(hours=24))
    traveller.go(own)
    expect(traveller.page.get_by_text(ANOTHER[language])).to_be_visible()
    traveller.check(f"own-money-code-over-{language}")
    desk = open_desk(language=language, size=size)
    desk.sign_in(officer)
    desk.go(f"/remittances/{remittance_id}")
    expect(desk.page.get_by_text(TOO_OLD[language])).to_be_visible()
    desk.check(f"payouts-code-over-{language}")
    desk.page.locator("form[action$='/pickup-code']").first.locator("button").click()
    expect(desk.page.locator(".flashes")).to_be_visible()
    expect(desk.page.get_by_text(TOO_OLD[language])).to_have_count(0)
    traveller.go(own)
    expect(traveller.page.get_by_text(ANOTHER[language])).to_have_count(0)
