"""How channels, people, states and reasons are called on the pages; marked here, translated where they are shown."""

from __future__ import annotations

from alerts.console.reasons import reason
from hotline.core.i18n import gettext, gettext_noop

CHANNELS = {
    "sms": gettext_noop("Second text"),
    "voice": gettext_noop("Voice call"),
    "mail": gettext_noop("E-mail"),
}
CHANNEL_NOTES = {
    "sms": gettext_noop("by another provider or sender"),
    "voice": gettext_noop("the text is spoken; keys answer"),
    "mail": gettext_noop("where an address is known"),
}
WHOM = {
    "not_delivered": gettext_noop("text not delivered"),
    "not_answered": gettext_noop("no answer yet"),
    "opted_out": gettext_noop("wants no texts"),
    "number_bad": gettext_noop("number does not work"),
}
SEVERITIES = {
    "Extreme": gettext_noop("Extreme"),
    "Severe": gettext_noop("Severe"),
    "Other": gettext_noop("All others"),
}
STATES = {
    "queued": gettext_noop("Waiting"),
    "calling": gettext_noop("Being handed over"),
    "in_doubt": gettext_noop("Being looked up"),
    "ringing": gettext_noop("Ringing"),
    "talking": gettext_noop("Listening"),
    "sent": gettext_noop("Handed over"),
    "delivered": gettext_noop("Delivered"),
    "heard": gettext_noop("Ended without a key"),
    "answered": gettext_noop("Answered by key"),
    "failed": gettext_noop("Nobody reached"),
    "skipped": gettext_noop("No longer needed"),
}
FAILED_TEXT, UNKNOWN = gettext_noop("Did not get through"), gettext_noop("Outcome unknown")
"""What a failed text or mail is called; of a call it is that nobody was reached."""
REASONS = {
    "busy": gettext_noop("busy each time"),
    "no-answer": gettext_noop("nobody picked up"),
    "answered": gettext_noop("answered another way"),
    "delivered": gettext_noop("the text arrived meanwhile"),
    "ended": gettext_noop("the alert was over"),
    "stopped": gettext_noop("stopped by an officer"),
    "gone": gettext_noop("erased, or number changed"),
    "opted_out": gettext_noop("wants no texts any more"),
    "no_route": gettext_noop("no other route to this number"),
    "no_address": gettext_noop("no e-mail address that works"),
    "number_bad": gettext_noop("the number does not work"),
    "mailed": gettext_noop("has a mail of this alert already"),
    "refused": gettext_noop("refused by the provider"),
    "attempts": gettext_noop("the provider did not take it"),
    "lost": gettext_noop("may have arrived; nobody can tell"),
    "5.1.1": gettext_noop("there is no such mailbox"),
    "failed": gettext_noop("the network could not connect"),
    "canceled": gettext_noop("cancelled at the provider"),
}
EXPLANATIONS = {
    "silent-stopped": gettext_noop("They are stopped already."),
    "silent-changed": gettext_noop("Somebody changed this policy meanwhile; read it again."),
    "silent-same-step": gettext_noop("Use each channel once for the same people."),
    "silent-not-for-them": gettext_noop("This channel is not for these people."),
    "silent-minutes": gettext_noop("Use 1 to 1440 minutes."),
}
ACTIONS = {
    "silent_policy.changed": gettext_noop("policy for the silent changed"),
    "travellers.email_bad": gettext_noop("e-mail addresses do not work"),
    "alert.calls_stopped": gettext_noop("other channels stopped"),
}


def state_name(channel: str, state: str, why: str | None = None) -> str:
    """Return what a state (with its reason, where one person is meant) is called on a channel, in the reader's language."""
    name = FAILED_TEXT if state == "failed" and channel != "voice" else STATES[state]
    if why == "lost":
        name = UNKNOWN
    return gettext(name)


def reason_name(code: str) -> str:
    """Return what a reason is called, ours or a provider's, in the reader's language; a mail server's own code stays."""
    if code in REASONS:
        return gettext(REASONS[code])
    return reason(code).name if code.isdigit() and len(code) == 5 else code
