"""The life of an exchange rate, and the room's permissions; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WRITE = "rates.read", "rates.write"
"""To see exchange rates; to bring them in, to agree to them and to take them out of use."""

WAITING, COUNTS, REFUSED = "waiting", "counts", "refused"
RATE = Lifecycle(
    "rate",
    [
        Transition(WAITING, "agree", COUNTS, WRITE),
        Transition(WAITING, "refuse", REFUSED, WRITE),
        Transition(COUNTS, "refuse", REFUSED, WRITE),
    ],
)
"""waiting: one officer wrote it down, no quote uses it · counts: another agreed, or the machine's operator
brought it in the central bank's own file ·
refused: no quote uses it (again); a wrong rate that counts is refused by whoever sees it first."""
