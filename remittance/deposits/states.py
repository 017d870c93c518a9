"""The life of an entry of the bank's statement, why it waits, and the room's permissions; pure."""

from __future__ import annotations

from datetime import timedelta

from hotline.core.states import Lifecycle, Transition
from remittance.requests.states import DEPOSITS

READ, IMPORT = "statements.read", "statements.import"
"""To see statements and what waits in suspense; to take a bank's file over."""

NEW, SUSPENSE, ASSIGNED, RETURNED = "new", "suspense", "assigned", "returned"
FEES_ASKED, REFUND_ASKED, REFUND_ORDERED, EXPLAINED = "fees_asked", "refund_asked", "refund_ordered", "explained"

ENTRY = Lifecycle(
    "entry of a statement",
    [
        Transition(NEW, "wait", SUSPENSE),
        *(Transition(state, "assign", ASSIGNED, DEPOSITS) for state in (NEW, SUSPENSE)),
        Transition(ASSIGNED, "take_back", RETURNED, DEPOSITS),
        Transition(ASSIGNED, "undo", SUSPENSE, DEPOSITS),
        Transition(SUSPENSE, "ask_fees", FEES_ASKED, DEPOSITS),
        Transition(SUSPENSE, "ask_refund", REFUND_ASKED, DEPOSITS),
        Transition(FEES_ASKED, "agree", EXPLAINED, DEPOSITS),
        Transition(REFUND_ASKED, "agree", REFUND_ORDERED, DEPOSITS),
        *(Transition(state, "refuse", SUSPENSE, DEPOSITS) for state in (FEES_ASKED, REFUND_ASKED)),
        *(Transition(state, "pair", EXPLAINED, DEPOSITS) for state in (NEW, SUSPENSE, REFUND_ORDERED)),
        Transition(SUSPENSE, "use", EXPLAINED, DEPOSITS),
    ],
)
"""new: in the books (bank against suspense), not looked at yet · suspense: waits for a person · assigned: a remittance's deposit,
or its refund · returned: a deposit that the bank took back · fees_asked, refund_asked: one officer says what it is, another has
to agree · refund_ordered: goes back to its sender, the bank's outgoing entry is awaited · explained: nothing of it is open."""
STATES = tuple(sorted(ENTRY.states))
WAITING = (NEW, SUSPENSE, FEES_ASKED, REFUND_ASKED, REFUND_ORDERED)
"""Still in the suspense account."""

LATE, OTHER_CURRENCY, NOT_OURS, UNLIKE_PAYEE, TOO_MUCH, ORDERED_TOO, UNDONE = (
    "late", "other_currency", "not_ours", "unlike_payee", "too_much", "ordered_too", "undone",
)  # fmt: skip
"""Why an entry waits, beside what `matching` says: deposited after the quote's end; in another currency than was asked for; a
return of something that was no deposit; a refund to somebody else than the depositor; a refund of more than is held;
a refund that may as well be the one of another entry, which was ordered; one that was given to a remittance by mistake."""

ASKED, DONE, REFUSED = "asked", "done", "refused"
UNDO_STATES = (ASKED, DONE, REFUSED)
"""Of taking an assignment back: a second officer has to agree; it is in suspense again; it stays where it was given."""

KEPT = timedelta(days=400)
"""How long a payer's name, words and account are kept after the entry is settled and its remittance has ended: the audit of the
year before needs them, and banks take payments back for up to 13 months (the longest term of the direct debit rules). Then they
are emptied here; the bank keeps its own for as long as its law says."""
