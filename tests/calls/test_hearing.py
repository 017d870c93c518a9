"""Who hears a recording: staff every one, a volunteer those of calls in which they talked and of cases that are theirs."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.auth.officers import actor_of
from hotline.calls import recordings
from hotline.calls.models import Call, CallRecording, Leg
from hotline.cases.contact_models import Contact
from hotline.cases.models import Case
from hotline.cases.person_models import Person
from hotline.core.audit import AuditEntry
from hotline.core.services import Services
from tests.auth.conftest import Visitor
from tests.conftest import NOW
from tests.factories import make_officer
from tests.queues.making import make_agent


def _recorded(session: Session, *, talked: Agent | None = None, owner: Officer | None = None) -> tuple[int, int]:
    """Add a recorded call in which an agent talked, of a case that somebody has in hand; the ids of call and recording."""
    person = Person(created_at=NOW, updated_at=NOW)
    session.add(person)
    session.flush()
    case = Case(
        person_id=person.id, source="call", state="in_hand" if owner else "open", priority=3, opened_at=NOW, updated_at=NOW,
        owner_id=owner.id if owner else None,
    )  # fmt: skip
    session.add(case)
    session.flush()
    contact = Contact(ref=f"heard:{case.id}", kind="call", direction="in", case_id=case.id, opened_at=NOW)
    session.add(contact)
    session.flush()
    call = Call(
        direction="in", state="ended", started_at=NOW, heard_at=NOW, ended_at=NOW, called="", contact_id=contact.id
    )
    session.add(call)
    session.flush()
    if talked is not None:
        session.add(
            Leg(call_id=call.id, role="agent", state="over", to="", agent_id=talked.id, joined_at=NOW, created_at=NOW)
        )
    row = CallRecording(
        call_id=call.id,
        kind="conversation",
        recording_sid=f"RE{call.id}",
        duration_s=60,
        created_at=NOW,
        delete_after=NOW,
    )
    session.add(row)
    session.flush()
    return call.id, row.id


@pytest.mark.parametrize("role", ["volunteer", "agent"])
def test_a_volunteer_hears_their_own_calls_and_cases_and_staff_hear_all(
    role: str, services: Services, visitor: Visitor
) -> None:
    with services.db.transaction() as session:
        officer = make_officer(session, roles=(role,))
        agent = make_agent(session, officer=officer, first_level=role == "volunteer")
        strange = _recorded(session, talked=make_agent(session), owner=make_officer(session, roles=("agent",)))
        own = [_recorded(session, talked=agent), _recorded(session, owner=officer)]
        who = actor_of(officer, "console")
    visitor.sign_in(officer.name)
    allowed = [*own, strange] if role == "agent" else own
    for call_id, recording_id in allowed:
        assert "Fetch and hear" in visitor.get(f"/calls/{call_id}").get_data(as_text=True)
        with services.db.transaction() as session:
            assert recordings.heard(session, services, who, recording_id).id == recording_id
    if role == "volunteer":
        assert "Fetch and hear" not in visitor.get(f"/calls/{strange[0]}").get_data(as_text=True)
        answer = visitor.post(f"/recordings/{strange[1]}")
        assert answer.status_code == 403 and "of calls in which you talked" in answer.get_data(as_text=True)
    with services.db.transaction() as session:
        heard = session.scalars(select(AuditEntry.action).where(AuditEntry.action == "recording.heard")).all()
    assert len(heard) == len(allowed)
