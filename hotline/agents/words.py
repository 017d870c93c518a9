"""What pages and the audit trail call agents' states, reasons for a break and the dispositions of a call."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STATES = {
    "offline": gettext_noop("off duty"),
    "not_ready": gettext_noop("on a break"),
    "ready": gettext_noop("ready for calls"),
    "reserved": gettext_noop("a call is coming"),
    "ringing": gettext_noop("rings"),
    "talking": gettext_noop("talks"),
    "wrap_up": gettext_noop("writes up"),
}
STATE_KINDS = {
    "offline": "ended", "not_ready": "waiting", "ready": "done", "reserved": "running", "ringing": "running",
    "talking": "running", "wrap_up": "waiting",
}  # fmt: skip
BREAKS = {
    "break": gettext_noop("Short break"),
    "meal": gettext_noop("Meal"),
    "training": gettext_noop("Training"),
    "meeting": gettext_noop("Meeting"),
    "case_work": gettext_noop("Work on cases"),
    "recovery": gettext_noop("Recovery after a hard call"),
    "equipment": gettext_noop("Equipment does not work"),
}
"""Reasons a person gives for not being ready."""
FORCED = {
    "missed_calls": gettext_noop("Missed several calls in a row"),
    "dead_number": gettext_noop("The agent's number cannot be reached"),
    "duty_over": gettext_noop("Longest time on duty is over"),
    "supervisor": gettext_noop("Set by a supervisor"),
}
"""Reasons the system or a supervisor sets."""
REASONS = BREAKS | FORCED
DISPOSITIONS = {
    "certificates": gettext_noop("Certificates, apostille, visas"),
    "information": gettext_noop("General information"),
    "passports": gettext_noop("Passports"),
    "incident": gettext_noop("Incident or accident"),
    "missing": gettext_noop("Person out of reach"),
    "arrest": gettext_noop("Arrest or detention"),
    "medical": gettext_noop("Illness or death"),
    "remittance": gettext_noop("Emergency remittance"),
    "interpreting": gettext_noop("Interpreting"),
    "complaint": gettext_noop("Complaint or suggestion"),
    "nuisance": gettext_noop("Abuse, nuisance or wrong number"),
    "other": gettext_noop("Something else"),
}
"""Types of calls as in the centre's yearly statistics (certificates 28 %, information 21 %, passports 18 %, the rest by type)."""
VIA = {"phone": gettext_noop("own phone"), "browser": gettext_noop("in the browser")}
ACTIONS = {
    "agent.added": gettext_noop("agent set up"),
    "agent.changed": gettext_noop("agent changed"),
    "agent.chose": gettext_noop("agent's state chosen"),
    "agent.wrapped_up": gettext_noop("call written up"),
    "agent_group.added": gettext_noop("group of agents added"),
}
EXPLANATIONS = {
    "agent-exists": gettext_noop("This officer is an agent already."),
    "not-an-agent": gettext_noop("You are not set up as an agent; ask a supervisor."),
    "not-wrapping-up": gettext_noop("There is no call to write up now."),
    "duty-over": gettext_noop("The longest time on duty is over; go off duty first."),
    "agent.phone": gettext_noop("Give the number with its country code, such as +82 10 1234 5678."),
    "agent.reason": gettext_noop("Choose a reason for the break."),
    "agent.state": gettext_noop("Choose ready, break or off duty."),
    "agent.disposition": gettext_noop("Choose what the call was about."),
    "agent.skills": gettext_noop("Write skills as name=level, with levels 1 to 5."),
    "agent.languages": gettext_noop("Write languages as codes such as ko, en."),
    "agent.max_duty_min": gettext_noop("Use 30 to 1,440 minutes."),
    "agent.officer_id": gettext_noop("Choose an officer who takes calls."),
}
