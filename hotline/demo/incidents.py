"""A plan for earthquakes and one drill that is over, with its log; made once, and again changes nothing."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.auth.officers import actor_of, find_by_name
from hotline.core import jobs
from hotline.core.actor import Actor
from hotline.core.errors import HotlineError
from hotline.core.services import Services
from hotline.incidents import log, opening, plans, team
from hotline.incidents.fields import IncidentFields
from hotline.incidents.mode_models import ModePlan
from hotline.incidents.models import Incident
from hotline.incidents.plans import PlanFields

logger = structlog.get_logger(__name__)

CHIEF, OTHER_CHIEF = "duty-chief", "duty-chief-2"
STEPS: tuple[tuple[str, dict[str, object]], ...] = (
    ("menu", {
        "text_ko": "{incident} 관련 전화가 많이 오고 있습니다.", "text_en": "We receive many calls about {incident}.",
        "queue": "incident", "priority": 8,
    }),
    ("take_all", {"missions": [], "hours": 72}),
    ("alert_draft", {
        "headline": "지진 안전 안내", "text_ko": "{time} {place} 지진 발생. 높은 곳으로 대피하고 {mission_phone}로 연락하세요.",
        "text_en": "Earthquake in {place}, {time}. Go to high ground and call {mission_phone}.", "hours": 12,
    }),
    ("wallboard", {"text_ko": "{incident} 대응 중. 현지 체류자 전화를 먼저 받습니다.",
                   "text_en": "{incident}: calls from people who are there come first."}),
    ("bulletins", {
        "missions": [], "hours": 72, "text_ko": "{incident}: 현지 체류자는 소재·부상 여부·동행자를 먼저 확인해 주세요.",
        "text_en": "{incident}: ask people who are there where they are, whether they are hurt, and who is with them.",
    }),
    ("throttle", {"queues": ["passport"], "after_s": 60}),
    ("partners", {
        "partners": [
            "경찰 국제공조 당직, +82255550111", "항공사 공동 상황실, +82255550113", "훈련 상대역, +82255550119, drill",
        ],
        "text_ko": "{incident} 대응 재난 모드 발동. 상황 공유 바랍니다.",
        "over_ko": "{incident} 대응 재난 모드 해제. 협조에 감사드립니다.",
    }),
)  # fmt: skip
NOTES = (
    "훈련 개시: 규모 9.0 지진 가정, 지진해일 경보 발령",
    "주센다이총영사관과 연락 확인, 공관 비상 근무 전환",
    "현지 체류자 우선 안내 멘트 확인, 훈련용 회선 통화 12건 처리",
    "훈련 강평: 안내 멘트 송출까지 2분 40초, 목표 3분 이내 달성",
)


def load(services: Services, _actor: Actor) -> None:
    """Add them where there are none."""
    with services.db.transaction() as session:
        first, second = find_by_name(session, CHIEF), find_by_name(session, OTHER_CHIEF)
        if first is None or second is None or session.scalar(select(Incident.id).limit(1)) is not None:
            return
        who = actor_of(first, "cli")
        if session.scalar(select(ModePlan.id).limit(1)) is None:
            _plan(session, services, who)
        _drill(session, services, who, second.id)


def _plan(session: Session, services: Services, who: Actor) -> None:
    """Keep the plan with the steps that this house can do as its data stand; a queue that is not there leaves one out."""
    known, kept = jobs.registry().mode_steps, list[tuple[str, dict[str, object]]]()
    for kind, params in STEPS:
        try:
            kept.append((kind, plans.checked_step(session, known, kind, params)))
        except HotlineError as error:
            logger.warning("demo.step_left_out", kind=kind, why=error.message)
    fields = PlanFields(
        name_ko="지진·지진해일 대응", name_en="Earthquake and tsunami", kinds=("earthquake", "tsunami"), steps=kept
    )
    plans.save(session, services.clock, who, known, fields)


def _drill(session: Session, services: Services, who: Actor, second_id: int) -> None:
    clock = services.clock
    given = IncidentFields(
        name_ko="2026년 가을 지진 대응 훈련", name_en="Earthquake drill, autumn 2026", kind="earthquake", severity="Extreme",
        countries=("JP",), began_at=clock.now() - timedelta(hours=3), place="센다이", lat=38.27, lon=140.87, radius_km=200,
        summary="센다이 앞바다 규모 9.0 지진과 지진해일을 가정한 훈련", drill=True,
    )  # fmt: skip
    made = opening.open_incident(session, clock, who, given)
    if who.id is not None:
        team.add(session, clock, who, made.id, who.id, "lead")
    team.add(session, clock, who, made.id, second_id, "calls")
    for words in NOTES:
        log.note(session, clock, who, made.id, words)
    opening.close(session, clock, who, made.id)
