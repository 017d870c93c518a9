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
from alerts.suggestions import with_suggestions
from alerts.texts import TextProblem, check_text
from alerts.variants import Texts, key_of
from alerts.wording import format_when
from hotline.core.config import Settings
from hotline.core.errors import SeveralFaults
from hotline.core.phone import readable
from hotline.links.tokens import blank_url
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
    """One text as it would be sent. `filled` is None while a placeholder cannot be filled."""

    variant: str
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
        """Problems, with the language of their text, that forbid submitting."""
        return [(text.language, problem) for text in self.texts for problem in text.problems if problem.refuse]


def placeholder_values(settings: Settings, alert: Alert, mission: Mission | None, language: str) -> dict[str, str]:
    """Return what the placeholders stand for in one language; what is not known yet is left out.

    `{link}` becomes a stand-in of the length of each person's own link, which takes its place at hand-over.

    `{time}` is the onset, else when the warning was sent, in the mission's own zone (UTC without a mission).
    """
    named = (alert.names_by_language or {}).get(language, {})
    values = {
        "hotline": readable(settings.hotline_number),
        "place": named.get("place") or alert.place,
        "event": named.get("event") or alert.event,
        "link": blank_url(settings),
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
    variant: str | None = None,
    audience: int = 0,
    by_language: Mapping[str, int] | None = None,
) -> Preview:
    """Fill, count and check the given templates (by language) for this alert, saved or not, and estimate the cost.

    `variant` says which of the alert's texts they are; the main one unless told otherwise.
    """
    mission = session.get(Mission, alert.mission_id) if alert.mission_id else None
    chosen = variant or alert.main_variant
    texts = tuple(
        _preview_one(settings, alert, mission, chosen, language, template)
        for language, template in sorted(templates.items())
    )
    parts = {text.language: text.segmentation.parts for text in texts if text.segmentation is not None}
    cost = estimate_cost(_parts_by_country(session, parts, audience, by_language or {}))
    return Preview(texts, cost, audience)


def _preview_one(
    settings: Settings, alert: Alert, mission: Mission | None, variant: str, language: str, template: str
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
    return TextPreview(variant, language, template, filled, segmentation, tuple(problems))


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


def final_texts(session: Session, settings: Settings, alert: Alert) -> Texts:
    """Return the texts that handsets get, by variant and language: what is written, and what is suggested for the rest.

    Raises SeveralFaults naming every problem that forbids sending, each by the single key of its text.
    """
    main, faults = alert.main_variant, list[dict[str, object]]()
    written = alert.texts_by_variant()
    if not written.get(main):
        mend = "write a text in at least one language"
        faults.append({"field": "texts", "value": "", "problem": "no_text", "mend": mend})
    final: Texts = {}
    for variant, templates in with_suggestions(alert, written).items():
        shown = preview_texts(session, settings, alert, templates, variant=variant)
        faults += [
            {"field": f"texts.{key_of(variant, language, main)}", "value": templates[language][:80],
             "problem": problem.code, "params": dict(problem.params), "mend": problem.message}
            for language, problem in shown.refusing
        ]  # fmt: skip
        final[variant] = {text.language: text.filled for text in shown.texts if text.filled is not None}
    if faults:
        raise SeveralFaults(faults, "The texts cannot be sent so.")
    return final
