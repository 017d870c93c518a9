"""Words of deposits for people: states, why something waits, faults of files, what the service says when it refuses."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

STATES = {
    "new": gettext_noop("Not looked at yet"),
    "suspense": gettext_noop("In suspense"),
    "assigned": gettext_noop("Given to a remittance"),
    "returned": gettext_noop("Taken back by the bank"),
    "fees_asked": gettext_noop("Charge: a second officer has to agree"),
    "refund_asked": gettext_noop("Send back: a second officer has to agree"),
    "refund_ordered": gettext_noop("To be sent back"),
    "explained": gettext_noop("Explained"),
}
STATE_KINDS = {
    "new": "waiting", "suspense": "waiting", "assigned": "done", "returned": "ended", "fees_asked": "waiting",
    "refund_asked": "waiting", "refund_ordered": "waiting", "explained": "ended",
}  # fmt: skip
WHY = {
    "no_reference": gettext_noop("No reference; the amount fits a remittance"),
    "several_references": gettext_noop("Several references in its text"),
    "several_alike": gettext_noop("Several remittances fit"),
    "outgoing": gettext_noop("Money out that nothing explains yet"),
    "not_waiting": gettext_noop("The remittance takes no deposit now"),
    "unknown": gettext_noop("Neither reference nor amount is known"),
    "returned": gettext_noop("The bank took money back; its deposit is not clear"),
    "late": gettext_noop("Deposited after the time for it"),
    "other_currency": gettext_noop("In another currency than was asked for"),
    "unlike_payee": gettext_noop("Refund to somebody else than the depositor"),
    "too_much": gettext_noop("More than is held for the remittance"),
    "ordered_too": gettext_noop("A refund of this amount was ordered for another entry as well"),
    "undone": gettext_noop("It was given to a remittance by mistake and taken back"),
}
OTHER_WHY = gettext_noop("The remittance is being looked into")
UNDO_STATES = {
    "asked": gettext_noop("A second officer has to agree"),
    "done": gettext_noop("Taken back"),
    "refused": gettext_noop("Refused"),
}
EVENTS = {
    "deposit": gettext_noop("Deposit complete"),
    "deposit_part": gettext_noop("Deposited in part"),
    "deposit_over": gettext_noop("Too much deposited"),
    "deposit_other": gettext_noop("Deposited by somebody else"),
    "deposit_more": gettext_noop("Deposited once more"),
    "deposit_returned": gettext_noop("Deposit taken back by the bank"),
    "refund_paid": gettext_noop("Refund sent"),
}
FAULTS = {
    "account": gettext_noop("This account is not ours, or not agreed to yet. Enter the bank account first."),
    "currency": gettext_noop("The account is kept in another currency."),
    "opening balance": gettext_noop(
        "It does not go on where the last statement ended. Take the statements between over first, or ask the bank for them."
    ),
    "closing balance": gettext_noop(
        "Opening balance and entries do not give the closing balance. Ask for the whole statement."
    ),
    "balance": gettext_noop("The balances do not follow each other: a row is missing, doubled or changed."),
    "day": gettext_noop("This day cannot be. Write days as 2026-03-31."),
    "closing day": gettext_noop("This day cannot be. Write days as 2026-03-31."),
    "amount": gettext_noop("Write amounts as 1,234,567 or 1234.56."),
    "money in": gettext_noop("Write amounts as 1,234,567 or 1234.56."),
    "money out": gettext_noop("Write amounts as 1,234,567 or 1234.56."),
    "file": gettext_noop(
        "This is no statement that can be read. Download CAMT.053, MT940 or a table (CSV) from the bank again."
    ),
    "encoding": gettext_noop("Save the file as UTF-8 or in the Korean code page 949."),
    "headings": gettext_noop("The table needs columns for day, money in and balance."),
    "rows": gettext_noop("The table has no movement, or too many. Choose another period."),
}
"""By the field that a fault names; shown to readers of other languages than English, who also see the line and the value."""
EXPLANATIONS = {
    "statement-other-account": gettext_noop(
        "This table was taken over as another account's. Choose the right account."
    ),
    "statement-too-large": gettext_noop(
        "A bank's file has at most %(mb)s MB. Download a shorter period, and take the periods over one after the other."
    ),
    "bank-not-agreed": gettext_noop("A second officer has to agree to this bank account first."),
    "not-waiting": gettext_noop("This remittance takes no deposit now. Look at its state."),
    "other-currency": gettext_noop("It was quoted in %(due)s, the entry is in %(currency)s."),
    "more-than-held": gettext_noop("More left the bank than is to go back for this remittance."),
    "no-such-deposit": gettext_noop("No deposit of this remittance has this amount."),
    "still-held": gettext_noop("Something is still held for it. Assign the refund's entry of the statement first."),
    "bank-differs": gettext_noop(
        "The bank account %(account)s is not in the books what its statement of %(closed_on)s says."
    ),
    "not-incoming": gettext_noop("Only what came in can be sent back."),
    "same-officer-asked": gettext_noop("Whoever said what it is cannot agree to it. Ask a colleague."),
    "no-pair": gettext_noop("These two do not undo each other."),
    "had-a-part-in-deposit": gettext_noop(
        "Whoever asked for it, reviewed or approved it, or gave it this deposit does not accept it. Ask a colleague."
    ),
    "not-assigned": gettext_noop("This entry is given to no remittance now."),
    "entry-changed": gettext_noop("Somebody gave this entry elsewhere meanwhile. Look at it again."),
    "paid-out": gettext_noop(
        "Cash was paid out for this remittance, so its deposits stay. Dispute the payout first; a surplus goes back to its"
        " sender."
    ),
    "gone-back": gettext_noop("Some of this deposit has gone back to its sender already. Look at the refunds first."),
    "undo-on-hold": gettext_noop(
        "The remittance is on hold. Its hold has to be lifted first; no cash is paid out meanwhile."
    ),
    "return-stays": gettext_noop("What the bank itself took back cannot be given back here."),
    "undo-asked": gettext_noop("It was asked for already. A second officer has to agree."),
    "no-undo-asked": gettext_noop("Nobody asked for it, or it was answered already."),
    "which-remittance": gettext_noop("Give a remittance's number or reference."),
    "deposit.what": gettext_noop("Choose what the entry is."),
    "deposit.other_id": gettext_noop("Choose the entry that was refunded."),
    "deposit.reason": gettext_noop("Say why in 1 to 300 characters."),
    "statement.file": gettext_noop("Choose the file of the bank."),
    "statement.name": gettext_noop("Name the file in 1 to 120 characters."),
}
UNDONE = gettext_noop("Deposit of another remittance taken back")
TRAIL = {
    "statement.imported": gettext_noop("Statement of a bank taken over"),
    "bank_entry.assigned": gettext_noop("Entry of a statement given to a remittance"),
    "bank_entry.ask_fees": gettext_noop("Entry of a statement called a charge"),
    "bank_entry.ask_refund": gettext_noop("Sending back of an entry asked for"),
    "bank_entry.agree": gettext_noop("What an entry is agreed to"),
    "bank_entry.refuse": gettext_noop("What an entry is refused"),
    "bank_entry.pair": gettext_noop("Two entries explained by each other"),
    "bank_entry.undo_asked": gettext_noop("Taking an assignment back asked for"),
    "bank_entry.undone": gettext_noop("Assignment of an entry taken back"),
    "bank_entry.undo_refused": gettext_noop("Taking an assignment back refused"),
    "remittance.undo": UNDONE,
    "remittance.undo_part": UNDONE,
    "remittance.undo_other": UNDONE,
    "remittance.undo_whole": UNDONE,
    "remittance.undo_over": UNDONE,
    "remittance.undo_cancelled": UNDONE,
    "remittance.undo_expired": UNDONE,
    "remittance.undo_rejected": UNDONE,
    "remittance.undo_refund": gettext_noop("Refund of another remittance taken back"),
    "remittance.deposit": gettext_noop("Deposit complete"),
    "remittance.deposit_part": gettext_noop("Deposited in part"),
    "remittance.deposit_over": gettext_noop("Too much deposited"),
    "remittance.deposit_other": gettext_noop("Deposited by somebody else"),
    "remittance.deposit_more": gettext_noop("Deposited once more"),
    "remittance.deposit_returned": gettext_noop("Deposit taken back by the bank"),
    "remittance.accept": gettext_noop("Deposit accepted as it came"),
    "remittance.refunded": gettext_noop("Refunded"),
}
