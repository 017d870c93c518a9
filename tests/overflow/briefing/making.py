"""Makers of incidents, volunteers and briefings for the tests of this room; keyword-only."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.officers import actor_of
from hotline.core.actor import Actor
from hotline.incidents.models import Incident
from overflow.briefing.models import BriefingPass, BriefingVersion
from overflow.briefing.questions import as_form
from overflow.volunteers.models import Volunteer
from tests.factories import NOW, make_officer
from tests.queues.making import make_agent

_numbers = itertools.count(1)
QUESTIONS = [
    {
        "text": {"ko": f"질문 {number}", "en": f"Question {number}"},
        "options": [
            {"ko": f"{number}번 답 {option}", "en": f"Answer {option} of {number}"} for option in ("a", "b", "c", "d")
        ],
        "right": number - 1,
    }
    for number in (1, 2, 3)
]
RIGHT = [0, 1, 2]
"""Which option is right in QUESTIONS."""


def make_incident(session: Session, **more: Any) -> Incident:
    """Add an open incident."""
    values: dict[str, Any] = {
        "name_ko": "마닐라 지진", "name_en": "Earthquake in Manila", "kind": "earthquake", "severity": "Severe",
        "countries": ["PH"], "began_at": NOW, "opened_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    values["opened_by_id"] = more.pop("opened_by_id", None) or make_officer(session, roles=("duty_chief",)).id
    incident = Incident(**(values | more))
    session.add(incident)
    session.flush()
    return incident


def make_volunteer(
    session: Session, *, state: str = "approved", agent: dict[str, Any] | None = None, **more: Any
) -> Volunteer:
    """Add a volunteer who is an agent, not ready unless `agent` says otherwise."""
    number = next(_numbers)
    officer = make_officer(session, roles=("volunteer",))
    phone = f"+8210{30000000 + number}"
    theirs: dict[str, Any] = {"state": "not_ready", "reason": "break", "first_level": True, "phone": phone}
    made = make_agent(session, officer=officer, **(theirs | (agent or {})))
    values: dict[str, Any] = {
        "name": f"Volunteer {number}", "phone": phone, "phone_verified_at": NOW, "consent_at": NOW, "state": state,
        "officer_id": officer.id, "agent_id": made.id, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    volunteer = Volunteer(**(values | more))
    session.add(volunteer)
    session.flush()
    return volunteer


def make_version(session: Session, incident: Incident, *, number: int = 1, **more: Any) -> BriefingVersion:
    """Add a published version of an incident's briefing."""
    values: dict[str, Any] = {
        "incident_id": incident.id, "number": number, "counts_from": number, "state": "published", "body_ko": "현지 상황",
        "body_en": "What happened", "questions": QUESTIONS, "author_id": incident.opened_by_id, "updated_at": NOW,
        "published_at": NOW, "published_by_id": incident.opened_by_id,
    }  # fmt: skip
    version = BriefingVersion(**(values | more))
    session.add(version)
    session.flush()
    return version


def make_pass(session: Session, version: BriefingVersion, agent_id: int | None) -> None:
    """Write down that somebody passed a version."""
    assert agent_id is not None
    session.add(
        BriefingPass(
            version_id=version.id, incident_id=version.incident_id, version_number=version.number, agent_id=agent_id, at=NOW
        )
    )  # fmt: skip
    session.flush()


def agent_of(session: Session, volunteer: Volunteer) -> Agent:
    """Return the agent that a volunteer is, as the database has them."""
    found = session.get_one(Agent, volunteer.agent_id)
    session.refresh(found)
    return found


def form_of(**change: str) -> dict[str, str]:
    """Return an editor's form of a whole briefing."""
    return {"body_ko": "첫 줄\n- 한 가지", "body_en": "First line\n- a point"} | as_form(QUESTIONS) | change


def someone() -> Actor:
    """Return a volunteer as their link makes them an actor."""
    return Actor("person", 1, "somebody", via="link")


def acting(session: Session, role: str) -> Actor:
    """Return a new officer of a role as who acts."""
    return actor_of(make_officer(session, roles=(role,)), via="console")
