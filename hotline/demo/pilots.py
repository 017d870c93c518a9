"""The four pilot missions as if they had been set up by hand: lines, hours, holidays, duty chain, bulletins and an officer each.

All numbers are invented (555, 0100 and the like). What somebody has changed since stays as it is: a mission is only filled while
it has no hours.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions import duty, keeping, missions, staff, yearly
from hotline.missions.duty import Contact, Line
from hotline.missions.missions import MissionChanges
from hotline.missions.models import Mission

NATIONAL_DAYS = frozenset({"삼일절", "광복절", "개천절", "한글날"})
"""Holidays of home that missions abroad keep; on its others they work."""


@dataclass(frozen=True)
class Pilot:
    """What is said of one pilot mission; `line` is its own number, `pool` the centre's, `back` rings on a hand-back."""

    code: str
    officer: str
    hours: str
    line: str
    pool: str
    back: str
    regions: tuple[str, ...]
    languages: tuple[str, ...]
    partner: str
    chain: tuple[tuple[str, str], ...]
    notice_ko: str
    notice_en: str


PILOTS = (
    Pilot(
        "beijing", "mission-officer-beijing", "Mo-Fr 09:00-12:00,13:30-17:30", "+861055550101", "+82233330101", "+861055550109",
        ("베이징 Beijing", "톈진 Tianjin", "허베이 Hebei", "산시 Shanxi", "칭하이 Qinghai"), ("ko", "zh", "en"), "shanghai",
        (("당직 영사", "+8613055550111"), ("사건사고 영사", "+8613055550112"), ("총영사", "+8613055550113")),
        "여권 민원은 예약한 분만 받습니다. 긴급 여권은 예약 없이 안내하십시오.",
        "Passports by appointment only; emergency passports without one.",
    ),
    Pilot(
        "shanghai", "mission-officer-shanghai", "Mo-Fr 09:00-12:00,13:00-17:30", "+862155550101", "+82233330102", "+862155550109",
        ("상하이 Shanghai", "장쑤 Jiangsu", "저장 Zhejiang", "안후이 Anhui"), ("ko", "zh", "en"), "beijing",
        (("당직 영사", "+8613055550121"), ("사건사고 영사", "+8613055550122")),
        "출국 수속 중 여권 분실은 공항 출입국의 분실 확인서를 먼저 받도록 안내하십시오.",
        "Passports lost at the airport: the border police's certificate of loss comes first.",
    ),
    Pilot(
        "shenyang", "mission-officer-shenyang", "Mo-Fr 09:00-11:30,13:30-17:00", "+862455550101", "+82233330103", "+862455550109",
        ("랴오닝 Liaoning", "지린 Jilin", "헤이룽장 Heilongjiang"), ("ko", "zh"), "beijing",
        (("당직 영사", "+8613055550131"), ("부총영사", "+8613055550132")),
        "백두산 관광객 사고 문의는 현지 여행사 연락처를 반드시 받아 두십시오.",
        "Accidents of travellers at Mount Paektu: take down the local travel agency's number.",
    ),
    Pilot(
        "hong-kong", "mission-officer-hong-kong", "Mo-Fr 09:00-12:00,13:30-17:30", "+85225550101", "+82233330104", "+85225550109",
        ("홍콩 Hong Kong", "마카오 Macao"), ("ko", "zh", "en"), "",
        (("당직 영사", "+85295550111"), ("경찰 영사", "+85295550112"), ("부총영사", "+85295550113")),
        "마카오 사건도 이 공관이 맡습니다. 태풍 8호 이상이면 민원실을 닫습니다.",
        "This mission answers for Macao too. With typhoon signal 8 or above its office is closed.",
    ),
)  # fmt: skip


def fill_pilots(session: Session, services: Services, actor: Actor) -> int:
    """Fill the pilots that have no hours yet and return how many; those whose mission is not there are left out."""
    filled = 0
    for pilot in PILOTS:
        mission = session.scalar(select(Mission).where(Mission.code == pilot.code))
        if mission is not None and keeping.hours_of(session, mission.id) is None:
            _fill(session, services, actor, mission, pilot)
            filled += 1
    return filled


def _fill(session: Session, services: Services, actor: Actor, mission: Mission, pilot: Pilot) -> None:
    clock = services.clock
    missions.update(
        session, clock, actor, mission.id,
        MissionChanges(
            kind="embassy" if pilot.code == "beijing" else "consulate", languages=pilot.languages, regions=pilot.regions,
            email=f"{pilot.code}@mission.example", partner=pilot.partner,
            services_ko="여권, 공증, 비자, 사건사고 지원", services_en="Passports, notary, visas, help in accidents and crimes",
        ),
    )  # fmt: skip
    keeping.set_hours(session, clock, actor, mission.id, pilot.hours)
    this_year = keeping.local_day(mission, clock.now()).year
    for year in (this_year, this_year + 1):
        proposed = yearly.of_year(session, mission.id, year)
        kept = [(one.day, one.calendar) for one in proposed if _is_kept(one)]
        yearly.choose(session, clock, actor, mission.id, year, kept)
    line = Line(pilot.line, pilot.pool, pilot.back, label="대표 전화")
    duty.set_lines(session, clock, actor, mission.id, [line])
    duty.set_duty(session, clock, actor, mission.id, [Contact(name, phone) for name, phone in pilot.chain])
    duty.add_notice(session, clock, actor, mission.id, pilot.notice_ko, pilot.notice_en, None)
    staff.add(session, clock, actor, mission.id, pilot.officer)


def _is_kept(one: yearly.Day) -> bool:
    """Missions keep the host country's holidays, and of home's the four national days."""
    if one.calendar == yearly.HOST_CALENDAR:
        return True
    return one.name_ko in NATIONAL_DAYS
