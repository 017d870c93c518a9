"""The life of a payout, what identity documents there are, and how long codes and preparations last; pure."""

from __future__ import annotations

from datetime import date, timedelta

from hotline.core.states import Lifecycle, Transition
from remittance.requests.states import PAY, WITNESS

PREPARED, PAID, WITHDRAWN = "prepared", "paid", "withdrawn"
PAYOUT = Lifecycle(
    "payout",
    [
        Transition(PREPARED, "confirm", PAID, WITNESS),
        Transition(PREPARED, "withdraw", WITHDRAWN, PAY),
        Transition(PREPARED, "lapse", WITHDRAWN),
    ],
)
"""prepared: the cashier checked code and identity and counted the notes · paid: a witness confirmed, the books have it ·
withdrawn: given up, or overtaken by a hold, a refund or another mission; another may be prepared."""
PAYOUT_STATES = (PREPARED, PAID, WITHDRAWN)

DOCUMENTS = ("passport", "emergency_passport", "travel_certificate", "identity_card", "residence_card", "second_factor")
"""By what the payee is known at the counter; `second_factor` only where the review found the passport lost."""
WITHOUT_NUMBER = ("second_factor",)

TEXT, VOICE = "text", "voice"
WAYS = (TEXT, VOICE)
PROOFS = ("questions", "called_back", "in_person")
"""How somebody without a telephone proved who they are before the code was told to them."""

CODE_DIGITS = 8
MAX_WRONG_TRIES = 5
MAX_CODES_A_DAY = 5
NOTICE_LIFE = timedelta(hours=24)
"""A text that could not be delivered for a day is replaced by another code on request; until then the words are in its row."""
PREPARED_FOR = timedelta(minutes=30)
"""The witness stands at the counter: what is not confirmed within this time is counted and checked anew."""
BEING_CHECKED = "being-checked"
"""Why it may not go on, for whoever must not learn more."""
EXCEPTION_LASTS = timedelta(hours=12)
VOUCHER_YEARS = 5
"""Years after the one of the payout for which its voucher is kept whole, also of somebody who was erased: it is evidence of an
account of public money. A ministry whose schedule of records says otherwise changes this number."""


def voucher_kept_until(paid_on: date) -> date:
    """Return the last day on which a payout's voucher is evidence and must be there."""
    return date(paid_on.year + VOUCHER_YEARS, 12, 31)
