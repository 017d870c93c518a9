"""What a report suggests: fields, area and texts of a draft, for people to look at. Nothing is sent from here."""

from __future__ import annotations

from typing import Any

from alerts.cap.model import CapInfo
from alerts.feeds.hazard import EARTHQUAKE, KINDS, Sighting, reach_km, severity_of
from alerts.models import Alert, AlertText
from alerts.texts import suggest_texts
from hotline.geo.area import Area

LANGUAGES = ("ko", "en")


def facts_of(sighting: Sighting) -> dict[str, Any]:
    """Return what a draft says of its event, to compare later reports with."""
    return {
        "title": sighting.title,
        "place": sighting.place,
        "magnitude": sighting.magnitude,
        "level": sighting.level,
        "severity": severity_of(sighting),
        "lat": sighting.lat,
        "lon": sighting.lon,
        "occurred_at": sighting.occurred_at.isoformat(),
    }


def fill(alert: Alert, sighting: Sighting) -> None:
    """Write into a draft what the report suggests; place, time and telephones stay placeholders of the texts."""
    kind = KINDS[sighting.kind]
    alert.headline = sighting.title[:300]
    alert.event = kind.event
    alert.description = "\n".join(part for part in (sighting.title, sighting.url) if part)
    alert.place = sighting.place[:200]
    alert.category = kind.category
    alert.urgency = "Immediate"
    alert.severity = severity_of(sighting)
    alert.certainty = "Observed" if sighting.kind == EARTHQUAKE else "Likely"
    alert.onset = sighting.occurred_at
    alert.areas = suggested_area(sighting)
    info = CapInfo(
        event=kind.event, categories=(kind.category,), urgency=alert.urgency, severity=alert.severity,
        certainty=alert.certainty, language="en", response_types=kind.response_types,
    )  # fmt: skip
    suggested = suggest_texts(info, LANGUAGES)
    written = {text.language: text for text in alert.texts}
    for language, body in suggested.items():
        if language in written:
            written[language].body = body
        else:
            alert.texts.append(AlertText(language=language, body=body))


def suggested_area(sighting: Sighting) -> list[Any]:
    """Return the suggested circle as Area JSON."""
    circle = {"center": [sighting.lat, sighting.lon], "radius_km": reach_km(sighting)}
    return Area.from_json(
        [{"description": sighting.place[:200], "polygons": [], "circles": [circle]}], "areas"
    ).to_json()
