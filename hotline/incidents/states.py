"""The lifecycle of an incident; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

PLANS = "incidents.plans"
"""To write the plans of disaster mode."""
READ, WRITE, SWITCH = "incidents.read", "incidents.write", "incidents.switch"
"""To see incidents and their logs; to open, change and close them; to ask for and agree to disaster mode."""

OPEN, CLOSED = "open", "closed"
INCIDENT = Lifecycle(
    "incident",
    [Transition(OPEN, "close", CLOSED, WRITE), Transition(CLOSED, "reopen", OPEN, WRITE)],
)
STATES = (OPEN, CLOSED)

KINDS = (
    "earthquake",
    "tsunami",
    "storm",
    "flood",
    "volcano",
    "fire",
    "attack",
    "unrest",
    "war",
    "accident",
    "epidemic",
    "other",
)
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
"""CAP 1.2's words for severity."""

PARTS = ("lead", "deputy", "alerts", "calls", "volunteers", "missions", "partners", "press", "log")
"""What an officer does in an incident's team."""

ASKED, ON, OFF_ASKED, RESTORING, OFF, DECLINED = "asked", "on", "off_asked", "restoring", "off", "declined"
MODE = Lifecycle(
    "disaster mode",
    [
        Transition(ASKED, "agree", ON, SWITCH),
        Transition(ASKED, "decline", DECLINED, SWITCH),
        Transition(ASKED, "lapse", DECLINED),
        Transition(ON, "ask_off", OFF_ASKED, SWITCH),
        Transition(OFF_ASKED, "agree_off", RESTORING, SWITCH),
        Transition(OFF_ASKED, "decline_off", ON, SWITCH),
        Transition(OFF_ASKED, "lapse_off", ON),
        Transition(RESTORING, "finish", OFF),
    ],
)
"""asked: one person wants it on · on: a second one agreed · off_asked: one wants it off · restoring: a second one agreed and
every step is being taken back · off: everything is as it was, or was left on purpose · declined: it never came on."""
MODE_STATES = (ASKED, ON, OFF_ASKED, RESTORING, OFF, DECLINED)
MODE_LIVE = (ON, OFF_ASKED, RESTORING)
"""In these its steps hold."""

WAITING, DONE, FAILED, SKIPPED = "waiting", "done", "failed", "skipped"
REVERTING, REVERTED, HELD, LEFT = "reverting", "reverted", "held", "left"
STEP = Lifecycle(
    "step",
    [
        Transition(WAITING, "do", DONE),
        Transition(WAITING, "fail", FAILED),
        Transition(WAITING, "skip", SKIPPED, SWITCH),
        Transition(FAILED, "skip", SKIPPED, SWITCH),
        Transition(FAILED, "retry", WAITING, SWITCH),
        Transition(SKIPPED, "retry", WAITING, SWITCH),
        Transition(DONE, "revert", REVERTING, SWITCH),
        Transition(REVERTING, "restore", REVERTED),
        Transition(REVERTING, "hold", HELD),
        Transition(HELD, "revert", REVERTING, SWITCH),
        Transition(HELD, "force", REVERTING, SWITCH),
        Transition(HELD, "leave", LEFT, SWITCH),
        Transition(REVERTED, "again", WAITING, SWITCH),
        Transition(LEFT, "again", WAITING, SWITCH),
    ],
)
"""held: it could not be taken back, or somebody changed the thing by hand meanwhile; a person says what shall be."""
STEP_STATES = (WAITING, DONE, FAILED, SKIPPED, REVERTING, REVERTED, HELD, LEFT)
UNSETTLED = (WAITING, DONE, FAILED, REVERTING, HELD)
"""While a step is in one of these, disaster mode is not off."""
BEGINNING_AGAIN = frozenset({"retry", "again", "skip"})
"""Not while everything is being taken back."""
