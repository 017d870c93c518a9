"""Disaster mode needs a new agreement when the incident changed, and leaves alone what another incident's holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core import jobs
from hotline.core.errors import Conflict
from hotline.core.services import Services
from hotline.incidents import carrying, opening, plans, steps, switching
from hotline.incidents.fields import IncidentFields
from hotline.incidents.plans import PlanFields
from hotline.notices.models import Notice
from tests.factories import make_mission
from tests.incidents.making import QUAKE, chief, make_incident
from tests.incidents.steps_for_tests import Board
from tests.incidents.test_mode import Room
from tests.incidents.test_mode_steps import TEXTS
from tests.queues.making import make_queue


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name_ko", "다른 지진"), ("name_en", "Another"), ("countries", ("JP", "KR")), ("place", "Sendai"), ("radius_km", 900),
        ("lat", 38), ("lon", 140), ("kind", "tsunami"), ("severity", "Severe"),
    ],
)  # fmt: skip
def test_an_incident_that_was_changed_needs_a_new_agreement(
    services: Services, board: Board, name: str, value: object
) -> None:
    room = Room(services)

    def change(number: int, fields: IncidentFields) -> None:
        with room.services.db.transaction() as session:
            opening.change(session, room.services.clock, room.first, room.incident_id, number, fields)

    changed = replace(QUAKE, **{name: value})  # type: ignore[arg-type]
    room.ask()
    change(1, changed)
    with pytest.raises(Conflict) as raised:
        room.agree()
    assert raised.value.code == "mode-digest"
    change(2, QUAKE)
    room.agree()
    change(3, changed)
    carrying.carry_out(room.services)
    assert board.applied == [] and room.states() == ["failed"] * 3


def test_a_summary_may_be_written_on(services: Services, board: Board) -> None:
    room = Room(services)
    room.ask()
    with room.services.db.transaction() as session:
        fields = replace(QUAKE, summary="여진이 계속됩니다.")
        opening.change(session, room.services.clock, room.first, room.incident_id, 1, fields)
    room.agree()
    carrying.carry_out(room.services)
    assert board.applied == ["red", "blue", "green"]


def test_partners_are_told_again_once_at_most(services: Services) -> None:
    known, clock = jobs.registry().mode_steps, services.clock
    params = {"partners": ["소방청, +821022220001"], "text_ko": "대응 중", "over_ko": "대응 종료"}
    with services.db.transaction() as session:
        (first, second), number = (chief(session)[1], chief(session)[1]), make_incident(session, services).id
        fields = PlanFields(name_ko="지진", name_en="Quake", steps=[("partners", params), ("partners", params)])
        plan = plans.save(session, clock, first, known, fields).id

    def on() -> None:
        with services.db.transaction() as session:
            digest = switching.ask(session, clock, first, number, plan).digest
            switching.agree(session, clock, second, number, digest)
        carrying.carry_out(services)

    def act(event: str) -> str:
        with services.db.transaction() as session:
            steps.act(session, clock, first, number, 1, event)
        carrying.carry_out(services)
        with services.db.transaction() as session:
            run = switching.current(session, number)
            step = switching.steps_of(session, run.id)[0] if run is not None else None
            return f"{step.state} {step.reason.get('code', '')}".strip() if step is not None else ""

    on()
    assert [act(event) for event in ("revert", "again", "revert")] == ["reverted", "done", "reverted"]
    assert act("again") == "failed mode-partners-told"
    with services.db.transaction() as session:
        bodies = list(session.scalars(select(Notice.body)))
        assert (bodies.count("대응 중"), bodies.count("대응 종료")) == (3, 2)
        switching.ask_off(session, clock, first, number)
        switching.agree_off(session, clock, second, number)
    carrying.carry_out(services)
    on()
    with services.db.transaction() as session:
        assert list(session.scalars(select(Notice.body))).count("대응 중") == 5, "two people may do it anew"


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("menu", {**TEXTS, "queue": "incident", "priority": 8}), ("throttle", {"queues": ["passport"], "after_s": 60}),
        ("take_all", {"missions": ["tokyo"], "hours": 72}),
    ],
)  # fmt: skip
def test_what_another_incidents_mode_holds_is_left_alone(services: Services, kind: str, params: dict[str, Any]) -> None:
    known, clock = jobs.registry().mode_steps, services.clock
    with services.db.transaction() as session:
        for code in ("incident", "general", "passport"):
            make_queue(session, code=code)
        make_mission(session, country="JP", countries=["JP"], code="tokyo")
        first, second = chief(session)[1], chief(session)[1]
        fields = PlanFields(name_ko="지진", name_en="Quake", steps=[(kind, params)])
        plan = plans.save(session, clock, first, known, fields).id
        one, two = (make_incident(session, services).id for _ in range(2))
        drill = make_incident(session, services, drill=True).id

    def on(number: int) -> None:
        with services.db.transaction() as session:
            switching.agree(session, clock, second, number, switching.ask(session, clock, first, number, plan).digest)

    def off(number: int) -> None:
        with services.db.transaction() as session:
            switching.ask_off(session, clock, first, number)
            switching.agree_off(session, clock, second, number)

    def state(number: int) -> str:
        carrying.carry_out(services)
        with services.db.transaction() as session:
            run = switching.latest(session, number)
            step = switching.steps_of(session, run.id)[0] if run is not None else None
            return f"{step.state} {step.reason.get('code', '')}".strip() if step is not None else ""

    on(one)
    on(two)
    on(drill)
    assert (state(one), state(two), state(drill)) == ("done", "failed mode-held-elsewhere", "done")
    off(one)
    assert (state(one), state(two)) == ("reverted", "failed mode-held-elsewhere")
    with services.db.transaction() as session:
        steps.act(session, clock, first, two, 1, "retry")
    assert state(two) == "done", "what the first one held is free again"
    off(two)
    assert state(two) == "reverted"
