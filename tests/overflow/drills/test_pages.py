"""The pages, reports and API of test calls and training calls, and who sees what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.auth.officers import actor_of
from hotline.core.audit import AuditEntry
from hotline.core.errors import Forbidden, NotFound, Refused, SeveralFaults
from hotline.missions.models import MissionStaff
from overflow.drills import planning, training
from overflow.drills.models import LineTestRound, TrainingCall, TrainingScenario
from overflow.drills.states import AREAS
from overflow.drills.training import Planned, Sheet
from tests.auth.conftest import Visitor
from tests.factories import make_officer
from tests.overflow.drills.conftest import World
from tests.queues.making import make_agent

SHEET = Sheet(dict.fromkeys(AREAS, 4), {"greeting": "성명을 밝히지 않음"}, "다음 달에 다시")


def officer(world: World, *roles: str, mission: str = "") -> Any:
    with world.services.db.transaction() as session:
        found = make_officer(session, roles=roles)
        if mission:
            session.add(MissionStaff(officer_id=found.id, mission_id=getattr(world, mission), since=world.clock.now()))
        return found


def failed_round(world: World) -> int:
    """Let Manila's line fail twice in a round."""
    with world.services.db.transaction() as session:
        each = LineTestRound(week=world.clock.now().date(), state="open", report={}, started_at=world.clock.now())
        session.add(each)
        session.flush()
        round_id = each.id
    world.plan("manila", round_id=round_id)
    world.carry_out()
    world.later(91)
    world.later(600)
    world.later(91)
    assert len(world.alarms()) == 1
    return round_id


def planned(world: World, trainer: Any, trainee: Any) -> TrainingCall:
    planning.plan(world.services)
    with world.services.db.transaction() as session:
        scenario = session.scalars(select(TrainingScenario).order_by(TrainingScenario.code)).first()
        assert scenario is not None, "scenarios come with the software"
        given = Planned(world.manila, trainee.id, scenario.id, "+63255550199", world.clock.now() + timedelta(days=1))
        return training.plan(session, world.services, actor_of(trainer, "console"), given)


def test_the_line_that_failed_stands_on_every_page_with_its_reason(world: World, visitor: Visitor) -> None:
    round_id = failed_round(world)
    visitor.sign_in(officer(world, "administrator").name)
    why = "it is not forwarded"
    for page in ("/line-tests", "/line-tests/part", "/line-tests/panel", f"/line-tests/of-mission/{world.manila}"):
        answer = visitor.get(page)
        assert answer.status_code == 200 and why in answer.text, page
    assert "Lines that fail their test" in visitor.get("/").text
    assert why in visitor.get(f"/line-tests/rounds/{round_id}").text
    csv = visitor.get(f"/line-tests/rounds/{round_id}.csv")
    assert why in csv.text and "'+63288569210" in csv.text, "a number is no formula"
    pdf = visitor.get(f"/line-tests/rounds/{round_id}.pdf")
    assert pdf.data.startswith(b"%PDF") and b"Pretendard" in pdf.data
    assert visitor.get("/line-tests/rounds/999999").status_code == 404


def test_staff_see_and_test_their_own_lines_only(world: World, visitor: Visitor) -> None:
    round_id = failed_round(world)
    visitor.sign_in(officer(world, "mission_officer", mission="hanoi").name)
    page = visitor.get("/line-tests").text
    assert "Hanoi" in page and "Manila" not in page
    assert "Manila" not in visitor.get(f"/line-tests/rounds/{round_id}").text
    assert visitor.get(f"/line-tests/of-mission/{world.manila}").status_code == 403
    visitor.post(f"/line-tests/lines/{world.lines['manila']}")
    assert all(each.started_by_id is None for each in world.tests())
    visitor.post(f"/line-tests/lines/{world.lines['hanoi']}")
    assert world.tests()[-1].line_id == world.lines["hanoi"]


def test_a_training_call_is_planned_placed_as_a_drill_scored_and_read_by_its_trainee(
    world: World, visitor: Visitor
) -> None:
    trainer, trainee = officer(world, "senior_agent"), officer(world, "mission_officer", mission="manila")
    with world.services.db.transaction() as session:
        make_agent(session, officer=trainer, phone="+82215550009", state="ready")
    made, who = planned(world, trainer, trainee), actor_of(trainer, "console")
    visitor.sign_in(trainer.name)
    visitor.post(f"/training/{made.id}/call")
    with world.services.db.transaction() as session:
        found = training.get(session, who, made.id).call
        assert found.state == "calling" and found.call_id is not None
    assert world.services and _drill(world, found.call_id)
    marks = {area: "4" for area in AREAS} | {"greeting_note": "Did not say their name"}
    visitor.post(f"/training/{made.id}/sheet", data=marks)
    visitor.post(f"/training/{made.id}/sheet", data=marks | {"greeting": "9"})
    with world.services.db.transaction() as session:
        own = training.get(session, actor_of(trainee, "console"), made.id)
        assert (own.call.state, own.call.total) == ("held", 20)
        assert own.areas["greeting"].note == "Did not say their name"
        actions = list(session.scalars(select(AuditEntry.action).where(AuditEntry.subject_kind == "training_call")))
    assert actions == ["training.planned", "training.called", "training.scored"]
    for page in ("/training", f"/training/{made.id}", "/training/scenarios"):
        assert visitor.get(page).status_code == 200, page


def _drill(world: World, call_id: int) -> bool:
    from hotline.calls.models import Call

    with world.services.db.transaction() as session:
        return session.get_one(Call, call_id).drill


def test_nobody_else_reads_a_sheet_or_fills_one_in(world: World) -> None:
    trainer, trainee = officer(world, "senior_agent"), officer(world, "mission_officer", mission="manila")
    made = planned(world, trainer, trainee)
    for other in (officer(world, "mission_officer", mission="manila"), officer(world, "agent")):
        with world.services.db.transaction() as session, pytest.raises(NotFound):
            training.get(session, actor_of(other, "console"), made.id)
    with world.services.db.transaction() as session, pytest.raises(Forbidden):
        training.score(session, world.services, actor_of(trainee, "console"), made.id, SHEET)


def test_every_fault_of_a_plan_and_of_a_sheet_is_named(world: World) -> None:
    trainer, trainee = officer(world, "senior_agent"), officer(world, "mission_officer", mission="hanoi")
    who = actor_of(trainer, "console")
    with world.services.db.transaction() as session, pytest.raises(SeveralFaults) as faults:
        late = world.clock.now() + timedelta(days=400)
        training.plan(session, world.services, who, Planned(world.manila, trainee.id, 0, "nonsense", late))
    assert [each["field"] for each in faults.value.faults] == ["trainee_id", "scenario_id", "scheduled_at", "phone"]
    made = planned(world, trainer, officer(world, "mission_officer", mission="manila"))
    with world.services.db.transaction() as session, pytest.raises(SeveralFaults) as faults:
        sheet = Sheet(dict.fromkeys(AREAS, 3) | {"closing": 6}, {"greeting": "x" * 501}, "x" * 2_001)
        training.score(session, world.services, who, made.id, sheet)
    assert [each["field"] for each in faults.value.faults] == ["greeting_note", "closing", "follow_up"]
    with world.services.db.transaction() as session:
        training.cancel(session, world.services, who, made.id)
    with world.services.db.transaction() as session, pytest.raises(Refused):
        training.score(session, world.services, who, made.id, SHEET)


def test_the_button_on_a_missions_own_page_leads_back_to_that_page(world: World, visitor: Visitor) -> None:
    visitor.sign_in(officer(world, "mission_officer", mission="manila").name)
    own = f"/mission/{world.manila}"
    assert f'action="/line-tests/lines/{world.lines["manila"]}"' in visitor.get(own).text
    form = {"back": "mission", "mission": str(world.manila)}
    answer = visitor.post(f"/line-tests/lines/{world.lines['manila']}", data=form)
    assert (answer.status_code, answer.location) == (302, own)
    assert "The test call is on its way" in visitor.get(own).text
    for wrong in ({"back": "https://evil.example"}, {"back": "mission", "mission": "//evil"}):
        assert visitor.post(f"/line-tests/lines/{world.lines['hanoi']}", data=wrong).location == "/line-tests"
