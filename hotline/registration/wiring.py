"""What registration brings: its public pages, their words, and the clearing of old checks."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from hotline.core.registry import Registry
from hotline.registration import checks, pages

FORGET_JOB = "registration.forget_old"
EXPLANATIONS = {
    "registration.name": gettext_noop("Give your name in 1 to 160 characters."),
    "registration.phone": gettext_noop("Give a mobile number that can receive texts; choose its country first."),
    "registration.email": gettext_noop("Write an address such as name@example.org, or leave it empty."),
    "registration.region": gettext_noop("Choose the country of your number."),
    "registration.language": gettext_noop("Choose one of the languages."),
    "registration.country": gettext_noop("Choose the country you travel to."),
    "registration.place": gettext_noop("This city is not known in that country; leave it empty for the whole country."),
    "registration.first_date": gettext_noop("Give the first day of your stay."),
    "registration.last_date": gettext_noop(
        "Give the last day: not in the past, not before the first, at most a year later."
    ),
}


def register(registry: Registry) -> None:
    """Add the room's routes, texts and job."""
    registry.blueprints.append(pages.blueprint)
    registry.explanations |= EXPLANATIONS
    registry.action_labels["traveller.verified"] = gettext_noop("number verified by the traveller")
    registry.job(FORGET_JOB, checks.forget_old, queue="slow", timeout_s=60)
    registry.every(3600, FORGET_JOB)
