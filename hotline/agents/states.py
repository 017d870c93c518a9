"""The lifecycle of an agent's presence, as one table of transitions; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, SERVE, MANAGE = "agents.read", "agents.serve", "agents.manage"
"""To see who is there; to take calls oneself; to set up agents and to change a colleague's state."""

OFFLINE, NOT_READY, READY, RESERVED, RINGING, TALKING, WRAP_UP = STATES = (
    "offline", "not_ready", "ready", "reserved", "ringing", "talking", "wrap_up",
)  # fmt: skip
CHOSEN = (READY, NOT_READY, OFFLINE)
"""What people choose; the rest follows from calls."""
BUSY = (RESERVED, RINGING, TALKING, WRAP_UP)
"""States in which a choice waits until the call is over."""
ON_DUTY = (NOT_READY, READY, *BUSY)
STAFFED = (READY, *BUSY)
"""Who takes calls now or will when the present one is over."""

_CHOOSE = {READY: "make_ready", NOT_READY: "rest", OFFLINE: "sign_off"}

AGENT = Lifecycle(
    "agent",
    [
        *(Transition(state, event, target, SERVE) for target, event in _CHOOSE.items() for state in CHOSEN),
        Transition(READY, "reserve", RESERVED),
        Transition(RESERVED, "ring", RINGING),
        Transition(RESERVED, "accept", TALKING),
        Transition(RINGING, "accept", TALKING),
        Transition(RESERVED, "free", READY),
        Transition(RINGING, "free", READY),
        Transition(RESERVED, "withdraw", NOT_READY),
        Transition(RINGING, "withdraw", NOT_READY),
        Transition(RESERVED, "go", OFFLINE),
        Transition(RINGING, "go", OFFLINE),
        Transition(TALKING, "hang_up", WRAP_UP),
        Transition(WRAP_UP, "free", READY),
        Transition(WRAP_UP, "withdraw", NOT_READY),
        Transition(WRAP_UP, "go", OFFLINE),
    ],
)
"""offline → not_ready(reason) → ready → reserved → ringing → talking → wrap_up → ready; `free`, `withdraw` and `go` are the
three ways out of a call, by what the agent chose during it."""
AFTER = {READY: "free", NOT_READY: "withdraw", OFFLINE: "go"}


def choosing(state: str) -> str:
    """Return the event by which a person chooses a state; raises KeyError for one that nobody chooses."""
    return _CHOOSE[state]
