"""Whoever is erased leaves no number in any call, and old calls lose theirs; that there were calls stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from hotline.auth.officers import actor_of
from hotline.calls import erasure
from hotline.calls.models import CallRecording
from hotline.cases import erasure as cases_erasure
from hotline.cases import persons
from hotline.core import outbox
from hotline.core.errors import Conflict
from hotline.core.jobs import registry
from hotline.core.services import Services
from hotline.people import travellers
from hotline.queues import callbacks
from hotline.queues.assigning import assign_due
from tests.calls.staging import CALLER, Stage
from tests.factories import make_officer, make_traveller

_DIGITS = CALLER.removeprefix("+8210")
NUMBERS = "SELECT coalesce(string_agg(c::text || l::text || coalesce(e.twiml, ''), ''), '') FROM calls c" \
    " JOIN call_legs l ON l.call_id = c.id LEFT JOIN call_events e ON e.call_id = c.id"  # fmt: skip


def deliver(services: Services) -> None:
    outbox.deliver_due(services, registry().handlers)


def recorded(services: Services, call_id: int) -> None:
    with services.db.transaction() as session:
        now = services.clock.now()
        session.add(
            CallRecording(
                call_id=call_id, kind="voicemail", recording_sid=f"RE{call_id}", created_at=now, delete_after=now
            )
        )  # fmt: skip
        session.execute(
            text("INSERT INTO call_events (provider_sid, key, call_id, at, twiml) VALUES ('CA9', 'turn:1', :id, :at, :said)"),
            {"id": call_id, "at": now, "said": f"<Say>{CALLER}</Say>"},
        )  # fmt: skip


def test_an_erased_traveller_leaves_no_number_and_no_recording(services: Services, stage: Stage) -> None:
    with services.db.transaction() as session:
        senior = actor_of(make_officer(session, roles=("senior_agent",)), "console")
        traveller_id = make_traveller(session, phone=CALLER).id
    call_id = stage.talk()
    recorded(services, call_id)
    with services.db.transaction() as session:
        travellers.erase(session, services.clock, senior, traveller_id)
    with pytest.raises(Conflict):  # they are still on the line
        erasure.forget(services, {"traveller_id": traveller_id})
    stage.hang_up(call_id)
    for _ in range(2):
        erasure.forget(services, {"traveller_id": traveller_id})
    assert _DIGITS not in str(stage.value(NUMBERS)) and stage.call(call_id).traveller_id is None
    assert stage.value("SELECT count(*) FROM call_orders WHERE kind = 'delete_recording'") == 1
    assert stage.value("SELECT count(*) FROM call_recordings WHERE deleted_at IS NULL") == 0
    assert stage.call(call_id).called, "our own line is nobody's secret"


def test_an_erased_relative_leaves_no_number_either_and_others_keep_theirs(services: Services, stage: Stage) -> None:
    with services.db.transaction() as session:
        senior = actor_of(make_officer(session, roles=("senior_agent",)), "console")
        person_id = persons.add_person(session, services.clock, senior, name="어머니", phone=CALLER).id
    theirs, others = stage.ring(), stage.ring(phone="+821099998888")
    stage.hang_up(theirs)
    with services.db.transaction() as session:
        cases_erasure.erase_person(session, services.clock, senior, person_id)
    deliver(services)
    assert stage.call(theirs).phone == "" and stage.call(others).phone == "+821099998888"
    assert _DIGITS not in str(stage.value(NUMBERS))


def test_old_calls_lose_their_numbers(services: Services, stage: Stage, later: Callable[[float], None]) -> None:
    old, still_on = stage.ring(), stage.ring()
    stage.hang_up(old)
    assert erasure.forget_old(services) == 0
    later(erasure.KEPT_FOR.total_seconds() + 1)
    assert (erasure.forget_old(services), erasure.forget_old(services)) == (1, 0)
    assert stage.call(old).phone == "" and stage.call(still_on).phone == CALLER


def test_a_callback_that_waits_for_somebody_who_was_erased_keeps_no_agent(services: Services, stage: Stage) -> None:
    with services.db.transaction() as session:
        traveller_id = make_traveller(session, phone=CALLER).id
        callbacks.reserve(
            session, services.clock, queue="general", phone=CALLER, at=services.clock.now(), traveller_id=traveller_id
        )
        senior = actor_of(make_officer(session, roles=("senior_agent",)), "console")
        travellers.erase(session, services.clock, senior, traveller_id)
    deliver(services)
    assert assign_due(services) == 0 and stage.agent().state == "ready"
    assert stage.value("SELECT state || phone FROM callbacks") == "cancelled"
