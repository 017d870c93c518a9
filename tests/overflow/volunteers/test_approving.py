"""Approval makes an officer and an agent; refusing, suspending and taking back."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.agents.models import Agent, AgentGroup
from hotline.auth.models import Officer
from hotline.auth.officers import verify_password
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.services import Services
from overflow.volunteers import approving, keeping
from overflow.volunteers.models import Volunteer
from tests.overflow.volunteers.making import make_volunteer

CHIEF = Actor("officer", None, "chief", frozenset({"volunteers.approve"}))


def _applied(services: Services, **more: Any) -> int:
    with services.db.transaction() as session:
        return make_volunteer(session, state="applied", **more).id


def test_approval_makes_a_volunteer_who_answers_by_phone_at_the_first_level(
    services: Services, clock: FrozenClock
) -> None:
    volunteer_id = _applied(services, skills={"visa": 4}, languages=["ko", "es"], speaks="en", zone="Europe/Madrid")
    with services.db.transaction() as session:
        approving.approve(session, clock, CHIEF, volunteer_id)
    with services.db.transaction() as session:
        volunteer = session.get_one(Volunteer, volunteer_id)
        officer, agent = session.get_one(Officer, volunteer.officer_id), session.get_one(Agent, volunteer.agent_id)
        group = session.get_one(AgentGroup, agent.group_id)
        assert volunteer.state == "approved" and officer.roles == ["volunteer"]
        assert (officer.language, officer.zone) == ("en", "Europe/Madrid")
        assert not verify_password(officer, "") and officer.password_hash is None
        assert (agent.via, agent.phone, agent.state) == ("phone", volunteer.phone, "offline")
        assert agent.skills == {"visa": 1} and agent.languages == ["es", "ko"] and agent.max_duty_minutes == 360
        assert group.name == "Volunteers"
        assert agent.first_level and not agent.drill


def test_the_agent_of_a_made_up_volunteer_is_one_of_drills_and_follows_a_change(
    services: Services, clock: FrozenClock
) -> None:
    volunteer_id = _applied(services, drill=True)
    with services.db.transaction() as session:
        approving.approve(session, clock, CHIEF, volunteer_id)
    for drill in (True, False):
        with services.db.transaction() as session:
            keeping.change(session, clock, CHIEF, volunteer_id, {"drill": drill})
        with services.db.transaction() as session:
            agent = session.get_one(Agent, session.get_one(Volunteer, volunteer_id).agent_id)
            assert agent.first_level and agent.drill is drill


def test_two_approvals_share_one_group(services: Services, clock: FrozenClock) -> None:
    for volunteer_id in (_applied(services), _applied(services)):
        with services.db.transaction() as session:
            approving.approve(session, clock, CHIEF, volunteer_id)
    with services.db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(AgentGroup)) == 1


@pytest.mark.parametrize(
    ("lacks", "code"), [("phone_verified_at", "volunteer-not-verified"), ("consent_at", "volunteer-no-consent")]
)
def test_nobody_is_taken_on_without_a_verified_number_and_consent(
    services: Services, clock: FrozenClock, lacks: str, code: str
) -> None:
    volunteer_id = _applied(services, **{lacks: None})
    with services.db.transaction() as session, pytest.raises(Refused) as refused:
        approving.approve(session, clock, CHIEF, volunteer_id)
    assert refused.value.code == code


def test_only_who_may_approve_decides(services: Services, clock: FrozenClock) -> None:
    writer = Actor("officer", None, "writer", frozenset({"volunteers.write"}))
    volunteer_id = _applied(services)
    with services.db.transaction() as session, pytest.raises(Forbidden):
        approving.approve(session, clock, writer, volunteer_id)


def test_a_suspended_volunteer_finishes_the_call_and_then_is_off(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        volunteer = make_volunteer(session)
        agent = session.get_one(Agent, volunteer.agent_id)
        agent.state, agent.token, agent.duty_since = "talking", "t", clock.now()
        volunteer_id, agent_id = volunteer.id, agent.id
    with services.db.transaction() as session:
        approving.suspend(session, clock, CHIEF, volunteer_id, "complaints")
    with services.db.transaction() as session:
        agent = session.get_one(Agent, agent_id)
        assert (agent.state, agent.next_state, agent.active) == ("talking", "offline", False)
        assert session.get_one(Officer, agent.officer_id).disabled_at is not None
    with services.db.transaction() as session:
        approving.reinstate(session, clock, CHIEF, volunteer_id, "talked it over")
        volunteer = session.get_one(Volunteer, volunteer_id)
        agent = session.get_one(Agent, agent_id)
        assert volunteer.state == "approved" and agent.active
        assert session.get_one(Officer, agent.officer_id).disabled_at is None


def test_no_and_not_now_need_a_reason(services: Services, clock: FrozenClock) -> None:
    volunteer_id = _applied(services)
    with services.db.transaction() as session, pytest.raises(InvalidInput) as fault:
        approving.refuse(session, clock, CHIEF, volunteer_id, "  ")
    assert fault.value.field == "reason"
    with services.db.transaction() as session:
        assert approving.refuse(session, clock, CHIEF, volunteer_id, "too young").state == "refused"
    with services.db.transaction() as session, pytest.raises(Refused):
        approving.suspend(session, clock, CHIEF, volunteer_id, "x")
