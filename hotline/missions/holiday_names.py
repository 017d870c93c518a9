"""Korean names of the holidays of the pilot missions' hosts, which the `holidays` library names in other languages only.

The library (0.109) speaks Korean for Korea alone. What is not in this table keeps its English name, in both columns alike.
"""

from __future__ import annotations

import re
from datetime import date

_NEW_YEAR, _TOMBS, _DRAGON, _AUTUMN = "신정", "청명절", "단오절", "중추절"
KOREAN: dict[str, dict[str, str]] = {
    "CN": {
        "New Year's Day": _NEW_YEAR,
        "Chinese New Year's Eve": "춘절 전날",
        "Chinese New Year (Spring Festival)": "춘절",
        "Tomb-Sweeping Day": _TOMBS,
        "Labor Day": "노동절",
        "Dragon Boat Festival": _DRAGON,
        "Mid-Autumn Festival": _AUTUMN,
        "National Day": "국경절",
        "70th Anniversary of the Victory of the Chinese People's War of Resistance against Japanese Aggression and the World "
        "Anti-Fascist War": "항일전쟁 승리 70주년 기념일",
    },
    "HK": {
        "New Year's Day": _NEW_YEAR,
        "Chinese New Year": "춘절",
        "The second day of Chinese New Year": "춘절 둘째 날",
        "The third day of Chinese New Year": "춘절 셋째 날",
        "The fourth day of Chinese New Year": "춘절 넷째 날",
        "Good Friday": "성금요일",
        "The day following Good Friday": "성금요일 다음 날",
        "Easter Monday": "부활절 월요일",
        "Tomb-Sweeping Day": _TOMBS,
        "The Buddha's Birthday": "부처님 오신 날",
        "Labor Day": "노동절",
        "Dragon Boat Festival": _DRAGON,
        "Hong Kong S.A.R. Establishment Day": "홍콩특별행정구 수립 기념일",
        "Mid-Autumn Festival": _AUTUMN,
        "The Day following Mid-Autumn Festival": "중추절 다음 날",
        "The Second Day following Mid-Autumn Festival": "중추절 다음다음 날",
        "Double Ninth Festival": "중양절",
        "National Day": "국경절",
        "Christmas Day": "성탄절",
        "The first weekday after Christmas Day": "성탄절 다음 첫 평일",
        "The second weekday after Christmas Day": "성탄절 다음 둘째 평일",
    },
}
"""By country (ISO 3166) and the library's English name."""
_OBSERVED = re.compile(r"(.+) \(observed\)")
_MOVED = re.compile(r"Day off \(substituted from ([0-9]{2})/([0-9]{2})/([0-9]{4})\)")


def korean(country: str, english: str) -> str:
    """Return the Korean name of a holiday, the English one where the table has none; several on one day are parted by `;`."""
    names = [_one(KOREAN.get(country, {}), part.strip()) for part in english.split(";")]
    return " · ".join(name for name in names if name) if all(names) else english


def _one(known: dict[str, str], english: str) -> str:
    if not known:
        return ""
    if moved := _MOVED.fullmatch(english):
        worked = date(int(moved[3]), int(moved[1]), int(moved[2]))
        return f"대체휴무 ({worked.month}월 {worked.day}일 근무)"
    if observed := _OBSERVED.fullmatch(english):
        name = known.get(observed[1], "")
        return f"{name} (대체휴일)" if name else ""
    return known.get(english, "")
