"""Names of states and of CAP's values in the reader's language, and the badge that each state wears."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from flask_babel import get_locale

from alerts.models import Alert
from hotline.core.i18n import gettext, gettext_noop

STATES = {
    "draft": (gettext_noop("Draft"), "draft"),
    "submitted": (gettext_noop("Waiting for approval"), "waiting"),
    "approved": (gettext_noop("Approved, starting"), "agreed"),
    "dispatching": (gettext_noop("Being sent"), "running"),
    "finished": (gettext_noop("Finished"), "done"),
    "cancelled": (gettext_noop("Stopped"), "ended"),
    "rejected": (gettext_noop("Rejected"), "ended"),
    "expired": (gettext_noop("Expired"), "ended"),
    "superseded": (gettext_noop("Replaced by a later one"), "ended"),
}
"""State of an alert: its name, and the look of its badge (see the console's parts)."""

MESSAGE_STATES = {
    "queued": gettext_noop("Waiting to be sent"),
    "sending": gettext_noop("Being handed over"),
    "in_doubt": gettext_noop("In doubt"),
    "sent": gettext_noop("Sent"),
    "delivered": gettext_noop("Delivered"),
    "failed": gettext_noop("Failed"),
    "withdrawn": gettext_noop("Withdrawn"),
    "lapsed": gettext_noop("Lapsed"),
}
MESSAGE_STATE_HELP = {
    "queued": gettext_noop("Not yet handed to the carrier."),
    "sending": gettext_noop("Handed over; the carrier's answer is awaited."),
    "in_doubt": gettext_noop("The carrier's answer was lost; it is looked up before anything is sent again."),
    "sent": gettext_noop("The carrier has it; the handset has not confirmed yet."),
    "delivered": gettext_noop("The handset confirmed it."),
    "failed": gettext_noop("Could not be delivered; see the reasons."),
    "withdrawn": gettext_noop("The alert was stopped or replaced before it was sent to these people."),
    "lapsed": gettext_noop("The alert expired before it was sent to these people."),
}

SEVERITIES = {
    "Extreme": gettext_noop("Extreme"),
    "Severe": gettext_noop("Severe"),
    "Moderate": gettext_noop("Moderate"),
    "Minor": gettext_noop("Minor"),
    "Unknown": gettext_noop("Unknown"),
}
URGENCIES = {
    "Immediate": gettext_noop("Immediate: act now"),
    "Expected": gettext_noop("Expected: within the hour"),
    "Future": gettext_noop("Future: later"),
    "Past": gettext_noop("Past: no longer needed"),
    "Unknown": gettext_noop("Unknown"),
}
CERTAINTIES = {
    "Observed": gettext_noop("Observed: it is happening"),
    "Likely": gettext_noop("Likely: more than even odds"),
    "Possible": gettext_noop("Possible: less than even odds"),
    "Unlikely": gettext_noop("Unlikely"),
    "Unknown": gettext_noop("Unknown"),
}
CATEGORIES = {
    "Geo": gettext_noop("Earth: earthquake, tsunami, volcano"),
    "Met": gettext_noop("Weather: storm, flood, heat"),
    "Safety": gettext_noop("Public safety"),
    "Security": gettext_noop("Security: unrest, attack, war"),
    "Rescue": gettext_noop("Rescue"),
    "Fire": gettext_noop("Fire"),
    "Health": gettext_noop("Health: epidemic"),
    "Env": gettext_noop("Environment: pollution"),
    "Transport": gettext_noop("Transport"),
    "Infra": gettext_noop("Infrastructure: power, water, telephone"),
    "CBRNE": gettext_noop("Chemical, biological, radioactive, explosive"),
    "Other": gettext_noop("Other"),
}
STATUSES = {
    "Actual": gettext_noop("Actual: a real warning"),
    "Exercise": gettext_noop("Exercise: only people marked for drills"),
    "Test": gettext_noop("Test: only people marked for drills"),
    "System": gettext_noop("System: a message between machines"),
    "Draft": gettext_noop("Draft: not to be used"),
}
PRECISIONS = {
    "exact": gettext_noop("Exact position"),
    "city": gettext_noop("Known by city"),
    "country": gettext_noop("Known by country"),
}
EXCLUSIONS = {
    "opted_out": gettext_noop("Asked not to be texted"),
    "number_bad": gettext_noop("Number known not to work"),
    "shared_number": gettext_noop("Share a number with somebody who gets it"),
    "erased": gettext_noop("Erased at their own wish"),
    "not_drill": gettext_noop("Not marked for drills any more"),
}
ACTIONS = {
    "alert.retried": gettext_noop("failed texts are tried again"),
    "alert.drafted": gettext_noop("drafted the alert"),
    "alert.edited": gettext_noop("changed the draft"),
    "alert.submitted": gettext_noop("asked for approval"),
    "alert.approved": gettext_noop("approved the alert"),
    "alert.returned": gettext_noop("returned it to the author"),
    "alert.rejected": gettext_noop("rejected the alert"),
    "alert.cancelled": gettext_noop("stopped the alert"),
    "alert.started": gettext_noop("began to send"),
    "alert.finished": gettext_noop("finished sending"),
    "alert.expired": gettext_noop("ended it: the alert expired"),
    "alert.superseded": gettext_noop("closed it: a later alert stands in its place"),
    "alert.resumed": gettext_noop("sends again: people have entered the area"),
    "alert.correction_released": gettext_noop("let the prepared correction go"),
    "alert.corrected": gettext_noop("corrected the alert"),
    "template.written": gettext_noop("wrote a template"),
    "template.revised": gettext_noop("changed a template"),
    "template.restored": gettext_noop("put an older version of a template in force again"),
    "template.retired": gettext_noop("retired a template"),
    "template.brought_back": gettext_noop("brought a template back"),
}
FIELDS = {
    "precisions": gettext_noop("How exactly known"),
    "headline": gettext_noop("Headline"),
    "event": gettext_noop("Event"),
    "description": gettext_noop("Description"),
    "instruction": gettext_noop("Instruction"),
    "place": gettext_noop("Place"),
    "magnitude": gettext_noop("Magnitude"),
    "level": gettext_noop("Alert level"),
    "title": gettext_noop("Report"),
    "onset": gettext_noop("Begins"),
    "expires": gettext_noop("Expires"),
    "status": gettext_noop("Kind"),
    "category": gettext_noop("Category"),
    "urgency": gettext_noop("Urgency"),
    "severity": gettext_noop("Severity"),
    "certainty": gettext_noop("Certainty"),
    "areas": gettext_noop("Area"),
    "texts": gettext_noop("Texts"),
    "mission_id": gettext_noop("Mission"),
    "follows": gettext_noop("What it follows"),
    "reason": gettext_noop("Reason"),
    "typed_count": gettext_noop("Number of people"),
    "state": gettext_noop("State"),
    "source": gettext_noop("Source"),
    "version": gettext_noop("Version"),
}

VARIANTS = {
    "alert": gettext_noop("The alert itself"),
    "country": gettext_noop("For people known by country only"),
    "update": gettext_noop("For those who have it and are still inside"),
    "left": gettext_noop("For those who have it and are inside no more"),
    "all_clear": gettext_noop("All clear"),
    "correction": gettext_noop("Prepared correction"),
}
VARIANT_HELP = {
    "alert": gettext_noop("Goes to everybody inside who has had no text of this chain."),
    "country": gettext_noop("Goes to people of whom only the country is known."),
    "update": gettext_noop("Says what has changed."),
    "left": gettext_noop("Says that the area has changed and does not include them any more."),
    "all_clear": gettext_noop("Goes to exactly those who got a text of this chain."),
    "correction": gettext_noop(
        "Not sent with the alert. Kept ready, so that one officer can stop the alert and correct it in seconds."
    ),
}

TEXT_LANGUAGES = (
    "ko", "en", "ja", "zh", "es", "fr", "de", "ru", "vi", "th", "id", "ms", "tl", "mn", "kk", "uz", "km", "my", "ne",
    "ar", "fa", "tr", "pt", "it", "pl", "uk", "hi", "bn", "si",
)  # fmt: skip
"""Languages offered for texts: those of travellers and of countries that many of them visit."""


def label(table: dict[str, str], key: str) -> str:
    """Return a value's name in the reader's language, or the value itself when it is not known."""
    return gettext(table[key]) if key in table else key


def options(table: dict[str, str]) -> list[tuple[str, str]]:
    """Return (value, name) pairs for a select, in the table's order."""
    return [(key, gettext(name)) for key, name in table.items()]


def state_name(state: str) -> str:
    """Return the name of an alert's state."""
    return gettext(STATES[state][0]) if state in STATES else state


def kind_name(alert: Alert) -> str:
    """Return what an alert is in its chain: the alert itself, an update, the all-clear or a correction."""
    if alert.source == "correction":
        return gettext("Correction")
    return {"Update": gettext("Update"), "Cancel": gettext("All clear")}.get(alert.msg_type, gettext("Alert"))


def state_kind(state: str) -> str:
    """Return the look of a state's badge."""
    return STATES[state][1] if state in STATES else "draft"


def field_name(path: str) -> str:
    """Return the name of a field by its path, for example `texts.ko`."""
    head, _, rest = path.partition(".")
    name = label(FIELDS, head)
    if head != "texts" or not rest:
        return name
    variant, mark, language = rest.partition(":")
    return (
        f"{name} ({label(VARIANTS, variant)}, {language_name(language)})" if mark else f"{name} ({language_name(rest)})"
    )


def country_name(code: str) -> str:
    """Return a country's name in the reader's language; ZZ is the sea or not known."""
    if code in ("ZZ", ""):
        return gettext("At sea or not known")
    return str(_locale().territories.get(code.upper(), code))


def language_name(code: str) -> str:
    """Return a language's name in the reader's language, or the code itself."""
    try:
        return str(Locale.parse(code.replace("-", "_")).get_display_name(_locale()) or code)
    except (UnknownLocaleError, ValueError):
        return code


def _locale() -> Locale:
    return get_locale() or Locale("en")
