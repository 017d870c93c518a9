"""Words of forwarding: what each step of a decision says, kinds, outcomes, warnings, errors and the audit trail's actions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hotline.core.i18n import gettext, gettext_noop
from overflow.forwarding.decision import Step

MESSAGES = {
    "incident": gettext_noop("An incident rule holds until %(until)s: %(note)s"),
    "take_all": gettext_noop("The mission asked the centre to take all its calls until %(until)s."),
    "take_all_not": gettext_noop("The mission has not asked for that."),
    "ended": gettext_noop("The mission is closed for good."),
    "ended_not": gettext_noop("The mission exists."),
    "protected": gettext_noop("The number is on the list of protection (%(path)s)."),
    "protected_not": gettext_noop("Nothing is held against the number."),
    "test": gettext_noop("It is a test call of the line."),
    "test_not": gettext_noop("It is not a test."),
    "closed": gettext_noop("The mission is closed (%(why)s) until %(until)s."),
    "open": gettext_noop("The mission is open (%(why)s) until %(until)s."),
    "busy": gettext_noop("The mission's line is busy."),
    "busy_not": gettext_noop("The exchange did not say busy."),
    "no_answer": gettext_noop("Nobody picked up at the mission."),
    "no_answer_not": gettext_noop("The exchange did not say that nobody picks up."),
    "language": gettext_noop("Nobody on duty here speaks %(language)s, and the open mission does."),
    "language_unknown": gettext_noop("The exchange named no language."),
    "language_here": gettext_noop("The centre speaks %(language)s, or nobody is on duty to judge by."),
    "language_closed": gettext_noop("Nobody on duty speaks %(language)s, but the mission is closed."),
    "language_nowhere": gettext_noop("Neither the centre nor the mission speaks %(language)s."),
    "capacity": gettext_noop(
        "No agent is free and %(waiting)s callers wait (full from %(limit)s), and the mission is open."
    ),
    "capacity_free": gettext_noop(
        "The centre has room: %(ready)s agents free, %(waiting)s callers waiting (full from %(limit)s)."
    ),
    "capacity_closed": gettext_noop("The centre is full with %(waiting)s callers waiting, but the mission is closed."),
    "partner": gettext_noop(
        "The centre is full with %(waiting)s callers waiting, and the partner mission is open: %(name)s."
    ),
    "partner_none": gettext_noop("There is no partner mission in the same time zone."),
    "partner_closed": gettext_noop("The partner mission is closed, too: %(name)s."),
    "default": gettext_noop("No rule applies; in doubt a call is taken."),
    "off": gettext_noop("This rule is switched off."),
    "elsewhere": gettext_noop("This rule is for another mission or country."),
    "over": gettext_noop("The time of this rule is over, or has not begun."),
    "no_number": gettext_noop("There is no telephone for a hand-back, so this rule is passed over."),
    "still_forwarded": gettext_noop(
        "%(number)s is itself forwarded to us; a call would go in a circle, so this rule is passed over."
    ),
    "our_number": gettext_noop(
        "%(number)s is a number of ours; a call would go in a circle, so this rule is passed over."
    ),
    "called_line": gettext_noop(
        "%(number)s is the line that was called; it would ring us again, so this rule is passed over."
    ),
}
WHYS = {
    "hours": gettext_noop("by its hours"), "holiday": gettext_noop("a holiday"), "exception": gettext_noop("an exception"),
    "closed_now": gettext_noop("closed by hand"), "open_now": gettext_noop("opened by hand"),
    "unknown": gettext_noop("nobody has given its hours"),
}  # fmt: skip
KINDS = {
    "incident": gettext_noop("Incident"), "take_all": gettext_noop("The mission asks: take all"),
    "ended": gettext_noop("Mission closed for good"), "protected": gettext_noop("Number on the list of protection"),
    "test": gettext_noop("Test call"), "closed": gettext_noop("Mission closed now"), "busy": gettext_noop("Line busy"),
    "no_answer": gettext_noop("No answer"), "language": gettext_noop("Language"), "capacity": gettext_noop("Centre full"),
    "partner": gettext_noop("Partner mission in the same zone"), "default": gettext_noop("Otherwise"),
    "static": gettext_noop("Database away"),
}  # fmt: skip
PATHS = {"blocked": gettext_noop("blocked"), "separate": gettext_noop("held apart")}
ACTIONS = {
    "take": gettext_noop("The centre takes it"), "return": gettext_noop("Hand it back"), "refuse": gettext_noop("Refuse it"),
}  # fmt: skip
REASONS = {
    "closed": gettext_noop("the mission is closed"),
    "busy": gettext_noop("line busy"), "no_answer": gettext_noop("nobody picks up"),
    "all": gettext_noop("all calls"), "test": gettext_noop("test"), "unknown": gettext_noop("reason not known"),
}  # fmt: skip
OUTCOMES = {
    "applied": gettext_noop("decides"), "passed": gettext_noop("does not apply"), "off": gettext_noop("switched off"),
    "elsewhere": gettext_noop("for others"), "over": gettext_noop("not now"), "blocked": gettext_noop("would make a circle"),
}  # fmt: skip
HOWS = {
    "token": gettext_noop("token"), "number": gettext_noop("number and time"), "window": gettext_noop("moment"),
    "called": gettext_noop("number called"), "forwarded_from": gettext_noop("ForwardedFrom"),
    "diversion": gettext_noop("Diversion header"),
}  # fmt: skip
WARNINGS = {
    "no_line": gettext_noop("%(mission)s has no line here: nothing of it is forwarded."),
    "no_pool": gettext_noop(
        "%(line)s has no number of ours; its calls go to the centre's own number and are hard to recognise."
    ),
    "no_hours": gettext_noop(
        "Nobody has given the hours of %(mission)s: it counts as closed, and every call is taken."
    ),
    "no_return": gettext_noop("%(line)s has no telephone for a hand-back: every call of it is taken."),
    "still_forwarded": gettext_noop(
        "The hand-back of %(line)s rings %(number)s, which is itself forwarded to us. It is never used."
    ),
    "our_number": gettext_noop("The hand-back of %(line)s rings %(number)s, a number of ours. It is never used."),
    "called_line": gettext_noop("The hand-back of %(line)s rings the line itself. It is never used."),
    "partner_unreachable": gettext_noop(
        "No call can be handed to the partner of %(mission)s: it is closed for good or in another time zone, or has no number "
        "for hand-backs that does not lead back to us."
    ),
    "silent": gettext_noop(
        "The exchange of %(line)s has fallen silent: it announced its calls until %(since)s, and since then %(calls)s came in "
        "without a word. They are answered by the number they reach, but nothing is decided beforehand."
    ),
    "no_key": gettext_noop("The exchange of %(mission)s has no good key: its webhooks are refused."),
}
EXPLANATIONS = {
    "mission-closed": gettext_noop("The mission is closed for good; reopen it first."),
    "too-many-keys": gettext_noop("The mission has too many good keys; end some first."),
    "rules-full": gettext_noop("The list of rules is full; end some incidents first."),
    "overflow.action": gettext_noop("Choose one of the actions that this rule can have."),
    "overflow.limit": gettext_noop("Use a whole number from 0 to 10,000."),
    "overflow.country": gettext_noop("Choose either a mission or a country."),
    "overflow.ends_at": gettext_noop("Choose a time within the next 60 days."),
    "overflow.note": gettext_noop("Say why, in at most 200 characters."),
    "overflow.until": gettext_noop("Choose a time within the next 14 days."),
    "overflow.reason": gettext_noop("Use at most 200 characters."),
    "overflow.at": gettext_noop("Write the time as year-month-dayThour:minute."),
    "overflow.caller": gettext_noop("Write the number in international form, such as +821012345678."),
}
TRAIL = {
    "exchange.key_added": gettext_noop("key given to an exchange"),
    "exchange.key_ended": gettext_noop("key of an exchange ended"),
    "overflow.take_all": gettext_noop("all calls taken for a mission"),
    "overflow.take_all_ended": gettext_noop("mission takes its own calls again"),
    "overflow.rule_added": gettext_noop("overflow rule added"),
    "overflow.rule_ended": gettext_noop("overflow rule ended"),
    "overflow.rule_changed": gettext_noop("overflow rule changed"),
    "overflow.rule_moved": gettext_noop("overflow rule moved"),
}


def plain(step: Step) -> str:
    """Return a step in English with times in UTC, for an exchange's log."""
    values: dict[str, Any] = dict(step.values)
    values["name"] = values.get("name_en", "")
    if "why" in values:
        values["why"] = WHYS.get(str(values["why"]), values["why"])
    if "until" in values:
        until = values["until"]
        values["until"] = until.replace("T", " ")[:16] + " UTC" if until else "further notice"
    return MESSAGES[step.message] % values


def told(message: str, values: Mapping[str, Any], language: str, zone_time: Any) -> str:
    """Return a step in the reader's language; `zone_time` writes an aware time as its page does."""
    shown: dict[str, Any] = dict(values)
    shown["name"] = shown.get(f"name_{language}") or shown.get("name_en", "")
    if "why" in shown:
        shown["why"] = gettext(WHYS.get(str(shown["why"]), str(shown["why"])))
    if "path" in shown:
        shown["path"] = gettext(PATHS.get(str(shown["path"]), str(shown["path"])))
    if "until" in shown:
        until = shown["until"]
        shown["until"] = zone_time(datetime.fromisoformat(until)) if until else gettext("further notice")
    return str(gettext(MESSAGES[message], **shown)) if message in MESSAGES else message
