"""What the roster's states, actions and errors are called."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale

from hotline.core.i18n import DEFAULT_LANGUAGE, gettext, gettext_noop
from overflow.volunteers.fields import CHECKS, written_minute
from overflow.volunteers.models import Volunteer

STATES = {
    "applied": gettext_noop("waits for a decision"),
    "approved": gettext_noop("on the roster"),
    "suspended": gettext_noop("suspended"),
    "refused": gettext_noop("not taken"),
    "left": gettext_noop("left"),
}
STATE_KINDS = {
    "applied": "waiting", "approved": "agreed", "suspended": "fault", "refused": "ended", "left": "ended",
}  # fmt: skip
ACTIONS = {
    "volunteer.added": gettext_noop("volunteer entered"),
    "volunteer.changed": gettext_noop("volunteer changed"),
    "volunteer.confirmed": gettext_noop("volunteer confirmed number and consent"),
    "volunteer.approved": gettext_noop("volunteer taken on"),
    "volunteer.refused": gettext_noop("volunteer not taken"),
    "volunteer.suspended": gettext_noop("volunteer suspended"),
    "volunteer.reinstated": gettext_noop("volunteer taken back"),
    "volunteer.left": gettext_noop("volunteer left"),
    "volunteer.removed": gettext_noop("volunteer removed"),
    "volunteer.erased": gettext_noop("volunteer erased"),
    "volunteer.links_ended": gettext_noop("volunteer's links ended"),
    "volunteer.link_sent": gettext_noop("link sent to the volunteer"),
    "volunteer.hours_set": gettext_noop("volunteer's hours of the week set"),
    "volunteer.away_set": gettext_noop("volunteer's days away set"),
    "volunteer.not_now": gettext_noop("volunteer: not now"),
    "volunteer.phone_changed": gettext_noop("volunteer's number changed"),
    "volunteer.certificate_given": gettext_noop("certificate given"),
    "volunteer.certificate_withdrawn": gettext_noop("certificate withdrawn"),
    "volunteer.certified_skills": gettext_noop("skills with certificates chosen"),
    "volunteer.hours_over": gettext_noop("volunteer's hours are over"),
    "volunteer.statement": gettext_noop("statement of hours made"),
    "volunteers.imported": gettext_noop("roster imported"),
    "volunteers.exported": gettext_noop("roster sent as a table"),
}
EXPLANATIONS = {
    "not-on-roster": gettext_noop("This number belongs to nobody on the roster of volunteers."),
    "no-desk-now": gettext_noop("You are neither called out nor on a shift now, so there is no desk for you."),
    "volunteer-not-verified": gettext_noop("The number is not verified yet: nobody has shown that they hold it."),
    "volunteer-no-consent": gettext_noop("They have not agreed to the words about their data yet."),
    "volunteer-known": gettext_noop("This number is on the roster already."),
    "volunteer-gone": gettext_noop("This person is not on the roster any more."),
    "volunteer-phone-proof": gettext_noop(
        "They change their number on their own page, with a code sent to the new one."
    ),
    "volunteer-still-there": gettext_noop("Somebody on the roster leaves it first."),
    "on-duty-elsewhere": gettext_noop("This number takes calls already, from another place; sign off there first."),
    "hours-over": gettext_noop("Your hours for today or this week are over; rest now. Thank you."),
    "certificate-withdrawn": gettext_noop("This certificate was withdrawn before."),
    "volunteer.reason": gettext_noop("Give the reason in 1 to 500 characters."),
    "volunteer.name": gettext_noop("Give the name in 1 to 120 characters."),
    "volunteer.phone": gettext_noop(
        "Give a mobile number that can receive texts; from abroad with + and the country's code."
    ),
    "volunteer.email": gettext_noop("Write an address such as name@example.org, or leave it empty."),
    "volunteer.languages": gettext_noop("Name at least one language by its code, such as ko or en."),
    "volunteer.speaks": gettext_noop("Choose Korean or English."),
    "volunteer.skills": gettext_noop("Write skills as visa or visa:2, with levels from 1 to 5."),
    "volunteer.skill": gettext_noop("Write a skill in small Latin letters, such as visa."),
    "volunteer.level": gettext_noop("Choose a level from 1 to 5."),
    "volunteer.source": gettext_noop("Use at most 60 characters."),
    "volunteer.expires_at": gettext_noop("Choose a day within the coming five years."),
    "volunteer.zone": gettext_noop("Choose a zone from the list, such as Asia/Seoul."),
    "volunteer.site": gettext_noop("Use at most 80 characters."),
    "volunteer.note": gettext_noop("Use at most 2,000 characters."),
    "volunteer.max_hours_day": gettext_noop("Choose 1 to 12 hours."),
    "volunteer.max_hours_week": gettext_noop("Choose 1 to 52 hours."),
    "volunteer.quiet_from": gettext_noop("Write the time as 22:00."),
    "volunteer.quiet_to": gettext_noop("Write the time as 07:00."),
    "volunteer.hours": gettext_noop("Give each time of a quarter of an hour or more, at most 50."),
    "volunteer.away": gettext_noop("Give first and last day, the last on or after the first."),
    "volunteer.until": gettext_noop("Choose a moment within the coming year."),
    "volunteer.senior": gettext_noop("Write yes or no."),
    "volunteer.drill": gettext_noop("Write yes or no."),
    "volunteer.list": gettext_noop("Choose a file."),
    "volunteer.header": gettext_noop("The first line must name the columns name, phone and languages, each once."),
    "volunteer.file": gettext_noop("Save the list as CSV UTF-8."),
    "volunteer.line": gettext_noop("This line cannot be read as a row of the table."),
}
EVENTS = {
    "approve": gettext_noop("Take on"),
    "refuse": gettext_noop("Do not take"),
    "suspend": gettext_noop("Suspend"),
    "reinstate": gettext_noop("Put back on the roster"),
    "remove": gettext_noop("Remove from the roster"),
}
WEEKDAYS = (
    gettext_noop("Monday"), gettext_noop("Tuesday"), gettext_noop("Wednesday"), gettext_noop("Thursday"),
    gettext_noop("Friday"), gettext_noop("Saturday"), gettext_noop("Sunday"),
)  # fmt: skip


def state_label(state: str) -> str:
    """Return a state in the reader's language."""
    return gettext(STATES[state])


def weekday(number: int) -> str:
    """Return a day of the week in the reader's language; 0 is Monday."""
    return gettext(WEEKDAYS[number])


def mend_of(refused: dict[str, Any]) -> str:
    """Return what to mend in a refused row of a list: the exact words in English, in other languages those for its column."""
    known = EXPLANATIONS.get(f"volunteer.{refused['field']}")
    if known is None or str(get_locale()) == DEFAULT_LANGUAGE:
        return str(refused["mend"])
    return gettext(known)


def form_values(volunteer: Volunteer) -> dict[str, Any]:
    """Return the fields as forms and tables carry them, lists parted by `|` and times as 22:00."""
    values: dict[str, Any] = {name: getattr(volunteer, name) for name in CHECKS}
    skills = [f"{skill}:{level}" for skill, level in sorted(volunteer.skills.items())]
    return values | {
        "languages": "|".join(volunteer.languages), "skills": "|".join(skills),
        "quiet_from": written_minute(volunteer.quiet_from), "quiet_to": written_minute(volunteer.quiet_to),
    }  # fmt: skip
