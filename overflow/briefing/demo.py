"""A knowledge test, and the draft of a briefing where an incident is open; made once, and nobody is held up by a draft."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of, find_by_name
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.incidents.models import Incident
from overflow.briefing import keeping, knowledge, questions
from overflow.briefing.models import BriefingVersion, KnowledgeTest

AUTHOR = "duty-chief"


def _question(ko: str, en: str, *options: tuple[str, str]) -> dict[str, object]:
    """Return a question whose first option is the right one."""
    return {"text": {"ko": ko, "en": en}, "options": [{"ko": a, "en": b} for a, b in options], "right": 0}


PASSPORTS = [
    _question(
        "여행 중 여권을 잃어버렸다는 전화를 받았습니다. 먼저 안내할 것은?",
        "A caller has lost their passport abroad. What do you say first?",
        ("경찰 신고 후 공관에서 긴급여권 신청", "Report it to the police, then ask the mission for an emergency passport"),
        ("귀국할 때까지 기다리기", "Wait until they are home"),
        ("항공사에 재발급을 요청", "Ask the airline for a new one"),
    ),
    _question(
        "긴급여권 발급에 필요한 것은?",
        "What is needed for an emergency passport?",
        ("신청서, 사진, 신분을 확인할 자료", "The form, a photograph, and something that proves who they are"),
        ("항공권만", "A flight ticket alone"),
        ("아무것도 필요 없음", "Nothing"),
    ),
    _question(
        "발신자가 울면서 가족과 연락이 끊겼다고 합니다. 어떻게 합니까?",
        "A caller weeps and has lost touch with their family. What do you do?",
        ("들은 내용을 적고 직원에게 통화를 넘김", "Note what you heard and pass the call on to staff"),
        ("다시 전화하라고 안내", "Ask them to call again"),
        ("안전하다고 안심시킴", "Tell them that all is well"),
    ),
]  # fmt: skip
BODY_KO = """현지에 강한 지진이 있었습니다. 확인된 내용만 안내합니다.
- 여진 위험이 있으니 건물 밖 넓은 곳에 머물도록 안내
- 가족이 찾는 사람은 이름, 생년월일, 마지막 위치를 받아 적기
- 부상자, 위급한 상황, 심하게 동요한 발신자는 바로 직원에게 넘기기(통화 중 별표)
- 사상자 수와 공항 사정은 말하지 않고 공관 공지로 안내"""
BODY_EN = """There was a strong earthquake. Say only what is confirmed.
- Aftershocks: ask people to stay outside, in the open
- Somebody is missed: take name, date of birth and the last place
- Injured people, danger to life, callers in great distress: pass them on to staff at once (the star during the call)
- Give no numbers of victims and nothing about airports; name the mission's notices"""


def load(services: Services, _actor: Actor) -> None:
    """Add them where there are none; the author is the demo's duty chief."""
    with services.db.transaction() as session:
        officer = find_by_name(session, AUTHOR)
        if officer is None:
            return
        actor = actor_of(officer, via="console")
        if session.scalar(select(KnowledgeTest.id).limit(1)) is None:
            knowledge.save(session, services.clock, actor, None, _test(), 0)
        _draft(session, services, actor)


def _test() -> dict[str, str]:
    return {
        "name_ko": "여권 상담 기초", "name_en": "Passports, first level", "skill": "passport", "level": "1",
        "pass_percent": "66", "months": "12", "wait_hours": "24", "active": "1",
    } | questions.as_form(PASSPORTS)  # fmt: skip


def _draft(session: Session, services: Services, actor: Actor) -> None:
    incident = session.scalar(
        select(Incident).where(Incident.state == "open", ~Incident.drill).order_by(Incident.id).limit(1)
    )
    if incident is None or session.scalar(
        select(BriefingVersion.id).where(BriefingVersion.incident_id == incident.id).limit(1)
    ):
        return
    form = {"body_ko": BODY_KO, "body_en": BODY_EN} | questions.as_form(PASSPORTS)
    keeping.save(session, services.clock, actor, incident.id, form, 0)
