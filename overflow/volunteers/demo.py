"""Forty made-up volunteers of many languages, and eight of drills, so that a call-out can be tried; made once.

Their numbers belong to nobody: the practice carrier rings them and takes their texts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.services import Services
from overflow.volunteers import approving, certificates, fields, keeping
from overflow.volunteers.models import Volunteer

PEOPLE, DRILL_PEOPLE, WAITING = 40, 8, 4
_NAMES = (
    "김하늘", "이도윤", "박서연", "최민재", "정다온", "강지호", "조은서", "윤시우", "장예린", "임건우",
    "Ana Ruiz", "Trần Minh Anh", "Sato Misaki", "Wang Xiuying", "Camille Dubois", "Daniel Park", "한보람", "오준우",
    "서나래", "신한결",
    "권지민", "황유진", "안소율", "송태영", "전아라", "홍우진", "유수빈", "고은지", "문선우", "양혜진",
    "손동현", "배다은", "Grace Kim", "Бат-Эрдэнэ", "Siti Rahma", "Somchai Jaidee", "노현우", "하지영", "곽승민", "차이슬",
)  # fmt: skip
_LANGUAGES = (
    "ko en", "ko", "ko ja", "ko zh", "ko en es", "ko vi", "ko en", "ko fr", "ko ru", "ko en ar", "ko es", "ko vi", "ko ja",
    "ko zh", "ko fr", "ko en", "ko th", "ko en id", "ko", "ko mn",
)  # fmt: skip
_SKILLS = ("", "visa:1", "medical:1", "", "legal:1", "visa:1|medical:1", "", "trauma:1")
_ZONES = {10: "Europe/Madrid", 11: "Asia/Ho_Chi_Minh", 12: "Asia/Tokyo", 15: "America/Los_Angeles", 14: "Europe/Paris"}
CERTIFIED = ("trauma", "legal")


def load(services: Services, actor: Actor) -> None:
    """Add them where there is no volunteer yet; four of them wait for a decision."""
    chief = Actor("system", None, actor.name, via="cli")
    with services.db.transaction() as session:
        if session.scalar(select(Volunteer.id).limit(1)) is not None:
            return
        keeping.set_certified(session, services.clock, chief, CERTIFIED)
        for number in range(PEOPLE):
            made = _add(session, services, chief, number)
            if number < PEOPLE - WAITING:
                _take_on(session, services, chief, made, number)
        for number in range(DRILL_PEOPLE):
            given = {"name": f"[훈련] 자원봉사자 {number + 1}", "phone": f"+82100901{number:04d}", "languages": "ko en",
                     "drill": True, "quiet_from": "00:00", "quiet_to": "00:00"}  # fmt: skip
            made = keeping.add(session, services.clock, chief, given, verified=True, consented=True)
            approving.approve(session, services.clock, chief, made.id, tell=False)


def _add(session: Session, services: Services, chief: Actor, number: int) -> Volunteer:
    given: dict[str, Any] = {
        "name": _NAMES[number], "phone": f"+82100200{number:04d}", "languages": _LANGUAGES[number % len(_LANGUAGES)],
        "skills": _SKILLS[number % len(_SKILLS)], "zone": _ZONES.get(number, "Asia/Seoul"),
        "speaks": "en" if number in (10, 15, 32) else "ko", "senior": number % 7 == 0,
        "site": "서울 종로" if number % 5 == 0 else "", "max_hours_day": 4 + number % 3 * 2,
        "max_hours_week": 12 + number % 4 * 4,
        "email": f"volunteer.{number + 1}@practice.example" if number % 3 else "",
    }  # fmt: skip
    unproven = number == PEOPLE - 1
    return keeping.add(session, services.clock, chief, given, verified=not unproven, consented=not unproven)


def _take_on(session: Session, services: Services, chief: Actor, made: Volunteer, number: int) -> None:
    """Approve them; some have hours of the week, a certificate (one ends soon), days away, or want not to be asked now."""
    clock = services.clock
    approving.approve(session, clock, chief, made.id, tell=False)
    if number % 4 == 1:
        evenings = [{"weekday": day, "from": "18:00", "to": "23:00"} for day in range(5)]
        keeping.set_hours(session, clock, chief, made.id, fields.checked_hours(evenings))
    if number % 4 == 2:
        nights = [{"weekday": day, "from": "22:00", "to": "06:00"} for day in (4, 5)]
        keeping.set_hours(session, clock, chief, made.id, fields.checked_hours(nights))
    for skill in CERTIFIED:
        if skill in made.skills:
            ends = clock.now() + timedelta(days=20 if number % 16 == 7 else 300)
            certificates.give(
                session, clock, chief, made.id, skill=skill, level=1, source="교육 이수증", expires_at=ends
            )
    if number % 11 == 5:
        today = clock.now().date()
        away = [fields.Away(today + timedelta(days=3), today + timedelta(days=9))]
        keeping.set_away(session, clock, chief, made.id, away)
    if number % 13 == 8:
        keeping.set_not_before(session, clock, chief, made.id, clock.now() + timedelta(days=2))
