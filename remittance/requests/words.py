"""Words of remittances for people: states, events, reasons, and what the service says when it refuses."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STATES = {
    "requested": gettext_noop("Asked for"),
    "under_review": gettext_noop("Under review"),
    "approved": gettext_noop("Approved"),
    "quoted": gettext_noop("Deposit awaited"),
    "partial": gettext_noop("Deposited in part"),
    "overpaid": gettext_noop("Too much deposited"),
    "wrong_depositor": gettext_noop("Deposited by somebody else"),
    "deposited": gettext_noop("Deposited"),
    "ready": gettext_noop("Ready for payout"),
    "paid": gettext_noop("Paid out"),
    "settled": gettext_noop("Settled with the mission"),
    "rejected": gettext_noop("Rejected"),
    "expired": gettext_noop("Expired"),
    "cancelled": gettext_noop("Called off"),
    "on_hold": gettext_noop("On hold"),
    "refund_pending": gettext_noop("To be refunded"),
    "refunded": gettext_noop("Refunded"),
    "disputed": gettext_noop("Disputed"),
}
STATE_KINDS = {
    "requested": "waiting", "under_review": "waiting", "approved": "done", "quoted": "waiting", "ready": "done", "paid": "done",
    "settled": "done", "on_hold": "fault", "disputed": "fault", "partial": "waiting", "overpaid": "waiting",
    "wrong_depositor": "waiting", "refund_pending": "waiting",
}  # fmt: skip
EVENTS = {
    "request": gettext_noop("Asked for"),
    "review": gettext_noop("Review begun"),
    "note": gettext_noop("Review written down"),
    "send_back": gettext_noop("Sent back to be completed"),
    "approve": gettext_noop("Approved"),
    "quote": gettext_noop("Quoted"),
    "quote_again": gettext_noop("Quoted again"),
    "reject": gettext_noop("Rejected"),
    "cancel": gettext_noop("Called off"),
    "hold": gettext_noop("Put on hold"),
    "reroute": gettext_noop("Another mission pays"),
    "expire": gettext_noop("Expired"),
    "reject_held": gettext_noop("Rejected from hold"),
    "refund_held": gettext_noop("Refund ordered from hold"),
    **dict.fromkeys(
        (
            "undo", "undo_part", "undo_other", "undo_whole", "undo_over", "undo_cancelled", "undo_expired", "undo_rejected",
        ),
        gettext_noop("Deposit of another remittance taken back"),
    ),
    "undo_refund": gettext_noop("Refund of another remittance taken back"),
}  # fmt: skip
LIFTED = gettext_noop("Hold lifted")
REASONS = {
    "robbed": gettext_noop("Robbed"),
    "lost": gettext_noop("Lost wallet or bag"),
    "accident": gettext_noop("Accident"),
    "illness": gettext_noop("Illness"),
    "stranded": gettext_noop("Stranded"),
    "disaster": gettext_noop("Disaster"),
    "bereavement": gettext_noop("Death in the family"),
}
IDENTITIES = {
    "passport": gettext_noop("Passport seen"),
    "second_factor": gettext_noop("Passport lost: proven otherwise"),
}
DURESS = {
    "not_asked": gettext_noop("Not held yet"),
    "free": gettext_noop("Speaks freely"),
    "unsure": gettext_noop("Unsure"),
    "under_pressure": gettext_noop("Under pressure"),
}
VIA = {"console": gettext_noop("Console"), "api": gettext_noop("Programme"), "page": gettext_noop("Own page")}

EXPLANATIONS = {
    "remittance-open": gettext_noop(
        "%(number)s is still open for this person and incident. Finish or call it off first."
    ),
    "remittance-limit": gettext_noop("The limit of this incident leaves %(left)s."),
    "remittance-changed": gettext_noop("Somebody changed this remittance meanwhile. Look at it again."),
    "review-incomplete": gettext_noop("Still missing: %(missing)s."),
    "review-incomplete.interview": gettext_noop("Private interview"),
    "review-incomplete.payer_name": gettext_noop("Name of the relative"),
    "review-incomplete.payer_phone": gettext_noop("Telephone of the relative"),
    "review-incomplete.consent": gettext_noop("the traveller's consent"),
    "under-pressure": gettext_noop(
        "Whoever is under pressure is not helped by money. Put it on hold and call the duty chief."
    ),
    "same-officer": gettext_noop("Whoever asked for it cannot decide it. Ask a colleague."),
    "had-a-part": gettext_noop("Whoever had a part in it cannot lift its hold. Ask somebody who had none."),
    "not-under-review": gettext_noop("Begin the review first."),
    "not-held": gettext_noop("It is not on hold."),
    "case-closed": gettext_noop("The case is closed. Reopen it first."),
    "key-taken": gettext_noop("This form was sent for another request already. Open a new form."),
    "mission-closed": gettext_noop("This mission is closed. Choose another."),
    "incident-not-open": gettext_noop(
        "This incident is over, or a drill while the case is none. Choose another, or none."
    ),
    "interview-stays": gettext_noop("What the interview gave stays. Put it on hold or reject it."),
    "held-with-money": gettext_noop("Money is there: order its refund."),
    "held-without-money": gettext_noop("No money came: reject it."),
    "no-policy": gettext_noop("No policy for remittances holds yet."),
    "remittance.amount": gettext_noop("Write an amount above zero and at most the limit that is named above."),
    "remittance.payee_born_on": gettext_noop("Write a day of the past since 1900, as 1990-12-31."),
    "remittance.case_id": gettext_noop("Give the number of the person's case."),
    "remittance.payee_name": gettext_noop("Write the name as in the passport, in 1 to 120 characters."),
    "remittance.payer_name": gettext_noop("Write at most 120 characters."),
    "remittance.payee_phone": gettext_noop("Write the number with its country's, such as +852 6123 4567."),
    "remittance.payer_phone": gettext_noop("Write the number as 010-2000-0011, or abroad as +852 6123 4567."),
    "remittance.words": gettext_noop("Use at most 1,000 characters."),
    "remittance.identity": gettext_noop("Choose how it is proven."),
    "remittance.identity_words": gettext_noop("Say by what else they proved who they are, in 1 to 200 characters."),
    "remittance.duress": gettext_noop("Choose what the interview gave."),
    "remittance.reason": gettext_noop("Give the reason; a written one has 1 to 300 characters."),
    "remittance.event": gettext_noop("Choose one of the buttons."),
    "remittance.currency": gettext_noop("Choose one of the currencies."),
    "remittance.mission_id": gettext_noop("Choose a mission."),
    "remittance.consent": gettext_noop("Without it nobody is called. Ask the traveller, or leave the number out."),
    "remittance.payee_language": gettext_noop("Choose one of the languages."),
    "remittance.payer_language": gettext_noop("Choose one of the languages."),
    "no-reference": gettext_noop("No free reference was found. Try again."),
    "policy-changed": gettext_noop("Somebody kept another policy meanwhile. Look at it, then write yours anew."),
    "policy.limit": gettext_noop("Write an amount above zero, such as 3,000."),
    "policy.limit_currency": gettext_noop("Write the three letters of ISO 4217, such as USD."),
    "policy.deposit_currency": gettext_noop("Write the three letters of ISO 4217, such as KRW."),
    "policy.payout_currencies": gettext_noop("Write 1 to 40 currencies by their three letters, such as USD EUR."),
    "policy.reasons": gettext_noop("Choose at least one."),
    "policy.fee": gettext_noop("Write an amount of zero or more, such as 5,000."),
    "policy.spread": gettext_noop("Write per cent from 0.00 to 10.00."),
    "policy.open_per_person": gettext_noop("Use a whole number from 1 to 10."),
    "policy.quote_minutes": gettext_noop("Use a whole number from 15 to 10,080."),
    "policy.rate_hours": gettext_noop("Use a whole number from 1 to 120."),
}
TRAIL = {
    "remittance.requested": gettext_noop("Remittance asked for"),
    "remittance.noted": gettext_noop("Review of a remittance written down"),
    "remittance.review": gettext_noop("Review of a remittance begun"),
    "remittance.send_back": gettext_noop("Remittance sent back"),
    "remittance.approve": gettext_noop("Remittance approved"),
    "remittance.reject": gettext_noop("Remittance rejected"),
    "remittance.cancel": gettext_noop("Remittance called off"),
    "remittance.hold": gettext_noop("Remittance put on hold"),
    "remittance.reroute": gettext_noop("Remittance given to another mission"),
    "remittance.expire": gettext_noop("Remittance expired"),
    "remittance.reject_held": gettext_noop("Remittance rejected from hold"),
    "remittance.refund_held": gettext_noop("Refund ordered from hold"),
    "remittance_policy.kept": gettext_noop("Policy for remittances changed"),
}  # fmt: skip
LIFTED_TRAIL = gettext_noop("Hold of a remittance lifted")
