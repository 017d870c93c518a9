"""Calling somebody of a case from its page, in a real browser, in both languages, wide and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls.models import Call
from hotline.cases import persons
from hotline.cases.contacts import attach, identify, open_case
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.calls.staging import CALLER, Stage, make_stage
from tests.cases.test_contacts import make_contact
from tests.factories import make_officer

pytestmark = pytest.mark.browser
MOTHER = "+821099990007"


@pytest.fixture
def stage(site: Site) -> Stage:
    """A house with one agent who is ready."""
    with site.services.db.transaction() as session:
        officer = make_officer(session, roles=("senior_agent",), display_name="한지우")
    return make_stage(site.services, officer)


def case_of_two(site: Site, officer: Officer) -> tuple[int, int]:
    """A case about somebody with a number, to which their mother belongs; a second one about somebody without any."""
    clock = site.services.clock
    with site.services.db.transaction() as session:
        agent = actor_of(officer, "console")
        contact = make_contact(session, clock, phone=CALLER)
        case = open_case(
            session, clock, agent, contact.id, summary="세부에서 여권과 지갑 도난, 숙소 없음", country="PH"
        )
        persons.change_person(session, clock, agent, case.person_id, name="Bartholomew Featherstonehaugh-Kim 김민준")
        mother = persons.add_person(session, clock, agent, name="박영희", phone=MOTHER)
        visit = make_contact(session, clock, ref="visit:1", kind="visit", phone="")
        identify(session, clock, agent, visit.id, mother.id)
        attach(session, clock, visit.id, case.id, actor=agent, relation="어머니")
        silent = make_contact(session, clock, ref="visit:2", kind="visit", phone="")
        alone = open_case(session, clock, agent, silent.id, summary="Found without papers", country="PH")
        return case.id, alone.id


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_somebody_of_a_case_is_called_from_its_page(
    site: Site, stage: Stage, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    case_id, alone = case_of_two(site, stage.officer)
    desk = open_desk(language=language, size=size)
    desk.sign_in(stage.officer)
    desk.speak(language)
    desk.go(f"/cases/{alone}")
    desk.check(f"call-nobody-{language}")
    desk.go(f"/cases/{case_id}")
    whom = desk.page.locator("#call-whom")
    expect(whom).to_be_visible()
    assert whom.locator("option").all_inner_texts() == ["Bartholomew Featherst… +821…34", "박영희 (어머니) +821…07"]
    assert CALLER not in desk.page.content() and MOTHER not in desk.page.content()
    desk.check(f"call-of-case-{language}")
    whom.select_option(index=1)
    desk.page.locator("form[action$='/desk/call-out'] button[type=submit]").click()
    desk.page.wait_for_url("**/desk")
    desk.check(f"call-begun-{language}")
    with site.services.db.transaction() as session:
        call = session.query(Call).one()
        assert (call.direction, call.phone, call.case_id) == ("out", MOTHER, case_id)
