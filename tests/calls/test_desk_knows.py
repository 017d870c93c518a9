"""What stands on the desk before the agent says hello, in both languages: nobody who calls again has to tell it again."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import text

from hotline.auth.officers import actor_of
from hotline.calls import handling
from hotline.calls.handling import Desk
from hotline.cases import working
from hotline.cases.contacts import open_case
from hotline.cases.models import Case
from hotline.core.services import Services
from hotline.queues import callbacks
from tests.alerts.senders import make_approved, make_message
from tests.auth.conftest import Visitor
from tests.calls.staging import CALLER, Stage
from tests.calls.test_last_resorts import flag
from tests.calls.test_pages import OPEN_DESK, text_of
from tests.cases.test_contacts import finish, make_contact
from tests.factories import make_officer, make_traveller
from tests.queues.making import make_agent

OWNER = "임소라"
SHOWN = {
    "ko": {
        "mood": "걱정함", "flag": "폭언", "held": "이 번호에 대한 주의 사항", "country": "필리핀",
        "promise": "예정된 회신 전화", "before": "이전 상담 내용과 메모", "owner": "담당자", "danger": "생명 위급",
        "sent": "발송",
    },
    "en": {
        "mood": "worried", "flag": "abuse", "held": "Held against this number", "country": "Philippines",
        "promise": "Callbacks that are open", "before": "Said and noted before", "owner": "Owner",
        "danger": "DANGER TO LIFE", "sent": "sent to them",
    },
}  # fmt: skip


def read_in(visitor: Visitor, language: str, path: str = "/desk/call") -> str:
    """Return a page in a language, as it is read."""
    visitor.post("/language", data={"language": language, "next": "/desk"})
    return unescape(text_of(visitor, path))


@pytest.fixture
def case(services: Services, stage: Stage) -> Case:
    """A case of a traveller in Cebu, whose owner has an agent's place and has gone home."""
    clock = services.clock
    with services.db.transaction() as session:
        owner = make_officer(session, roles=("agent",), display_name=OWNER)
        make_agent(session, officer=owner, state="offline", phone="+82215551999")
        who = actor_of(owner, "console")
        make_traveller(session, name="김민수", phone=CALLER, lat=10.3, lon=123.9)
        contact = make_contact(session, clock, phone=CALLER, ref="call:900")
        case = open_case(session, clock, who, contact.id, summary="세부에서 여권 도난", country="PH")
        finish(session, clock, contact, who, note="호텔 이름은 산호", mood="worried", risk={"minor"})
        working.note(session, clock, who, case.id, body="경찰 신고서를 받음")
        callbacks.promise(session, clock, case.id, clock.now() + timedelta(hours=2), owner.id, CALLER)
        alert = make_approved(session, headline="Typhoon over Cebu")
        make_message(session, alert, phone=CALLER, state="delivered", sent_at=clock.now())
        return case


@pytest.mark.parametrize("language", ["ko", "en"])
def test_with_the_owner_away_the_other_agents_desk_shows_the_case_whole(
    stage: Stage, desk: Visitor, case: Case, language: str
) -> None:
    stage.ring()
    stage.offer()
    assert stage.value("SELECT agent_id FROM call_legs WHERE role = 'agent'") == stage.agent_id, (
        "nobody waits for the owner"
    )
    page, words = read_in(desk, language), SHOWN[language]
    for told in (
        "김민수", f"CS-{case.id:06d}", "세부에서 여권 도난", "호텔 이름은 산호", "경찰 신고서를 받음", words["mood"],
        words["country"],
        words["promise"], words["before"], "Typhoon over Cebu", words["sent"],
    ):  # fmt: skip
        assert told in page, told
    promised = page.partition(words["promise"])[2].partition("</section>")[0]
    assert OWNER in promised and f"CS-{case.id:06d}" in promised, "who promised it, and about what"
    listed = page.partition('id="cases-head"')[2].partition("</section>")[0]
    assert OWNER in listed, "who the owner is"
    said = page.partition(words["before"])[2].partition("</section>")[0]
    assert said.index("경찰 신고서를 받음") < said.index("호텔 이름은 산호"), "the latest first"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_once_the_call_is_in_the_case_its_owner_still_stands_there(
    stage: Stage, desk: Visitor, case: Case, language: str
) -> None:
    call_id = stage.talk()
    assert desk.post(f"/desk/{call_id}/attach", data={"case": str(case.id)}, headers=OPEN_DESK).status_code == 204
    page = read_in(desk, language)
    of_call = page.partition('class="case-of-call"')[2].partition("</p>")[0]
    assert f"{SHOWN[language]['owner']}: {OWNER}" in of_call
    assert "경찰 신고서를 받음" in page and SHOWN[language]["promise"] in page


def test_what_is_settled_or_about_somebody_else_is_not_told(
    services: Services, stage: Stage, desk: Visitor, case: Case
) -> None:
    clock = services.clock
    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("senior_agent",)), "console")
        other = make_contact(session, clock, phone="+821088887777", ref="call:901")
        stranger = open_case(session, clock, who, other.id, summary="다른 사람", country="JP")
        working.note(session, clock, who, stranger.id, body="남의 이야기")
        session.execute(text("UPDATE callbacks SET state = 'cancelled', closed_at = now()"))
    stage.talk()
    page = read_in(desk, "en")
    assert "남의 이야기" not in page and "Callbacks that are open" not in page


def test_a_withheld_number_gets_nobody_elses_notes(services: Services, stage: Stage, desk: Visitor) -> None:
    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("agent",)), "console")
        finish(
            session,
            services.clock,
            make_contact(session, services.clock, phone="", ref="call:902"),
            who,
            note="비밀 이야기",
        )
    stage.talk(phone="")
    page = read_in(desk, "en")
    assert "Number withheld" in page and "비밀 이야기" not in page


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_note_on_a_call_in_no_case_is_there_when_they_call_again(
    services: Services, stage: Stage, desk: Visitor, language: str
) -> None:
    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("agent",), display_name=OWNER), "console")
        earlier = make_contact(session, services.clock, phone=CALLER, ref="call:903")
        finish(session, services.clock, earlier, who, note="비자를 물어봄")
    stage.ring()
    stage.offer()
    said = read_in(desk, language).partition(SHOWN[language]["before"])[2]
    assert "비자를 물어봄" in said and OWNER in said


def warm_transfer(stage: Stage, desk: Visitor, call_id: int, note: str) -> Visitor:
    """Call a colleague in and leave the call to them with a note; the colleague's browser."""
    services = stage.services
    with services.db.transaction() as session:
        officer = make_officer(session, roles=("agent",), display_name="정하늘")
        colleague = make_agent(session, officer=officer, phone="+82215552000", languages=["ko", "en"])
    answer = desk.post(f"/desk/{call_id}/colleague", data={"agent": str(colleague.id)}, headers=OPEN_DESK)
    assert answer.status_code == 204
    stage.join(call_id, "colleague")
    answer = desk.post(f"/desk/{call_id}/hand-over", data={"note": note}, headers=OPEN_DESK)
    assert answer.status_code == 204
    assert stage.call(call_id).agent_id == colleague.id
    other = Visitor(desk.client.application.test_client())
    other.sign_in(officer.name)
    return other


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("in_case", [True, False])
def test_after_a_warm_transfer_the_colleague_reads_what_the_first_agent_heard(
    stage: Stage, desk: Visitor, case: Case, language: str, in_case: bool
) -> None:
    call_id = stage.talk()
    if in_case:
        assert desk.post(f"/desk/{call_id}/attach", data={"case": str(case.id)}, headers=OPEN_DESK).status_code == 204
    colleague = warm_transfer(stage, desk, call_id, "아이가 열이 높음")
    said = read_in(colleague, language).partition(SHOWN[language]["before"])[2].partition("</section>")[0]
    assert "아이가 열이 높음" in said
    assert (stage.officer.display_name in said) is in_case, "an entry of a case names who wrote it"


def test_a_note_sent_along_is_kept_once_and_what_is_written_up_later_comes_to_it(
    services: Services, stage: Stage, desk: Visitor
) -> None:
    call_id = stage.talk()
    colleague = warm_transfer(stage, desk, call_id, "아이가 열이 높음")
    stage_officer = stage.officer
    with services.db.transaction() as session:
        session.execute(text("UPDATE agents SET state = 'wrap_up' WHERE id = :id"), {"id": stage.agent_id})
        at = Desk(actor_of(session.merge(stage_officer), "console"), stage.agent_id, services)
        handling.write_up(session, at, disposition="medical", note="아이가 열이 높음")
    assert stage.value("SELECT note FROM contacts") == "아이가 열이 높음"
    assert read_in(colleague, "en").count("아이가 열이 높음") == 1


def test_a_call_given_to_a_queue_takes_its_note_along(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    data = {"queue": "incident", "note": "지갑을 잃음"}
    assert desk.post(f"/desk/{call_id}/queue", data=data, headers=OPEN_DESK).status_code == 204
    assert stage.value("SELECT note || state FROM contacts") == "지갑을 잃음open"


def test_a_note_that_is_too_long_keeps_the_call_where_it_is(stage: Stage, desk: Visitor) -> None:
    call_id = stage.talk()
    answer = desk.post(f"/desk/{call_id}/queue", data={"queue": "incident", "note": "가" * 4001}, headers=OPEN_DESK)
    assert answer.status_code == 422 and answer.get_json()["field"] == "note"
    assert stage.call(call_id).state == "talking" and stage.value("SELECT note FROM contacts") == ""


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_flagged_caller_and_why_the_call_is_first_are_told(
    services: Services, stage: Stage, desk: Visitor, language: str
) -> None:
    flag(services, "blocked", "abuse")
    stage.ring(keys=("9",))
    stage.offer()
    page, words = read_in(desk, language), SHOWN[language]
    assert words["danger"] in page
    held = page.partition(words["held"])[2].partition("</div>")[0]
    assert words["flag"] in held, "why it is told apart"
    assert stage.value("SELECT path || ' ' || path_why FROM calls") == "normal abuse"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_why_a_call_is_for_a_senior_is_told(services: Services, stage: Stage, desk: Visitor, language: str) -> None:
    with services.db.transaction() as session:
        who = actor_of(make_officer(session, roles=("agent",)), "console")
        finish(
            session,
            services.clock,
            make_contact(session, services.clock, phone=CALLER, ref="call:905"),
            who,
            mood="distressed",
        )
    stage.ring()
    stage.offer()
    expected = {
        "ko": "선임 상담원",
        "en": "They were in distress last time: this call is for a senior agent.",
    }[language]
    assert expected in read_in(desk, language)
