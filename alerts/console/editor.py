"""The editor: one page with form and map; its script saves under the version it was opened at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts import approval, drafting
from alerts.console import labels
from alerts.console.blueprint import blueprint, json_body, mission_name, officer_names, problem_json
from alerts.console.problems import ShownFault, explain, shown_fault
from alerts.console.words import editor_words, map_urls
from alerts.draft_fields import DraftChanges
from alerts.feeds.reading import reports_of
from alerts.models import Alert
from alerts.placeholders import PLACEHOLDERS
from alerts.reading import get_alert
from alerts.states import DRAFT
from alerts.suggestions import variants_needed, with_suggestions
from alerts.text_templates.reading import offered_for
from alerts.variants import ALERT, VARIANTS, flat, needs_area, split_key
from hotline.auth.identity import actor
from hotline.console.rendering import reader_zone, when, zone_label
from hotline.core.errors import HotlineError, InvalidInput, SeveralFaults
from hotline.core.i18n import DEFAULT_LANGUAGE, gettext, gettext_noop
from hotline.core.services import current
from hotline.core.web import permit
from hotline.missions.models import Mission

USUAL_PARTS = 3
"""Above this a text's cost is shown in amber: it arrives late where routes are slow."""
LOCAL_FORMAT = "%Y-%m-%dT%H:%M"
OFFERED_PLACEHOLDERS = ("place", "event", "time", "mission", "mission_phone", "hotline", "link")
EDITABLE = (
    "headline", "event", "place", "status", "category", "urgency", "severity", "certainty", "description",
    "instruction", "onset", "expires", "areas", "precisions", "texts", "mission_id",
)  # fmt: skip
PLACEHOLDER_NAMES = {
    "place": gettext_noop("Place"),
    "event": gettext_noop("Event"),
    "time": gettext_noop("Time"),
    "mission": gettext_noop("Mission"),
    "mission_phone": gettext_noop("Mission's telephone"),
    "hotline": gettext_noop("Call centre"),
    "link": gettext_noop("Personal link"),
}


@blueprint.get("/alerts/<int:alert_id>/edit")
@permit("alerts.write")
def edit(alert_id: int) -> ResponseReturnValue:
    """Show the editor of a draft; an alert that is no draft any more has its own page."""
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        if alert.state != DRAFT:
            return redirect(url_for("alerts.show", alert_id=alert_id))
        missions = missions_offered(session)
        names = officer_names(session, {alert.author_id})
        reports = reports_of(session, alert)
        templates = template_options(session, alert)
    now = current().clock.now()
    return render_template(
        "alerts/editor.html",
        alert=alert,
        labels=labels,
        mission_options=[
            ("", gettext("No mission")),
            *((mission_id, f"{country}: {name}") for mission_id, name, country in missions),
        ],
        author=names.get(alert.author_id, "–"),
        draft=draft_json(alert),
        variants=variants_offered(alert),
        needs_area=needs_area(alert.msg_type),
        templates=templates,
        data=page_data(alert, now),
        warnings=remarks(alert),
        reports=reports,
        zone_shown=zone_label(now.astimezone(ZoneInfo(reader_zone()))),
        chips=[(name, gettext(PLACEHOLDER_NAMES[name])) for name in OFFERED_PLACEHOLDERS if name in PLACEHOLDERS],
    )


@blueprint.get("/alerts/<int:alert_id>/draft.json")
@permit("alerts.write")
def draft(alert_id: int) -> ResponseReturnValue:
    """Return the draft as it is now, for a page whose own version turned out to be old."""
    with current().db.transaction() as session:
        alert = get_alert(session, alert_id)
        return jsonify(draft_json(alert))


@blueprint.post("/alerts/<int:alert_id>/save")
@permit("alerts.write")
def save(alert_id: int) -> ResponseReturnValue:
    """Save what changed, if the draft is still at the version that the page was opened at."""
    services = current()
    try:
        given = json_body()
        version = given.get("version")
        if not isinstance(version, int):
            raise InvalidInput("version", version, "send the version that was edited")
        with services.db.transaction() as session:
            changes = read_changes(given.get("changes"), get_alert(session, alert_id).main_variant)
            alert = drafting.edit(session, services.clock, actor(), alert_id, version, changes)
            saved = draft_json(alert) | {"saved_at": str(when(services.clock.now(), "time").striptags())}
    except HotlineError as error:
        return problem_json(error)
    return jsonify(saved)


@blueprint.get("/alerts/<int:alert_id>/ready")
@permit("alerts.write")
def ready(alert_id: int) -> ResponseReturnValue:
    """Say what still forbids asking for approval, without asking for it."""
    services = current()
    with services.db.transaction() as session:
        alert = get_alert(session, alert_id)
        faults = faults_of(session, alert)
    return jsonify(faults=[fault.as_json() for fault in faults])


def faults_of(session: Session, alert: Alert) -> list[ShownFault]:
    """Return everything that forbids sending the alert as it is saved."""
    try:
        approval.check_ready(session, current().clock, current().settings, alert)
    except SeveralFaults as error:
        return list(explain(error).faults)
    return []


def _texts_by_variant(given: dict[str, Any], main: str) -> dict[str, Any]:
    """Return the texts of a page, which come under single keys, as a change names them; a variant without any is emptied."""
    texts: dict[str, dict[str, Any]] = {}
    for key, body in given.items():
        variant, language = split_key(str(key), main)
        texts.setdefault(variant, {})[language] = body
    return {"texts": texts.pop(main, {}), "variants": texts}


def read_changes(given: object, main: str = ALERT) -> DraftChanges:
    """Read a page's changes to an alert whose main variant is `main`; local times are in the reader's zone.

    Raises InvalidInput or SeveralFaults.
    """
    if not isinstance(given, dict):
        raise InvalidInput("changes", given, "send an object")
    changes: dict[str, Any] = {name: given[name] for name in EDITABLE if name in given}
    if isinstance(changes.get("texts"), dict):
        changes |= _texts_by_variant(changes["texts"], main)
    for name in ("onset", "expires"):
        if name in changes:
            changes[name] = local_time(name, changes[name])
    try:
        return DraftChanges.model_validate(changes)
    except ValidationError as error:
        faults: list[dict[str, object]] = [
            {"field": ".".join(map(str, each["loc"])), "value": repr(each.get("input"))[:80], "mend": each["msg"]}
            for each in error.errors(include_url=False)
        ]
        raise SeveralFaults(faults) from error


def local_time(field: str, value: object) -> datetime | None:
    """Read a date and time of the page's own field, which is in the reader's zone; None when it is empty."""
    if value in (None, ""):
        if field == "expires":
            raise InvalidInput(field, value, "give a date and a time")
        return None
    try:
        local = datetime.fromisoformat(str(value))
        aware = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(reader_zone()))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(field, value, "give a date and a time") from None


def draft_json(alert: Alert) -> dict[str, Any]:
    """Return a draft as the page's script keeps it; times are local to the reader."""
    zone = ZoneInfo(reader_zone())
    values: dict[str, Any] = {name: getattr(alert, name) for name in EDITABLE if name != "texts"}
    values |= {
        "version": alert.version,
        "onset": alert.onset.astimezone(zone).strftime(LOCAL_FORMAT) if alert.onset else "",
        "expires": alert.expires.astimezone(zone).strftime(LOCAL_FORMAT),
        "texts": flat(
            {
                variant: dict(sorted(bodies.items(), key=lambda pair: language_order(pair[0])))
                for variant, bodies in with_suggestions(alert, alert.texts_by_variant()).items()
            },
            alert.main_variant,
        ),
    }
    return values


def variants_offered(alert: Alert) -> list[str]:
    """Return the variants that the editor shows: those that are needed, and others that have a text."""
    shown = {*variants_needed(alert), *alert.texts_by_variant()}
    return [alert.main_variant, *(each for each in VARIANTS if each in shown and each != alert.main_variant)]


def language_order(language: str) -> tuple[bool, bool, str]:
    """Return the key by which texts stand on pages: Korean first, then English, then the others by their codes."""
    return language != "ko", language != "en", language


def page_data(alert: Alert, now: datetime) -> dict[str, Any]:
    """Return what the editor's script needs besides the draft: addresses, words, languages."""
    languages = sorted(
        ((code, labels.language_name(code)) for code in labels.TEXT_LANGUAGES),
        key=lambda pair: (pair[0] != "ko", pair[0] != "en", pair[1]),
    )
    return {
        "id": alert.id,
        "urls": {
            **map_urls(),
            "save": url_for("alerts.save", alert_id=alert.id),
            "draft": url_for("alerts.draft", alert_id=alert.id),
            "ready": url_for("alerts.ready", alert_id=alert.id),
            "submit": url_for("alerts.submit", alert_id=alert.id),
            "preview": url_for("alerts.preview", alert_id=alert.id),
            "page": url_for("alerts.show", alert_id=alert.id),
            "count": url_for("alerts.count"),
            "places": url_for("alerts.find_places"),
            "country": url_for("alerts.country_area_json", code="XX"),
        },
        "words": editor_words(),
        "languages": [{"code": code, "name": name} for code, name in languages],
        "mainVariant": alert.main_variant,
        "usualParts": USUAL_PARTS,
        "fields": {name: labels.label(labels.FIELDS, name) for name in EDITABLE},
        "zone": zone_label(now.astimezone(ZoneInfo(reader_zone()))),
    }


def template_options(session: Session, alert: Alert) -> list[dict[str, Any]]:
    """Return the templates that the editor offers for a draft, those that fit it first."""
    return [
        {
            "name": template.name,
            "fits": fits,
            "url": url_for("alerts.template_for", alert_id=alert.id, template_id=template.id),
        }
        for template, fits in offered_for(session, alert)
    ]


def missions_offered(session: Session) -> list[tuple[int, str, str]]:
    """Return (id, name, country) of every open mission, by country."""
    language = str(get_locale() or DEFAULT_LANGUAGE)
    found = session.scalars(select(Mission).where(Mission.closed_at.is_(None)))
    offered = [(mission.id, mission_name(mission, language), labels.country_name(mission.country)) for mission in found]
    return sorted(offered, key=lambda each: (each[2], each[1]))


def remarks(alert: Alert) -> list[ShownFault]:
    """Return what was odd about the CAP file, in the reader's language."""
    return [shown_fault(warning) for warning in alert.cap_warnings if isinstance(warning, dict)]
