"""Figures for the editor's script: who is inside the drawn area, and what the typed texts become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from alerts import audience
from alerts.cap.values import STATUSES
from alerts.console import labels
from alerts.console.blueprint import blueprint, json_body, problem_json
from alerts.console.editor import local_time
from alerts.draft_fields import MAX_ID, MAX_LANGUAGES, MAX_TEXT_CHARS
from alerts.models import Alert
from alerts.placeholders import PLACEHOLDERS, TemplateFault, fill
from alerts.preview import Preview, TextPreview, placeholder_values, preview_texts
from alerts.prices import format_usd
from alerts.reading import get_alert
from alerts.segments import COUNTED_CHARS, count_segments
from alerts.texts import MESSAGES, TextProblem
from alerts.variants import VARIANTS, Texts, key_of, split_key
from hotline.console.rendering import ago, when
from hotline.core.errors import HotlineError, InvalidInput
from hotline.core.i18n import gettext
from hotline.core.services import current
from hotline.core.web import permit
from hotline.geo.area import Area
from hotline.geo.countries import NOWHERE
from hotline.missions import missions
from hotline.missions.models import Mission
from hotline.people.models import PRECISIONS

MAX_SHOWN_OFFENDERS = 300
MAX_TYPED_CHARS = 4 * MAX_TEXT_CHARS
"""A text that is being typed may be too long for a while; beyond this nothing is counted."""


@blueprint.post("/alerts/count")
@permit("alerts.read")
def count() -> ResponseReturnValue:
    """Count the people inside the areas that are on the officer's screen."""
    try:
        given = json_body()
        area = Area.from_json(given.get("areas"), "areas")
        answer = count_json(area, drill=bool(given.get("drill")), precisions=chosen_precisions(given.get("precisions")))
    except HotlineError as error:
        return problem_json(error)
    return jsonify(answer)


def mission_for(by_country: Mapping[str, int], area: Area) -> int | None:
    """Return the mission that the editor proposes: the one responsible where most of the people inside are, or None.

    Of several in one country it is the one whose region the area's descriptions name.
    """
    abroad = [code for code in sorted(by_country, key=lambda code: -by_country[code]) if code != NOWHERE]
    if not abroad:
        return None
    with current().db.transaction() as session:
        found = missions.in_charge(session, abroad[0], "; ".join(part.description for part in area.parts))
    return found[0].id if found else None


def chosen_precisions(given: object) -> tuple[str, ...]:
    """Return how exactly people must be known to be counted; all of them where a page says nothing usable."""
    chosen = tuple(each for each in PRECISIONS if isinstance(given, list) and each in given)
    return chosen or PRECISIONS


def count_json(area: Area, *, drill: bool, precisions: tuple[str, ...] = PRECISIONS) -> dict[str, Any]:
    """Return the number of people who would be reached with its parts, named in the reader's language.

    `by_precision` has all three, also those that are left out, each with its age.
    """
    services = current()
    now = services.clock.now()
    counts = audience.estimate(services, area.to_json(), now, drill, precisions)
    seen = audience.median_seen(services, area.to_json(), now, drill)
    return {
        "total": counts.total,
        "by_country": named(counts.by_country, labels.country_name),
        "by_language": named(counts.by_language, labels.language_name),
        "by_precision": [
            {
                "key": key,
                "name": labels.label(labels.PRECISIONS, key),
                "people": counts.by_precision.get(key, 0) + counts.left_out.get(key, 0),
                "reached": key in precisions,
                "seen": gettext("half of them since: %(ago)s", ago=ago(seen[key]).striptags()) if key in seen else "",
            }
            for key in PRECISIONS
        ],
        "languages": dict(counts.by_language),
        "mission_id": mission_for(counts.by_country, area),
        "as_of": str(when(counts.as_of, "seconds").striptags()),
        "note": gettext("Only people marked for drills are counted.") if drill else "",
    }


def named(counts: Any, name_of: Any) -> list[dict[str, Any]]:
    """Return counts by key as a list with names, the largest first; keys without people are left out."""
    rows = [{"key": key, "name": name_of(key), "people": people} for key, people in counts.items() if people]
    return sorted(rows, key=lambda row: (-row["people"], row["name"]))


@blueprint.post("/alerts/<int:alert_id>/preview")
@permit("alerts.write")
def preview(alert_id: int) -> ResponseReturnValue:
    """Fill, count, check and price the texts that are on the officer's screen."""
    services = current()
    try:
        given = json_body()
        texts = typed_texts(given.get("texts"))
        with services.db.transaction() as session:
            alert = as_typed(session, get_alert(session, alert_id), given)
            grouped = by_variant(texts, alert.main_variant)
            shown = preview_texts(
                session, services.settings, alert, grouped.pop(alert.main_variant, {}),
                audience=whole_number(given.get("audience")), by_language=counts_by_language(given.get("languages")),
            )  # fmt: skip
            others = [
                text
                for variant, templates in grouped.items()
                for text in preview_texts(session, services.settings, alert, templates, variant=variant).texts
            ]
            mission = session.get(Mission, alert.mission_id) if alert.mission_id else None
            languages = {text.language for text in (*shown.texts, *others)}
            values = {each: placeholder_values(services.settings, alert, mission, each) for each in languages}
        return jsonify(preview_json(shown, alert, values, others))
    except HotlineError as error:
        return problem_json(error)


def by_variant(texts: Mapping[str, str], main: str) -> Texts:
    """Return texts that came under single keys by variant; one whose variant does not exist is left out."""
    grouped: Texts = {}
    for key, body in texts.items():
        variant, language = split_key(key, main)
        if variant in VARIANTS:
            grouped.setdefault(variant, {})[language] = body
    return grouped


def typed_texts(given: object) -> dict[str, str]:
    """Return the texts by their single keys; raises InvalidInput."""
    if not isinstance(given, dict) or any(
        count > MAX_LANGUAGES for count in Counter(split_key(str(key), "")[0] for key in given).values()
    ):
        raise InvalidInput("texts", type(given).__name__, f"send at most {MAX_LANGUAGES} texts by language")
    texts = {str(key): str(body) for key, body in given.items()}
    for key, body in texts.items():
        if len(body) > MAX_TYPED_CHARS:
            raise InvalidInput(f"texts.{key}", body, f"a text has at most {MAX_TEXT_CHARS} characters")
    return texts


def as_typed(session: Session, saved: Alert, given: dict[str, Any]) -> Alert:
    """Return an alert that is never stored: the saved one with what is on the officer's screen."""
    mission_id = given.get("mission_id")
    status = str(given.get("status", saved.status))
    with session.no_autoflush:
        return Alert(
            status=status if status in STATUSES else saved.status,
            msg_type=saved.msg_type,
            place=str(given.get("place", saved.place))[:200],
            event=str(given.get("event", saved.event))[:200],
            mission_id=mission_id if isinstance(mission_id, int) and 0 < mission_id <= MAX_ID else None,
            onset=local_time("onset", given["onset"]) if "onset" in given else saved.onset,
            expires=local_time("expires", given["expires"]) if given.get("expires") else saved.expires,
            cap_sent=saved.cap_sent,
            created_at=saved.created_at,
            areas=[{"description": str(name)[:200]} for name in list(given.get("area_names") or [])[:1000]],
        )


def whole_number(value: object) -> int:
    """Return a count that a script sent; anything else is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0


def counts_by_language(given: object) -> dict[str, int]:
    """Return counts by language that a script sent back from the count."""
    if not isinstance(given, dict):
        return {}
    return {str(language)[:8]: whole_number(people) for language, people in list(given.items())[:500]}


def preview_json(
    shown: Preview, alert: Alert, values: Mapping[str, Mapping[str, str]], others: Sequence[TextPreview] = ()
) -> dict[str, Any]:
    """Return a preview for the page's script; `others` are the texts beside the main ones."""
    main = alert.main_variant
    return {
        "texts": [
            text_json(text, values[text.language]) | {"language": key_of(text.variant, text.language, main)}
            for text in (*shown.texts, *others)
        ],
        "cost": price(shown),
        "audience": shown.audience,
        "expires": f"{when(alert.expires, zone='UTC').striptags()} · {ago(alert.expires).striptags()}",
        "expired": alert.expires <= current().clock.now(),
    }


def price(shown: Preview) -> str:
    """Return the estimated cost in words; empty while nobody is inside or no text can be counted."""
    countable = any(text.segmentation is not None for text in shown.texts)
    return format_usd(shown.cost.micro_usd) if shown.audience and countable else ""


def half_filled(template: str, values: Mapping[str, str]) -> str:
    """Return a text with the placeholders that are known filled in, and the others standing as they are."""
    try:
        return fill(template, {name: f"{{{name}}}" for name in PLACEHOLDERS} | dict(values))
    except TemplateFault:
        return template


def text_json(text: TextPreview, values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return one text for the page's script.

    `offer` is the template in cheaper characters, when there is one; `half` stands in for `filled` while that is None.
    """
    counted = text.segmentation
    countable = len(text.template) <= COUNTED_CHARS
    offer = count_segments(text.template).substitutions if countable else None
    return {
        "language": text.language,
        "filled": text.filled,
        "half": half_filled(text.template, values or {}) if text.filled is None else None,
        "encoding": counted.encoding if counted else None,
        "units": counted.units if counted else None,
        "parts": counted.parts if counted else None,
        "left": counted.units_left_in_part if counted else None,
        "offenders": [each.position for each in counted.offenders[:MAX_SHOWN_OFFENDERS]] if counted else [],
        "offer": offer,
        "problems": [
            {"refuse": problem.refuse, "code": problem.code, "text": told(problem)} for problem in text.problems
        ],
    }


def told(problem: TextProblem) -> str:
    """Return a finding about a text in the reader's language."""
    if problem.code not in MESSAGES:
        return problem.message
    translated = str(gettext(MESSAGES[problem.code]))
    return translated % dict(problem.params) if problem.params else translated


@blueprint.post("/alerts/<int:alert_id>/cost")
@permit("alerts.read")
def cost(alert_id: int) -> ResponseReturnValue:
    """Price the saved texts for an audience that the page's script has just counted."""
    services = current()
    try:
        given = json_body()
        with services.db.transaction() as session:
            alert = get_alert(session, alert_id)
            shown = preview_texts(
                session, services.settings, alert, alert.bodies(),
                audience=whole_number(given.get("audience")), by_language=counts_by_language(given.get("languages")),
            )  # fmt: skip
        return jsonify(cost=price(shown))
    except HotlineError as error:
        return problem_json(error)
