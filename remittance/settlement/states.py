"""The life of a settlement as a table; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition
from remittance.requests.states import SETTLE

PREPARED, CONFIRMED, WITHDRAWN = "prepared", "confirmed", "withdrawn"
SETTLEMENT_RUN = Lifecycle(
    "settlement",
    [
        Transition(PREPARED, "confirm", CONFIRMED, SETTLE),
        Transition(PREPARED, "withdraw", WITHDRAWN, SETTLE),
    ],
)
"""prepared: one officer has reckoned it up · confirmed: another agreed, it is booked and its remittances are settled, for good ·
withdrawn: called off before that. Nothing leads back from confirmed: what was wrong with one payout is a dispute about it."""
STATES = (PREPARED, CONFIRMED, WITHDRAWN)

ALLOTMENT, TRANSFER = "allotment", "transfer"
WAYS = (ALLOTMENT, TRANSFER)
"""How headquarters makes good: counted against the mission's allotment, with nothing more to do; or by a bank transfer, whose
entry of the bank's statement is awaited once the settlement is confirmed."""
