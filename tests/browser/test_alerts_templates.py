"""Templates in a real browser: written, looked at in both languages and on a phone, and taken into a draft."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from alerts.text_templates.demo import add_practice_templates
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from tests.browser.alerts_site import make_staff, wait_for_editor
from tests.browser.conftest import PHONE, Desk, Site
from tests.factories import make_alert

pytestmark = pytest.mark.browser
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko"])


@pytest.fixture
def author(site: Site) -> Officer:
    officer, _approver = make_staff(site)
    add_practice_templates(site.services, actor_of(officer, "console"))
    return officer


@LANGUAGES
def test_template_is_looked_up_changed_and_shown_with_its_history(
    open_desk: Callable[..., Desk], author: Officer, language: str
) -> None:
    desk = open_desk(language=language)
    desk.sign_in(author)
    desk.speak(language)
    desk.go("/alerts/templates?q=typhoon")
    desk.check(f"templates-{language}")
    desk.page.click("table a")
    desk.check(f"template-{language}")
    desk.page.click('a[href$="/edit"]')
    desk.page.select_option("#language-alert", "ja")
    desk.page.click('button[value="add:alert"]')
    desk.page.fill('[name="texts.ja"]', "{place}で{event} ({time})。連絡先: {hotline}")
    desk.page.fill('[name="texts.ko"]', "[외교부] {place} {event} ({time}). 실내에 머무르세요. {hotline} {link}")
    desk.page.click('button[value="check"]')
    expect(desk.page.locator('[name="texts.ja"]')).to_have_value("{place}で{event} ({time})。連絡先: {hotline}")
    desk.check(f"template-form-{language}")
    desk.page.fill("[name=note]", "Japanese added")
    desk.page.press("[name=note]", "Enter")
    expect(desk.page.locator(".versions > li")).to_have_count(2)
    desk.check(f"template-history-{language}")


@LANGUAGES
def test_templates_fit_a_phone_at_night(open_desk: Callable[..., Desk], author: Officer, language: str) -> None:
    desk = open_desk(language=language, size=PHONE, color_scheme="dark")
    desk.sign_in(author)
    desk.speak(language)
    for name, path in (("list", ""), ("one", "/1"), ("form", "/1/edit")):
        desk.go(f"/alerts/templates{path}")
        desk.check(f"templates-phone-{name}-{language}")


def test_template_goes_into_the_draft_and_can_be_taken_back(desk: Desk, site: Site, author: Officer) -> None:
    with site.services.db.transaction() as session:
        own = {"en": "Mine in {place} {time} {hotline}"}
        alert_id = make_alert(session, author=author, event="Typhoon", texts=own).id
    desk.sign_in(author)
    desk.go(f"/alerts/{alert_id}/edit")
    wait_for_editor(desk.page)
    first = desk.page.locator("#use-template option").nth(1)
    expect(first).to_contain_text("Typhoon and flood ✓")
    desk.page.select_option("#use-template", index=1)
    expect(desk.page.locator("#text-ko")).to_have_value(re.compile("저지대"))
    expect(desk.page.locator("#text-en")).to_have_value(re.compile("leave low ground"))
    desk.check("editor-template-taken")
    desk.page.click("[data-template-undo]")
    expect(desk.page.locator("#text-en")).to_have_value(own["en"])
    expect(desk.page.locator("#text-ko")).to_have_count(0)
