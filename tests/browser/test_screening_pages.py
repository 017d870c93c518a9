"""Screening in a browser: the work list, a name of a list, a rule's finding, lists, rules, and the remittance's panel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from hotline.auth.models import Officer
from hotline.core.services import Services
from remittance.screening import holding
from remittance.screening.models import ScreeningFinding
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.remittance.requests.making import make_case, make_hong_kong, make_remittance
from tests.remittance.screening.making import make_list

pytestmark = pytest.mark.browser


def practise(services: Services, language: str) -> tuple[Officer, dict[str, str]]:
    """Make two remittances with findings and an officer who reads this language."""
    clock = services.clock
    with services.db.transaction() as session:
        officer = make_officer(
            session,
            roles=("finance_officer", "administrator"),
            name="finance",
            display_name="한지우",
            language=language,
        )
        mission = make_hong_kong(session)
        make_list(session, clock)
        listed = make_remittance(session, clock, mission=mission, payee_name="오덕삼")
        far = make_remittance(
            session, clock, mission=mission, payee_name="AN DOHYUN", case=make_case(session, clock, country="BR")
        )
    for one in (listed, far):
        holding.on_moved(services, {"remittance_id": one.id})
    with services.db.transaction() as session:
        found = {each.kind: each.id for each in session.scalars(select(ScreeningFinding))}
    return officer, {
        "findings": "/screening/findings?state=all", "name": f"/screening/findings/{found['list']}",
        "rule": f"/screening/findings/{found['far_mission']}", "lists": "/screening/lists", "rules": "/screening/rules",
        "panel": f"/remittances/{listed.id}",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["1280", "360"])
def test_pages_of_screening_are_accessible_and_clean(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    officer, pages = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(officer)
    for name, path in pages.items():
        desk.go(path)
        desk.check(f"screening-{name}-{language}")


def test_a_finding_is_cleared_with_a_reason(site: Site, open_desk: Callable[..., Desk]) -> None:
    officer, pages = practise(site.services, "en")
    desk = open_desk(language="en", size=DESK)
    desk.sign_in(officer)
    desk.go(pages["name"])
    desk.page.get_by_role("textbox", name="Why").fill("Born twenty years later")
    desk.page.get_by_role("button", name="Clear: somebody else, or harmless").click()
    expect(desk.page.get_by_text("It is not raised again for this person.")).to_be_visible()
    desk.go(pages["panel"])
    expect(desk.page.get_by_text("Hold lifted")).to_be_visible()
