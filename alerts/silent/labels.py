"""How channels, people, states and reasons are called on the pages; marked here, translated where they are shown."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

CHANNELS = {"voice": gettext_noop("Voice call")}
WHOM = {
    "not_delivered": gettext_noop("text not delivered"),
    "not_answered": gettext_noop("no answer yet"),
    "opted_out": gettext_noop("wants no texts"),
}
SEVERITIES = {
    "Extreme": gettext_noop("Extreme"),
    "Severe": gettext_noop("Severe"),
    "Other": gettext_noop("All others"),
}
STATES = {
    "queued": gettext_noop("To be called"),
    "calling": gettext_noop("Being handed over"),
    "in_doubt": gettext_noop("Being looked up"),
    "ringing": gettext_noop("Ringing"),
    "talking": gettext_noop("Listening"),
    "heard": gettext_noop("Ended without a key"),
    "answered": gettext_noop("Answered by key"),
    "failed": gettext_noop("Nobody reached"),
    "skipped": gettext_noop("No longer needed"),
}
REASONS = {
    "busy": gettext_noop("busy each time"),
    "no-answer": gettext_noop("nobody picked up"),
    "answered": gettext_noop("answered another way"),
    "delivered": gettext_noop("the text arrived meanwhile"),
    "ended": gettext_noop("the alert was over"),
    "stopped": gettext_noop("calls were stopped"),
    "gone": gettext_noop("erased, or number changed"),
    "opted_out": gettext_noop("wants no texts any more"),
    "attempts": gettext_noop("the provider did not take the call"),
    "lost": gettext_noop("the provider could not tell"),
    "failed": gettext_noop("the network could not connect"),
    "canceled": gettext_noop("cancelled at the provider"),
}
EXPLANATIONS = {
    "silent-stopped": gettext_noop("The calls are stopped already."),
    "silent-changed": gettext_noop("Somebody changed this policy meanwhile; read it again."),
    "silent-same-step": gettext_noop("Use each channel once for the same people."),
    "silent-minutes": gettext_noop("Use 1 to 1440 minutes."),
}
ACTIONS = {
    "silent_policy.changed": gettext_noop("policy for the silent changed"),
    "alert.calls_stopped": gettext_noop("calls stopped"),
}
