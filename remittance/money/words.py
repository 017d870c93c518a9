"""What is said to people about amounts that cannot be used."""

from __future__ import annotations

from hotline.core.i18n import gettext_noop

EXPLANATIONS = {
    "unknown-currency": gettext_noop("Give the currency as the three letters of ISO 4217, such as USD or KRW."),
    "not-an-amount": gettext_noop("Write digits, with commas between groups of three or without, such as 1,250.50."),
    "too-many-digits": gettext_noop("This currency does not have so many digits after the point."),
    "amount-too-large": gettext_noop("This amount is larger than any that is kept here."),
    "not-in-notes": gettext_noop("The mission's notes do not make up this amount. Choose a rounder one."),
    "unknown-note": gettext_noop("Count notes and coins of this currency alone."),
    "note-count": gettext_noop("Give whole numbers of pieces, zero or more."),
    "less-than-fee": gettext_noop("The deposit does not cover the fee."),
    "impossible-rate": gettext_noop("A rate is more than zero, and a spread is not less than zero."),
}
