"""Disaster mode: two people, exactly what was read, each step once, and everything as it was at the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hotline.auth.models import Officer
from hotline.core import jobs
from hotline.core.actor import Actor
from hotline.core.clock import FrozenClock
from hotline.core.errors import Conflict, Forbidden, InvalidInput, Refused, SeveralFaults, Unavailable
from hotline.core.services import Services
from hotline.incidents import carrying, log, opening, plans, steps, switching
from hotline.incidents.mode_models import ModeRun
from hotline.incidents.plans import PlanFields
from hotline.incidents.states import STEP, STEP_STATES
from tests.incidents.making import chief, make_incident
from tests.incidents.steps_for_tests import Board


class Room:
    """An incident, a plan of three flags, and two chiefs."""

    def __init__(self, services: Services, *, drill: bool = False) -> None:
        self.services = services
        with services.db.transaction() as session:
            self.first, self.second = chief(session)[1], chief(session)[1]
            self.incident_id = make_incident(session, services, self.first, drill=drill).id
            fields = PlanFields(
                name_ko="지진", name_en="Earthquake", kinds=("earthquake",),
                steps=[("flag", {"word": word}) for word in ("red", "blue", "green")],
            )  # fmt: skip
            self.plan_id = plans.save(session, services.clock, self.first, jobs.registry().mode_steps, fields).id

    def ask(self, who: Actor | None = None) -> ModeRun:
        with self.services.db.transaction() as session:
            clock = self.services.clock
            return switching.ask(session, clock, who or self.first, self.incident_id, self.plan_id)

    def agree(self, who: Actor | None = None, digest: str = "") -> ModeRun:
        with self.services.db.transaction() as session:
            run = switching.current(session, self.incident_id)
            read = digest or (run.digest if run is not None else "")
            return switching.agree(session, self.services.clock, who or self.second, self.incident_id, read)

    def on(self) -> None:
        self.ask()
        self.agree()
        carrying.carry_out(self.services)

    def ask_off(self, who: Actor | None = None) -> None:
        with self.services.db.transaction() as session:
            switching.ask_off(session, self.services.clock, who or self.first, self.incident_id)

    def agree_off(self, who: Actor | None = None) -> None:
        with self.services.db.transaction() as session:
            switching.agree_off(session, self.services.clock, who or self.second, self.incident_id)

    def act(self, position: int, event: str, who: Actor | None = None) -> None:
        with self.services.db.transaction() as session:
            steps.act(session, self.services.clock, who or self.first, self.incident_id, position, event)

    def states(self) -> list[str]:
        with self.services.db.transaction() as session:
            run = switching.latest(session, self.incident_id)
            return [each.state for each in switching.steps_of(session, run.id)] if run is not None else []

    def state(self) -> str:
        with self.services.db.transaction() as session:
            run = switching.latest(session, self.incident_id)
            return run.state if run is not None else ""

    def words(self) -> list[str]:
        with self.services.db.transaction() as session:
            return [each.words for each in reversed(log.lines(session, self.incident_id))]


@pytest.fixture
def room(services: Services, board: Board) -> Room:
    return Room(services)


def test_two_people_switch_it_on_and_off_and_everything_is_as_it_was(room: Room, board: Board) -> None:
    room.ask()
    assert carrying.carry_out(room.services) == 0 and board.applied == [], "one person alone does nothing"
    room.agree()
    assert carrying.carry_out(room.services) == 3
    assert (board.applied, room.states(), room.state()) == (["red", "blue", "green"], ["done"] * 3, "on")
    assert carrying.carry_out(room.services) == 0, "again does nothing"
    room.ask_off()
    assert room.states() == ["done"] * 3
    room.agree_off()
    carrying.carry_out(room.services)
    assert board.reverted == [("green", False), ("blue", False), ("red", False)], "in the opposite order"
    assert (room.states(), room.state()) == (["reverted"] * 3, "off")
    assert room.words()[-1] == "Disaster mode is off; everything is settled"


def test_the_second_person_is_another_one_who_may(room: Room) -> None:
    with room.services.db.transaction() as session:
        reader = chief(session, "agent")[1]
    with pytest.raises(Forbidden):
        room.ask(reader)
    room.ask()
    with pytest.raises(Refused) as raised:
        room.agree(room.first)
    assert raised.value.code == "mode-same-person"
    with pytest.raises(Forbidden):
        room.agree(reader)
    with pytest.raises(Refused):
        room.ask(room.second)
    room.agree()
    room.ask_off(room.second)
    with pytest.raises(Refused):
        room.agree_off(room.second)
    room.agree_off(room.first)


def test_what_was_read_is_what_is_agreed_to_and_done(room: Room, board: Board) -> None:
    room.ask()
    with pytest.raises(Conflict):
        room.agree(digest="0" * 64)
    with room.services.db.transaction() as session:
        session.execute(text('UPDATE mode_run_steps SET params = \'{"word": "black"}\' WHERE position = 2'))
    with pytest.raises(Conflict):
        room.agree()
    with room.services.db.transaction() as session:
        session.execute(text('UPDATE mode_run_steps SET params = \'{"word": "blue"}\' WHERE position = 2'))
    room.agree()
    with room.services.db.transaction() as session:
        session.execute(text('UPDATE mode_run_steps SET params = \'{"word": "black"}\' WHERE position = 2'))
    carrying.carry_out(room.services)
    assert board.applied == [] and room.states() == ["failed"] * 3


def test_a_plan_changed_meanwhile_changes_nothing_that_was_asked_for(room: Room, board: Board) -> None:
    room.ask()
    with room.services.db.transaction() as session:
        fields = PlanFields(name_ko="지진", name_en="Earthquake", steps=[("flag", {"word": "white"})])
        known = jobs.registry().mode_steps
        plans.save(session, room.services.clock, room.first, known, fields, plan_id=room.plan_id, version=1)
    room.agree()
    carrying.carry_out(room.services)
    assert board.applied == ["red", "blue", "green"]


def test_who_may_no_longer_switch_stops_what_they_agreed_to(room: Room, board: Board) -> None:
    room.ask()
    room.agree()
    with room.services.db.transaction() as session:
        session.get_one(Officer, room.first.id).roles = ["agent"]
    carrying.carry_out(room.services)
    assert board.applied == [] and room.states() == ["failed"] * 3


def test_a_request_that_nobody_answers_lapses(room: Room, clock: FrozenClock, board: Board) -> None:
    room.ask()
    clock.advance(timedelta(minutes=31))
    with pytest.raises(Refused):
        room.agree()
    carrying.carry_out(room.services)
    assert room.state() == "" and "lapsed" in room.words()[-1]
    room.on()
    room.ask_off()
    clock.advance(timedelta(minutes=31))
    with pytest.raises(Refused) as raised:
        room.agree_off()
    assert raised.value.code == "mode-lapsed" and room.state() == "off_asked"
    carrying.carry_out(room.services)
    assert room.state() == "on" and room.states() == ["done"] * 3


def test_a_request_is_declined(room: Room) -> None:
    room.ask()
    with room.services.db.transaction() as session:
        switching.decline(session, room.services.clock, room.second, room.incident_id)
    assert room.state() == ""
    room.on()
    room.ask_off()
    with room.services.db.transaction() as session:
        switching.decline(session, room.services.clock, room.second, room.incident_id)
    assert room.state() == "on"


def test_a_step_that_fails_says_why_and_holds_no_other_up(room: Room, board: Board) -> None:
    board.fails["blue"] = Refused("The mast is broken.", code="mast")
    room.on()
    assert room.states() == ["done", "failed", "done"]
    with room.services.db.transaction() as session:
        run = switching.latest(session, room.incident_id)
        assert run is not None
        assert switching.steps_of(session, run.id)[1].reason["message"] == "The mast is broken."
    assert "flag blue" not in room.words(), "what a failed step had written is undone"
    room.act(2, "skip")
    room.act(2, "retry")
    board.fails.clear()
    carrying.carry_out(room.services)
    assert room.states() == ["done"] * 3


def test_an_error_that_may_pass_is_tried_again_a_few_times(
    room: Room, board: Board, clock: FrozenClock
) -> None:  # fmt: skip
    board.fails["red"] = Unavailable("away")
    board.fails["blue"] = RuntimeError("odd")
    room.on()
    assert room.states() == ["waiting", "waiting", "done"]
    for _ in range(carrying.MAX_ATTEMPTS - 2):
        clock.advance(timedelta(minutes=5))
        carrying.carry_out(room.services)
    assert room.states() == ["waiting", "waiting", "done"]
    del board.fails["red"]
    clock.advance(timedelta(minutes=5))
    carrying.carry_out(room.services)
    assert room.states() == ["done", "failed", "done"]


def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done(
    room: Room, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    room.ask()
    room.agree()
    real = carrying._tell

    def die(*args: object, **more: object) -> None:
        real(*args, **more)  # type: ignore[arg-type]
        if board.applied == ["red", "blue"]:
            raise SystemExit

    monkeypatch.setattr(carrying, "_tell", die)
    with pytest.raises(SystemExit):
        carrying.carry_out(room.services)
    assert room.states() == ["done", "waiting", "waiting"]
    assert [each for each in room.words() if each.startswith("flag")] == ["flag red"]
    monkeypatch.setattr(carrying, "_tell", real)
    carrying.carry_out(room.services)
    assert room.states() == ["done"] * 3
    assert [each for each in room.words() if each.startswith("flag")] == ["flag red", "flag blue", "flag green"]


def test_what_was_changed_by_hand_is_asked_about(room: Room, board: Board) -> None:
    room.on()
    board.changed |= {"red", "green"}
    room.ask_off()
    room.agree_off()
    carrying.carry_out(room.services)
    assert (room.states(), room.state()) == (["held", "reverted", "held"], "restoring")
    with pytest.raises(Refused):
        room.act(2, "again")
    room.act(1, "leave")
    room.act(3, "force")
    carrying.carry_out(room.services)
    assert (room.states(), room.state()) == (["left", "reverted", "reverted"], "off")
    assert ("green", True) in board.reverted and ("red", True) not in board.reverted


def test_the_last_step_settled_by_hand_ends_it(room: Room, board: Board) -> None:
    room.on()
    board.changed.add("red")
    room.ask_off()
    room.agree_off()
    carrying.carry_out(room.services)
    assert room.state() == "restoring"
    room.act(1, "leave")
    assert room.state() == "off"


def test_steps_are_taken_back_one_by_one_and_done_again(room: Room, board: Board) -> None:
    room.on()
    room.act(2, "revert")
    carrying.carry_out(room.services)
    assert room.states() == ["done", "reverted", "done"]
    room.act(2, "again")
    carrying.carry_out(room.services)
    assert (room.states(), room.state()) == (["done"] * 3, "on")
    assert not hasattr(steps, "revert_all"), "everything goes by two people alone"
    with pytest.raises(Refused):
        room.act(1, "force")
    with pytest.raises(Refused):
        room.act(1, "paint")


def test_an_incident_is_not_closed_while_its_mode_is_on(room: Room) -> None:
    room.on()
    with pytest.raises(Refused) as raised, room.services.db.transaction() as session:
        opening.close(session, room.services.clock, room.first, room.incident_id)
    assert raised.value.code == "mode-is-on"
    room.ask_off()
    room.agree_off()
    carrying.carry_out(room.services)
    with room.services.db.transaction() as session:
        opening.close(session, room.services.clock, room.first, room.incident_id)
    with pytest.raises(Refused):
        room.ask()


def test_plans_are_kept_in_versions_and_every_fault_is_named(room: Room) -> None:
    known, clock = jobs.registry().mode_steps, room.services.clock
    with room.services.db.transaction() as session:
        with pytest.raises(SeveralFaults) as raised:
            bad = PlanFields(
                name_ko="", name_en="x", kinds=("meteor",), countries=("XX",),
                steps=[("flag", {"word": ""}), ("fly", {}), ("flag", {"word": "ok"})],
            )  # fmt: skip
            plans.save(session, clock, room.first, known, bad)
        names = [each["field"] for each in raised.value.faults]
        assert names == ["name_ko", "kinds", "countries", "steps.1.word", "steps.2.kind"]
        for wrong in ([], [("flag", {"word": "x"})] * 31):
            with pytest.raises(SeveralFaults):
                plans.save(session, clock, room.first, known, PlanFields(name_ko="x", name_en="x", steps=wrong))
        good = PlanFields(name_ko="x", name_en="x", countries=("jp",), steps=[("flag", {"word": "x"})])
        assert plans.save(session, clock, room.first, known, good, plan_id=room.plan_id, version=1).version == 2
        with pytest.raises(Conflict):
            plans.save(session, clock, room.first, known, good, plan_id=room.plan_id, version=1)
        assert [each.number for each in plans.versions(session, room.plan_id)] == [2, 1]
        with pytest.raises(Forbidden):
            plans.save(session, clock, chief(session, "approver")[1], known, good)
        with pytest.raises(InvalidInput):
            plans.checked_step(session, known, "fly", {})
        incident = opening.get(session, room.incident_id)
        assert [each.id for each in plans.fitting(session, incident)] == [room.plan_id]
        plans.retire(session, clock, room.first, room.plan_id, retired=True)
        assert plans.fitting(session, incident) == []
    with pytest.raises(Refused):
        room.ask()


def test_a_step_that_the_house_forgot_fails_by_name(room: Room) -> None:
    room.ask()
    room.agree()
    del jobs.registry().mode_steps["flag"]
    carrying.carry_out(room.services)
    assert room.states() == ["failed"] * 3


def test_every_state_of_a_step_is_in_the_table() -> None:
    assert STEP.states == set(STEP_STATES)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["act", "carry", "fail", "mend", "change", "off"]),
            st.integers(1, 3),
            st.sampled_from(steps.EVENTS),
        ),
        max_size=12,
    )
)
def test_whatever_is_done_by_hand_it_ends_settled(
    services: Services, board: Board, clock: FrozenClock, acts: list[tuple[str, int, str]]
) -> None:  # fmt: skip
    board.__init__()  # type: ignore[misc]
    room, words = Room(services), ("red", "blue", "green")
    room.on()
    for what, number, event in acts:
        if what == "carry":
            carrying.carry_out(services)
        elif what == "fail":
            board.fails[words[number - 1]] = Refused("no", code="no")
        elif what == "mend":
            board.fails.clear()
        elif what == "change":
            board.changed.add(words[number - 1])
        else:
            try:
                room.act(number, event)
            except Refused:
                continue
    board.fails.clear()
    room.ask_off()
    room.agree_off()
    carrying.carry_out(services)
    for position, state in enumerate(room.states(), start=1):
        if state == "held":
            room.act(position, "leave" if position % 2 else "force")
    carrying.carry_out(services)
    assert room.state() == "off"
    assert set(room.states()) <= {"reverted", "skipped", "left"}
    for word in words:
        done, back = board.applied.count(word), sum(each == word for each, _ in board.reverted)
        assert done - back in (0, 1), "nothing is taken back that was not done"
