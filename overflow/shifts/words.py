"""What this room's things are called."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask_babel import get_locale

from hotline.core.i18n import gettext, gettext_noop
from overflow.shifts.coverage import Day
from overflow.shifts.models import Shift
from overflow.shifts.texts import told

WEEKDAYS = (
    gettext_noop("Monday"), gettext_noop("Tuesday"), gettext_noop("Wednesday"), gettext_noop("Thursday"),
    gettext_noop("Friday"), gettext_noop("Saturday"), gettext_noop("Sunday"),
)  # fmt: skip
STATES = {
    "draft": gettext_noop("draft, nobody was told"),
    "published": gettext_noop("published"),
    "cancelled": gettext_noop("cancelled"),
    "declined": gettext_noop("cannot come"),
}
KINDS = {"draft": "draft", "published": "agreed", "cancelled": "ended", "declined": "fault"}
PARTS = {
    "early": gettext_noop("early"),
    "day": gettext_noop("day"),
    "late": gettext_noop("late"),
    "night": gettext_noop("night"),
}
NOTES = {
    "moved": gettext_noop("The clocks leave this time out; it was moved forward by as much as they change."),
    "first": gettext_noop("This time comes twice that night; the first one is meant."),
}
TELLINGS = {
    "published": gettext_noop("the shift"),
    "changed": gettext_noop("that it has changed"),
    "cancelled": gettext_noop("that it is off"),
    "taken": gettext_noop("that they have taken it over"),
    "passed_on": gettext_noop("that somebody else has taken it"),
    "refused": gettext_noop("that the swap was not agreed to"),
    "remind_day": gettext_noop("reminder the day before"),
    "remind_hour": gettext_noop("reminder an hour before"),
    "missed": gettext_noop("asked where they are"),
}
TELLING_STATES = {
    "waiting": gettext_noop("not yet due"),
    "sent": gettext_noop("text handed over"),
    "dropped": gettext_noop("no longer needed"),
    "unreachable": gettext_noop("no number is known: tell them yourself"),
}
WHY_ASKED = {
    "": gettext_noop("A planner looks at it."),
    "soon": gettext_noop("A planner looks at it, because it begins within twelve hours."),
    "kind": gettext_noop("A planner looks at it, because staff and volunteers would stand in for each other."),
    "skills": gettext_noop("A planner looks at it, because a skill that is needed would be missing."),
}
TRAIL = {
    "shift.planned": gettext_noop("shifts planned"),
    "shift.changed": gettext_noop("shift changed"),
    "shift.cancelled": gettext_noop("shift cancelled"),
    "shift.published": gettext_noop("shifts published"),
    "shift.offered": gettext_noop("shift offered to others"),
    "shift.offer_withdrawn": gettext_noop("offer of a shift taken back"),
    "shift.taken": gettext_noop("offered shift taken"),
    "shift.swap_approved": gettext_noop("swap of a shift agreed to"),
    "shift.swap_refused": gettext_noop("swap of a shift not agreed to"),
    "shift.declined": gettext_noop("said that they cannot come to a shift"),
    "shift.missed": gettext_noop("did not come to a shift"),
    "shift.need_kept": gettext_noop("people needed written down"),
    "shift.need_removed": gettext_noop("line of people needed removed"),
    "shift.pattern_kept": gettext_noop("pattern of shifts kept"),
    "shift.pattern_removed": gettext_noop("pattern of shifts removed"),
    "shift.calendar_renewed": gettext_noop("calendar of shifts given another address"),
}
EXPLANATIONS = {
    "shift-overlap": gettext_noop("%(name)s has another shift at that time."),
    "shift-rest": gettext_noop("%(name)s would have fewer than 11 hours of rest before or after this shift."),
    "shift-day-full": gettext_noop("%(name)s would work longer within 24 hours than they may."),
    "shift-week-full": gettext_noop("%(name)s would work longer within seven days than they may."),
    "shift-person-inactive": gettext_noop("%(name)s takes no shifts now."),
    "shift-away": gettext_noop("%(name)s is away then."),
    "shift-not-available": gettext_noop("%(name)s said that they cannot come at these hours."),
    "shift-past": gettext_noop("This time is over."),
    "shift-begun": gettext_noop("This shift has begun."),
    "shift-changed": gettext_noop("Somebody else changed this shift meanwhile; look at it again."),
    "shift-offered": gettext_noop("This shift is offered already."),
    "shift-not-offered": gettext_noop("This shift is not offered any more."),
    "shift-own": gettext_noop("This shift is your own."),
    "shift-not-yours": gettext_noop("This shift is somebody else's."),
    "shift-no-agent": gettext_noop(
        "You are on no roster: an administrator or a duty chief has to make you an agent first."
    ),
    "shift-needs-full": gettext_noop("There are at most 300 lines; remove some."),
    "shift-patterns-full": gettext_noop("There are at most 200 patterns; remove some."),
    "shift-pattern-name": gettext_noop("There is a pattern of this name."),
    "shift.zone": gettext_noop("Choose a time zone of the list."),
    "shift.day": gettext_noop("Choose a day within the next 400 days."),
    "shift.start": gettext_noop("Write a time such as 09:00 that differs from what is planned."),
    "shift.end": gettext_noop("A shift lasts 30 minutes to 24 hours."),
    "shift.reason": gettext_noop("Say why, in at most 300 characters; people who were told of the shift read it."),
    "shift.shifts": gettext_noop("Plan at most 2,000 shifts at once."),
    "shift.person": gettext_noop("Choose at least one person."),
    "shift.pattern": gettext_noop("Choose a pattern."),
    "shift.first": gettext_noop("Choose the week from which it is planned."),
    "shift.weeks": gettext_noop("Give 1 to 26 weeks."),
    "shift.target": gettext_noop("Choose another week."),
    "shift.file": gettext_noop("Choose a CSV file whose first row names the columns person, day, start and end."),
    "need.weekday": gettext_noop("Choose weekdays, or one day."),
    "need.hour_from": gettext_noop("Give an hour from 0 to 23."),
    "need.hour_to": gettext_noop("Give an hour up to 24, after the first."),
    "need.needed": gettext_noop("Give 0 to 999 people."),
    "need.mark": gettext_noop("Write a language as lang:en, a skill as visa:2, or nothing."),
    "need.day": gettext_noop("Choose a day."),
    "pattern.name": gettext_noop("Write 1 to 80 characters."),
    "pattern.lines": gettext_noop("Write one shift on each line, such as mon 09:00-18:00; at most 56."),
    "pattern.end": gettext_noop("A shift lasts 30 minutes to 24 hours."),
    "pattern.zone": gettext_noop("Choose a time zone of the list."),
}


def times(shift: Shift, zone: str, *, day: bool = False) -> str:
    """Return a shift's times on the wall of a zone, with the day where it is asked for."""
    language = "ko" if str(get_locale()) == "ko" else "en"
    whole = told((shift.starts_at, shift.ends_at), ZoneInfo(zone), language)
    if day:
        return whole
    start, end = (at.astimezone(ZoneInfo(zone)) for at in (shift.starts_at, shift.ends_at))
    return f"{start:%H:%M}–{end:%H:%M}"


def hours(shift: Shift) -> str:
    """Return a shift's real length in hours."""
    return f"{(shift.ends_at - shift.starts_at).total_seconds() / 3600:g}"


def mark(written: str) -> str:
    """Return what a need asks for, for people."""
    kind, _, value = written.partition(":")
    if kind == "lang":
        return gettext("speaks %(language)s", language=value)
    return gettext("%(skill)s, level %(level)s", skill=kind, level=value)


def asked(day: Day) -> bool:
    """Say whether anybody is needed on a day."""
    return any(count for hour in day.hours for count in hour.needed.values())


def zone_options(zones: Sequence[str], besides: str = "") -> list[tuple[str, str]]:
    """Return zones for a choice, with one more where it is not among them."""
    extra = [besides] if besides and besides not in zones else []
    return [(name, name.replace("_", " ")) for name in (*extra, *zones)]
