"""Emergencies reach the mission: its duty telephone, then the deputies, until one presses 1; and what the agent sees of it."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest

from hotline.agents.models import Agent
from hotline.auth.models import Officer
from hotline.calls import duty, handling
from hotline.calls.models import CallLine
from hotline.core.errors import Refused
from hotline.core.services import Services
from hotline.missions.models import Mission, MissionDuty, MissionHours, MissionLine, MissionNotice
from tests.auth.conftest import Visitor
from tests.calls.centre import Centre
from tests.calls.conftest import CENTRE, Hook, Rows
from tests.calls.telephones import Telephones
from tests.calls.test_handling import at_desk, do, picks_up
from tests.factories import make_mission

FIRST, SECOND, LAST = "+8613800000001", "+8613800000002", "+8613800000009"


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre whose line is a mission's with a duty telephone and a deputy; one agent, who is ready."""
    with services.db.transaction() as session:
        mission = make_mission(session, emergency_phone=LAST)
        session.add(CallLine(number=CENTRE, mission_id=mission.id, greeting={}, drill=False))
        for position, phone in enumerate((FIRST, SECOND), start=1):
            session.add(MissionDuty(mission_id=mission.id, position=position, name=f"Deputy {position}", phone=phone))
    return Centre(hook, rows, services, telephones)


def rung(centre: Centre) -> list[str]:
    return [leg.to for leg in centre.rows.legs("mission")]


def nobody_answers(centre: Centre, word: str = "no-answer") -> None:
    request, leg_sid, _ = centre.telephones.made[-1]
    centre.hook.status(word, int(leg_sid[2:], 16), leg=request.message_id)
    centre.carry_out()


def test_the_deputies_follow_until_one_presses_1_and_takes_the_call_over(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    assert "duty" in handling.acts_for(call, centre.rows.legs())
    do(centre, handling.call_duty, call.id)
    assert rung(centre) == [FIRST] and centre.telephones.made[-1][0].to == FIRST
    nobody_answers(centre)
    assert rung(centre) == [FIRST, SECOND]
    picks_up(centre)
    leg = centre.rows.legs("mission")[-1]
    assert (leg.state, leg.label) == ("joined", "Deputy 2")
    do(centre, handling.hand_over, call.id)
    assert centre.rows.call().state == "talking" and rung(centre) == [FIRST, SECOND]


def test_a_voicemail_or_a_wrong_key_is_nobody(centre: Centre) -> None:
    centre.talk()
    do(centre, handling.call_duty, centre.rows.call().id)
    picks_up(centre, key="")
    nobody_answers(centre, "completed")
    picks_up(centre, key="5")
    nobody_answers(centre, "completed")
    assert rung(centre) == [FIRST, SECOND, LAST], "the emergency number is the last of the chain"


def test_when_nobody_can_be_reached_the_agent_sees_it_and_may_ring_once_more(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    do(centre, handling.call_duty, call.id)
    for word in ("no-answer", "busy", "failed"):
        assert not duty.unreached(centre.rows.legs())
        nobody_answers(centre, word)
    assert rung(centre) == [FIRST, SECOND, LAST] and duty.unreached(centre.rows.legs())
    assert centre.rows.call().state == "talking"
    assert centre.rows.value("SELECT count(*) FROM audit_entries WHERE action = 'call.duty_unreached'") == 1
    do(centre, handling.call_duty, call.id)
    assert rung(centre)[-1] == FIRST


def test_a_doubled_word_of_the_carrier_rings_nobody_twice(centre: Centre) -> None:
    centre.talk()
    do(centre, handling.call_duty, centre.rows.call().id)
    request, leg_sid, _ = centre.telephones.made[-1]
    for sequence in (1, 1, 2):
        centre.hook.status("no-answer", int(leg_sid[2:], 16), sequence, leg=request.message_id)
    assert rung(centre) == [FIRST, SECOND]


def test_letting_the_ringing_telephone_go_ends_the_round(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    do(centre, handling.call_duty, call.id)
    do(centre, handling.remove, call.id, centre.rows.legs("mission")[0].id)
    nobody_answers(centre, "canceled")
    assert rung(centre) == [FIRST]


def test_the_end_of_the_call_ends_the_round(centre: Centre) -> None:
    centre.talk()
    call = centre.rows.call()
    do(centre, handling.call_duty, call.id)
    do(centre, handling.finish, call.id)
    nobody_answers(centre, "canceled")
    assert rung(centre) == [FIRST]


def test_numbers_that_lead_back_to_us_are_left_out(centre: Centre) -> None:
    now = centre.services.clock.now()
    with centre.services.db.transaction() as session:
        mission = session.query(Mission).one()
        session.add(
            MissionLine(
                mission_id=mission.id, number=FIRST, pool_number="+82232100500", technique="number", created_at=now
            )
        )
        session.add(CallLine(number=SECOND, mission_id=None, greeting={}, drill=False))
    centre.talk()
    call = centre.rows.call()
    do(centre, handling.call_duty, call.id)
    assert rung(centre) == [LAST]
    with pytest.raises(Refused) as twice:
        do(centre, handling.call_duty, call.id)
    assert twice.value.code == "already-invited"


def test_a_call_for_the_centre_itself_has_no_duty_to_ring(centre: Centre) -> None:
    with centre.services.db.transaction() as session:
        session.query(CallLine).delete()
    centre.talk()
    call = centre.rows.call()
    assert "duty" not in handling.acts_for(call, centre.rows.legs())
    with pytest.raises(Refused) as refused:
        do(centre, handling.call_duty, call.id)
    assert refused.value.code == "no-duty-phone"


def test_the_desk_shows_the_mission_its_clock_hours_services_and_bulletins(centre: Centre, visitor: Visitor) -> None:
    from hotline.calls.screen import screen_of

    now = centre.services.clock.now()
    with centre.services.db.transaction() as session:
        mission = session.query(Mission).one()
        mission.services_en, mission.services_ko, mission.languages = "Passports, visas", "여권, 비자", ["ko", "zh"]
        mission.regions = ["상하이 Shanghai", "저장 Zhejiang"]
        session.add(MissionHours(mission_id=mission.id, hours="24/7", holiday_hours="off", updated_at=now))
        for text, until, withdrawn in (
            ("Flood in the old town", None, None),
            ("Flood of last week", now, None),
            ("Taken back", None, now),
        ):
            session.add(
                MissionNotice(
                    mission_id=mission.id, text_ko=text, text_en=text, valid_from=now - timedelta(days=1),
                    valid_until=until, withdrawn_at=withdrawn,
                )
            )  # fmt: skip
    centre.talk()
    desk = at_desk(centre)
    with centre.services.db.transaction() as session:
        seen = screen_of(session, centre.services, centre.rows.call(), desk.agent_id)
        at = seen.mission_now
        assert at is not None and at.opening.open and at.hours == "24/7"
        assert [each.text_en for each in at.notices] == ["Flood in the old town"]
        assert (at.on_duty, at.unreached) == (3, False)
    with centre.services.db.transaction() as session:
        agent = session.get_one(Agent, desk.agent_id)
        visitor.sign_in(session.get_one(Officer, agent.officer_id).name)
    for language, told in (
        (
            "en",
            (
                "You answer as",
                "open now",
                "Passports, visas",
                "Korean",
                "Chinese",
                "Regions",
                "상하이 Shanghai",
                "Flood in",
            ),
        ),
        ("ko", ("여권, 비자", "한국어", "중국어", "저장 Zhejiang", "업무 중", "24/7")),
    ):
        visitor.post("/language", {"language": language, "next": "/desk"})
        page = unescape(visitor.get("/desk").get_data(as_text=True))
        at_head = page[page.index('id="mission-head"') :]
        assert [word for word in told if word not in at_head] == []
        assert "Taken back" not in page and "Flood of last week" not in page
