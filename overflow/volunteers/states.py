"""The life of a volunteer; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WRITE, APPROVE = "volunteers.read", "volunteers.write", "volunteers.approve"
"""To see the roster; to change it and import lists; to approve, refuse and suspend people."""

APPLIED, APPROVED, SUSPENDED, REFUSED, LEFT = "applied", "approved", "suspended", "refused", "left"
VOLUNTEER = Lifecycle(
    "volunteer",
    [
        Transition(APPLIED, "approve", APPROVED, APPROVE),
        Transition(APPLIED, "refuse", REFUSED, APPROVE),
        Transition(APPROVED, "suspend", SUSPENDED, APPROVE),
        Transition(SUSPENDED, "reinstate", APPROVED, APPROVE),
        *(Transition(state, "leave", LEFT) for state in (APPLIED, APPROVED, SUSPENDED)),
        *(Transition(state, "remove", LEFT, APPROVE) for state in (APPLIED, APPROVED, SUSPENDED)),
    ],
)
"""applied: registered, waits for a yes · approved: may be called out · suspended: not asked for now · refused: not taken ·
left: by their own word or an officer's; nothing personal is kept of them beyond what the law demands (`erased_at`)."""
STATES = (APPLIED, APPROVED, SUSPENDED, REFUSED, LEFT)
