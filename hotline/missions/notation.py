"""Opening hours as text: the OSM `opening_hours` notation, what of it is taken, and how a mission's whole year becomes one text.

The text is evaluated by a maintained library (decision 0027). What two independent evaluators read differently, and what has no
meaning for an embassy, is refused here with a sentence that says what to write instead.
Notation: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from opening_hours import OpeningHours

from hotline.core.errors import InvalidInput

MAX_TEXT = 400
"""Characters of hours that people write; the longest real embassy text we met has 180."""
MAX_SPAN_DAYS = 400
"""How far ahead a change is looked for: a year with its holidays, and a margin."""
CLOSED = "off"

_WORDS = {
    word.casefold(): word
    for word in (
        "Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "off", "open",
    )
}  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIGNS = str.maketrans(
    {"–": "-", "—": "-", "~": "-", "～": "-", "：": ":", "，": ",", "；": ";", "\u00a0": " ", "、": ","}
)
_TIME = r"\d{2}:\d{2}-\d{2}:\d{2}"
_TIMES = re.compile(rf"{_TIME}(?:,{_TIME})*")
_TIMES_AT_END = re.compile(rf"(?P<days>.*?)\s*(?P<times>{_TIMES.pattern}|off|24/7)")
_RANGE = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_DAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = rf"(?:(?:20\d\d )?{_MONTH} \d{{2}})"
_WEEKDAYS = rf"{_DAY}(?:-{_DAY}|\[-?[1-5](?:,-?[1-5])*\])?(?:,{_DAY}(?:-{_DAY}|\[-?[1-5](?:,-?[1-5])*\])?)*"
_DATES = rf"(?:{_DATE}(?:-(?:{_DATE}))?|(?:20\d\d )?{_MONTH}(?:-{_MONTH})?)"
_SELECTOR = re.compile(rf"(?:{_DATES}(?:,{_DATES})*)?(?: ?{_WEEKDAYS})?")
_REFUSED = (
    (re.compile(r"sunrise|sunset|dawn|dusk", re.I), "the sun's times are not hours of an office; write the times"),
    (re.compile(r"\bSH\b", re.I), "school holidays are not known here; write their dates, such as Jul 20-Aug 20"),
    (re.compile(r"easter", re.I), "write Easter's days as holidays or exceptions of the mission"),
    (re.compile(r"\"|“|”"), "leave out remarks in quotation marks; bulletins of the mission are for texts"),
    (re.compile(r"\|\|"), "`||` is not read here; write each rule after a `;`"),
    (re.compile(r"\bweek\b", re.I), "numbers of weeks are not read here; write months or dates"),
    (re.compile(r"\bunknown\b", re.I), "say `off` or times; a mission is open or closed"),
    (re.compile(r"\d\+"), "an open end is not read here; write when it closes"),
    (re.compile(r"\d{1,2}:\d{2}\s*/|\]\s*[+-]\s*\d+\s*day|\d/\d(?<!4/7)"), "steps and offsets are not read here"),
)


@dataclass(frozen=True)
class Hours:
    """Hours as they are kept: `ordinary` in normal form, and `holiday` ('off' or times) for the days the mission keeps."""

    ordinary: str
    holiday: str = CLOSED


def read_hours(text: str, *, field: str = "hours") -> Hours:
    """Return what people wrote in normal form, with its rules for holidays (`PH …`) moved to the holiday hours.

    Raises InvalidInput naming the part that cannot be used and what to write instead.
    """
    rules: list[str] = []
    holiday = CLOSED
    for rule in _rules(text, field):
        days, times = _parts(rule, field)
        named = [part for part in days.replace(", ", ",").split(",") if part]
        if "PH" in named:
            holiday = times if times != "24/7" else "00:00-24:00"
            days = ",".join(part for part in named if part != "PH")
            if not days:
                continue
        elif "PH" in days:
            raise InvalidInput(
                field, rule, "write holidays in a rule of their own, such as `PH off` or `PH 10:00-12:00`"
            )
        rules.append(_checked_rule(days, times, rule, field))
    if not rules:
        raise InvalidInput(field, text, "say when the mission is open on ordinary days, such as `Mo-Fr 09:00-17:00`")
    _refuse_nights_that_are_cut(rules, field)
    ordinary = "; ".join(rules)
    _require_parsed(ordinary, field)
    return Hours(ordinary=ordinary, holiday=holiday)


def read_day(text: str, *, field: str = "hours") -> str:
    """Return the hours of one single day in normal form: `off`, or times such as `09:00-12:00,14:00-16:00`.

    Raises InvalidInput for anything else, also for times past midnight: the next day has hours of its own.
    """
    found = _rules(text, field)
    if len(found) != 1 or not (_TIMES.fullmatch(found[0]) or found[0] == CLOSED):
        raise InvalidInput(field, text, "write `off`, or times such as 09:00-12:00,14:00-16:00")
    if found[0] == CLOSED:
        return CLOSED
    _check_times(found[0], found[0], field)
    if crosses_midnight(found[0]):
        raise InvalidInput(field, text, "end the day at 24:00 and give the hours after midnight to the next day")
    return found[0]


def compose(hours: Hours, holidays: Iterable[date], exceptions: Mapping[date, str]) -> str:
    """Return one text for the whole year: ordinary hours, then the holidays that are kept, then each day's exception.

    Later rules replace the whole calendar day of earlier ones, so that an exception on a holiday wins. A day that is in both is
    only written as an exception.
    """
    rules = [hours.ordinary]
    kept = sorted(day for day in set(holidays) if day not in exceptions)
    if kept:
        rules.append(f"{','.join(_day_text(day) for day in kept)} {hours.holiday}")
    rules += _ends_of_nights(hours.ordinary, {*kept, *exceptions})
    rules += [f"{_day_text(day)} {times}" for day, times in sorted(exceptions.items())]
    return "; ".join(rules)


def _ends_of_nights(ordinary: str, special: set[date]) -> list[str]:
    """Rules that close the small hours after a special day: its ordinary evening did not take place, so neither did its night."""
    ends = [_minutes(found)[1] - 24 * 60 for found in _RANGE.finditer(ordinary)]
    end = max(ends, default=0)
    after = sorted({day + timedelta(days=1) for day in special} - special)
    if end <= 0 or not after:
        return []
    return [f"{','.join(_day_text(day) for day in after)} 00:00-{end // 60:02d}:{end % 60:02d} {CLOSED}"]


@lru_cache(maxsize=4096)
def parsed(expression: str) -> OpeningHours:
    """Return the evaluator of a composed text; kept by text, because hundreds of decisions a second ask the same few.

    It is given no place and no zone: it works on the clock on the wall, and `hotline.missions.hours` brings the zone.
    """
    return OpeningHours(expression, auto_country=False, auto_timezone=False, max_interval_days=MAX_SPAN_DAYS)


def crosses_midnight(times: str) -> bool:
    """Whether one of the times runs into the next day."""
    return any(_minutes(found)[1] > 24 * 60 for found in _RANGE.finditer(times))


def _rules(text: str, field: str) -> list[str]:
    if len(text) > MAX_TEXT:
        raise InvalidInput(field, text, f"use at most {MAX_TEXT} characters")
    tidy = " ".join(text.translate(_SIGNS).split())
    for pattern, mend in _REFUSED:
        found = pattern.search(tidy)
        if found:
            raise InvalidInput(field, found.group(), mend)
    tidy = re.sub(r"\bclosed\b", CLOSED, tidy, flags=re.I)
    tidy = re.sub(r"[A-Za-z]+", lambda word: _WORDS.get(word.group().casefold(), word.group()), tidy)
    tidy = re.sub(r"(?<![\d:])(\d):(\d{2})", r"0\1:\2", tidy)
    tidy = re.sub(rf"({_MONTH}) (\d)(?![\d:])", r"\1 0\2", tidy)
    tidy = re.sub(r"\s*([-,])\s*", r"\1", tidy)
    tidy = re.sub(rf"((?:20\d\d )?{_MONTH}) (\d{{2}})-(\d{{1,2}})(?![\d:])", _whole_end, tidy)
    tidy = re.sub(r"(?<=\d{2}:\d{2}) open(?=;|$)", "", tidy)
    return [rule.strip() for rule in tidy.split(";") if rule.strip()]


def _whole_end(found: re.Match[str]) -> str:
    """`Dec 24-26` with the month before both days, which both evaluators read alike."""
    return f"{found[1]} {found[2]}-{found[1]} {int(found[3]):02d}"


def _parts(rule: str, field: str) -> tuple[str, str]:
    """Split one rule into its days (perhaps none) and its times."""
    if not re.search(r"\d:\d|off|24/7", rule):
        raise InvalidInput(field, rule, "say the times or `off`, such as `Mo-Fr 09:00-17:00` or `Sa off`")
    if re.search(r"\d:\d{2},[A-Z]", rule):
        raise InvalidInput(field, rule, "part rules by `;`; a `,` that adds hours to other rules is not read here")
    found = _TIMES_AT_END.fullmatch(rule)
    if found is None:
        raise InvalidInput(
            field, rule, "write days and then times, such as `Mo-Fr 09:00-12:00,13:30-17:00`, rules parted by `;`"
        )
    return found["days"].rstrip(":").strip(), found["times"]


def _checked_rule(days: str, times: str, rule: str, field: str) -> str:
    if times == "24/7":
        if days:
            raise InvalidInput(field, rule, "write 00:00-24:00 after days; 24/7 stands alone")
        return times
    if not _SELECTOR.fullmatch(days):
        raise InvalidInput(
            field,
            rule,
            "name days as Mo, Mo-Fr, Mo[1], Jan-Mar, `Dec 24`, `Dec 24-Dec 31` or `2027 Feb 06`, then the times",
        )
    dates = re.search(rf"({_MONTH}) (\d{{2}})", days)
    if dates:
        _check_dates(days, field)
    if times != CLOSED:
        _check_times(times, rule, field)
    return f"{days} {times}".strip()


def _check_dates(days: str, field: str) -> None:
    """Refuse dates that no year has; 29 February is one that some years have, which no range can begin or end with."""
    if re.search(r"-(?:20\d\d )?Feb 29|Feb 29-", days):
        raise InvalidInput(field, days, "end with Feb 28 or begin with Mar 01; most years have no Feb 29")
    for month, day in re.findall(rf"({_MONTH}) (\d{{2}})", days):
        try:
            date(2024, _MONTHS.index(month) + 1, int(day))
        except ValueError:
            raise InvalidInput(field, f"{month} {day}", "there is no such day") from None


def _check_times(times: str, rule: str, field: str) -> None:
    before = -1
    for found in _RANGE.finditer(times):
        start, end = _minutes(found)
        if start >= 24 * 60 or int(found[2]) > 59 or int(found[4]) > 59 or end > 48 * 60 or start == end:
            raise InvalidInput(field, rule, "times run from 00:00 to 24:00; past midnight write 22:00-02:00")
        if start < before:
            raise InvalidInput(field, rule, "write the times of a day in their order, and none within another")
        before = end
    first = _RANGE.search(times)
    assert first is not None
    if before > 24 * 60 + _minutes(first)[0]:
        raise InvalidInput(field, rule, "the end runs into the beginning of the next day; write 00:00-24:00")


def _minutes(found: re.Match[str]) -> tuple[int, int]:
    """Minutes after midnight of a range's start and end; an end before the start is on the next day."""
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    return start, end + 24 * 60 if end < start else end


def _refuse_nights_that_are_cut(rules: list[str], field: str) -> None:
    """Hours past midnight stand in one rule: a later rule for the following day would cut the night at midnight.

    Both evaluators cut it, and both leave the small hours after a day that is `off` open; nobody means either.
    """
    night = next((rule for rule in rules if crosses_midnight(rule)), None)
    if night is not None and len(rules) > 1:
        raise InvalidInput(
            field, night, "beside other rules end the day at 24:00 and write the hours after midnight for the next day"
        )


def _require_parsed(expression: str, field: str) -> None:
    try:
        parsed(expression)
    except SyntaxError as error:
        raise InvalidInput(field, expression, f"this is no opening_hours text ({str(error).splitlines()[0]})") from None


def _day_text(day: date) -> str:
    return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02d}"
