"""Names of the room's acts on the trail, and its errors in plain words."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

ACTIONS = {
    "mission.hours_changed": gettext_noop("mission's hours changed"),
    "mission.exception_set": gettext_noop("mission's hours of one day set"),
    "mission.exception_removed": gettext_noop("mission's hours of one day taken back"),
    "mission.closed_now": gettext_noop("mission closed by one tap"),
    "mission.open_now": gettext_noop("mission opened by one tap"),
    "mission.hours_again": gettext_noop("mission follows its hours again"),
    "mission.holidays_chosen": gettext_noop("mission's holidays chosen"),
    "mission.holiday_added": gettext_noop("mission's own holiday added"),
    "mission.lines_changed": gettext_noop("mission's lines changed"),
    "mission.duty_changed": gettext_noop("mission's duty chain changed"),
    "mission.bulletin_added": gettext_noop("mission's bulletin added"),
    "mission.bulletin_withdrawn": gettext_noop("mission's bulletin taken back"),
    "mission.staff_added": gettext_noop("officer put on a mission's staff"),
    "mission.staff_removed": gettext_noop("officer taken off a mission's staff"),
    "missions.imported": gettext_noop("list of missions imported"),
}
EXPLANATIONS = {
    "not-your-mission": gettext_noop("Only those who work at this mission, or who keep missions, may do that."),
    "follows-its-hours": gettext_noop("The mission follows its hours already."),
    "too-many-staff": gettext_noop("A mission has at most 60 officers here."),
    "too-many-exceptions": gettext_noop("A mission has at most 400 exceptions ahead."),
    "too-many-holidays": gettext_noop("A year has at most 120 holidays here."),
    "too-many-lines": gettext_noop("A mission has at most 20 lines here."),
    "too-many-in-chain": gettext_noop("A duty chain has at most 8 people."),
    "too-many-bulletins": gettext_noop("A mission has at most 30 bulletins at once; take one back first."),
    "mission.hours": gettext_noop(
        "%(value)s cannot be read as hours; write for example Mo-Fr 09:00-12:00,13:30-17:30. (%(mend)s)"
    ),
    "mission.holiday_hours": gettext_noop("Write off, or times such as 10:00-12:00."),
    "mission.day": gettext_noop("Choose a day from today on, at most three years ahead."),
    "mission.note": gettext_noop("Use at most 200 characters."),
    "mission.reason": gettext_noop("Give the reason in 1 to 200 characters."),
    "mission.ends_at": gettext_noop("Choose an end from now on, at most 31 days ahead."),
    "mission.valid_until": gettext_noop("Choose an end from now on, at most three years ahead."),
    "mission.text_ko": gettext_noop("Write the text in 1 to 2,000 characters."),
    "mission.text_en": gettext_noop("Write the text in 1 to 2,000 characters."),
    "mission.name": gettext_noop("Give the sign-in name of a mission's officer or of a cashier."),
    "mission.email": gettext_noop("Give an address such as duty@example.org."),
    "mission.languages": gettext_noop("Use codes of languages such as ko, en, zh."),
    "mission.regions": gettext_noop("Use names of 1 to 80 characters, at most 60."),
    "mission.partner": gettext_noop("Give the code of another mission that keeps the same time zone."),
    "mission.services_ko": gettext_noop("Use at most 2,000 characters."),
    "mission.services_en": gettext_noop("Use at most 2,000 characters."),
    "mission.return_number": gettext_noop(
        "A call handed back would be forwarded again; give a number that is not forwarded."
    ),
    "mission.number": gettext_noop("Another mission has this number."),
    "mission.pool_number": gettext_noop("Forward each line to a number of its own."),
    "mission.week": gettext_noop("Give each spell a beginning and a later end."),
    "mission.chosen": gettext_noop("Choose among the holidays proposed for the year."),
    "mission.year": gettext_noop("Choose this year or one of the next two."),
    "mission.technique": gettext_noop("Choose how the line is known: number, webhook or sip."),
    "mission.line": gettext_noop("The row cannot be read; compare its cells with the header."),
    "mission_row.number": gettext_noop(
        "This number cannot be used; write it with its country's code, and each number once."
    ),
    "mission_row.phone": gettext_noop(
        "This number cannot be used; write it with its country's code, and each number once."
    ),
    "mission_row.return_number": gettext_noop(
        "This number cannot be used; write it with its country's code, and each number once."
    ),
    "mission_row.pool_number": gettext_noop(
        "Say with its country's code to which number of the centre the line forwards."
    ),
    "mission_row.technique": gettext_noop("Choose how the line is known: number, webhook or sip."),
    "mission_row.label": gettext_noop("Use at most 80 characters."),
    "mission_row.name": gettext_noop("Give a name in 1 to 80 characters."),
    "missions.header": gettext_noop("The first line must name the columns: %(mend)s."),
    "missions.list": gettext_noop("Choose a CSV file saved as UTF-8. (%(mend)s)"),
}
