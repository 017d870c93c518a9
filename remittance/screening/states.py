"""The life of a finding, and who may see and decide it; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, CLEAR = "screening.read", "screening.clear"
"""To see findings; to decide one."""
SETTINGS, LISTS, RULES = "screening.settings", "screening.lists", "screening.rules"
"""To see lists and rules; to take lists over; to set the rules' numbers. No role that decides findings has one of the last two: a
name that is left off a list, or a rule that is switched off, would clear without a decision."""

OPEN, CLEARED, CONFIRMED = "open", "cleared", "confirmed"
STATES = (OPEN, CLEARED, CONFIRMED)
NOTE, HOLD = "note", "hold"
SEVERITIES = (NOTE, HOLD)
"""note: somebody should look at it · hold: the money waits until somebody has."""
PAYEE, PAYER, DEPOSITOR = "payee", "payer", "depositor"
ROLES = (PAYEE, PAYER, DEPOSITOR)

FINDING = Lifecycle(
    "finding",
    [
        Transition(OPEN, "clear", CLEARED, CLEAR),
        Transition(OPEN, "confirm", CONFIRMED, CLEAR),
        Transition(CONFIRMED, "clear", CLEARED, CLEAR),
    ],
)
