"""The fixed phrases from which a draft is suggested, in the languages the service writes itself.

They are proposals for an officer's eye and nothing is sent from here. The advice follows CAP's `responseType`
(CAP 1.2 section 3.2.2), the names of dangers its `event` and `category`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

EVENTS_KO: Final = (
    ("tsunami", "지진해일(쓰나미)"),
    ("earthquake", "지진"),
    ("volcan", "화산 활동"),
    ("ashfall", "화산재"),
    ("hurricane", "허리케인"),
    ("typhoon", "태풍"),
    ("tropical storm", "열대폭풍"),
    ("cyclone", "사이클론"),
    ("storm surge", "폭풍해일"),
    ("tornado", "토네이도"),
    ("thunderstorm", "뇌우"),
    ("flood", "홍수"),
    ("landslide", "산사태"),
    ("mudslide", "산사태"),
    ("avalanche", "눈사태"),
    ("blizzard", "폭설"),
    ("snow", "폭설"),
    ("wildfire", "산불"),
    ("forest fire", "산불"),
    ("fire", "화재"),
    ("heat", "폭염"),
    ("rain", "호우"),
    ("wind", "강풍"),
    ("gale", "강풍"),
    ("terror", "테러"),
    ("attack", "공격"),
    ("shooting", "총격"),
    ("explosion", "폭발"),
    ("missile", "미사일"),
    ("unrest", "소요 사태"),
    ("riot", "소요 사태"),
    ("protest", "시위"),
    ("epidemic", "감염병"),
    ("outbreak", "감염병"),
    ("nuclear", "방사능"),
    ("radiation", "방사능"),
    ("chemical", "화학물질 유출"),
)
"""Words of an English `event` and their Korean names; the first that occurs counts, so the special precedes the general."""

CATEGORIES_KO: Final = {
    "Geo": "지질 재난",
    "Met": "기상",
    "Safety": "안전",
    "Security": "치안",
    "Rescue": "구조",
    "Fire": "화재",
    "Health": "보건",
    "Env": "환경",
    "Transport": "교통",
    "Infra": "기반 시설",
    "CBRNE": "화생방",
    "Other": "재난",
}

ADVICE: Final = {
    "ko": {
        "Evacuate": "즉시 위험 지역을 벗어나 대피하시기 바랍니다.",
        "Shelter": "안전한 실내로 대피하여 머무르시기 바랍니다.",
        "Execute": "현지 당국의 지시에 즉시 따르시기 바랍니다.",
        "Avoid": "해당 지역 접근을 삼가시기 바랍니다.",
        "Prepare": "대피에 대비하시기 바랍니다.",
        "Monitor": "현지 당국의 발표를 계속 확인하시기 바랍니다.",
        "": "현지 당국의 안내에 따르고 신변 안전에 유의하시기 바랍니다.",
    },
    "en": {
        "Evacuate": "Leave the danger area at once.",
        "Shelter": "Take shelter indoors and stay there.",
        "Execute": "Follow the orders of local authorities at once.",
        "Avoid": "Stay away from the area.",
        "Prepare": "Be ready to leave.",
        "Monitor": "Follow announcements of local authorities.",
        "": "Follow local authorities and stay safe.",
    },
}
"""What to do, by response type, the most urgent first; the empty key is for none."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The sentences of a draft in one language; `%(…)s` takes the parts, braces stay for each recipient."""

    warning: str
    update: str
    ended: str
    contact: str
    answer: str
    """Asks for an answer by the personal link; many routes carry no reply."""
    drill: str


FRAMES: Final = {
    "ko": Frame(
        warning="[%(from)s] %(place)s %(event)s 경보 (%(time)s).",
        update="[%(from)s] 갱신: %(place)s %(event)s 경보 (%(time)s).",
        ended="[%(from)s] %(place)s %(event)s 경보가 해제되었습니다 (%(time)s).",
        contact="문의: {mission} {mission_phone}, 영사콜센터 {hotline}",
        answer="안전하신가요, 도움이 필요하신가요? {link}",
        drill="[훈련] ",
    ),
    "en": Frame(
        warning="[%(from)s] %(event)s: %(place)s, %(time)s.",
        update="[%(from)s] UPDATE %(event)s: %(place)s, %(time)s.",
        ended="[%(from)s] Warning over - %(event)s: %(place)s, %(time)s.",
        contact="Help: {mission} {mission_phone}, call centre {hotline}",
        answer="Safe or need help? Tell us: {link}",
        drill="[DRILL] ",
    ),
}

SENDER: Final = {"ko": "외교부", "en": "MOFA Korea"}

_SAMPLE_LINK: Final = "https://hotline.example.org/p/" + "x" * 27
SAMPLE_VALUES: Final = {
    "ko": {
        "mission": "주로스앤젤레스 총영사관",
        "mission_phone": "+1-213-385-9300",
        "hotline": "+82-2-3210-0404",
        "link": _SAMPLE_LINK,
    },
    "en": {
        "mission": "Consulate General Los Angeles",
        "mission_phone": "+1-213-385-9300",
        "hotline": "+82-2-3210-0404",
        "link": _SAMPLE_LINK,
    },
}
"""Long but usual values, so that a draft that fits with them fits with nearly all."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def event_in_korean(event: str, categories: tuple[str, ...]) -> str:
    """Name a danger in Korean: by a word of its English name, else by its category with the name as it came."""
    folded = event.casefold()
    for word, korean in EVENTS_KO:
        if word in folded:
            return korean
    category = CATEGORIES_KO.get(categories[0], "재난") if categories else "재난"
    return f"{category}({event})" if event else category


def format_when(moment: datetime, language: str) -> str:
    """Write a time in the hour that its sender wrote, saying so: local time, or UTC where that was its offset."""
    utc = not moment.utcoffset()
    if language == "ko":
        return f"{moment.month}월 {moment.day}일 {moment:%H:%M} {'UTC' if utc else '현지시각'}"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment:%H:%M} {'UTC' if utc else 'local time'}"


FOLLOWING: Final = {
    "ko": {
        "update": "[%(from)s] 갱신: %(place)s %(event)s 상황이 변경되었습니다 (%(time)s). %(advice)s",
        "left": "[%(from)s] %(place)s %(event)s 경보 구역이 변경되어 귀하의 위치는 더 이상 포함되지 않습니다 (%(time)s).",
        "all_clear": "[%(from)s] %(place)s %(event)s 경보가 해제되었습니다 (%(time)s).",
        "correction": "[%(from)s] 정정: 앞서 보낸 %(place)s %(event)s 문자(%(time)s)는 잘못된 것이니 따르지 마시기 바랍니다.",
    },
    "en": {
        "update": "[%(from)s] UPDATE %(event)s: %(place)s, %(time)s. %(advice)s",
        "left": "[%(from)s] %(event)s: the warned area changed (%(place)s, %(time)s) and no longer includes where you are.",
        "all_clear": "[%(from)s] Warning over - %(event)s: %(place)s, %(time)s.",
        "correction": "[%(from)s] CORRECTION: our message about %(event)s, %(place)s, %(time)s was sent in error. Disregard it.",
    },
}
"""What follows a warning, by variant; `%(…)s` takes the parts."""

WARNING: Final = {"ko": "안전", "en": "warning"}
"""Stands for the danger where it has no name."""

HOTLINE_ONLY: Final = {"ko": "문의: 영사콜센터 {hotline}", "en": "Help: call centre {hotline}"}


def without_link(text: str, blank: str) -> str:
    """Leave out the sentence that leads to the recipient's own page, or at least its address.

    `blank` is what every address of such a page holds while it stands for nobody (see `hotline.links.tokens`).
    """
    address = next((word for word in text.split() if blank in word), None)
    if address is None:
        return text
    for frame in FRAMES.values():
        text = text.replace(frame.answer.replace("{link}", address), "")
    return " ".join(text.replace(address, "").split())
