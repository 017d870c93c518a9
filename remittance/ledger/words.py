"""What the books' states, kinds, acts and refusals are called."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from remittance.ledger import states

KINDS = {
    states.BANK: gettext_noop("Bank account"),
    states.MISSION_CASH: gettext_noop("Mission cash"),
    states.SETTLEMENT: gettext_noop("Settlement with missions"),
    states.SUSPENSE: gettext_noop("Suspense"),
    states.DEPOSITS: gettext_noop("Deposits held"),
    states.PAYOUTS: gettext_noop("Payouts due"),
    states.FEES: gettext_noop("Service fees"),
    states.ROUNDING: gettext_noop("Rounding"),
    states.FX: gettext_noop("Currency exchange"),
}
MONTH_STATES = {
    states.OPEN: gettext_noop("open for postings"),
    states.ASKED: gettext_noop("waits for the second officer"),
    states.CLOSED: gettext_noop("month closed"),
}
MONTH_KINDS = {states.OPEN: "running", states.ASKED: "waiting", states.CLOSED: "done"}
ENTRY_STATES = {
    states.WAITING: gettext_noop("waits for the second officer"),
    states.POSTED: gettext_noop("posted"),
    states.REFUSED: gettext_noop("refused"),
    states.WITHDRAWN: gettext_noop("withdrawn"),
}
ENTRY_KINDS = {states.WAITING: "waiting", states.POSTED: "done", states.REFUSED: "fault", states.WITHDRAWN: "ended"}
ACTIONS = {
    "ledger.month.ask": gettext_noop("Closing of a month asked for"),
    "ledger.month.return": gettext_noop("Closing of a month given back"),
    "ledger.month.close": gettext_noop("Month closed"),
    "ledger.entry.ask": gettext_noop("Entry by hand asked for"),
    "ledger.entry.agree": gettext_noop("Entry by hand posted"),
    "ledger.entry.refuse": gettext_noop("Entry by hand refused"),
    "ledger.entry.withdraw": gettext_noop("Entry by hand withdrawn"),
}
EXPLANATIONS = {
    "key-taken": gettext_noop("The key %(key)s stands for something else in the books."),
    "entry-key-taken": gettext_noop("This form was sent before with something else in it. Open a new one."),
    "entry.key": gettext_noop("Open the form again."),
    "period-closed": gettext_noop("The books of %(period)s are closed."),
    "account-currency": gettext_noop("Post onto accounts that are there, each in its own currency."),
    "already-reversed": gettext_noop("This journal was reversed before."),
    "is-reversal": gettext_noop("A reversal is not reversed. Post what is right instead."),
    "unbalanced": gettext_noop("The lines do not sum to zero in each currency."),
    "line-of-zero": gettext_noop("Leave out lines of zero."),
    "lines-count": gettext_noop("Give at least two lines, and at most 200."),
    "four-eyes": gettext_noop("The officer who asked cannot carry it out. Another one does."),
    "figures-changed": gettext_noop("Something was posted since the closing was asked for. Ask for it again."),
    "month-not-over": gettext_noop("%(period)s is not over yet."),
    "earlier-month-open": gettext_noop("%(period)s comes first: months close in order."),
    "entries-waiting": gettext_noop("%(count)s entries by hand of this month or before wait for the second officer."),
    "does-not-agree": gettext_noop("The books do not agree in %(currency)s. Have them checked before anything else."),
    "reversal-waiting": gettext_noop("Its reversal waits for the second officer already."),
    "too-many-entries": gettext_noop("Too many entries wait. Have them decided first."),
    "not-yours": gettext_noop("Only the officer who asked for an entry withdraws it."),
    "one-side": gettext_noop("Choose an account in each line, and give either a debit or a credit."),
    "entry.memo": gettext_noop("Say in 1 to 500 characters what happened."),
    "entry.reason": gettext_noop("Say in 1 to 1,000 characters why it is needed."),
    "entry.note": gettext_noop("Say in 1 to 500 characters why."),
    "entry.occurred_at": gettext_noop("Give a moment that has come."),
    "ledger.note": gettext_noop("Say in 1 to 500 characters why."),
    "not-a-month": gettext_noop("Name a month such as 2026-11."),
}
