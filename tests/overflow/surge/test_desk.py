"""A volunteer's way to the desk: a code to their own number, only while there is work; calls by telephone or in the browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from hotline.agents.keeping import choose_telephone
from hotline.agents.models import Agent
from hotline.agents.states import READY
from hotline.auth.models import Officer, OfficerSession
from hotline.auth.officers import actor_of
from hotline.core.actor import SYSTEM
from hotline.core.audit import AuditEntry
from hotline.core.config import Settings
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.notices.models import Notice
from overflow.surge.models import AskedPerson
from overflow.volunteers import approving
from overflow.volunteers.links import token_for
from overflow.volunteers.models import Volunteer
from tests.auth.conftest import Visitor
from tests.overflow.shifts.making import make_shift, wall
from tests.overflow.surge.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A service that has a key for browsers; nothing of it is ever sent anywhere."""
    more = {
        "twilio_account_sid": "AC" + "1" * 32, "twilio_api_key_sid": "SK" + "2" * 32,
        "twilio_api_key_secret": SecretStr("s" * 32),
    }  # fmt: skip
    return settings.model_copy(update=more)


def code_of(world: World) -> str:
    with world.services.db.transaction() as session:
        wanted = select(Notice.body).where(Notice.purpose == "code").order_by(Notice.id.desc()).limit(1)
        found = re.search(r"\d{6}", session.scalars(wanted).one())
    assert found is not None
    return found[0]


def comes(world: World, visitor: Visitor, person: AskedPerson, code: str = "") -> Any:
    """Go from the own page to the desk with a code."""
    visitor.post(f"/v/{token_for(world.services, person.volunteer_id)}/desk")
    return visitor.post("/volunteer/desk/code", {"code": code or code_of(world)})


def sessions_of(world: World, person: AskedPerson) -> list[OfficerSession]:
    with world.services.db.transaction() as session:
        officer = session.get_one(Volunteer, person.volunteer_id).officer_id
        return list(session.scalars(select(OfficerSession).where(OfficerSession.officer_id == officer)))


def via_of(world: World, person: AskedPerson) -> str:
    with world.services.db.transaction() as session:
        return session.get_one(Agent, person.agent_id).via


def agreed(world: World) -> AskedPerson:
    """Call one of three out, who says yes and passes the briefing."""
    world.people(3, speaks="en", name="Kim Hana")
    world.start(1)
    person = world.asked()[0]
    world.says(person.id, "now")
    world.passes(person.id)
    world.look()
    return world.person(person.id)


def test_who_agreed_to_come_opens_the_desk_with_a_code_and_until_the_agreed_end(world: World, visitor: Visitor) -> None:
    person = agreed(world)
    own = f"/v/{token_for(world.services, person.volunteer_id)}"
    page = visitor.get(own).text
    assert "Open my desk" in page and "/volunteer/desk" in page
    assert visitor.get("/desk").status_code == 302, "the link alone shows nothing of callers"
    wrong = "000000" if (visitor.post(f"{own}/desk"), code_of(world))[1] != "000000" else "111111"
    refused = visitor.post("/volunteer/desk/code", {"code": wrong})
    assert refused.status_code == 422 and visitor.get("/desk").status_code == 302
    entered = visitor.post("/volunteer/desk/code", {"code": code_of(world)})
    assert entered.location == "/desk"
    desk = visitor.get("/desk").text
    assert "Ready for calls" in desk and "Write up" in desk
    (opened,) = sessions_of(world, person)
    assert opened.expires_at == world.callout().until_at + timedelta(minutes=30)
    assert visitor.post("/volunteer/desk/code", {"code": code_of(world)}).location == "/volunteer/desk", (
        "a code works once"
    )
    with world.services.db.transaction() as session:
        named = session.scalars(select(AuditEntry.actor_name).where(AuditEntry.action == "officer.signed_in")).all()
        officer = session.get_one(Officer, session.get_one(Volunteer, person.volunteer_id).officer_id)
        assert named == [officer.name] != [officer.display_name], "the trail names nobody who may want to be erased"


def test_a_number_on_a_computer_gets_a_code_too(world: World, visitor: Visitor) -> None:
    person = agreed(world)
    assert "Send me a code" in visitor.get("/volunteer/desk").text
    assert visitor.post("/volunteer/desk", {"phone": "12", "region": "KR"}).status_code == 422
    assert visitor.post("/volunteer/desk", {"phone": person.phone, "region": "KR"}).location == "/volunteer/desk/code"
    page = visitor.get("/volunteer/desk/code").text
    assert page.count('href="/volunteer/desk"') == 2, "crumbs and another code lead to the desk's own form"
    assert visitor.post("/volunteer/desk/code", {"code": code_of(world)}).location == "/desk"


def test_nobody_else_gets_to_the_desk(world: World, visitor: Visitor) -> None:
    person = agreed(world)
    idle = world.asked()[1]
    with world.services.db.transaction() as session:
        page = visitor.get(f"/v/{token_for(world.services, idle.volunteer_id)}").text
        stranger = "+821077770001"
    assert "Open my desk" not in page, "who was only asked has no desk yet"
    refused = comes(world, visitor, idle)
    assert refused.status_code == 409 and "neither called out nor on a shift" in refused.text
    visitor.post("/volunteer/desk", {"phone": stranger, "region": "KR"})
    refused = visitor.post("/volunteer/desk/code", {"code": code_of(world)})
    assert refused.status_code == 409 and "nobody on the roster" in refused.text
    with world.services.db.transaction() as session:
        approving.suspend(session, world.clock, world.chief(session), person.volunteer_id, "late twice")
    assert comes(world, visitor, person).status_code == 409
    assert visitor.get("/desk").status_code == 302
    assert visitor.post("/v/nonsense/desk").status_code == 404


def test_the_desk_closes_half_an_hour_after_standing_down(world: World, visitor: Visitor) -> None:
    person = agreed(world)
    comes(world, visitor, person)
    visitor.post("/desk/state", {"state": "ready"})
    world.look()
    assert world.agent_state(person.id) == READY and world.person(person.id).state == "ready"
    world.act("stand_down")
    world.look()
    assert world.person(person.id).state == "released"
    (opened,) = sessions_of(world, person)
    assert opened.expires_at == world.clock.now() + timedelta(minutes=30)
    assert visitor.get("/desk").status_code == 200, "time for the last words"
    world.clock.advance(timedelta(minutes=30))
    assert visitor.get("/desk").status_code == 302
    assert comes(world, visitor, person).status_code == 409


def test_a_shift_opens_the_desk_from_half_an_hour_before_and_outlasts_a_call_out(
    world: World, visitor: Visitor
) -> None:
    person = agreed(world)
    with world.services.db.transaction() as session:
        agent = session.get_one(Agent, person.agent_id)
        # NOW is Saturday noon in Seoul; the shift is that of the same day, from one o'clock.
        make_shift(session, world.clock, agent, -2, "13:00-15:00")
    assert wall(-2).day.isoformat() == "2026-11-21"
    comes(world, visitor, person)
    world.clock.advance(timedelta(minutes=40))
    world.says(person.id, "no")
    (opened,) = sessions_of(world, person)
    assert opened.expires_at > world.clock.now() + timedelta(minutes=30), "the shift begins in twenty minutes"
    other = Visitor(visitor.client.application.test_client())
    assert comes(world, other, person).location == "/desk"
    last = sessions_of(world, person)[-1]
    assert last.expires_at == world.clock.now() + timedelta(hours=2, minutes=50)


def test_calls_ring_in_the_browser_once_that_is_chosen_and_on_the_telephone_again_from_the_own_page(
    world: World, visitor: Visitor
) -> None:
    person = agreed(world)
    comes(world, visitor, person)
    desk = visitor.get("/desk").text
    assert "Answer in this browser" in desk and "twilio.min.js" not in desk
    visitor.post("/desk/telephone", {"via": "browser"})
    desk = visitor.get("/desk").text
    assert via_of(world, person) == "browser" and "twilio.min.js" in desk and "Answer on my telephone" in desk
    assert visitor.get("/desk/token").json["token"], "the page signs in with the provider"
    visitor.post("/desk/state", {"state": "ready"})
    world.look()
    own = f"/v/{token_for(world.services, person.volunteer_id)}"
    assert "Calls ring in the browser" in visitor.get(own).text
    with world.services.db.transaction() as session:
        approving.keep_as_agent(
            session, world.clock, SYSTEM, session.get_one(Volunteer, person.volunteer_id), active=True
        )  # as a change of their own page does
    assert via_of(world, person) == "browser"
    visitor.post(f"{own}/callouts/{person.id}/presence", {"state": "rest"})
    visitor.post(f"{own}/callouts/{person.id}/presence", {"state": "ready"})
    assert via_of(world, person) == "phone" and "Calls ring on your telephone" in visitor.get(own).text


def test_where_calls_ring_is_chosen_by_oneself_and_not_while_one_is_on(world: World) -> None:
    person = agreed(world)
    world.comes(person.id)
    with world.services.db.transaction() as session:
        agent = session.get_one(Agent, person.agent_id)
        myself = actor_of(session.get_one(Officer, agent.officer_id), "console")
        with pytest.raises(Forbidden):
            choose_telephone(session, world.clock, world.chief(session), agent.id, "browser")
        with pytest.raises(InvalidInput):
            choose_telephone(session, world.clock, myself, agent.id, "pigeon")
    world.takes_call(person.id)
    with world.services.db.transaction() as session, pytest.raises(Refused):
        choose_telephone(session, world.clock, myself, agent.id, "browser")
    assert via_of(world, person) == "phone"


def test_without_a_key_for_browsers_nothing_is_offered(world: World, visitor: Visitor) -> None:
    person = agreed(world)
    world.services.settings = world.services.settings.model_copy(update={"twilio_api_key_sid": ""})
    comes(world, visitor, person)
    assert "Answer in this browser" not in visitor.get("/desk").text
    assert visitor.post("/desk/telephone", {"via": "browser"}).status_code == 503
    assert via_of(world, person) == "phone"
