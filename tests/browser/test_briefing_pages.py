"""Briefings in a browser: the editor with its preview, answered on a phone, a test, and both desks with a wish to listen in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.calls.models import Call, Leg
from hotline.core.services import Services
from overflow.briefing import buddies, demo, keeping
from overflow.briefing.models import BriefingTry, BriefingVersion, KnowledgeTest, ListenWish
from overflow.volunteers.links import token_for
from tests.browser.conftest import DESK, PHONE, Desk, Site
from tests.factories import make_officer
from tests.overflow.briefing.making import acting, make_incident, make_volunteer
from tests.queues.making import make_agent

pytestmark = pytest.mark.browser


def practise(services: Services, language: str) -> dict[str, Any]:
    """Make the demo's draft, published, and a volunteer in a call who asks their senior to listen in."""
    now = services.clock.now()
    with services.db.transaction() as session:
        make_officer(session, roles=("duty_chief",), name=demo.AUTHOR, display_name="배준혁")
        senior = make_officer(session, roles=("senior_agent", "duty_chief"), display_name="임소라", language=language)
        desk = make_agent(session, officer=senior, phone="+82215550009")
        incident = make_incident(session)
        volunteer = make_volunteer(session, speaks=language, name="한지우", agent={"state": "ready"})
        locked = make_volunteer(session, name="오세훈")
        demo_ids = (incident.id, volunteer.id, locked.agent_id)
    demo.load(services, None)  # type: ignore[arg-type]  # the demo's author is not asked
    with services.db.transaction() as session:
        version = keeping.publish(session, services.clock, acting(session, "duty_chief"), demo_ids[0], 1, again=None)
        for number in (1, 2, 3):
            session.add(
                BriefingTry(
                    version_id=version.id, incident_id=version.incident_id, version_number=1, agent_id=demo_ids[2],
                    number=number, answers=[1, 1, 1], rights=0, at=now,
                )
            )  # fmt: skip
        test = session.query(KnowledgeTest).one().id
    buddies.tend(services)
    with services.db.transaction() as session:
        agent = session.get_one(Agent, volunteer.agent_id)
        call = Call(
            direction="in", state="talking", phone="+821055501234", called="+82232100404", language="ko", agent_id=agent.id,
            queue="general", started_at=now, heard_at=now, connected_at=now, recorded=False,
        )  # fmt: skip
        session.add(call)
        session.flush()
        for role, whose, to in (("caller", None, ""), ("agent", agent.id, agent.phone)):
            session.add(
                Leg(
                    call_id=call.id, role=role, state="joined", to=to, agent_id=whose, purpose="answer", attempts=1,
                    answered_at=now, joined_at=now, created_at=now,
                )
            )  # fmt: skip
        agent.state, agent.token = "talking", "token-of-this-call"
        session.add(
            ListenWish(
                call_id=call.id, agent_id=agent.id, senior_id=desk.id, passed_over=[], state="asked", asked_at=now
            )
        )
        theirs = session.get_one(Officer, volunteer.officer_id)
        theirs.language, theirs.display_name = language, "한지우"
    return {
        "senior": senior, "volunteer": theirs, "incident": demo_ids[0], "test": test,
        "token": token_for(services, demo_ids[1]),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "size"), [("ko", PHONE), ("en", DESK), ("ko", DESK)], ids=["ko-360", "en-1280", "ko-1280"]
)
def test_the_consoles_pages_and_both_desks(
    site: Site, open_desk: Callable[..., Desk], language: str, size: dict[str, int]
) -> None:
    made = practise(site.services, language)
    desk = open_desk(language=language, size=size)
    desk.sign_in(made["senior"])
    incident = made["incident"]
    for name, path in {
        "list": "/briefings", "show": f"/briefings/{incident}", "tests": "/knowledge-tests",
        "test": f"/knowledge-tests/{made['test']}", "desk-senior": "/desk",
    }.items():  # fmt: skip
        desk.go(path)
        desk.check(f"briefing-{name}-{language}")
    desk.go(f"/briefings/{incident}/edit")
    desk.page.click("main form button[type=submit]")
    expect(desk.page.locator("#publish-form")).to_be_visible()
    desk.check(f"briefing-edit-{language}")
    theirs = open_desk(language=language, size=size)
    theirs.sign_in(made["volunteer"])
    theirs.go("/desk")
    expect(theirs.page.locator("#act-pass-on")).to_be_visible()
    theirs.check(f"briefing-desk-volunteer-{language}")
    desk.assert_clean()
    theirs.assert_clean()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_volunteer_answers_on_the_phone(site: Site, open_desk: Callable[..., Desk], language: str) -> None:
    made = practise(site.services, language)
    desk = open_desk(language=language, size=PHONE)
    own = f"/v/{made['token']}"
    desk.go(own)
    desk.check(f"briefing-own-{language}")
    desk.go(f"{own}/briefings/{made['incident']}")
    desk.check(f"briefing-own-read-{language}")
    with site.services.db.transaction() as session:
        asked = session.query(BriefingVersion).one().questions
    for number, question in enumerate(asked):
        right = question["options"][question["right"]][language]
        desk.page.locator(f"label:has(input[name=q{number}])", has_text=right).click()
    desk.page.click("main form button[type=submit]")
    expect(desk.page.locator(".notice-good")).to_be_visible()
    desk.check(f"briefing-own-passed-{language}")
    desk.go(f"{own}/tests/{made['test']}")
    desk.check(f"briefing-own-test-{language}")
    desk.assert_clean()
