"""What tills' states, acts and refusals are called."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from remittance.tills import states

COUNT_KINDS = {
    states.OPENING: gettext_noop("Before opening"),
    states.CLOSING: gettext_noop("After closing"),
    states.SPOT: gettext_noop("Spot check"),
}
COUNT_STATES = {
    states.WAITING: gettext_noop("waits for its witness"),
    states.WITNESSED: gettext_noop("witnessed"),
    states.REFUSED: gettext_noop("refused"),
    states.WITHDRAWN: gettext_noop("withdrawn"),
}
MOVE_KINDS = {
    states.REPLENISH: gettext_noop("Cash put in"),
    states.RETURN: gettext_noop("Cash taken out"),
}
MOVE_STATES = {
    states.PREPARED: gettext_noop("waits for the second person"),
    states.DONE: gettext_noop("confirmed and booked"),
    states.REFUSED: gettext_noop("refused"),
    states.WITHDRAWN: gettext_noop("withdrawn"),
}
DIFFERENCE_STATES = {
    states.OPEN: gettext_noop("not explained"),
    states.ASKED: gettext_noop("waits for the second officer"),
    states.EXPLAINED: gettext_noop("explained and booked"),
}
KINDS = {
    states.WAITING: "waiting", states.WITNESSED: "done", states.REFUSED: "fault", states.WITHDRAWN: "ended",
    states.PREPARED: "waiting", states.DONE: "done", states.OPEN: "fault", states.ASKED: "waiting", states.EXPLAINED: "done",
}  # fmt: skip
MEMOS = {
    "Cash put into the till": gettext_noop("Cash put into the till"),
    "Cash taken out of the till": gettext_noop("Cash taken out of the till"),
    "Cash beyond the books, explained": gettext_noop("Cash beyond the books, explained"),
    "Missing cash, explained": gettext_noop("Missing cash, explained"),
}
"""What the room's own journals say, for readers."""
MEMOS_OF_REMITTANCES = {
    "paid out in cash": gettext_noop("%(number)s paid out in cash"),
    "payout taken back": gettext_noop("%(number)s: payout taken back"),
}
"""What journals say after the number of a remittance; every other memo is shown as it stands."""
ONLY = {
    "different": gettext_noop("With an open difference"),
    "late": gettext_noop("Unsettled for more than 60 days"),
    "uncounted": gettext_noop("Never counted"),
}
AGES = (
    gettext_noop("Up to 30 days"), gettext_noop("31 to 60 days"), gettext_noop("61 to 90 days"), gettext_noop("Over 90 days"),
)  # fmt: skip
TRAIL = {
    "till.counted": gettext_noop("Till counted"),
    "till.witnessed": gettext_noop("Count of a till witnessed"),
    "till.count_refused": gettext_noop("Count of a till refused"),
    "till.count_withdrawn": gettext_noop("Count of a till withdrawn"),
    "till.move_prepared": gettext_noop("Move of cash prepared"),
    "till.move_confirmed": gettext_noop("Move of cash confirmed"),
    "till.move_refused": gettext_noop("Move of cash refused"),
    "till.move_withdrawn": gettext_noop("Move of cash withdrawn"),
    "till.difference_asked": gettext_noop("Explanation of a cash difference written down"),
    "till.difference_returned": gettext_noop("Explanation of a cash difference given back"),
    "till.difference_explained": gettext_noop("Cash difference explained and booked"),
}
EXPLANATIONS = {
    "no-till": gettext_noop("No cash in %(currency)s was ever put into this till. Put some in first."),
    "count-waiting": gettext_noop("Another count of this till waits for its witness. Have it witnessed or withdrawn first."),
    "till-short": gettext_noop("Only %(free)s of this till are free; the rest is reserved for travellers."),
    "too-many-moves": gettext_noop("Too many moves of this till wait. Have them confirmed first."),
    "till-differs": gettext_noop("%(mission)s: the till differs by %(amount)s, and nobody has explained it yet."),
    "till-not-counted": gettext_noop("%(mission)s has not counted its till in %(currency)s after its last movement."),
    "till.amount": gettext_noop("Give an amount of more than zero."),
    "till.source": gettext_noop("Say in 1 to 200 characters where the cash comes from or goes to."),
    "till.reason": gettext_noop("Say in 1 to 300 characters why."),
    "till.note": gettext_noop("Say in 1 to 300 characters why."),
    "till.kind": gettext_noop("Choose one of the kinds."),
    "till.key": gettext_noop("This form is damaged. Open it anew."),
    "till.day": gettext_noop("Write days as 2026-11-21, the first before the last."),
}  # fmt: skip
