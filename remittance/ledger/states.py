"""The life of a month of the books and of an entry by hand, the kinds of accounts, and the room's permissions; pure."""

from __future__ import annotations

from hotline.core.states import Lifecycle, Transition

READ, WRITE, CLOSE = "ledger.read", "ledger.write", "ledger.close"
"""To see the books; to ask for and agree to entries by hand; to ask for and carry out the closing of a month."""

OPEN, ASKED, CLOSED = "open", "asked", "closed"
MONTH = Lifecycle(
    "month",
    [
        Transition(OPEN, "ask", ASKED, CLOSE),
        Transition(ASKED, "return", OPEN, CLOSE),
        Transition(ASKED, "close", CLOSED, CLOSE),
    ],
)
"""open: postings go in · asked: one finance officer has gone through it, postings still go in · closed: another agreed to the
same figures, nothing goes in any more, and nothing leads out of it."""
MONTH_STATES = (OPEN, ASKED, CLOSED)

WAITING, POSTED, REFUSED, WITHDRAWN = "waiting", "posted", "refused", "withdrawn"
ENTRY = Lifecycle(
    "entry",
    [
        Transition(WAITING, "agree", POSTED, WRITE),
        Transition(WAITING, "refuse", REFUSED, WRITE),
        Transition(WAITING, "withdraw", WITHDRAWN, WRITE),
    ],
)
"""waiting: written down with its reason by one officer · posted: another agreed, it stands in the journal."""
ENTRY_STATES = (WAITING, POSTED, REFUSED, WITHDRAWN)

BANK, MISSION_CASH, SETTLEMENT = "bank", "mission_cash", "mission_settlement"
SUSPENSE, DEPOSITS, PAYOUTS = "suspense", "deposits_held", "payouts_due"
FEES, ROUNDING, FX = "fees", "rounding", "fx"
KINDS = (BANK, MISSION_CASH, SETTLEMENT, SUSPENSE, DEPOSITS, PAYOUTS, FEES, ROUNDING, FX)
"""bank: what a bank holds for us · mission_cash: what lies in a mission's till · mission_settlement: what headquarters and a
mission owe each other · suspense: deposits that belong to nobody yet · deposits_held: deposits of known requests ·
payouts_due: what travellers may fetch · fees, rounding: what is earned, and the residues of quotes · fx: the two legs of every
exchange."""
OF_MISSIONS = (MISSION_CASH, SETTLEMENT)
"""Accounts of these kinds belong to one mission each."""
