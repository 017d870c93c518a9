"""Erased volunteers leave no answers and no notes about them; whatever was passed stays without a name."""

from __future__ import annotations

from typing import Any

from hotline.core import outbox
from hotline.core.clock import FrozenClock
from hotline.core.jobs import registry
from hotline.core.services import Services
from overflow.briefing.erasure import GONE
from overflow.briefing.models import BriefingLift, BriefingPass, BriefingTry, KnowledgeTest, KnowledgeTry
from overflow.volunteers import leaving
from overflow.volunteers.models import Volunteer
from tests.factories import NOW
from tests.overflow.briefing.making import QUESTIONS, acting, make_incident, make_pass, make_version, make_volunteer


def test_answers_and_notes_go_and_passes_stay(services: Services, clock: FrozenClock) -> None:
    with services.db.transaction() as session:
        version = make_version(session, make_incident(session))
        gone, stays = make_volunteer(session), make_volunteer(session)
        test = KnowledgeTest(
            name_ko="시험", name_en="Test", skill="passport", level=1, pass_percent=50, months=1, wait_hours=1,
            questions=QUESTIONS, updated_at=NOW,
        )  # fmt: skip
        session.add(test)
        session.flush()
        for each in (gone, stays):
            make_pass(session, version, each.agent_id)
            common: dict[str, Any] = {"version_id": version.id, "agent_id": each.agent_id, "at": NOW}
            session.add(
                BriefingTry(
                    incident_id=version.incident_id, version_number=1, number=1, answers=[0, 1, 2], rights=3, **common
                )
            )
            session.add(BriefingLift(after_try=3, by_id=version.author_id, note="Slow reader", **common))
            session.add(
                KnowledgeTry(
                    test_id=test.id, volunteer_id=each.id, number=1, version=1, answers=[0], rights=0, asked=3,
                    passed=False, at=NOW,
                )
            )  # fmt: skip
        session.flush()
        session.get_one(Volunteer, gone.id).state = "left"
        session.flush()
        leaving.erase(session, clock, acting(session, "administrator"), gone.id)
    for _ in range(2):
        outbox.deliver_due(services, registry().handlers)
    with services.db.transaction() as session:
        assert [each.volunteer_id for each in session.query(KnowledgeTry)] == [stays.id]
        tries = {each.agent_id: each.answers for each in session.query(BriefingTry)}
        notes = {each.agent_id: each.note for each in session.query(BriefingLift)}
        assert tries == {gone.agent_id: [], stays.agent_id: [0, 1, 2]}
        assert notes == {gone.agent_id: GONE, stays.agent_id: "Slow reader"}
        assert session.query(BriefingPass).count() == 2
