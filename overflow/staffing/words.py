"""What pages call the reasons of an advice, the numbers of a what-if and its failures, marked for translation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hotline.console.rendering import country_name, number, reader_zone
from hotline.core.i18n import gettext, gettext_noop

REASONS = {
    "short": gettext_noop(
        "At %(at)s about %(per_hour)s calls an hour are expected, for which %(needed)s people are needed; "
        "%(on_duty)s are on duty then and %(coming)s on their way."
    ),
    "size": gettext_noop(
        "If it becomes as busy as it well may, %(needed)s are needed at %(at)s: that makes %(call_out)s to call out."
    ),
    "lead": gettext_noop("Volunteers take about %(minutes)s minutes to come; they are needed from %(at)s."),
    "enough": gettext_noop(
        "At most %(needed)s people are needed in the time ahead in which help could come; %(on_duty)s are on "
        "duty then and %(coming)s on their way."
    ),
    "nearly": gettext_noop(
        "%(needed)s people may be needed and %(on_duty)s are on duty: too little is missing to call somebody out."
    ),
    "release": gettext_noop(
        "For 45 minutes there have been more than enough: %(on_duty)s on duty, at most %(needed)s needed in the"
        " next two hours. %(release)s may go."
    ),
    "jump": gettext_noop(
        "Calls have jumped since %(minutes)s minutes (%(country)s): %(per_hour)s an hour where %(usual)s are usual."
    ),
    "alert": gettext_noop(
        "Alerts have gone out to %(people)s people; about %(calls)s calls are still expected from them."
    ),
    "usual": gettext_noop("Calls run as usual: about %(per_hour)s an hour, %(usual)s at this hour of the week."),
    "measured": gettext_noop(
        "Counted with calls of %(handling)s s and %(patience)s s of patience (both measured in the last "
        "hour), %(redial)s %% of those who hang up calling again, and %(level)s %% to be answered in "
        "%(within)s s."
    ),
    "measured_call": gettext_noop(
        "Counted with calls of %(handling)s s (measured in the last hour) and %(patience)s s of patience "
        "(assumed), %(redial)s %% of those who hang up calling again, and %(level)s %% to be answered in "
        "%(within)s s."
    ),
    "measured_patience": gettext_noop(
        "Counted with calls of %(handling)s s (assumed) and %(patience)s s of patience (measured in the last "
        "hour), %(redial)s %% of those who hang up calling again, and %(level)s %% to be answered in "
        "%(within)s s."
    ),
    "assumed": gettext_noop(
        "Counted with calls of %(handling)s s and %(patience)s s of patience (both assumed), %(redial)s %% of"
        " those who hang up calling again, and %(level)s %% to be answered in %(within)s s."
    ),
}
FIELDS = {
    "per_hour": gettext_noop("Usual calls an hour"),
    "factor": gettext_noop("Times how many"),
    "hours": gettext_noop("For how many hours"),
    "agents": gettext_noop("Agents on duty"),
    "handling_s": gettext_noop("Seconds a call takes, with notes"),
    "patience_s": gettext_noop("Seconds callers wait in the mean"),
    "redial": gettext_noop("Of those who hang up, call again (%%)"),
    "within_s": gettext_noop("Answer in time means within (s)"),
    "volunteers": gettext_noop("Volunteers who come"),
    "minutes": gettext_noop("After how many minutes"),
}
STATES = {
    "waiting": gettext_noop("waits to be played"),
    "running": gettext_noop("is being played"),
    "done": gettext_noop("played"),
    "failed": gettext_noop("could not be played"),
}
STATE_KINDS = {"waiting": "waiting", "running": "running", "done": "done", "failed": "fault"}
FAILURES = {
    "too_long": gettext_noop("More calls came than can be played; give fewer arrivals or hours."),
    "too_slow": gettext_noop("It took longer than a minute and a half; give fewer arrivals or hours."),
    "lost": gettext_noop("The program that played it was ended; ask again."),
}
EXPLANATIONS = {
    "what-ifs-open": gettext_noop("Three of your questions are still being played; wait for one of them."),
    "what_if.per_hour": gettext_noop("Give a whole number from 1 to 20,000."),
    "what_if.factor": gettext_noop("Give a number from 1 to 100."),
    "what_if.hours": gettext_noop("Give a number from 0.5 to 48, and altogether not more than 150,000 calls."),
    "what_if.agents": gettext_noop("Give a whole number from 0 to 1,000."),
    "what_if.volunteers_a": gettext_noop("Give a whole number from 0 to 1,000."),
    "what_if.volunteers_b": gettext_noop("Give a whole number from 0 to 1,000."),
    "what_if.minutes_a": gettext_noop("Give a whole number from 0 to 1,440."),
    "what_if.minutes_b": gettext_noop("Give a whole number from 0 to 1,440."),
    "what_if.handling_s": gettext_noop("Give a whole number from 10 to 3,600."),
    "what_if.patience_s": gettext_noop("Give a whole number from 10 to 3,600."),
    "what_if.redial": gettext_noop("Give a whole number from 0 to 95."),
    "what_if.within_s": gettext_noop("Give a whole number from 1 to 600."),
}


def sentence(code: str, numbers: Mapping[str, Any]) -> str:
    """Return a reason in the reader's language, with its numbers; times are the reader's own."""
    return gettext(REASONS[code], **{name: _shown(name, value) for name, value in numbers.items()})


def _shown(name: str, value: Any) -> str:
    if name == "at":
        return datetime.fromisoformat(value).astimezone(ZoneInfo(reader_zone())).strftime("%H:%M")
    if name == "country":
        return country_name(value) if value else gettext("the centre's own line")
    return number(value)
