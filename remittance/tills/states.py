"""The lives of counts, of cash that is put into a till or taken back, and of differences; the room's permissions; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, COUNT, WITNESS, SETTLE = "tills.read", "tills.count", "tills.witness", "tills.settle"
"""To see tills; to count and to prepare moves of cash; to witness both; headquarters: to move cash, to explain differences."""

OPENING, CLOSING, SPOT = "opening", "closing", "spot"
COUNT_KINDS = (OPENING, CLOSING, SPOT)
"""Before the counter opens, after it closes, or at any moment."""
WAITING, WITNESSED, REFUSED, WITHDRAWN = "waiting", "witnessed", "refused", "withdrawn"
COUNTED = Lifecycle(
    "count",
    [
        Transition(WAITING, "witness", WITNESSED, WITNESS),
        Transition(WAITING, "refuse", REFUSED, WITNESS),
        Transition(WAITING, "withdraw", WITHDRAWN, COUNT),
    ],
)
COUNT_STATES = (WAITING, WITNESSED, REFUSED, WITHDRAWN)

REPLENISH, RETURN = "replenish", "return"
MOVE_KINDS = (REPLENISH, RETURN)
PREPARED, DONE = "prepared", "done"
MOVED = Lifecycle(
    "move",
    [
        Transition(PREPARED, "confirm", DONE, WITNESS),
        Transition(PREPARED, "confirm_afar", DONE, SETTLE),
        Transition(PREPARED, "refuse", REFUSED, WITNESS),
        Transition(PREPARED, "refuse_afar", REFUSED, SETTLE),
        Transition(PREPARED, "withdraw", WITHDRAWN, COUNT),
        Transition(PREPARED, "withdraw_afar", WITHDRAWN, SETTLE),
    ],
)
"""What ends in `_afar` is the same act by a finance officer, who stands at no till."""
MOVE_STATES = (PREPARED, DONE, REFUSED, WITHDRAWN)

OPEN, ASKED, EXPLAINED = "open", "asked", "explained"
DIFFERED = Lifecycle(
    "difference",
    [
        Transition(OPEN, "ask", ASKED, SETTLE),
        Transition(ASKED, "return", OPEN, SETTLE),
        Transition(ASKED, "explain", EXPLAINED, SETTLE),
    ],
)
"""open: nobody knows why · asked: one finance officer has written down why · explained: another agreed, and it is booked."""
DIFFERENCE_STATES = (OPEN, ASKED, EXPLAINED)
