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
}
CHANNELS = {
    "link": gettext_noop("by the personal page"),
    "sms": gettext_noop("by text"),
    "voice": gettext_noop("by phone"),
    "officer": gettext_noop("told to an officer"),
}
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
}
EXPLANATIONS = {
    "case-taken": gettext_noop("%(owner)s has taken this case already."),
    "not-your-case": gettext_noop("This case is somebody else's; only its owner or a senior agent changes it."),
    "case.note": gettext_noop("Write a note of at most 4,000 characters."),
    "case.reason": gettext_noop("Say in at most 1,000 characters what became of it."),
    "case.officer_id": gettext_noop("Choose an officer who works on cases."),
}
