"""Parameters of steps of disaster mode that several rooms read alike, and texts with an incident's name and place in them."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from flask_babel import get_locale
from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput, NotFound
from hotline.geo.countries import country
from hotline.incidents.models import Incident

PLACEHOLDERS = ("incident", "place", "countries")
DRILL = {"ko": "[훈련] ", "en": "[DRILL] "}
"""Stands before every text of a drill."""


def incident_of(session: Session, incident_id: int) -> Incident:
    """Return the incident; raises NotFound."""
    found = session.get(Incident, incident_id)
    if found is None:
        raise NotFound("incident", incident_id)
    return found


def texts_of(
    params: Mapping[str, Any], names: tuple[str, ...], most: int, faults: list[InvalidInput]
) -> dict[str, Any]:
    """Return texts of 1 to `most` characters; what is wrong is added to the faults."""
    kept = {}
    for name in names:
        given = str(params.get(name) or "").replace("\r\n", "\n").strip()
        kept[name] = given
        if not 1 <= len(given) <= most or "\x00" in given:
            faults.append(InvalidInput(name, given, f"write 1 to {most} characters"))
        elif not _fillable(given):
            mend = "use no other placeholders than {incident}, {place} and {countries}"
            faults.append(InvalidInput(name, given, mend))
    return kept


def number_of(params: Mapping[str, Any], name: str, least: int, most: int, faults: list[InvalidInput]) -> int:
    """Return a whole number within bounds; what is wrong is added to the faults."""
    given = params.get(name)
    if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
        faults.append(InvalidInput(name, given, f"give a whole number from {least} to {most}"))
        return least
    return given


def fill(text: str, incident: Incident, language: str) -> str:
    """Return a text with the incident's name, place and countries in it, and marked as a drill where it is one."""
    countries = ", ".join(country(code).name(language) for code in incident.countries)
    values = {
        "incident": incident.name_ko if language == "ko" else incident.name_en, "countries": countries,
        "place": place_of(incident, language),
    }  # fmt: skip
    return mark_of(incident, language) + text.format_map(values)


def read_text(params: Mapping[str, Any]) -> str:
    """Return a step's text in the reader's language, as its description shows it."""
    return str(params["text_ko" if str(get_locale()) == "ko" else "text_en"])


def place_of(incident: Incident, language: str) -> str:
    """Return where it is: the place, else the countries by name."""
    return incident.place or ", ".join(country(code).name(language) for code in incident.countries)


def mark_of(incident: Incident, language: str) -> str:
    """Return what stands before every text of a drill; empty for what is real."""
    return DRILL["ko" if language == "ko" else "en"] if incident.drill else ""


def _fillable(text: str) -> bool:
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return False
    return all(name is None or (name in PLACEHOLDERS and not spec and not how) for _, name, spec, how in parts)
