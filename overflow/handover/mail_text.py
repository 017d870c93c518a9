"""What the mails of a hand-over say, in Korean and in English: counts, numbers of cases, times there, and the page; pure.

No name, no telephone number and nothing that was said is in a mail: they are on the page, for the staff of the mission.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

MAX_LINES = 60
"""Things that a mail names one by one; the page has them all."""

_WORDS: dict[str, dict[str, str]] = {
    "ko": {
        "subject": "[인계] {mission} {day}: 긴급 {urgent}건 포함 {count}건",
        "subject_later": "[추가 인계] {mission} {day}: 긴급 {urgent}건 포함 {count}건",
        "reminder": "[미확인 인계] {mission} {day}: 확인되지 않은 {count}건",
        "period": "업무 종료 시간: {start} ~ {end} ({zone})",
        "figures": "받은 전화 {calls}건, 상담 연결 {answered}건, 개관 전 종결 {settled}건",
        "urgent": "긴급",
        "case": "사건", "promise": "약속한 회신", "unhelped": "도와드리지 못한 전화",
        "due": "{at}까지", "at": "{at}",
        "more": "그 밖에 {count}건이 업무 화면에 있습니다.",
        "ask": "{at}까지 아래 화면에서 건별로 확인해 주시기 바랍니다. 확인되지 않으면 영사콜센터 당직자에게 통보됩니다.",
        "overdue": "확인 기한 {at}이 지나 영사콜센터 당직자에게 통보되었습니다. 아래 화면에서 확인해 주시기 바랍니다.",
        "digest": "인계서 {name} 제{revision}판, SHA-256",
        "signed": "아래 블록은 서명된 인계서입니다. {url} 에서 이 메일 전체를 붙여 넣어 진위를 확인할 수 있습니다.",
        "unsigned": "이 인계서에는 전자서명이 없습니다. 내용은 업무 화면에서 확인해 주시기 바랍니다.",
    },
    "en": {
        "subject": "[Hand-over] {mission} {day}: {count}, {urgent} of them urgent",
        "subject_later": "[Hand-over, later] {mission} {day}: {count}, {urgent} of them urgent",
        "reminder": "[Hand-over not acknowledged] {mission} {day}: {count} open",
        "period": "Closed from {start} to {end} ({zone})",
        "figures": "{calls} calls came in, {answered} were answered, {settled} cases were settled before you opened",
        "urgent": "URGENT",
        "case": "Case", "promise": "Promised callback", "unhelped": "Call that could not be helped",
        "due": "due {at}", "at": "{at}",
        "more": "{count} more stand on the page.",
        "ask": "Please acknowledge each on the page below by {at}. After that the duty officer of the centre is told.",
        "overdue": "They were due by {at}; the duty officer of the centre has been told. Please acknowledge them below.",
        "digest": "Hand-over {name}, revision {revision}, SHA-256",
        "signed": "The block below is the signed hand-over. Paste this whole mail at {url} to check it.",
        "unsigned": "This hand-over bears no signature. Please check it on the page.",
    },
}  # fmt: skip
LANGUAGES = ("ko", "en")


class Around(NamedTuple):
    """What stands around the summary: the mission's name by language, its page, the page that verifies, and the digest."""

    names: Mapping[str, str]
    page: str
    check_page: str
    sha256: str


class Letter(NamedTuple):
    """One mail's words."""

    subject: str
    body: str


def letter(summary: Mapping[str, Any], around: Around, block: str) -> Letter:
    """Return the mail of one revision; `block` is the signed envelope in lines, empty when there is no signature."""
    parts = ["\n".join(_part(summary, around, language, signed=bool(block))) for language in LANGUAGES]
    body = "\n\n".join([*parts, *([block] if block else [])])
    key = "subject" if summary["revision"] == 1 else "subject_later"
    return Letter(_subject(summary, around, key, len(summary["items"])), body + "\n")


def reminder(summary: Mapping[str, Any], around: Around, waiting: int) -> Letter:
    """Return the mail that says that it was not acknowledged in time."""
    zone = str(summary["zone"])
    due = _local(summary["acknowledge_by"], zone)
    parts = [
        "\n".join([_heading(summary, around, language), _WORDS[language]["overdue"].format(at=due), around.page])
        for language in LANGUAGES
    ]
    return Letter(_subject(summary, around, "reminder", waiting), "\n\n".join(parts) + "\n")


def _subject(summary: Mapping[str, Any], around: Around, key: str, count: int) -> str:
    day = _local(summary["opened_at"], str(summary["zone"]))[:10]
    urgent = sum(1 for each in summary["items"] if each["urgent"])
    said = [
        _WORDS[language][key].format(mission=around.names[language], day=day, urgent=urgent, count=count)
        for language in LANGUAGES
    ]
    return " / ".join(said)


def _heading(summary: Mapping[str, Any], around: Around, language: str) -> str:
    zone = str(summary["zone"])
    times = {name: _local(summary[key], zone) for name, key in (("start", "closed_from"), ("end", "opened_at"))}
    return f"{around.names[language]}\n" + _WORDS[language]["period"].format(zone=zone, **times)


def _part(summary: Mapping[str, Any], around: Around, language: str, *, signed: bool) -> list[str]:
    say, zone = _WORDS[language], str(summary["zone"])
    lines = [
        _heading(summary, around, language),
        say["figures"].format(calls=summary["calls"], answered=summary["answered"], settled=summary["cases_settled"]),
        "",
    ]
    lines += [_line(each, zone, language) for each in summary["items"][:MAX_LINES]]
    rest = len(summary["items"]) - MAX_LINES
    if rest > 0:
        lines.append(say["more"].format(count=rest))
    lines += ["", say["ask"].format(at=_local(summary["acknowledge_by"], zone)), around.page, ""]
    lines.append(f"{say['digest'].format(name=summary['handover'], revision=summary['revision'])}: {around.sha256}")
    lines.append(say["signed"].format(url=around.check_page) if signed else say["unsigned"])
    return lines


def _line(item: Mapping[str, Any], zone: str, language: str) -> str:
    say = _WORDS[language]
    at = say["due" if item["kind"] == "promise" else "at"].format(at=_local(item["at"], zone))
    about = f" ({item['case']})" if "case" in item else ""
    urgent = f"[{say['urgent']}] " if item["urgent"] else ""
    return f"- {urgent}{say[item['kind']]} {item['reference']}{about}, {at}"


def _local(moment: str, zone: str) -> str:
    """Return a moment as clocks on the mission's wall show it."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
