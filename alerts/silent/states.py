"""The lifecycle of one call to one silent person, as a table of transitions."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

QUEUED, CALLING, IN_DOUBT = "queued", "calling", "in_doubt"
RINGING, TALKING = "ringing", "talking"
HEARD, ANSWERED, FAILED, SKIPPED = "heard", "answered", "failed", "skipped"
STATES = (QUEUED, CALLING, IN_DOUBT, RINGING, TALKING, HEARD, ANSWERED, FAILED, SKIPPED)
"""queued: due and not yet called · calling: the attempt is on record, its answer outstanding · in_doubt: the answer was lost
and is looked up · ringing: the provider took the call · talking: somebody picked up · heard: it ended without a key ·
answered: a key said safe or help · failed: nobody could be reached · skipped: no longer called for, with the reason."""
OPEN_STATES = (QUEUED, CALLING, IN_DOUBT, RINGING, TALKING)
FINAL_STATES = (HEARD, ANSWERED, FAILED, SKIPPED)
UNDER_WAY = (CALLING, IN_DOUBT, RINGING, TALKING)

MAY_MOVE = {
    RINGING: (CALLING, IN_DOUBT),
    TALKING: (CALLING, IN_DOUBT, RINGING),
    HEARD: UNDER_WAY,
    FAILED: UNDER_WAY,
    QUEUED: UNDER_WAY,
    IN_DOUBT: (CALLING, IN_DOUBT, RINGING, TALKING),
}
"""What the provider's word about the present attempt may move; a report never leads backwards."""

OUTREACH = Lifecycle(
    "outreach",
    [
        Transition(QUEUED, "claim", CALLING),
        Transition(QUEUED, "skip", SKIPPED),
        *(Transition(state, f"to {target}", target) for target, states in MAY_MOVE.items() for state in states),
        *(Transition(state, "key", ANSWERED) for state in (*UNDER_WAY, QUEUED, HEARD, FAILED)),
    ],
)
"""A pressed key is a fact whatever our record of the call says; nothing leaves `answered` or `skipped`."""

ANSWERED_OTHERWISE, DELIVERED, ENDED, GONE, STOPPED = "answered", "delivered", "ended", "gone", "stopped"
REASONS = (ANSWERED_OTHERWISE, DELIVERED, ENDED, GONE, STOPPED, "opted_out")
"""Why a call that was due was not made."""
