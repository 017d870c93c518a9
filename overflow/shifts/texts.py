"""What people are told about their shifts by text, in their language and on the clock of their own wall; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from overflow.shifts.limits import Span

MAX_LINES = 12
"""Shifts told in one text; more go into another."""
MAX_REASON_CHARS = 120
_DAYS = {"ko": "월화수목금토일", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEADS = {
    "published": {"ko": "[영사콜센터] 근무가 정해졌습니다.", "en": "[Consular centre] Your shifts:"},
    "changed": {"ko": "[영사콜센터] 근무 시간이 바뀌었습니다.", "en": "[Consular centre] Your shift has changed:"},
    "cancelled": {
        "ko": "[영사콜센터] 근무가 취소되었습니다.",
        "en": "[Consular centre] Cancelled, please do not come:",
    },
    "taken": {"ko": "[영사콜센터] 교대 근무를 맡으셨습니다.", "en": "[Consular centre] You have taken over:"},
    "passed_on": {
        "ko": "[영사콜센터] 다른 분이 근무를 맡아, 오지 않으셔도 됩니다.",
        "en": "[Consular centre] Somebody else has taken your shift, you need not come:",
    },
    "refused": {
        "ko": "[영사콜센터] 근무 교대가 승인되지 않아 원래대로 유지됩니다.",
        "en": "[Consular centre] The swap was not agreed to; the shift stays as it was:",
    },
    "remind_day": {
        "ko": "[영사콜센터] 내일 근무 안내입니다.",
        "en": "[Consular centre] Reminder, your shift within a day:",
    },
    "remind_hour": {
        "ko": "[영사콜센터] 한 시간 뒤 근무가 시작됩니다.",
        "en": "[Consular centre] Your shift begins in an hour:",
    },
    "missed": {
        "ko": "[영사콜센터] 근무가 시작되었으나 아직 접속하지 않으셨습니다. 오실 수 없으면 바로 알려 주십시오.",
        "en": "[Consular centre] Your shift has begun and you have not signed on. If you cannot come, tell us at once:",
    },
}
_ZONE = {"ko": "시간 기준: {zone}", "en": "Times of {zone}"}
_WAS = {"ko": "(기존 {was})", "en": "(was {was})"}
_REASON = {"ko": "사유: {reason}", "en": "Reason: {reason}"}
_LONG = {"ko": "실제 {hours}시간", "en": "{hours} h in fact"}


@dataclass(frozen=True)
class Line:
    """One shift of a text (UTC); `was` is what the person was told before, `reason` why it is different."""

    span: Span
    was: Span | None = None
    reason: str = ""


def compose(kind: str, language: str, zone_name: str, lines: Sequence[Line]) -> str:
    """Return the text of at most MAX_LINES shifts."""
    if len(lines) > MAX_LINES:
        raise ValueError(f"a text tells at most {MAX_LINES} shifts")
    spoken = language if language in ("ko", "en") else "en"
    zone = ZoneInfo(zone_name)
    written = [_HEADS[kind][spoken]]
    for line in lines:
        was = " " + _WAS[spoken].format(was=told(line.was, zone, spoken)) if line.was and line.was != line.span else ""
        written.append(f"{told(line.span, zone, spoken)}{was}")
    reasons = list(dict.fromkeys(line.reason for line in lines if line.reason))
    written += [_REASON[spoken].format(reason=reason[:MAX_REASON_CHARS]) for reason in reasons[:2]]
    written.append(_ZONE[spoken].format(zone=zone_name))
    return "\n".join(written)


def told(span: Span, zone: ZoneInfo, language: str) -> str:
    """Return a shift's day and times on the wall of a zone; where the clocks change in it, its real length too."""
    start, end = (each.astimezone(zone) for each in span)
    times = f"{start:%H:%M}{'~' if language == 'ko' else '–'}{end:%H:%M}"
    real, shown = span[1] - span[0], end.replace(tzinfo=None) - start.replace(tzinfo=None)
    if real != shown:
        times += f" ({_LONG[language].format(hours=_hours(real))})"
    if language == "ko":
        return f"{start.month}월 {start.day}일({_DAYS['ko'][start.weekday()]}) {times}"
    return f"{_DAYS['en'][start.weekday()]} {start.day} {_MONTHS[start.month - 1]} {times}"


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):g}"


def begins(at: datetime, zone_name: str) -> str:
    """Return a moment as 2027-03-28 22:00 on the wall of a zone."""
    return f"{at.astimezone(ZoneInfo(zone_name)):%Y-%m-%d %H:%M}"
