"""The life of a bank account of ours, and the room's permissions; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WRITE = "banks.read", "banks.write"
"""To see the ministry's bank accounts; to enter, agree to, choose and close them."""

WAITING, OPEN, CLOSED = "waiting", "open", "closed"
BANK_ACCOUNT = Lifecycle(
    "bank account",
    [
        Transition(WAITING, "agree", OPEN, WRITE),
        Transition(OPEN, "choose", OPEN, WRITE),
        Transition(WAITING, "close", CLOSED, WRITE),
        Transition(OPEN, "close", CLOSED, WRITE),
    ],
)
"""waiting: one officer entered it, nobody is told of it · open: another compared it with the bank's paper; quotes name the one
that was chosen for its currency · closed: no new quote names it, what still arrives on it stays on record."""
