"""The life of a finding, and who may see and decide it; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, CLEAR = "screening.read", "screening.clear"
"""To see findings and lists; to decide a finding, to take over lists and to set the rules."""

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
