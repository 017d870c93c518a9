"""The fields of a draft that an officer may change, how they are checked, and what of a change the audit trail keeps."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from alerts.cap.values import CATEGORIES, CERTAINTIES, SEVERITIES, STATUSES, URGENCIES
from alerts.models import Alert, AlertText
from alerts.variants import ALERT, VARIANTS, Texts, flat, key_of
from hotline.core.errors import InvalidInput
from hotline.geo.area import Area
from hotline.missions.models import Mission
from hotline.people.models import PRECISIONS

MAX_TEXT_CHARS = 1600
MAX_LANGUAGES = 12
FIRST_YEAR, LAST_YEAR = 1990, 2199
"""Years that can be meant, as in CAP; PostgreSQL keeps others, and one that Python cannot read back hides every list."""
MAX_ID = 2**63 - 1


def _meant(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"write a year from {FIRST_YEAR} to {LAST_YEAR}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_meant)]
"""An aware time in a year that can be meant."""


class DraftChanges(BaseModel):
    """What an officer may change in a draft; fields that are left out stay as they are.

    Times are aware; `areas` is Area JSON (latitude first). `texts` maps a language code to the text with placeholders;
    these are the texts of the alert's main variant (`alert`, or `all_clear` for a Cancel). `variants` holds the others:
    `{variant: {language: text}}`. A language that is missing from a given map is removed, a variant that is missing stays.
    """

    model_config = ConfigDict(extra="forbid")

    headline: str | None = Field(None, min_length=1, max_length=300)
    event: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=20_000)
    instruction: str | None = Field(None, max_length=20_000)
    place: str | None = Field(None, max_length=200)
    status: str | None = None
    category: str | None = None
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None
    onset: Moment | None = None
    expires: Moment | None = None
    areas: list[dict[str, Any]] | None = None
    texts: dict[str, str] | None = None
    variants: dict[str, dict[str, str]] | None = None
    precisions: list[Literal["exact", "city", "country"]] | None = Field(None, min_length=1, max_length=3)
    """How exactly people must be known to be reached; country only means whose country the area reaches into."""
    mission_id: int | None = Field(None, ge=1, le=MAX_ID)


class DraftFields(DraftChanges):
    """A draft written by hand: at least a headline.

    `follows` names an alert that has begun to be sent; `msg_type` says whether this one updates or ends it.
    """

    headline: str = Field(min_length=1, max_length=300)
    follows: int | None = Field(None, ge=1, le=MAX_ID)
    msg_type: Literal["Alert", "Update", "Cancel"] = "Alert"


_CHOICES = {
    "status": STATUSES,
    "category": CATEGORIES,
    "urgency": URGENCIES,
    "severity": SEVERITIES,
    "certainty": CERTAINTIES,
}
PLAIN_FIELDS = ("headline", "event", "description", "instruction", "place", "onset", "expires", *_CHOICES)


def _refuse_real(alert: Alert) -> None:
    """An authority's exercise or test never becomes a real warning here; a real one is written as a draft of its own."""
    if alert.cap_status not in (None, "Actual"):
        raise InvalidInput(
            "status",
            "Actual",
            f"the CAP message says {alert.cap_status}; write a new alert by hand if the danger is real",
        )


def apply_changes(session: Session, alert: Alert, changes: DraftChanges) -> dict[str, Any]:
    """Write the given fields into the alert and return what really changed, fit for the audit trail."""
    given = changes.model_dump(exclude_unset=True)
    changed = _apply_plain(alert, given)
    if given.get("areas") is not None:
        areas = Area.from_json(given["areas"], "areas").to_json()
        if areas != alert.areas:
            alert.areas = areas
            changed["areas"] = summary_of_areas(areas)
    if given.get("precisions") is not None:
        reached = [each for each in PRECISIONS if each in given["precisions"]]
        if reached != (alert.precisions or list(PRECISIONS)):
            alert.precisions = changed["precisions"] = reached
    texts = _texts_given(alert, given)
    if texts:
        changed |= _apply_texts(alert, texts)
    if "mission_id" in given and given["mission_id"] != alert.mission_id:
        if given["mission_id"] is not None and session.get(Mission, given["mission_id"]) is None:
            raise InvalidInput("mission_id", given["mission_id"], "choose a mission that exists")
        alert.mission_id = changed["mission_id"] = given["mission_id"]
    return changed


def _apply_plain(alert: Alert, given: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for name in PLAIN_FIELDS:
        value = given.get(name)
        if name == "onset" and name in given and value is None and alert.onset is not None:
            alert.onset = changed[name] = None
        if value is None or getattr(alert, name) == value:
            continue
        if name in _CHOICES and value not in _CHOICES[name]:
            raise InvalidInput(name, value, f"use one of {', '.join(_CHOICES[name])}")
        if name == "status" and value == "Actual":
            _refuse_real(alert)
        setattr(alert, name, value)
        changed[name] = value
        if name in ("place", "event"):
            _forget_source_name(alert, name)
    return changed


def _forget_source_name(alert: Alert, name: str) -> None:
    """Let the source's own names step back: what the officer writes now is meant for every language."""
    kept = alert.names_by_language or {}
    alert.names_by_language = {
        language: {key: word for key, word in names.items() if key != name} for language, names in kept.items()
    }


def _texts_given(alert: Alert, given: dict[str, Any]) -> Texts:
    """Return the texts of a change by variant; raises InvalidInput for a variant that does not exist."""
    texts: Texts = dict(given.get("variants") or {})
    for variant in texts:
        if variant not in VARIANTS:
            raise InvalidInput("variants", variant, f"use {', '.join(VARIANTS)}")
    if given.get("texts") is not None:
        texts[alert.main_variant] = given["texts"]
    return texts


def _apply_texts(alert: Alert, texts: Texts) -> dict[str, Any]:
    """Write the given variants; what changed is returned under the texts' single keys."""
    main, changed = alert.main_variant, False
    for variant, bodies in texts.items():
        kept = _checked(bodies, variant, main)
        current = {row.language: row for row in alert.texts if (row.variant or ALERT) == variant}
        if {language: row.body for language, row in current.items()} == kept:
            continue
        changed = True
        for language, row in current.items():
            if language in kept:
                row.body = kept[language]
            else:
                alert.texts.remove(row)
        for language in kept.keys() - current.keys():
            alert.texts.append(AlertText(variant=variant, language=language, body=kept[language]))
    return {"texts": flat(alert.texts_by_variant(), main)} if changed else {}


def _checked(bodies: dict[str, str], variant: str, main: str) -> dict[str, str]:
    if len(bodies) > MAX_LANGUAGES:
        raise InvalidInput("texts", f"{len(bodies)} languages", f"use at most {MAX_LANGUAGES} languages")
    kept = {language: body.strip() for language, body in bodies.items() if body.strip()}
    for language, body in kept.items():
        if not (2 <= len(language) <= 8 and language.replace("-", "").isalnum()):
            raise InvalidInput("texts", language, "name languages by codes such as ko or en")
        if len(body) > MAX_TEXT_CHARS:
            key = key_of(variant, language, main)
            raise InvalidInput(f"texts.{key}", body, f"a text has at most {MAX_TEXT_CHARS} characters")
    return kept


def summary_of_areas(areas: list[Any]) -> dict[str, int | str]:
    """Return what the audit trail keeps of an area: its digest and its size, not ten thousand corners."""
    return {
        "digest": Area.from_json(areas).digest(),
        "parts": len(areas),
        "polygons": sum(len(part["polygons"]) for part in areas),
        "circles": sum(len(part["circles"]) for part in areas),
    }
