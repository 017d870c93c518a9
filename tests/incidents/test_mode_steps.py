"""What each room's step of disaster mode does, takes back, and leaves to people; and how little a drill touches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts import approval
from alerts.models import Alert
from hotline.calls import menu_store, menus
from hotline.core import jobs
from hotline.core.errors import InvalidInput, Refused, SeveralFaults
from hotline.core.services import Services
from hotline.incidents.models import Incident
from hotline.missions import duty
from hotline.missions.models import MissionNotice
from hotline.notices.models import Notice
from hotline.queues import mode_steps
from hotline.queues.models import Queue
from overflow.forwarding import take_all
from overflow.forwarding.models import TakeAll
from tests.factories import NOW, make_mission
from tests.incidents.making import chief, make_incident
from tests.queues.making import make_queue

TEXTS = {"text_ko": "{incident}: {place} 관련 안내입니다.", "text_en": "About {incident}, {place}."}


class Step:
    """One kind of step, done and taken back in this test's transactions."""

    def __init__(self, services: Services, session: Session, kind: str, incident: Incident, **params: Any) -> None:
        self.step = jobs.registry().mode_steps[kind]
        self.services, self.session, self.incident = services, session, incident
        self.actor = chief(session)[1]
        self.params = self.step.check(session, params)
        self.kept: Mapping[str, Any] = {}

    def apply(self) -> None:
        given = (self.session, self.services, self.actor, self.incident.id, self.params)
        self.kept = self.step.apply(*given)
        self.session.flush()

    def revert(self, *, force: bool = False) -> None:
        given = (self.session, self.services, self.actor, self.incident.id, self.params)
        self.step.revert(*given, {**self.kept, "force": force})
        self.session.flush()


def test_every_step_says_what_it_does_and_has_a_place(services: Services) -> None:
    known = jobs.registry().mode_steps
    usual = {"menu", "take_all", "alert_draft", "wallboard", "bulletins", "throttle", "partners"}
    assert usual <= set(known)
    assert len({each.order for each in known.values()}) == len(known)


def test_the_menu_asks_who_is_there_and_is_put_back(services: Services) -> None:
    with services.db.transaction() as session:
        for code in ("incident", "general", "passport"):
            make_queue(session, code=code)
        incident = make_incident(session, services)
        step = Step(services, session, "menu", incident, **TEXTS, queue="incident", priority=8)
        step.apply()
        number, menu = menu_store.published(session)
        assert number is not None
        asked, language = menus.press(menu, menu.entry, "1", 0)
        assert isinstance(asked, menus.Ask) and language == "ko"
        assert menu.nodes[asked.node].say["ko"] == (
            "후쿠시마 지진: Fukushima 관련 안내입니다. 지금 Fukushima에 계시면 1번, 그 밖의 용무는 2번을 누르세요."
        )
        there, _ = menus.press(menu, asked.node, "1", 0)
        assert isinstance(there, menus.Go) and (there.choice.queue, there.choice.priority) == ("incident", 8)
        elsewhere, _ = menus.press(menu, asked.node, "2", 0)
        assert isinstance(elsewhere, menus.Ask) and elsewhere.node == "main"
        assert menus.beginning(menu, "en") == asked.node, "whoever's language is known is asked as well"
        danger, _ = menus.press(menu, asked.node, "9", 0)
        assert isinstance(danger, menus.Go) and danger.danger
        step.revert()
        assert menu_store.published(session) == (None, menus.default_menu())


def test_a_menu_without_a_choice_of_language_asks_first(services: Services) -> None:
    from hotline.calls.mode_menu import question

    flat = {
        "entry": "main", "danger_key": "1", "person": {"queue": "general"},
        "nodes": {"main": {"say": {"ko": "ㄱ", "en": "a"}, "keys": {"0": {"queue": "general"}}}},
    }  # fmt: skip
    made = menus.read_menu(
        question(menus.read_menu(flat), {"ko": "ㄴ", "en": "b"}, {"ko": "ㄷ", "en": "c"}, "incident", 7)
    )
    node = made.nodes[made.entry]
    assert (sorted(node.keys), node.keys["3"].go) == (["2", "3"], "main"), "the danger key stays free"


def test_a_menu_that_was_published_meanwhile_is_asked_about(services: Services) -> None:
    with services.db.transaction() as session:
        for code in ("incident", "general", "passport"):
            make_queue(session, code=code)
        keeper = chief(session, "administrator")[1]
        content = menus.default_menu().model_dump(mode="json")
        first = menu_store.save_draft(session, services.clock, keeper, content, edits=0)
        menu_store.publish(session, services.clock, keeper, first.id, edits=1)
        step = Step(services, session, "menu", make_incident(session, services), **TEXTS, queue="incident", priority=8)
        step.apply()
        second = menu_store.save_draft(session, services.clock, keeper, content, edits=0)
        menu_store.publish(session, services.clock, keeper, second.id, edits=1)
        with pytest.raises(Refused) as raised:
            step.revert()
        assert raised.value.code == "changed-by-hand"
        assert menu_store.published(session)[0] == second.id
        step.revert(force=True)
        assert menu_store.published(session)[0] == first.id


def test_a_drills_menu_is_heard_by_calls_of_drills_alone(services: Services) -> None:
    with services.db.transaction() as session:
        for code in ("incident", "general", "passport"):
            make_queue(session, code=code)
        drill = make_incident(session, services, drill=True)
        step = Step(services, session, "menu", drill, **TEXTS, queue="incident", priority=8)
        step.apply()
        assert menu_store.published(session)[0] is None
        number, menu = menu_store.published(session, drill=True)
        assert number is not None and any("[훈련]" in node.say["ko"] for node in menu.nodes.values())
        step.revert()
        assert menu_store.published(session, drill=True)[0] is None


def test_all_calls_of_the_missions_concerned_are_taken_and_given_back(services: Services) -> None:
    with services.db.transaction() as session:
        tokyo = make_mission(session, country="JP", countries=["JP"]).id
        osaka = make_mission(session, country="JP", countries=["JP"]).id
        make_mission(session)
        who = chief(session)[1]
        take_all.request(session, services.clock, who, osaka, NOW + timedelta(hours=5), "이전")
        step = Step(services, session, "take_all", make_incident(session, services), hours=72)
        step.apply()
        held = {row.mission_id: row.until for row in session.scalars(select(TakeAll).where(TakeAll.ended_at.is_(None)))}
        assert held == {tokyo: NOW + timedelta(hours=72), osaka: NOW + timedelta(hours=72)}
        step.revert()
        again = take_all.current(session, osaka, NOW)
        assert again is not None and (again.until, again.reason) == (NOW + timedelta(hours=5), "이전")
        assert take_all.current(session, tokyo, NOW) is None


def test_a_mission_that_asked_anew_is_asked_about(services: Services) -> None:
    with services.db.transaction() as session:
        tokyo = make_mission(session, country="JP", countries=["JP"]).id
        step = Step(services, session, "take_all", make_incident(session, services), hours=72)
        step.apply()
        take_all.request(session, services.clock, step.actor, tokyo, NOW + timedelta(hours=100), "longer")
        with pytest.raises(Refused) as raised:
            step.revert()
        assert raised.value.code == "changed-by-hand"
        step.revert(force=True)
        assert take_all.current(session, tokyo, NOW) is None


def test_what_somebody_ended_already_is_as_it_should_be(services: Services) -> None:
    with services.db.transaction() as session:
        tokyo = make_mission(session, country="JP", countries=["JP"]).id
        step = Step(services, session, "take_all", make_incident(session, services), hours=72)
        step.apply()
        take_all.end(session, services.clock, step.actor, tokyo)
        step.revert()
        take_all.request(session, services.clock, step.actor, tokyo, NOW + timedelta(hours=5), "이전")
        step.apply()
        take_all.end(session, services.clock, step.actor, tokyo)
        step.revert()
        assert take_all.current(session, tokyo, NOW) is None, "what was ended by hand does not come back"
        nobody = Step(services, session, "take_all", make_incident(session, services, countries=("KP",)), hours=72)
        with pytest.raises(Refused) as raised:
            nobody.apply()
        assert raised.value.code == "mode-no-mission"


def test_bulletins_stand_at_the_missions_concerned_and_go_again(services: Services) -> None:
    with services.db.transaction() as session:
        code = make_mission(session, country="JP", countries=["JP"]).code
        mission = make_mission(session, country="CN", countries=["CN"], code="beijing").id
        drill = make_incident(session, services, drill=True)
        step = Step(services, session, "bulletins", drill, **TEXTS, missions=["beijing"], hours=24)
        step.apply()
        (notice,) = duty.notices_of(session, mission, NOW)
        assert notice.text_ko == "[훈련] 후쿠시마 지진: Fukushima 관련 안내입니다." and notice.text_en.startswith(
            "[DRILL]"
        )
        duty.withdraw_notice(session, services.clock, step.actor.trusted_with("missions.write"), mission, notice.id)
        step.revert()
        usual = Step(services, session, "bulletins", make_incident(session, services), **TEXTS, missions=[], hours=24)
        usual.apply()
        usual.revert()
        assert session.scalars(select(MissionNotice).where(MissionNotice.withdrawn_at.is_(None))).all() == []
        with pytest.raises(SeveralFaults) as raised:
            usual.step.check(session, {"missions": [code, "nowhere"], "hours": 0, "text_ko": "{x}", "text_en": ""})
        assert [each["field"] for each in raised.value.faults] == ["text_ko", "text_en", "missions", "hours"]


def test_the_wallboard_shows_the_note_until_it_is_taken_away(services: Services) -> None:
    with services.db.transaction() as session:
        step = Step(services, session, "wallboard", make_incident(session, services, drill=True), **TEXTS)
        step.apply()
        (note,) = mode_steps.notes_now(session)
        assert note.drill and note.text_en.startswith("[DRILL]")
        step.revert()
        step.revert()
        assert mode_steps.notes_now(session) == []


def test_queues_are_throttled_and_get_their_own_rules_back(services: Services) -> None:
    with services.db.transaction() as session:
        queue = make_queue(session, code="visa", callback_after_s=900, version=4)
        session.flush()
        step = Step(services, session, "throttle", make_incident(session, services), queues=["visa"], after_s=60)
        step.apply()
        assert (queue.callback_after_s, queue.overflow_action, queue.overflow_wait_s, queue.version) == (
            60,
            "callback",
            60,
            5,
        )
        step.revert()
        assert (queue.callback_after_s, queue.overflow_action, queue.overflow_wait_s) == (900, "none", None)
        step.apply()
        queue.version += 1
        session.flush()
        with pytest.raises(Refused) as raised:
            step.revert()
        assert raised.value.params == {"what": "visa"}
        step.revert(force=True)
        assert queue.callback_after_s == 900
        rehearsal = Step(
            services, session, "throttle", make_incident(session, services, drill=True), queues=["visa"], after_s=9
        )
        rehearsal.apply()
        assert rehearsal.kept["rehearsed"] and queue.callback_after_s == 900
        rehearsal.revert()
        assert session.scalars(select(Queue.callback_after_s).where(Queue.code == "visa")).one() == 900


def test_partners_are_told_once_and_told_when_it_is_over(services: Services) -> None:
    with services.db.transaction() as session:
        given = {
            "partners": ["소방청, +821022220001", "Airline, +821022220002", "Practice, +821022220003, 훈련"],
            "text_ko": "{incident} 대응 중", "over_ko": "{incident} 대응 종료",
        }  # fmt: skip
        step = Step(services, session, "partners", make_incident(session, services), **given)
        step.apply()
        bodies = lambda: [  # noqa: E731  # read three times in a row
            (each.phone[-1], each.body) for each in session.scalars(select(Notice).order_by(Notice.id))
        ]
        assert bodies() == [("1", "후쿠시마 지진 대응 중"), ("2", "후쿠시마 지진 대응 중")]
        step.revert()
        step.revert()
        assert bodies()[2:] == [("1", "후쿠시마 지진 대응 종료"), ("2", "후쿠시마 지진 대응 종료")], "never twice"
        step.apply()
        assert len(bodies()) == 6, "it came on once more"
        drill = Step(services, session, "partners", make_incident(session, services, drill=True), **given)
        drill.apply()
        assert bodies()[6:] == [("3", "[훈련] 후쿠시마 지진 대응 중")]


def test_partners_marked_for_english_are_told_in_english(services: Services) -> None:
    given = {
        "partners": ["소방청, +821022220001", "Airline, +821022220002, en", "Practice, +821022220003, drill, en"],
        "text_ko": "{incident} 대응 중", "over_ko": "{incident} 대응 종료",
    }  # fmt: skip
    with services.db.transaction() as session:
        step = jobs.registry().mode_steps["partners"]
        with pytest.raises(SeveralFaults) as refused:
            step.check(session, given)
        assert [fault["field"] for fault in refused.value.faults] == ["text_en", "over_en"]
        english = given | {"text_en": "{incident} has begun", "over_en": "{incident} is over"}
        kept = step.check(session, english)
        assert kept["partners"][1:] == ["Airline, +821022220002, en", "Practice, +821022220003, en, drill"]
        done = Step(services, session, "partners", make_incident(session, services), **english)
        done.apply()
        done.revert()
        bodies = [(each.phone[-1], each.body) for each in session.scalars(select(Notice).order_by(Notice.id))]
    assert [number for number, _ in bodies] == ["1", "2", "1", "2"]
    assert bodies[0][1].endswith("대응 중") and bodies[1][1].endswith("has begun"), bodies
    assert bodies[2][1].endswith("대응 종료") and bodies[3][1].endswith("is over"), bodies


@pytest.mark.parametrize(
    "partners", [[], ["x"], ["x, 12"], ["x, +821022220001, soon"], ["x, +821022220001", "y, +821022220001"], [", +821022220001"],
                 ["x, +821022220001"] * 61],
)  # fmt: skip
def test_partners_that_cannot_be_told_are_refused(services: Services, partners: list[str]) -> None:
    with services.db.transaction() as session, pytest.raises(SeveralFaults):
        step = jobs.registry().mode_steps["partners"]
        step.check(session, {"partners": partners, "text_ko": "x", "over_ko": "y"})


ALERT = {
    "headline": "지진 안내",
    "text_ko": "{place} 지진 {time}",
    "text_en": "Earthquake in {place} {time}",
    "hours": 6,
}
PLAIN = ALERT | {
    "text_ko": "11/21 12:00 {place} 지진. 고지대로 대피하세요.",
    "text_en": "Earthquake in {place} 21 Nov 12:00. Go to high ground.",
}


def test_a_draft_lies_ready_and_goes_when_nobody_touched_it(services: Services) -> None:
    with services.db.transaction() as session:
        incident = make_incident(session, services)
        step = Step(services, session, "alert_draft", incident, **ALERT)
        step.apply()
        draft = session.get_one(Alert, step.kept["alert"])
        assert (draft.state, draft.source, draft.status) == ("draft", f"incident:{incident.id}", "Actual")
        assert draft.areas[0]["circles"][0]["radius_km"] == 200 and draft.category == "Geo"
        step.revert()
        step.revert()
        assert draft.state == "cancelled"


def test_a_draft_that_somebody_worked_on_is_asked_about_and_one_approved_is_left_alone(services: Services) -> None:
    with services.db.transaction() as session:
        step = Step(services, session, "alert_draft", make_incident(session, services, drill=True), **PLAIN)
        step.apply()
        draft = session.get_one(Alert, step.kept["alert"])
        assert draft.status == "Exercise" and draft.headline.startswith("[DRILL]")
        author, approver = chief(session, "author")[1], chief(session, "approver")[1]
        approval.submit(session, services.clock, services.settings, author, draft.id)
        with pytest.raises(Refused) as raised:
            step.revert()
        assert raised.value.code == "changed-by-hand"
        approval.approve(session, services.clock, services.settings, approver, draft.id, audience_estimate=1)
        for force in (False, True):
            with pytest.raises(Refused) as raised:
                step.revert(force=force)
            assert raised.value.code == "mode-alert-lives"
        assert draft.state == "approved"


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("menu", {**TEXTS, "queue": "nowhere", "priority": 8}), ("menu", {**TEXTS, "queue": "", "priority": "x"}),
        ("throttle", {"queues": [], "after_s": 60}), ("throttle", {"queues": ["nowhere"], "after_s": 60}),
        ("take_all", {"hours": 337}), ("take_all", {"hours": True}), ("wallboard", {"text_ko": "x" * 301, "text_en": "x"}),
        ("wallboard", {"text_ko": "{place.__class__}", "text_en": "{place:>9999}"}),
        ("wallboard", {"text_ko": "{", "text_en": "x"}),
        ("alert_draft", {**ALERT, "hours": 73}), ("alert_draft", {}),
    ],
)  # fmt: skip
def test_parameters_that_cannot_be_used_are_refused(services: Services, kind: str, params: dict[str, Any]) -> None:
    with services.db.transaction() as session, pytest.raises((SeveralFaults, InvalidInput)):
        jobs.registry().mode_steps[kind].check(session, params)
