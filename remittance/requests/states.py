"""The life of a remittance as one table, who may cause what, and until when each state may last; pure.

Source of the order of steps: the foreign ministry's emergency remittance (the traveller applies at the mission, the relative
deposits at home, the bank's statement confirms, the mission pays).
"""

from __future__ import annotations

from datetime import timedelta

from hotline.core.states import Lifecycle, Transition

READ, WRITE, REVIEW, APPROVE = "remittances.read", "remittances.write", "remittances.review", "remittances.approve"
QUOTE, DEPOSITS, PAY, WITNESS = "remittances.quote", "remittances.deposits", "remittances.pay", "remittances.witness"
HOLD, SETTLE, RULES = "remittances.hold", "remittances.settle", "remittances.rules"
"""To see; to ask for one and to call it off; to look into one; to say yes or no; to quote; to decide about deposits and
refunds; to pay out; to witness a payout; to hold and to lift holds; to settle with missions and to answer disputes;
to keep the ministry's policy."""

REQUESTED, UNDER_REVIEW, APPROVED, QUOTED = "requested", "under_review", "approved", "quoted"
PARTIAL, OVERPAID, WRONG_DEPOSITOR, DEPOSITED = "partial", "overpaid", "wrong_depositor", "deposited"
READY, PAID, SETTLED = "ready", "paid", "settled"
REJECTED, EXPIRED, CANCELLED = "rejected", "expired", "cancelled"
ON_HOLD, REFUND_PENDING, REFUNDED, DISPUTED = "on_hold", "refund_pending", "refunded", "disputed"

WITHOUT_MONEY = (REQUESTED, UNDER_REVIEW, APPROVED, QUOTED)
"""Nothing was deposited yet: ending it owes nobody anything."""
WITH_MONEY = (PARTIAL, OVERPAID, WRONG_DEPOSITOR, DEPOSITED, READY)
"""A deposit is held: it ends in cash, or in a refund of every unit that came."""
RESERVING = (QUOTED, *WITH_MONEY)
"""Cash of the mission is reserved: from the quote until it is paid or ends."""
HOLDABLE = (*WITHOUT_MONEY, *WITH_MONEY)
OPEN = (*HOLDABLE, ON_HOLD)
FINAL = (SETTLED, REJECTED, EXPIRED, CANCELLED, REFUNDED)


def _deposits() -> list[Transition]:
    """What the bank's statement causes, and what a finance officer decides about what came otherwise than asked."""
    came = [
        Transition(state, event, target)
        for state in (QUOTED, PARTIAL)
        for event, target in (
            ("deposit", DEPOSITED), ("deposit_part", PARTIAL), ("deposit_over", OVERPAID), ("deposit_other", WRONG_DEPOSITOR),
        )
    ]  # fmt: skip
    late = [Transition(state, "deposit_more", OVERPAID) for state in (OVERPAID, DEPOSITED)]
    decided = [
        Transition(PARTIAL, "accept", DEPOSITED, DEPOSITS),
        Transition(OVERPAID, "accept", DEPOSITED, DEPOSITS),
        Transition(WRONG_DEPOSITOR, "accept", DEPOSITED, DEPOSITS),
        *(Transition(state, "refund", REFUND_PENDING, DEPOSITS) for state in WITH_MONEY),
    ]
    taken_back = [
        Transition(state, "deposit_returned", QUOTED) for state in (PARTIAL, OVERPAID, WRONG_DEPOSITOR, DEPOSITED)
    ]
    return came + late + decided + taken_back + _undone()


def _undone() -> list[Transition]:
    """What taking the assignment of a bank's entry back leads to, by what is left; also where the money was ready already.

    A refund that nothing is left for ends as what led to it would have ended without money; one that was none begins again.
    """
    left = (("undo", QUOTED), ("undo_part", PARTIAL), ("undo_other", WRONG_DEPOSITOR))
    enough = (("undo_whole", DEPOSITED), ("undo_over", OVERPAID))
    return [
        *(Transition(state, event, target, DEPOSITS) for state in WITH_MONEY for event, target in left),
        *(Transition(state, *to, DEPOSITS) for state in (OVERPAID, WRONG_DEPOSITOR) for to in enough),
        Transition(REFUND_PENDING, "undo_cancelled", CANCELLED, DEPOSITS),
        Transition(REFUND_PENDING, "undo_expired", EXPIRED, DEPOSITS),
        Transition(REFUND_PENDING, "undo_rejected", REJECTED, DEPOSITS),
        Transition(REFUNDED, "undo_refund", REFUND_PENDING, DEPOSITS),
    ]


def _holds() -> list[Transition]:
    """Holding keeps the state in which it was; lifting leads back there, and to no other."""
    return [
        *(Transition(state, "hold", ON_HOLD, HOLD) for state in HOLDABLE),
        *(Transition(ON_HOLD, f"lift_{state}", state, HOLD) for state in HOLDABLE),
        Transition(ON_HOLD, "reject_held", REJECTED, HOLD),
        Transition(ON_HOLD, "refund_held", REFUND_PENDING, HOLD),
    ]


REMITTANCE = Lifecycle(
    "remittance",
    [
        Transition(REQUESTED, "review", UNDER_REVIEW, REVIEW),
        Transition(UNDER_REVIEW, "send_back", REQUESTED, REVIEW),
        Transition(UNDER_REVIEW, "approve", APPROVED, APPROVE),
        Transition(UNDER_REVIEW, "reject", REJECTED, APPROVE),
        Transition(REQUESTED, "reject", REJECTED, APPROVE),
        Transition(APPROVED, "quote", QUOTED, QUOTE),
        Transition(QUOTED, "quote_again", QUOTED, QUOTE),
        *_deposits(),
        Transition(DEPOSITED, "release", READY),
        Transition(READY, "pay", PAID, PAY),
        Transition(PAID, "settle", SETTLED, SETTLE),
        *(Transition(state, "reroute", state, REVIEW) for state in (APPROVED, QUOTED, DEPOSITED, READY)),
        *(Transition(state, "cancel", CANCELLED, WRITE) for state in WITHOUT_MONEY),
        *(Transition(state, "cancel", REFUND_PENDING, WRITE) for state in (PARTIAL, DEPOSITED, READY)),
        *(Transition(state, "expire", EXPIRED) for state in WITHOUT_MONEY),
        *(Transition(state, "expire", REFUND_PENDING) for state in (PARTIAL, READY)),
        Transition(REFUND_PENDING, "refunded", REFUNDED, DEPOSITS),
        *(Transition(state, "dispute", DISPUTED, SETTLE) for state in (PAID, SETTLED)),
        Transition(DISPUTED, "uphold", PAID, SETTLE),
        Transition(DISPUTED, "uphold_settled", SETTLED, SETTLE),
        Transition(DISPUTED, "refund", REFUND_PENDING, SETTLE),
        *_holds(),
    ],
)
STATES = tuple(sorted(REMITTANCE.states))

LASTS: dict[str, timedelta] = {
    REQUESTED: timedelta(hours=24), UNDER_REVIEW: timedelta(hours=24), APPROVED: timedelta(hours=24),
    QUOTED: timedelta(hours=48), PARTIAL: timedelta(hours=72), OVERPAID: timedelta(hours=72),
    WRONG_DEPOSITOR: timedelta(hours=72), DEPOSITED: timedelta(hours=4), READY: timedelta(days=14),
    REFUND_PENDING: timedelta(days=7), ON_HOLD: timedelta(hours=48), PAID: timedelta(days=45), DISPUTED: timedelta(days=14),
}  # fmt: skip
"""How long a state may last before it expires, or, where somebody must decide, before the duty chief is told."""
UNDER_WATCH = frozenset({"unsure", "under_pressure"})
"""What the private interview gave when the traveller's telephone may be read by somebody else."""
EXPIRES = frozenset({REQUESTED, UNDER_REVIEW, APPROVED, QUOTED, PARTIAL, READY})
"""States that end by themselves; the others wait for a person and are told of as overdue."""
