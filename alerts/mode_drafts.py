"""What disaster mode does for alerts: drafts lie ready. They are never sent from here; a draft takes its own two people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from alerts import approval, drafting
from alerts.draft_fields import MAX_TEXT_CHARS, DraftFields
from alerts.models import Alert
from alerts.states import CANCELLED, DRAFT, REJECTED, SUBMITTED
from hotline.core.actor import Actor
from hotline.core.errors import InvalidInput, Refused
from hotline.core.i18n import gettext, gettext_noop
from hotline.core.registry import CHANGED_BY_HAND, ModeField, ModeStep
from hotline.core.services import Services
from hotline.incidents.fields import refuse
from hotline.incidents.filling import incident_of, mark_of, number_of
from hotline.incidents.models import Incident

WRITE, STOP = "alerts.write", "alerts.stop"
MAX_HEADLINE, MAX_HOURS = 120, 72
CATEGORIES = {"earthquake": "Geo", "tsunami": "Geo", "volcano": "Geo", "storm": "Met", "flood": "Met", "fire": "Fire",
              "epidemic": "Health", "accident": "Transport"}  # fmt: skip
"""CAP's word for the kind of an incident; what is not here is a matter of security."""
URGENT = frozenset({"Extreme", "Severe"})


def _check(_session: Session, params: Mapping[str, Any]) -> dict[str, Any]:
    faults: list[InvalidInput] = []
    kept: dict[str, Any] = {}
    for name, most in (("headline", MAX_HEADLINE), ("text_ko", MAX_TEXT_CHARS), ("text_en", MAX_TEXT_CHARS)):
        kept[name] = str(params.get(name) or "").replace("\r\n", "\n").strip()
        if not 1 <= len(kept[name]) <= most or "\x00" in kept[name]:
            faults.append(InvalidInput(name, kept[name], f"write 1 to {most} characters"))
    kept["hours"] = number_of(params, "hours", 1, MAX_HOURS, faults)
    refuse(faults, "The step has faults.")
    return kept


def _describe(_session: Session, params: Mapping[str, Any]) -> str:
    return gettext("A draft lies ready, to be looked at and approved: %(headline)s", headline=params["headline"])


def fields_of(incident: Incident, now_plus: Any, params: Mapping[str, Any]) -> DraftFields:
    """Return the draft of a step for an incident; a drill's is an exercise."""
    areas = []
    if incident.lat is not None and incident.lon is not None and incident.radius_km is not None:
        circle = {"center": [incident.lat, incident.lon], "radius_km": incident.radius_km}
        areas = [{"description": incident.place or incident.name_en, "polygons": [], "circles": [circle]}]
    return DraftFields(
        headline=(mark_of(incident, "en") + params["headline"])[:300], event=incident.kind.capitalize(), place=incident.place,
        status="Exercise" if incident.drill else "Actual", category=CATEGORIES.get(incident.kind, "Security"),
        severity=incident.severity, certainty="Observed",
        urgency="Immediate" if incident.severity in URGENT else "Expected", onset=incident.began_at, expires=now_plus,
        areas=areas or None, texts={each: mark_of(incident, each) + params[f"text_{each}"] for each in ("ko", "en")},
    )  # fmt: skip


def _apply(
    session: Session, services: Services, actor: Actor, incident_id: int, params: Mapping[str, Any]
) -> dict[str, Any]:
    incident = incident_of(session, incident_id)
    fields = fields_of(incident, services.clock.now() + timedelta(hours=params["hours"]), params)
    draft = drafting.draft_by_hand(
        session, services.clock, actor.trusted_with(WRITE), fields, source=f"incident:{incident_id}"
    )
    return {"alert": draft.id, "version": draft.version}


def _revert(
    session: Session, services: Services, actor: Actor, _incident_id: int, _params: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> None:  # fmt: skip
    """Cancel a draft that nobody touched; one worked on is asked about, and one that was approved is never stopped here."""
    draft = session.get_one(Alert, kept["alert"], with_for_update=True)
    if draft.state in (CANCELLED, REJECTED):
        return
    if draft.state not in (DRAFT, SUBMITTED):
        raise Refused(
            "The alert was approved; where it must end, it is ended on its own page.", code="mode-alert-lives"
        )
    if (draft.state != DRAFT or draft.version != kept["version"]) and not kept["force"]:
        raise Refused("Somebody worked on the draft since.", code=CHANGED_BY_HAND)
    approval.cancel(session, services.clock, actor.trusted_with(WRITE, STOP), draft.id)


DRAFTS = ModeStep(
    "alert_draft", gettext_noop("Draft of an alert"), 25, _describe, _apply, _revert, _check,
    (
        ModeField("headline", gettext_noop("Headline"), most=MAX_HEADLINE),
        ModeField(
            "text_ko", gettext_noop("Text in Korean"),
            help=gettext_noop("With the placeholders of alerts, such as {place} and {time}"),
            most=MAX_TEXT_CHARS,
        ),
        ModeField("text_en", gettext_noop("Text in English"), most=MAX_TEXT_CHARS),
        ModeField("hours", gettext_noop("Valid for how many hours"), "number", most=MAX_HOURS),
    ),
)  # fmt: skip
EXPLANATIONS = {
    "mode-alert-lives": gettext_noop(
        "The alert was approved; where it must end, it is ended on its own page. Leave it here."
    ),
    "mode.alert_draft.headline": gettext_noop("Write 1 to 120 characters."),
    "mode.alert_draft.text_ko": gettext_noop("Write 1 to 1,600 characters."),
    "mode.alert_draft.text_en": gettext_noop("Write 1 to 1,600 characters."),
    "mode.alert_draft.hours": gettext_noop("Give a whole number of hours, at most 72."),
}
