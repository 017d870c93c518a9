"""Two independent evaluators, one in Rust and one in JavaScript, read the same texts alike at the same instants."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest

from hotline.missions.hours import Calendar, changes_between
from hotline.missions.notation import compose, crosses_midnight, read_hours

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
INSTANTS = 200
ZONES = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Seoul", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo",
    "America/Santiago", "Asia/Kathmandu", "Pacific/Chatham", "Africa/Casablanca", "Pacific/Kiritimati", "America/St_Johns", "UTC",
)  # fmt: skip
"""With and without summer time, south of the equator, with quarters of an hour, changed by half an hour, and a day ahead."""
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
HOST = (("Asia/Shanghai", "CN"), ("Asia/Hong_Kong", "HK"), ("America/New_York", "US"), ("Europe/Berlin", "DE"))


def node() -> str:
    """Return the program `node`; skips where there is none, which the set-up of the pages' files would have brought."""
    path = os.pathsep.join([os.environ["PATH"], str(ROOT / ".venv" / "bin")])
    found = shutil.which("node", path=path)
    if found is None or not (ROOT / "node_modules" / "opening_hours").is_dir():
        pytest.skip("node or its package opening_hours is not here")
    return found


def texts() -> list[str]:
    lines = (HERE / "expressions.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def questions() -> list[tuple[str, str]]:
    """Zone and composed text: each text alone, and many with the holidays of host and home and with exceptions."""
    chance = random.Random(7)
    found = []
    for number, text in enumerate(texts()):
        hours = read_hours(text)
        found.append((ZONES[number % len(ZONES)], compose(hours, (), {})))
        zone, country = HOST[number % len(HOST)]
        days = {*holidays.country_holidays(country, years=(2026, 2027)), *holidays.country_holidays("KR", years=2026)}
        kept = chance.sample(sorted(days), k=min(len(days), 18))
        changed = {date(2026, 1, 5) + timedelta(days=chance.randrange(700)): "10:00-12:00" for _ in range(3)}
        changed |= {chance.choice(kept): "09:00-12:00,14:00-15:00", date(2026, 6, 3): "off"}
        found.append((zone, compose(hours, kept, changed)))
    return found


def instants(zone: str, expression: str, chance: random.Random) -> list[datetime]:
    """Instants of two years: anywhere, at and just beside the edges, round midnight, and round changes of the clocks."""
    calendar = Calendar(zone=zone, expression=expression)
    edges = [edge for span in calendar.spans(FIRST, FIRST + timedelta(days=400)) for edge in span]
    changes = changes_between(zone, 2026, 2027)
    span_s = int((LAST - FIRST).total_seconds())
    found = []
    for number in range(2 * INSTANTS):  # some are left out
        if number % 4 == 1 and edges:
            at = chance.choice(edges) + timedelta(seconds=chance.choice((-60, -1, 0, 1, 60)))
        elif number % 4 == 2 and changes:
            at = chance.choice(changes) + timedelta(seconds=chance.randrange(-4 * 3600, 4 * 3600))
        else:
            at = FIRST + timedelta(seconds=chance.randrange(span_s))
        if not _second_one_counts_a_day_too_far(calendar, at):
            found.append(at)
        if len(found) == INSTANTS:
            break
    return found


def _second_one_counts_a_day_too_far(calendar: Calendar, at: datetime) -> bool:
    """Whether it is the first hour of the day after one of 23 hours, with hours that cross midnight.

    The second evaluator takes 24 hours away to find yesterday and lands two days back: a Saturday's night is open again on Monday
    at 00:30. What we say there is asked in a test of its own below.
    """
    zone = ZoneInfo(calendar.zone)
    local = at.astimezone(zone)
    yesterday = datetime.combine(local.date() - timedelta(days=1), time(), zone)
    short = yesterday.utcoffset() != datetime.combine(local.date(), time(), zone).utcoffset()
    return short and local.hour == 0 and crosses_midnight(calendar.expression)


def test_a_night_ends_with_its_own_morning_when_the_clocks_go_forward() -> None:
    nights = Calendar(zone="America/New_York", expression="Fr,Sa 20:30-05:30")
    # Sunday 8 March 2026 has 23 hours: open from Saturday 20:30 (EST) to Sunday 05:30 (EDT), closed through Monday's first hour.
    assert nights.spans(datetime(2026, 3, 7, 12, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC)) == [
        (datetime(2026, 3, 8, 1, 30, tzinfo=UTC), datetime(2026, 3, 8, 9, 30, tzinfo=UTC))
    ]


def test_the_list_is_long_enough() -> None:
    assert len({read_hours(text).ordinary for text in texts()}) >= 300, "different ones, however they are written"


def test_two_evaluators_agree_on_every_text_at_every_instant() -> None:
    program = node()
    chance = random.Random(20261126)
    asked = [(zone, text, instants(zone, text, chance)) for zone, text in questions()]
    assert min(len(times) for *_, times in asked) == INSTANTS
    given = [
        {"zone": zone, "expression": text, "instants": [int(at.timestamp() * 1000) for at in times]}
        for zone, text, times in asked
    ]
    second = subprocess.run(
        [program, str(HERE / "second_evaluator.mjs")], input=json.dumps(given), capture_output=True, text=True,
        timeout=240, check=True, cwd=ROOT,
    )  # fmt: skip
    different = []
    for (zone, text, times), theirs in zip(asked, json.loads(second.stdout), strict=True):
        calendar = Calendar(zone=zone, expression=text)
        ours = "".join("1" if calendar.is_open(at) else "0" for at in times)
        if ours != theirs:
            at = next((when for when, a, b in zip(times, ours, theirs, strict=False) if a != b), times[0])
            different.append((zone, text, at.isoformat(), theirs if isinstance(theirs, dict) else ""))
    assert not different, f"{len(different)} of {len(asked)}: {different[:40]}"


def test_questions_about_spans_and_about_instants_agree() -> None:
    chance = random.Random(3)
    for zone, text in questions()[::5]:
        calendar = Calendar(zone=zone, expression=text)
        for at in instants(zone, text, chance)[:12]:
            spans = calendar.spans(at - timedelta(days=1), at + timedelta(days=1))
            assert calendar.is_open(at) == any(start <= at < end for start, end in spans), (zone, text, at)
