"""What rates and quotes are called, and what is said when there can be none."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop
from remittance.quotes import states

RATE_STATES = {
    states.WAITING: gettext_noop("waits for the second officer"),
    states.COUNTS: gettext_noop("counts"),
    states.REFUSED: gettext_noop("out of use"),
}
RATE_KINDS = {states.WAITING: "waiting", states.COUNTS: "done", states.REFUSED: "ended"}
SOURCES = {
    "ecb": gettext_noop("European Central Bank"),
    "csv": gettext_noop("Table of our own"),
    "same": gettext_noop("Same currency"),
}
QUOTE_KINDS = {"quote": gettext_noop("Quote"), "accepted": gettext_noop("Deposit accepted otherwise")}
ACTIONS = {
    "rates.bring_in": gettext_noop("Exchange rates brought in"),
    "rate.enter": gettext_noop("Exchange rate typed"),
    "rate.agree": gettext_noop("Exchange rate agreed to"),
    "rate.refuse": gettext_noop("Exchange rate taken out of use"),
    "remittance.quote": gettext_noop("Remittance quoted"),
    "remittance.quote_again": gettext_noop("Remittance quoted again"),
}
EXPLANATIONS = {
    "no-rate": gettext_noop(
        "No rate of the last %(hours)s hours says what %(wanted)s costs in %(paid_in)s. "
        "Have rates brought in, or typed and agreed to."
    ),
    "drill-money": gettext_noop("In a drill no money moves."),
    "float-short": gettext_noop(
        "The mission's till has %(free)s free, and %(paid)s is needed. Give it to another mission, or have the till replenished."
    ),
    "too-many-quotes": gettext_noop("It was quoted too often. Call it off and ask anew."),
    "not-quoted": gettext_noop("It was never quoted."),
    "nothing-to-pay": gettext_noop("So little buys no note. Order the refund."),
    "rate-known": gettext_noop("This source has a rate on record for that moment already."),
    "rate.base": gettext_noop("Give the currency as the three letters of ISO 4217, such as USD or KRW."),
    "rate.quoted": gettext_noop("Give another currency, as the three letters of ISO 4217."),
    "rate.value": gettext_noop("Write a rate as 1456.78, more than zero."),
    "rate.source": gettext_noop("Name where it is from in 2 to 20 small letters, digits and hyphens."),
    "rate.at": gettext_noop("Give a moment of the last seven days."),
    "rate.file": gettext_noop("Choose a file of at most 500 kB."),
}
