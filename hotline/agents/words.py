"""What pages and the audit trail call the states of agents, reasons and types of calls."""

from __future__ import annotations

from hotline.agents.states import BENCHED, BREAKS
from hotline.cases.words import DISPOSITIONS
from hotline.core.i18n import gettext_noop

STATES = {
    "offline": gettext_noop("off duty"),
    "not_ready": gettext_noop("not ready"),
    "ready": gettext_noop("ready for calls"),
    "reserved": gettext_noop("a call is coming"),
    "ringing": gettext_noop("phone rings"),
    "talking": gettext_noop("on a call"),
    "wrap_up": gettext_noop("wrapping up"),
}
STATE_KINDS = {
    "offline": "ended", "not_ready": "waiting", "ready": "done", "reserved": "running", "ringing": "running",
    "talking": "running", "wrap_up": "agreed",
}  # fmt: skip
"""The house's kinds of badges."""
REASONS = {
    "break": gettext_noop("short break"),
    "meal": gettext_noop("meal"),
    "training": gettext_noop("training"),
    "meeting": gettext_noop("meeting"),
    "paperwork": gettext_noop("paperwork"),
    "technical": gettext_noop("technical trouble"),
    "support": gettext_noop("rest after a hard call"),
    "signed_on": gettext_noop("just signed on"),
    "misses": gettext_noop("missed several calls in a row"),
    "dead_number": gettext_noop("their number does not work"),
    "duty_over": gettext_noop("longest time on duty is over"),
    "wrap_up_over": gettext_noop("wrap-up took too long"),
    "briefing_due": gettext_noop("a briefing has to be passed first"),
    "hours_over": gettext_noop("the agreed hours are over"),
    "guarded": gettext_noop("may take no calls at present"),
}
TYPES = DISPOSITIONS
VIAS = {"phone": gettext_noop("own phone"), "browser": gettext_noop("browser")}
assert set(REASONS) == {*BREAKS, *BENCHED}, "everything has a name"
ACTIONS = {
    "agent.kept": gettext_noop("agent kept"),
    "agent.telephone": gettext_noop("where an agent's calls ring"),
    "agent.state_set": gettext_noop("agent's state changed by a supervisor"),
    "agent_group.kept": gettext_noop("group of agents kept"),
}
EXPLANATIONS = {
    "duty-over": gettext_noop("The longest time on duty is over. Sign off and rest."),
    "agent-inactive": gettext_noop("This agent takes no calls any more."),
    "agent-busy": gettext_noop("This agent is not free."),
    "not-your-state": gettext_noop("Only a supervisor changes somebody else's state."),
    "still-talking": gettext_noop("The call is not over yet."),
    "agent.group_id": gettext_noop("Choose a group."),
    "agent.phone": gettext_noop("An agent on the phone needs a number in international form."),
    "agent.skills": gettext_noop("Write skills as name:level, such as visa:3; levels are 1 to 5."),
    "agent.languages": gettext_noop("Write codes of languages such as ko, en, mn."),
    "agent.max_duty_minutes": gettext_noop("Use 15 minutes to 24 hours."),
    "agent.max_misses": gettext_noop("Use 1 to 20."),
    "agent.state": gettext_noop("Choose ready, not ready or off duty."),
    "agent.reason": gettext_noop("Choose a reason."),
    "agent.disposition": gettext_noop("Choose what the call was about."),
    "agent.name": gettext_noop("Use 1 to 80 characters."),
    "agent.site": gettext_noop("Use 1 to 80 characters."),
}
