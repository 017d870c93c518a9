"""What pages and the audit trail call cases, their states and the entries of their history."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STATES = {
    "open": gettext_noop("nobody's yet"),
    "in_hand": gettext_noop("in hand"),
    "waiting": gettext_noop("waiting for something"),
    "closed": gettext_noop("closed"),
}
STATE_KINDS = {"open": "fault", "in_hand": "running", "waiting": "waiting", "closed": "ended"}
"""The house's kinds of badges."""
PRIORITIES = {
    1: gettext_noop("at once"),
    2: gettext_noop("urgent"),
    3: gettext_noop("soon"),
    4: gettext_noop("usual"),
}
ENTRIES = {
    "answer": gettext_noop("The person said"),
    "note": gettext_noop("Note"),
    "taken": gettext_noop("Taken"),
    "handed_over": gettext_noop("Given to a colleague"),
    "released": gettext_noop("Given back"),
    "waiting": gettext_noop("Put aside"),
    "resumed": gettext_noop("Gone on with"),
    "closed": gettext_noop("Case closed"),
    "contact": gettext_noop("In touch"),
    "spoken": gettext_noop("Spoken with"),
    "link_sent": gettext_noop("Link to this case sent"),
    "reopened": gettext_noop("Opened again"),
    "asked": gettext_noop("Asked a responsible official"),
    "climbed": gettext_noop("Not answered in time: asked one level higher"),
    "reminded": gettext_noop("Not answered in time: asked again"),
    "answered": gettext_noop("The responsible official answered"),
    "attached": gettext_noop("File added"),
    "message": gettext_noop("A message was left"),
    "callback_promised": gettext_noop("Callback promised"),
    "callback_reserved": gettext_noop("Callback reserved"),
    "callback_overdue": gettext_noop("A promised callback is overdue"),
    "callback_given_up": gettext_noop("Callback given up, nobody was reached"),
    "money": gettext_noop("Emergency money"),
    "mission_took": gettext_noop("Taken over by the mission"),
    "mission_gave_back": gettext_noop("Given back by the mission"),
    "mission_lost": gettext_noop("Taken back from the mission"),
}
AROUND = {
    "alert": gettext_noop("Alert received"),
    "text": gettext_noop("Text sent"),
}
"""What stands in the story of a case without being an entry of its history."""
CHANNELS = {
    "link": gettext_noop("by the personal page"),
    "sms": gettext_noop("by text"),
    "voice": gettext_noop("by phone"),
    "officer": gettext_noop("told to an officer"),
    "call": gettext_noop("by phone"),
    "text": gettext_noop("by text"),
    "chat": gettext_noop("by chat"),
    "mail": gettext_noop("by e-mail"),
    "visit": gettext_noop("in person"),
    "answer": gettext_noop("answer to an alert"),
}
WHYS = {
    "no_answer": gettext_noop("no answer"),
    "busy": gettext_noop("busy"),
    "dead_number": gettext_noop("number does not work"),
    "failed": gettext_noop("call failed"),
}
"""How the last try of a callback ended."""
MOODS = {
    "calm": gettext_noop("calm"),
    "worried": gettext_noop("worried"),
    "distressed": gettext_noop("distressed"),
    "angry": gettext_noop("angry"),
}
RISKS = {
    "threat_to_life": gettext_noop("threat to life"),
    "medical": gettext_noop("ill or injured"),
    "abuse": gettext_noop("suffers abuse"),
    "minor": gettext_noop("minor in danger"),
    "distress": gettext_noop("distress"),
}
FLAGS = {
    "abuse": gettext_noop("abuse"),
    "spam": gettext_noop("spam"),
    "fraud": gettext_noop("fraud"),
    "burst": gettext_noop("many calls at once"),
    "sequence": gettext_noop("numbers in sequence"),
}
PATHS = {"separate": gettext_noop("goes a separate way"), "blocked": gettext_noop("blocked")}
INCIDENTS = {
    "warned": gettext_noop("warned once"),
    "warned_again": gettext_noop("warned twice"),
    "ended": gettext_noop("ended, to be reviewed"),
    "upheld": gettext_noop("upheld"),
    "overturned": gettext_noop("overturned"),
}
SUPPORT = {
    "": gettext_noop("not offered"),
    "offered": gettext_noop("offered"),
    "wanted": gettext_noop("wanted"),
    "declined": gettext_noop("declined"),
}
DIRECTIONS = {"in": gettext_noop("they came to us"), "out": gettext_noop("we went to them")}
DISPOSITIONS = {
    "certificate": gettext_noop("Certificate, apostille"),
    "visa": gettext_noop("Visa"),
    "passport": gettext_noop("Passport"),
    "general": gettext_noop("General information"),
    "safety": gettext_noop("Safety of a place"),
    "accident": gettext_noop("Accident"),
    "crime": gettext_noop("Crime"),
    "detention": gettext_noop("Arrest or detention"),
    "medical": gettext_noop("Illness or injury"),
    "missing": gettext_noop("Missing person"),
    "death": gettext_noop("Death"),
    "money": gettext_noop("Money"),
    "interpreting": gettext_noop("Interpretation"),
    "transferred": gettext_noop("Passed on to another office"),
    "wrong_number": gettext_noop("Wrong number"),
    "silent": gettext_noop("Nobody spoke"),
    "abuse": gettext_noop("Abusive call"),
    "spam": gettext_noop("Advertising or nuisance"),
    "other": gettext_noop("Something else"),
}
KEY_STEPS = {
    "": gettext_noop("Warn the caller"),
    "warned": gettext_noop("Warn a second time"),
    "warned_again": gettext_noop("End the call"),
}
"""What the one key does next, by what it has done."""
SAYS = {"help": gettext_noop("needs help"), "safe": gettext_noop("is safe")}
ACTIONS = {
    "case.opened": gettext_noop("case opened"),
    "case.heard": gettext_noop("person spoke again"),
    "case.taken": gettext_noop("case taken"),
    "case.handed_over": gettext_noop("case handed over"),
    "case.released": gettext_noop("case given back"),
    "case.waiting": gettext_noop("case put aside"),
    "case.resumed": gettext_noop("case gone on with"),
    "case.closed": gettext_noop("case closed"),
    "case.noted": gettext_noop("note on a case"),
    "case.reopened": gettext_noop("case opened again"),
    "case.escalated": gettext_noop("official asked"),
    "escalation.climbed": gettext_noop("asked one level higher"),
    "escalation.reminded": gettext_noop("official reminded"),
    "escalation.answered": gettext_noop("official answered"),
    "escalation_rule.made": gettext_noop("escalation rule set"),
    "escalation_rule.removed": gettext_noop("escalation rule removed"),
    "contact.identified": gettext_noop("said who it is"),
    "contact.attached": gettext_noop("contact put into a case"),
    "contact.remarked": gettext_noop("note kept with a contact that goes on"),
    "contact.closed": gettext_noop("contact closed"),
    "person.added": gettext_noop("person added"),
    "person.changed": gettext_noop("person changed"),
    "person.merged": gettext_noop("persons found to be one"),
    "person.parted": gettext_noop("persons parted again"),
    "person.revealed": gettext_noop("hidden value looked at"),
    "person.links_ended": gettext_noop("links to cases ended"),
    "case.money": gettext_noop("step of emergency money"),
    "case.link_sent": gettext_noop("link to the case sent"),
    "person.erased": gettext_noop("person erased"),
    "abuse.warned": gettext_noop("caller warned"),
    "abuse.ended": gettext_noop("abusive call ended"),
    "abuse.support": gettext_noop("support answered"),
    "abuse.reviewed": gettext_noop("abusive call reviewed"),
    "number.flagged": gettext_noop("number held apart"),
    "number.lifted": gettext_noop("number let through again"),
    "case.callback_promised": gettext_noop("callback promised"),
    "case.callback_reserved": gettext_noop("callback reserved"),
    "case.callback_overdue": gettext_noop("callback overdue"),
    "case.callback_given_up": gettext_noop("callback given up"),
    "attachment.added": gettext_noop("file added to a case"),
}
EXPLANATIONS = {
    "not-in-case": gettext_noop("This person is not in the case."),
    "no-number": gettext_noop("No number of this person is known."),
    "link-just-sent": gettext_noop("A link went out a moment ago. Wait ten minutes before you send another."),
    "who-is-it": gettext_noop("Choose who it is, or write a name."),
    "contact.case": gettext_noop("Write the number of a case, such as CS-000012."),
    "contact.relation": gettext_noop("Use at most 60 characters."),
    "contact.summary": gettext_noop("Say in 1 to 200 characters what it is about."),
    "contact.country": gettext_noop("Choose a country, or leave it open."),
    "contact.disposition": gettext_noop("Choose what it was about."),
    "contact.mood": gettext_noop("Choose a mood of the list, or none."),
    "contact.risk": gettext_noop("Choose risks of the list."),
    "contact.note": gettext_noop("Use at most 4,000 characters; for an abusive call at most 1,000."),
    "contact.name": gettext_noop("Use at most 160 characters."),
    "contact.language": gettext_noop("Use a code of a language, such as ko or en."),
    "contact.person_id": gettext_noop("Choose who it is, or write a name."),
    "contact.traveller_id": gettext_noop("Choose who it is, or write a name."),
    "case-taken": gettext_noop("%(owner)s has taken this case already."),
    "not-your-case": gettext_noop("This case is somebody else's; only its owner or a senior agent changes it."),
    "case.note": gettext_noop("Write a note of at most 4,000 characters."),
    "case.reason": gettext_noop("Say in at most 1,000 characters what became of it."),
    "contact-in-case": gettext_noop("This contact is in another case already."),
    "case-closed": gettext_noop("The case is closed. Open it again, or open another."),
    "contact-closed": gettext_noop("This contact is closed."),
    "warn-first": gettext_noop("Warn the caller first, twice."),
    "danger-call": gettext_noop("A life may be in danger: a senior agent decides about this call."),
    "own-incident": gettext_noop("Somebody else must look at this call."),
    "desk-key": gettext_noop("In a call the key is on the desk of whoever is in it; a senior may press it here."),
    "not-your-incident": gettext_noop("Only the agent of the call answers this."),
    "official-owes-answer": gettext_noop(
        "A responsible official was asked and has not answered; until then the case stays open."
    ),
    "no-rule": gettext_noop("No official is set for such a case. An administrator adds a rule first."),
    "asked-already": gettext_noop("An official has been asked already and still owes the answer."),
    "not-your-answer": gettext_noop("Only an official who was asked answers this."),
    "too-late": gettext_noop("The time to open this case again is over; open a new one."),
    "newer-case": gettext_noop("There is a newer open case about the same thing."),
    "undo-over": gettext_noop("The time to take this back is over."),
    "undo-later-first": gettext_noop("Take the later merge back first."),
    "same-person": gettext_noop("These are one person already."),
    "bad-file": gettext_noop("Use a PDF, JPEG, PNG or plain text file of at most 3 MB."),
    "case.question": gettext_noop("Ask in at most 2,000 characters."),
    "case.answer": gettext_noop("Answer in at most 4,000 characters."),
    "rule.official_id": gettext_noop("Choose an officer who may answer."),
    "case.officer_id": gettext_noop("Choose an officer who works on cases."),
}
