"""Persons, officials, rules and protection in a real browser, in both languages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from hotline.auth.officers import actor_of
from hotline.cases import attaching, escalating, persons, protection
from hotline.cases.contacts import attach, identify, open_case
from hotline.cases.person_links import link_for_person, send_link
from hotline.core.clock import FrozenClock
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.cases.test_contacts import finish, make_contact
from tests.factories import NOW, make_officer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "size"), [("en", PHONE), ("ko", DESK)])
def test_a_senior_works_with_persons_officials_and_protection(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    clock = FrozenClock(NOW)
    with site.services.db.transaction() as session:
        roles = ("senior_agent", "administrator", "official")
        senior = make_officer(session, roles=roles, language=language)
        official = make_officer(session, roles=("official",), display_name="문지후")
        agent = actor_of(make_officer(session, roles=("agent",), display_name="임소라"), "console")
        for level, who in ((1, official), (2, senior)):
            escalating.set_rule(
                session, clock, agent, country="PH" if level == 1 else "", risk="", level=level, official_id=who.id,
                deadline_minutes=60, phone="+821055550001",
            )  # fmt: skip
        contact = make_contact(session, clock)
        case = open_case(session, clock, agent, contact.id, summary="여권과 지갑 도난, 숙소 없음", country="PH")
        persons.change_person(session, clock, agent, case.person_id, name="Anna Berg", medical="insulin")
        finish(session, clock, contact, agent, note="울면서 전화함", mood="distressed", risk={"minor", "distress"})
        escalating.escalate(session, clock, agent, case.id, question="숙박비를 지원할 수 있습니까?")
        attaching.attach_file(session, clock, agent, case.id, name="여권 사본.pdf", content=b"%PDF-1.7 x")
        persons.add_person(session, clock, agent, name="Anna Bergh", phone="+821099990001")
        rude = make_contact(session, clock, ref="call:2")
        for _ in range(3):
            protection.press(session, clock, agent, rude.id, note="Insults, shouted for ten minutes")
        shared = make_contact(session, clock, ref="call:3", danger=True)
        shared.person_id = None
        persons.add_person(session, clock, agent, name="Marta Berg", phone=shared.phone)
        mother = persons.add_person(session, clock, agent, name="Marta Berg", phone="+821099990007", language=language)
        visit = make_contact(session, clock, ref="visit:1", kind="visit", phone="")
        identify(session, clock, agent, visit.id, mother.id)
        attach(session, clock, visit.id, case.id, actor=agent, relation="어머니")
        send_link(session, clock, site.services.settings, agent, case.id, mother.id)
        url = link_for_person(session, clock, site.services.settings, mother.id, case.id)
        path = {"case": f"/cases/{case.id}", "person": f"/persons/{case.person_id}"}
    desk = open_desk(language=language, size=size)
    desk.sign_in(senior)
    for name, address in (
        ("case-asked", path["case"]), ("person", path["person"]), ("persons", "/persons?q=anna"), ("owed", "/escalations"),
        ("rules", "/escalations/rules"), ("protection", "/protection"), ("relative", "/p/" + url.rsplit("/", 1)[1]),
        ("contacts", "/contacts"), ("contact-open", f"/contacts/{shared.id}"), ("contact-closed", f"/contacts/{contact.id}"),
    ):  # fmt: skip
        desk.go(address)
        desk.check(f"{name}-{language}")
    desk.go(path["person"])
    desk.page.locator("form[action$='/reveal'] button").first.click()
    expect(desk.page.locator("a[href='tel:+821099990001']")).to_be_visible()
    desk.check(f"person-shown-{language}")
