"""The lifecycle of one step for one silent person, whatever its channel, as a table of transitions."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

QUEUED, CALLING, IN_DOUBT = "queued", "calling", "in_doubt"
RINGING, TALKING = "ringing", "talking"
SENT, DELIVERED = "sent", "delivered"
HEARD, ANSWERED, FAILED, SKIPPED = "heard", "answered", "failed", "skipped"
STATES = (QUEUED, CALLING, IN_DOUBT, RINGING, TALKING, SENT, DELIVERED, HEARD, ANSWERED, FAILED, SKIPPED)
"""queued: due and not yet begun · calling: the attempt is on record, its answer outstanding · in_doubt: the answer was lost
and is looked up · ringing: the provider took the call · talking: somebody picked up · sent: the provider or mail server took
it · delivered: the text is on the handset · heard: the call ended without a key · answered: a key said safe or help ·
failed: nobody could be reached · skipped: no longer called for, with the reason."""
OPEN_STATES = (QUEUED, CALLING, IN_DOUBT, RINGING, TALKING)
FINAL_STATES = (SENT, DELIVERED, HEARD, ANSWERED, FAILED, SKIPPED)
"""Nothing is to be done any more; a text that was sent may still be reported delivered or failed."""
UNDER_WAY = (CALLING, IN_DOUBT, RINGING, TALKING)

MAY_MOVE = {
    RINGING: (CALLING, IN_DOUBT),
    TALKING: (CALLING, IN_DOUBT, RINGING),
    SENT: (CALLING, IN_DOUBT),
    DELIVERED: (QUEUED, CALLING, IN_DOUBT, SENT, FAILED),
    HEARD: UNDER_WAY,
    FAILED: (*UNDER_WAY, SENT),
    QUEUED: (*UNDER_WAY, SENT),
    IN_DOUBT: (CALLING, IN_DOUBT, RINGING, TALKING),
}
"""What the provider's word about the present attempt may move; a report never leads backwards. "Delivered" is the network's
positive proof, so it also ends what was to be tried again or had failed."""

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

ANSWERED_OTHERWISE, ENDED, GONE, STOPPED = "answered", "ended", "gone", "stopped"
NO_ROUTE, NO_ADDRESS, NUMBER_BAD, MAILED = "no_route", "no_address", "number_bad", "mailed"
REASONS = (
    ANSWERED_OTHERWISE, DELIVERED, ENDED, GONE, STOPPED, NO_ROUTE, NO_ADDRESS, NUMBER_BAD, MAILED, "opted_out",
)  # fmt: skip
"""Why what was due was not done."""
