"""What the mission learns in the morning of people who called again about what it has, and of calls of an outage."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from hotline.cases.contact_models import Contact
from hotline.core.clock import FrozenClock
from hotline.core.services import Services
from hotline.missions.models import Mission
from overflow.handover import deciding, looking
from tests.overflow.handover.making import (
    EVENING,
    HOUR,
    MINUTE,
    MORNING,
    handovers_of,
    make_call,
    make_case_of,
    make_promise,
    make_staff,
)


@pytest.mark.parametrize("kept", [True, False])
def test_a_message_about_a_case_that_the_mission_has_is_told_in_the_morning(
    services: Services, clock: FrozenClock, mission_id: int, kept: bool
) -> None:
    """The case was handed over a day ago. Tonight its person reaches nobody: whoever has the case must learn of it."""
    with services.db.transaction() as session:
        mission = session.get_one(Mission, mission_id)
        staff = make_staff(session, mission)
        first, message = (make_call(session, mission, at=EVENING + each * HOUR) for each in (1, 2))
        message.connected_at, message.end_reason = None, "voicemail"
        case = make_case_of(session, first)
        session.get_one(Contact, message.contact_id).case_id = case.id
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert set(told.things) == {("case", case.id)}, "what stands in the case is not told twice"
        item_id = told.items[0].id
        if kept:
            deciding.acknowledge(session, services, staff, told.handover.id, item_id)
        else:
            deciding.give_back(session, services, staff, told.handover.id, item_id, "not ours")
    clock.set(MORNING + 14 * HOUR)
    with services.db.transaction() as session:
        again = make_call(
            session, session.get_one(Mission, mission_id), at=clock.now(), connected=False, end_reason="voicemail"
        )
        session.get_one(Contact, again.contact_id).case_id = case.id
    for day in (1, 2):
        clock.set(MORNING + timedelta(days=day))
        looking.run(services)
    with services.db.transaction() as session:
        _, night, later = handovers_of(session, mission_id)
    assert set(night.things) == ({("unhelped", again.id)} if kept else set()), (
        "what came back is the centre's to follow"
    )
    assert later.items == []
    if kept:
        (line,) = json.loads(night.summaries[0].content)["items"]
        assert (line["case"], line["state"]) == (f"CS-{case.id:06d}", "voicemail")


def test_calls_of_an_outage_are_told_of_however_long_it_was(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    none = timedelta()
    with services.db.transaction() as session:
        mission = session.get_one(Mission, mission_id)
        unreached, hidden, reached = (
            make_call(
                session, mission, at=EVENING + hour * HOUR, lasts=none, connected=False, end_reason=how, phone=phone
            )
            for hour, how, phone in ((1, "fallback", None), (2, "fallback", ""), (3, "forwarded", None))
        )
        for call in (unreached, hidden, reached):
            call.queue_ref = ""
        back = EVENING + 6 * HOUR
        word = make_promise(session, unreached, kind="time", created_at=back, due_at=back + 3 * MINUTE)
        unreached.callback_id = word.id
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
    assert set(told.things) == {("promise", word.id), ("unhelped", hidden.id)}
