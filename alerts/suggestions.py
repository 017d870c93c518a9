"""The texts that an alert needs beside its own: suggested until an officer writes them, so that none is ever missing.

The prepared correction above all: in January 2018 a false missile warning stood uncorrected for 38 minutes because nobody
had a text ready. A suggestion always follows the alert as it is now; it is frozen with everything else at approval.
"""

from __future__ import annotations

from collections.abc import Mapping

from alerts import wording
from alerts.models import Alert
from alerts.place_names import known_names
from alerts.placeholders import escape
from alerts.variants import ALERT, CORRECTION, LEFT, UPDATE, Texts

LANGUAGES = ("ko", "en")
"""Languages in which the service writes of its own accord."""


def variants_needed(alert: Alert) -> tuple[str, ...]:
    """Return the variants that an alert cannot be approved without, its main one first."""
    if alert.msg_type == "Update" and alert.follows_id is not None:
        return (ALERT, UPDATE, LEFT, CORRECTION)
    return (alert.main_variant, CORRECTION)


def with_suggestions(alert: Alert, written: Mapping[str, Mapping[str, str]]) -> Texts:
    """Return the written texts, and suggestions for every variant that is needed and has no text yet.

    The main variant is never made up: what an alert says is for an officer to write, and nothing is suggested beside a
    text that does not exist.
    """
    texts = {variant: dict(bodies) for variant, bodies in written.items() if bodies}
    for variant in variants_needed(alert) if alert.main_variant in texts else ():
        if variant != alert.main_variant and variant not in texts:
            texts[variant] = {language: suggest(alert, variant, language) for language in LANGUAGES}
    return texts


def suggest(alert: Alert, variant: str, language: str) -> str:
    """Suggest one variant's text in Korean or English, with placeholders for what the alert's own fields fill.

    What the alert does not say is left out; only the place is named in full where no field holds it, because a text that
    does not say where is refused.
    """
    kind = "ko" if language == "ko" else "en"
    frame = wording.FOLLOWING[kind][variant]
    names = known_names(alert)
    place = "{place}" if alert.place else escape(names[0]) if names else "{place}"
    text = frame % {
        "from": wording.SENDER[kind],
        "event": _event(alert, kind),
        "place": place,
        "time": "{time}",
        "advice": wording.ADVICE[kind][""],
    }
    contact = wording.FRAMES[kind].contact if alert.mission_id is not None else wording.HOTLINE_ONLY[kind]
    return (wording.FRAMES[kind].drill if alert.drill else "") + f"{text} {contact}"


def _event(alert: Alert, kind: str) -> str:
    """Name the danger: by its field, which fills itself; in Korean by the Korean name where the field has only another."""
    if not alert.event:
        return wording.WARNING[kind]
    named = (alert.names_by_language or {}).get(kind, {}).get("event")
    if kind == "en" or named or not alert.event.isascii():
        return "{event}"
    return escape(wording.event_in_korean(alert.event, (alert.category,) if alert.category else ()))
