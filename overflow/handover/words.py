"""What pages and the audit trail call hand-overs, their things and what is done with them, marked for translation."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STATES = {
    "composing": gettext_noop("is being written"),
    "empty": gettext_noop("nothing to hand over"),
    "sent": gettext_noop("waits for the mission"),
    "acknowledged": gettext_noop("acknowledged"),
    "escalated": gettext_noop("not acknowledged in time"),
}
STATE_KINDS = {"composing": "draft", "empty": "ended", "sent": "waiting", "acknowledged": "done", "escalated": "fault"}
KINDS = {
    "case": gettext_noop("Case"),
    "promise": gettext_noop("Promised callback"),
    "unhelped": gettext_noop("Call that could not be helped"),
}
ITEM_STATES = {
    "waiting": gettext_noop("to be acknowledged"),
    "acknowledged": gettext_noop("the mission has it"),
    "returned": gettext_noop("given back to the centre"),
}
ITEM_KINDS = {"waiting": "waiting", "acknowledged": "done", "returned": "ended"}
URGENCIES = {
    1: gettext_noop("at once"),
    2: gettext_noop("urgent"),
    3: gettext_noop("soon"),
    4: gettext_noop("usual"),
}
PROMISES = {
    "planned": gettext_noop("promised"),
    "queued": gettext_noop("is being called back"),
    "calling": gettext_noop("is being called back"),
    "done": gettext_noop("called back"),
    "given_up": gettext_noop("given up, nobody was reached"),
    "cancelled": gettext_noop("cancelled"),
}
WHYS = {
    "hours": gettext_noop("usual hours"),
    "holiday": gettext_noop("holiday"),
    "exception": gettext_noop("hours of this day"),
    "closed_now": gettext_noop("closed by hand"),
    "open_now": gettext_noop("open by hand"),
    "unknown": gettext_noop("no hours are known"),
}
MAILS = {
    "waiting": gettext_noop("to be sent"),
    "leaving": gettext_noop("is being sent"),
    "sent": gettext_noop("taken by the mail server"),
    "failed": gettext_noop("refused"),
    "lost": gettext_noop("may have arrived: the server's answer was lost"),
}
MAIL_KINDS = {"waiting": "waiting", "leaving": "running", "sent": "done", "failed": "fault", "lost": "fault"}
PURPOSES = {"summary": gettext_noop("Hand-over"), "reminder": gettext_noop("Reminder")}
VERDICTS = {
    "trusted": (gettext_noop("Genuine: signed by this service and unchanged."), "good"),
    "unknown": (gettext_noop("Unchanged, but signed by a key that is not this service's. Do not rely on it."), "warn"),
    "unsigned": (gettext_noop("This hand-over bears no signature; compare it with the page."), "warn"),
    "broken": (gettext_noop("Not genuine: it was changed, or the signature is false."), "warn"),
}
ACTIONS = {
    "handover.sent": gettext_noop("handed over to the mission"),
    "handover.escalated": gettext_noop("not acknowledged in time"),
    "handover.seen": gettext_noop("duty officer acts on it"),
    "handover.item_acknowledged": gettext_noop("acknowledged by the mission"),
    "handover.item_returned": gettext_noop("given back by the mission"),
    "handover.item_recalled": gettext_noop("taken back by the centre"),
    "handover.finished": gettext_noop("hand-over acknowledged"),
    "case.mission_took": gettext_noop("taken over by the mission"),
    "case.mission_gave_back": gettext_noop("given back by the mission"),
    "case.mission_lost": gettext_noop("taken back from the mission"),
}
EXPLANATIONS = {
    "not-mission-staff": gettext_noop("Only staff of this mission can do this."),
    "handover-nobody": gettext_noop("Only a named officer can do this."),
    "handover-returned": gettext_noop("This is the centre's again."),
    "handover-taken": gettext_noop("The mission has taken this; ask it to give it back."),
    "handover-not-escalated": gettext_noop("This hand-over waits for nobody of the centre."),
    "handover.note": gettext_noop("Say in 1 to 1000 characters why."),
    "take_all.until": gettext_noop("Choose a day and a time within the next 14 days."),
    "take_all.reason": gettext_noop("Use at most 200 characters."),
    "handover.file": gettext_noop("Give the file from the hand-over's page, or the whole mail with its block."),
}
