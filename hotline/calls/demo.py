"""A made-up phone book and one line to practise with; loading again changes nothing that is there."""

from __future__ import annotations

from sqlalchemy import select

from hotline.auth.officers import actor_of, find_by_name
from hotline.calls import book
from hotline.calls.models import CallLine, PhoneBookEntry
from hotline.core.actor import Actor
from hotline.core.services import Services
from hotline.missions.models import Mission

KEEPER = "senior-agent"
"""Sign-in name of the demo account that keeps the book."""
LINE = "+82233330001"
BOOK = (
    ("interpreter", "베트남어 통역 (주간)", "Vietnamese, by day", "+82255550101", "vi", "VN", "09–18 KST"),
    (
        "interpreter",
        "베트남어·태국어 통역 (야간)",
        "Vietnamese and Thai, at night",
        "+82255550102",
        "vi, th",
        "",
        "18–09 KST",
    ),
    ("interpreter", "중국어 통역", "Chinese", "+82255550103", "zh", "CN", "24 h"),
    ("interpreter", "일본어 통역", "Japanese", "+82255550104", "ja", "JP", "24 h"),
    ("interpreter", "러시아어·몽골어 통역", "Russian and Mongolian", "+82255550105", "ru, mn", "", "09–22 KST"),
    ("interpreter", "스페인어 통역", "Spanish", "+82255550106", "es", "", "24 h"),
    ("interpreter", "프랑스어 통역", "French", "+82255550107", "fr", "", "24 h"),
    ("partner", "경찰 국제공조 당직", "Police, duty desk for abroad", "+82255550111", "", "KR", "24 h"),
    ("partner", "재외국민 응급의료 상담", "Medical advice for citizens abroad", "+82255550112", "", "KR", "24 h"),
    ("partner", "항공사 공동 상황실", "Airlines' joint crisis room", "+82255550113", "", "KR", "24 h"),
    ("mission", "주필리핀대사관 당직 (연습)", "Embassy in Manila, duty (practice)", "+63255550121", "", "PH", "24 h"),
)
"""Kind, names, number, languages, country, note. The numbers are made up and belong to nobody we know of."""


def load(services: Services, _actor: Actor) -> None:
    """Fill the phone book and name one line, each where it is empty; without the demo accounts nothing is made."""
    with services.db.transaction() as session:
        keeper = find_by_name(session, KEEPER)
        if keeper is None:
            return
        who = actor_of(keeper, "cli")
        if session.scalar(select(PhoneBookEntry.id).limit(1)) is None:
            for kind, name_ko, name_en, phone, languages, country, note in BOOK:
                form = {
                    "kind": kind, "name_ko": name_ko, "name_en": name_en, "phone": phone, "languages": languages,
                    "country": country, "note": note,
                }  # fmt: skip
                book.save_entry(session, services.clock, who, None, form)
        mission = session.scalar(select(Mission.code).where(Mission.country == "PH").order_by(Mission.id).limit(1))
        if mission is not None and session.scalar(select(CallLine.id).limit(1)) is None:
            book.save_line(session, services.clock, who, {"number": LINE, "mission": mission})
