"""What handsets would show and what it would cost: texts filled, counted and checked, for the editor and for approval."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.models import Alert
from alerts.place_names import known_names
from alerts.placeholders import TemplateFault, choose_language, fill
from alerts.prices import Cost, estimate_cost
from alerts.segments import Segmentation, count_segments
from alerts.texts import TextProblem, check_text
from alerts.wording import format_when
from hotline.core.config import Settings
from hotline.core.errors import SeveralFaults
from hotline.core.phone import readable
from hotline.missions.models import Mission
from hotline.people.models import Traveller

LANGUAGE_FALLBACKS = ("en", "ko")
"""A traveller whose language has no text gets English, then Korean, then whatever there is."""
MAX_PARTS = 10
KEEP_S, WORTH_KEEPING = 60.0, 20_000
"""How long, and from how many travellers on, the split of numbers by region is kept; an estimate needs no newer one."""
_kept_regions: dict[str, tuple[float, list[tuple[str, int]]]] = {}


@dataclass(frozen=True)
class TextPreview:
    """One language's text as it would be sent. `filled` is None while a placeholder cannot be filled."""

    language: str
    template: str
    filled: str | None
    segmentation: Segmentation | None
    problems: tuple[TextProblem, ...]


@dataclass(frozen=True)
class Preview:
    """Every text of a draft with what the audience would cost."""

    texts: tuple[TextPreview, ...]
    cost: Cost
    audience: int

    @property
    def refusing(self) -> list[tuple[str, TextProblem]]:
        """Problems, with their language, that forbid submitting."""
        return [(text.language, problem) for text in self.texts for problem in text.problems if problem.refuse]


def placeholder_values(settings: Settings, alert: Alert, mission: Mission | None, language: str) -> dict[str, str]:
    """Return what the placeholders stand for in one language; what is not known yet is left out.

    `{time}` is the onset, else when the warning was sent, in the mission's own zone (UTC without a mission).
    """
    named = (alert.names_by_language or {}).get(language, {})
    values = {
        "hotline": readable(settings.hotline_number),
        "place": named.get("place") or alert.place,
        "event": named.get("event") or alert.event,
    }
    zone = ZoneInfo(mission.zone) if mission is not None else ZoneInfo("UTC")
    at = alert.onset or alert.cap_sent or alert.created_at
    values["time"] = format_when(at.astimezone(zone), "ko" if language == "ko" else "en")
    if mission is not None:
        values["mission"] = mission.name_ko if language == "ko" else mission.name_en
        values["mission_phone"] = readable(mission.emergency_phone)
    return {name: value for name, value in values.items() if value}


def preview_texts(
    session: Session,
    settings: Settings,
    alert: Alert,
    templates: Mapping[str, str],
    *,
    audience: int = 0,
    by_language: Mapping[str, int] | None = None,
) -> Preview:
    """Fill, count and check the given templates for this alert (saved or not) and estimate the cost for the audience."""
    mission = session.get(Mission, alert.mission_id) if alert.mission_id else None
    texts = tuple(
        _preview_one(settings, alert, mission, language, template) for language, template in sorted(templates.items())
    )
    parts = {text.language: text.segmentation.parts for text in texts if text.segmentation is not None}
    cost = estimate_cost(_parts_by_country(session, parts, audience, by_language or {}))
    return Preview(texts, cost, audience)


def _preview_one(
    settings: Settings, alert: Alert, mission: Mission | None, language: str, template: str
) -> TextPreview:
    values = placeholder_values(settings, alert, mission, language)
    problems = check_text(
        template, language=language, values=values, places=known_names(alert), max_parts=MAX_PARTS, drill=alert.drill
    )
    filled: str | None = None
    try:
        filled = fill(template, values)
    except TemplateFault as fault:
        if all(problem.code != fault.code for problem in problems):
            problems = [TextProblem(fault.code, True, {"name": fault.name, "position": fault.position + 1}), *problems]
    too_long = any(problem.code == "too_many_parts" for problem in problems)
    segmentation = None if filled is None or (too_long and len(filled) > 1600) else count_segments(filled)
    return TextPreview(language, template, filled, segmentation, tuple(problems))


def _parts_by_country(
    session: Session, parts: Mapping[str, int], audience: int, by_language: Mapping[str, int]
) -> dict[str, int]:
    """Estimate parts per country of the *numbers* (they decide the price): the audience split as all numbers are.

    Rounded up per country, so that the estimate is never too low by rounding.
    """
    if not parts or audience <= 0:
        return {}
    weighted = people = 0
    for language, count in by_language.items():
        weighted += count * parts[choose_language(language, tuple(parts), LANGUAGE_FALLBACKS)]
        people += count
    if people == 0:
        weighted, people = max(parts.values()), 1
    regions = _numbers_by_region(session)
    total = sum(count for _, count in regions)
    return {region: -(-audience * count * weighted // (total * people)) for region, count in regions if total and count}


def _numbers_by_region(session: Session) -> list[tuple[str, int]]:
    """Count the numbers of each region; a large count is kept for a while, because the editor asks at every pause in typing."""
    key, now = str(session.get_bind().engine.url), time.monotonic()
    kept = _kept_regions.get(key)
    if kept is not None and kept[0] > now:
        return kept[1]
    statement = select(Traveller.phone_region, func.count()).group_by(Traveller.phone_region)
    regions = [(region, count) for region, count in session.execute(statement).tuples()]
    if sum(count for _, count in regions) >= WORTH_KEEPING:
        _kept_regions[key] = (now + KEEP_S, regions)
    return regions


def final_texts(session: Session, settings: Settings, alert: Alert) -> dict[str, str]:
    """Return the text that handsets get, by language; raises SeveralFaults naming every problem that forbids sending."""
    templates = {text.language: text.body for text in alert.texts}
    preview = preview_texts(session, settings, alert, templates)
    faults: list[dict[str, object]] = [
        {"field": f"texts.{language}", "value": templates[language][:80], "problem": problem.code,
         "params": dict(problem.params), "mend": problem.message}
        for language, problem in preview.refusing
    ]  # fmt: skip
    if not templates:
        faults.append(
            {"field": "texts", "value": "", "problem": "no_text", "mend": "write a text in at least one language"}
        )
    if faults:
        raise SeveralFaults(faults, "The texts cannot be sent so.")
    return {text.language: text.filled for text in preview.texts if text.filled is not None}
