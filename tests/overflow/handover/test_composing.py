"""From a closed night to a signed summary: what stands in it, once, and what comes after it; then who has what in hand."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.models import Officer
from hotline.cases.models import Case, CaseEntry
from hotline.core.audit import AuditEntry
from hotline.core.clock import FrozenClock
from hotline.core.errors import Forbidden, InvalidInput, Refused
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionDuty, MissionException, MissionOverride
from hotline.notices.models import Notice
from overflow.handover import deciding, escalating, looking
from overflow.handover.models import HandoverMail, HandoverWatch
from tests.overflow.handover.making import (
    EVENING,
    HOUR,
    MINUTE,
    MORNING,
    handovers_of,
    make_call,
    make_case_of,
    make_promise,
    make_shanghai,
    make_staff,
    make_watcher,
)


def test_the_night_is_handed_over_at_the_opening_urgent_first_and_only_once(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        calm = make_case_of(session, make_call(session, mission, at=EVENING + HOUR))
        grave_call = make_call(session, mission, at=EVENING + 2 * HOUR)
        grave = make_case_of(session, grave_call, priority=1)
        word = make_promise(session, grave_call, due_at=MORNING + 2 * HOUR, case=grave)
        unhelped = make_call(session, mission, at=EVENING + 3 * HOUR, connected=False)
        helped = make_call(session, mission, at=EVENING + 3 * HOUR)
        settled = make_case_of(session, helped, state="closed", closed_at=EVENING + 5 * HOUR)
        make_call(session, mission, at=EVENING + 3 * HOUR, connected=False, lasts=timedelta(seconds=3))
        make_case_of(session, make_call(session, mission, at=EVENING + 4 * HOUR, drill=True))
    clock.set(MORNING - MINUTE)
    looking.run(services)
    with services.db.transaction() as session:
        assert handovers_of(session, mission_id) == []
    clock.set(MORNING + timedelta(seconds=20))
    assert looking.run(services) == 1
    for _ in range(3):
        clock.advance(timedelta(seconds=30))
        looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
    assert (told.handover.state, told.handover.period_end) == ("sent", MORNING)
    assert told.handover.period_start == EVENING
    assert told.handover.due_at == MORNING + timedelta(seconds=20) + HOUR
    assert told.handover.duty_officer_id is not None
    expected = {("case", calm.id), ("case", grave.id), ("promise", word.id), ("unhelped", unhelped.id)}
    assert set(told.things) == expected
    assert ("case", settled.id) not in told.things
    (kept,) = told.summaries
    summary = json.loads(kept.content)
    assert [each["urgency"] for each in summary["items"]] == sorted(each["urgency"] for each in summary["items"])
    assert summary["items"][0]["reference"] == f"CS-{grave.id:06d}"
    assert (summary["calls"], summary["answered"], summary["cases_settled"]) == (5, 3, 1)
    assert "Kim" not in kept.content and "+82" not in kept.content, "nothing of a person is in a summary"


def test_a_night_without_anything_is_recorded_and_nobody_is_written_to(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert (told.handover.state, told.items) == ("empty", [])
        assert session.scalars(select(HandoverMail)).all() == []
        assert json.loads(told.summaries[0].content)["items"] == []


def test_doubled_rounds_make_one_hand_over_and_one_summary(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = session.scalars(select(HandoverWatch)).one()
        case = make_case_of(session, make_call(session, _mission(session, mission.mission_id), at=EVENING + HOUR))
    clock.set(MORNING)
    rounds = [threading.Thread(target=looking.run, args=(services,)) for _ in range(4)]
    for each in rounds:
        each.start()
    for each in rounds:
        each.join()
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert told.things == {("case", case.id): "waiting"}
        assert len(told.summaries) == 1
        assert len(session.scalars(select(HandoverMail)).all()) == 1


def test_openings_that_were_missed_while_the_service_was_down_are_made_up_in_order(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        nights = [
            make_case_of(session, make_call(session, mission, at=EVENING + timedelta(days=day) + HOUR)).id
            for day in range(3)
        ]
        make_call(session, mission, at=MORNING + HOUR)
    clock.set(MORNING + timedelta(days=2, hours=1))
    assert looking.run(services) == 3
    with services.db.transaction() as session:
        told = handovers_of(session, mission_id)
        assert [set(each.things) for each in told] == [{("case", case)} for case in nights]
        assert [each.handover.period_end for each in told] == [MORNING + timedelta(days=day) for day in range(3)]


def test_holidays_exceptions_and_switches_decide_when_it_opens(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        session.add(MissionException(mission_id=mission_id, day=MORNING.date(), hours="off", note="storm"))
        case = make_case_of(session, make_call(session, _mission(session, mission_id), at=EVENING + HOUR))
    clock.set(MORNING + HOUR)
    assert looking.run(services) == 0
    with services.db.transaction() as session:
        session.add(
            MissionOverride(
                mission_id=mission_id, kind="open_now", starts_at=MORNING + 2 * HOUR, ends_at=MORNING + 4 * HOUR,
                reason="we are here", last=True,
            )
        )  # fmt: skip
    clock.set(MORNING + 2 * HOUR + MINUTE)
    assert looking.run(services) == 1
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert (told.handover.period_end, set(told.things)) == (MORNING + 2 * HOUR, {("case", case.id)})
    clock.set(MORNING + timedelta(days=1))
    looking.run(services)
    with services.db.transaction() as session:
        assert [each.handover.state for each in handovers_of(session, mission_id)][1:] == ["empty"]


def test_what_becomes_known_late_joins_the_hand_over_with_a_summary_of_its_own(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        staff = make_staff(session, mission)
        still_on = make_call(session, mission, at=MORNING - 5 * MINUTE, ended=False)
        late = make_case_of(session, still_on, priority=1)
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        assert handovers_of(session, mission_id)[0].handover.state == "empty", "a call that is on is the centre's"
        call = session.merge(still_on)
        call.state, call.ended_at = "ended", MORNING + 9 * MINUTE
    clock.set(MORNING + 10 * MINUTE)
    looking.run(services)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert (told.handover.state, told.handover.revision, told.handover.urgent) == ("sent", 2, True)
        assert told.things == {("case", late.id): "waiting"}
        assert [json.loads(each.content)["revision"] for each in told.summaries] == [1, 2]
        assert [(mail.revision, mail.purpose) for mail in session.scalars(select(HandoverMail))] == [(2, "summary")]
        deciding.acknowledge(session, services, staff, told.handover.id, told.items[0].id)
    with services.db.transaction() as session:
        assert handovers_of(session, mission_id)[0].handover.state == "acknowledged"
        # A promise made later in the morning about the night's case goes after it, though all was acknowledged.
        word = make_promise(session, still_on, due_at=MORNING + 5 * HOUR, case=late, created_at=MORNING + 15 * MINUTE)
    clock.set(MORNING + 30 * MINUTE)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert (told.handover.state, told.handover.revision) == ("sent", 3)
        assert told.things["promise", word.id] == "waiting"


def test_whoever_called_again_and_callers_with_a_callback_are_not_unhelped(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        first = make_call(session, mission, at=EVENING + HOUR, connected=False)
        make_call(session, mission, at=EVENING + 2 * HOUR, phone=first.phone)
        kept = make_call(session, mission, at=EVENING + 3 * HOUR, connected=False, end_reason="callback")
        place = make_promise(session, kept, due_at=EVENING + 4 * HOUR, kind="place", origin_ref=kept.queue_ref)
        done = make_call(session, mission, at=EVENING + 5 * HOUR, connected=False)
        make_promise(
            session, done, due_at=EVENING + 5 * HOUR, state="done", kind="abandoned", origin_ref=done.queue_ref
        )
        make_call(session, mission, at=EVENING + 5 * HOUR, connected=False, end_reason="forwarded")
        silent = make_call(session, mission, at=EVENING + 6 * HOUR, connected=False, phone="", danger=True)
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert set(told.things) == {("promise", place.id), ("unhelped", silent.id)}
        assert {item.kind: item.urgency for item in told.items} == {"promise": 2, "unhelped": 1}


def test_a_named_person_acknowledges_item_by_item_and_the_case_says_so(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        staff, stranger = make_staff(session, mission), make_staff(session, make_shanghai(session))
        grave = make_case_of(session, make_call(session, mission, at=EVENING + HOUR), priority=1)
        for _ in range(2):
            make_case_of(session, make_call(session, mission, at=EVENING + HOUR))
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        handover, first = told.handover, told.items[0]
        with pytest.raises(Forbidden):
            deciding.acknowledge(session, services, stranger, handover.id, first.id)
    with services.db.transaction() as session:
        assert len(deciding.acknowledge_calm(session, services, staff, handover.id)) == 2
        assert deciding.acknowledge_calm(session, services, staff, handover.id) == []
    with services.db.transaction() as session:
        assert handovers_of(session, mission_id)[0].handover.state == "sent", "what is urgent is read one by one"
        item = deciding.acknowledge(session, services, staff, handover.id, first.id)
        again = deciding.acknowledge(session, services, staff, handover.id, first.id)
        assert (item.state, item.officer_id, again.decided_at) == ("acknowledged", staff.id, item.decided_at)
    with services.db.transaction() as session:
        assert handovers_of(session, mission_id)[0].handover.state == "acknowledged"
        entries = session.scalars(select(CaseEntry).where(CaseEntry.case_id == grave.id)).all()
        assert [(each.kind, each.officer_id) for each in entries] == [("mission_took", staff.id)]
        acts = {each.action for each in session.scalars(select(AuditEntry))}
        assert {"handover.sent", "handover.item_acknowledged", "handover.finished"} <= acts


def test_what_the_mission_gives_back_is_the_centres_again_and_never_comes_by_itself(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        staff, watcher = make_staff(session, mission), make_watcher(session)
        case = make_case_of(
            session, make_call(session, mission, at=EVENING + HOUR), state="waiting", owner_id=watcher.id
        )  # fmt: skip
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        for note in ("", " ", "x" * 1001):
            with pytest.raises(InvalidInput):
                deciding.give_back(session, services, staff, told.handover.id, told.items[0].id, note)
    with services.db.transaction() as session:
        deciding.give_back(session, services, staff, told.handover.id, told.items[0].id, "lives in Beijing's district")
    with services.db.transaction() as session:
        assert session.get_one(Case, case.id).state == "in_hand", "its owner had put it aside and must see it"
        (told,) = handovers_of(session, mission_id)
        assert (told.handover.state, told.items[0].state) == ("acknowledged", "returned")
        with pytest.raises(Refused):
            deciding.acknowledge(session, services, staff, told.handover.id, told.items[0].id)
    clock.set(MORNING + timedelta(days=1))
    looking.run(services)
    with services.db.transaction() as session:
        assert [each.handover.state for each in handovers_of(session, mission_id)] == ["acknowledged", "empty"]


def test_what_is_not_acknowledged_in_time_climbs_to_the_duty_officer_once(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        staff = make_staff(session, mission)
        session.add(MissionDuty(mission_id=mission_id, position=1, name="당직", phone="+8613800138000"))
        make_case_of(session, make_call(session, mission, at=EVENING + HOUR), priority=1)
    clock.set(MORNING)
    looking.run(services)
    clock.set(MORNING + HOUR - MINUTE)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert told.handover.state == "sent"
        named = told.handover.duty_officer_id
    clock.set(MORNING + HOUR)
    looking.run(services)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert (told.handover.state, told.handover.duty_officer_id) == ("escalated", named)
        assert [mail.purpose for mail in session.scalars(select(HandoverMail).order_by(HandoverMail.id))] == [
            "summary", "reminder",
        ]  # fmt: skip
        (notice,) = session.scalars(select(Notice)).all()
        assert (notice.phone, notice.purpose) == ("+8613800138000", "duty")
        watcher = make_watcher(session)
        escalating.see_to(session, services, watcher, told.handover.id)
        deciding.acknowledge(session, services, staff, told.handover.id, told.items[0].id)
    with services.db.transaction() as session:
        handover = handovers_of(session, mission_id)[0].handover
        assert (handover.state, handover.escalation_seen_by_id) == ("acknowledged", watcher.id)
        with pytest.raises(Refused):
            escalating.see_to(session, services, watcher, handover.id)


def test_whoever_was_named_and_has_left_meanwhile_is_not_whom_it_climbs_to(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        other = make_watcher(session)
        make_case_of(session, make_call(session, _mission(session, mission_id), at=EVENING + HOUR), priority=1)
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        named = handovers_of(session, mission_id)[0].handover.duty_officer_id
        assert named != other.id
        session.get_one(Officer, named).disabled_at = clock.now()
    clock.set(MORNING + HOUR)
    looking.run(services)
    with services.db.transaction() as session:
        handover = handovers_of(session, mission_id)[0].handover
        assert (handover.state, handover.duty_officer_id) == ("escalated", other.id)


def test_the_duty_officer_takes_back_what_the_mission_cannot_take(
    services: Services, clock: FrozenClock, mission_id: int
) -> None:
    with services.db.transaction() as session:
        mission = _mission(session, mission_id)
        staff, watcher = make_staff(session, mission), make_watcher(session)
        for _ in range(2):
            make_case_of(session, make_call(session, mission, at=EVENING + HOUR))
    clock.set(MORNING)
    looking.run(services)
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        one, two = told.items
        deciding.acknowledge(session, services, staff, told.handover.id, one.id)
        with pytest.raises(Refused):
            deciding.give_back(session, services, watcher, told.handover.id, one.id, "nobody answers")
        deciding.give_back(session, services, watcher, told.handover.id, two.id, "nobody answers")
    with services.db.transaction() as session:
        (told,) = handovers_of(session, mission_id)
        assert list(told.things.values()) == ["acknowledged", "returned"]
        assert told.handover.state == "acknowledged"


def _mission(session: Session, mission_id: int) -> Mission:
    return session.get_one(Mission, mission_id)
