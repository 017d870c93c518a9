"""What both own pages and the texts say of a remittance: who in few letters, until when, and the steps it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.i18n import gettext_noop
from remittance.quotes.standing import quote_of
from remittance.requests.models import Remittance
from remittance.requests.states import (
    APPROVED,
    DEPOSITED,
    DISPUTED,
    FINAL,
    ON_HOLD,
    OVERPAID,
    PAID,
    PARTIAL,
    QUOTED,
    READY,
    REFUND_PENDING,
    REFUNDED,
    REQUESTED,
    SETTLED,
    UNDER_REVIEW,
    WITH_MONEY,
    WITHOUT_MONEY,
    WRONG_DEPOSITOR,
)

DONE, NOW, AHEAD = "done", "now", "ahead"
_HANGUL = re.compile(r"[가-힣]")
_REACHED = {
    REQUESTED: 0, UNDER_REVIEW: 0, APPROVED: 1, QUOTED: 1, PARTIAL: 1, OVERPAID: 2, WRONG_DEPOSITOR: 2, DEPOSITED: 2, READY: 3,
    PAID: 4, SETTLED: 4, DISPUTED: 4,
}  # fmt: skip
"""How many steps lie behind each state."""
STEPS = (
    gettext_noop("The request is looked into"), gettext_noop("The relative deposits"),
    gettext_noop("The deposit is checked and the cash made ready"), gettext_noop("The cash can be fetched"),
)  # fmt: skip
REFUND_STEPS = (gettext_noop("The deposit has arrived"), gettext_noop("The deposit is sent back"))


@dataclass(frozen=True)
class Step:
    """One step by its message id: done, now or ahead."""

    label: str
    place: str


def initials(name: str) -> str:
    """Return a name so that whoever knows the person knows them, and nobody else learns it: `K. M.`, `김○○`."""
    if _HANGUL.match(name):
        return name[0] + "○○"
    return " ".join(f"{word[0].upper()}." for word in name.split()[:3])


def until_of(session: Session, one: Remittance) -> datetime | None:
    """Return the moment (UTC) until which the relative may deposit or the traveller fetch; None where nobody is waited for."""
    if one.state == QUOTED:
        quote = quote_of(session, one.id)
        ends = [at for at in (quote.expires_at if quote is not None else None, one.due_at) if at is not None]
        return min(ends, default=None)
    return one.due_at if one.state in (PARTIAL, READY) else None


def stands_at(one: Remittance) -> str:
    """Return the state by which people are told: a hold is told as the work before it, whatever its reason."""
    return one.held_state or one.state if one.state == ON_HOLD else one.state


def steps_of(one: Remittance) -> list[Step]:
    """Return the steps of a remittance; of one that ended without money none."""
    state = stands_at(one)
    if state in (REFUND_PENDING, REFUNDED):
        places = (DONE, NOW if state == REFUND_PENDING else DONE)
        return [Step(label, place) for label, place in zip(REFUND_STEPS, places, strict=True)]
    if state not in _REACHED:
        return []
    # While it is held nobody fetches anything: the step before is worked on.
    reached = min(_REACHED[state], 2) if one.state == ON_HOLD else _REACHED[state]
    return [
        Step(label, DONE if number < reached else NOW if number == reached else AHEAD)
        for number, label in enumerate(STEPS)
    ]


RELATIVE_WORDS = {
    "early": gettext_noop("The request is being looked into. We write to you when there is something to do."),
    QUOTED: gettext_noop("Please deposit the amount below."),
    PARTIAL: gettext_noop("A part of the deposit has arrived. Please deposit the rest."),
    "arrived": gettext_noop("A deposit has arrived and is being worked on. There is nothing for you to do."),
    OVERPAID: gettext_noop("More arrived than was asked for. What is not needed is sent back to you."),
    "wait": gettext_noop("We are still working on it. Please deposit nothing until we write again."),
    READY: gettext_noop("The cash is ready and can be fetched at the mission."),
    PAID: gettext_noop("The cash was handed over. There is nothing more for you to do."),
    REFUND_PENDING: gettext_noop("The request has ended. The deposit is being sent back to the account it came from."),
    REFUNDED: gettext_noop("The deposit was sent back to the account it came from."),
    "ended": gettext_noop("The request has ended. Please deposit nothing."),
}
TRAVELLER_WORDS = {
    "early": gettext_noop("Your request is being looked into. We call you."),
    APPROVED: gettext_noop("Your request is approved. We tell your relative what to deposit."),
    QUOTED: gettext_noop("We wait for the deposit of your relative."),
    "arrived": gettext_noop("A deposit has arrived and is being worked on. We write when you can fetch the money."),
    READY: gettext_noop("The money is ready. Bring your passport and the code that we sent you."),
    PAID: gettext_noop("The money was handed over. If that was not to you, call us at once."),
    REFUND_PENDING: gettext_noop("The request has ended. The deposit goes back to whoever sent it."),
    "held": gettext_noop("Your request is being worked on. Please call us before you go to the mission."),
    "rejected": gettext_noop("We could not grant this request. Call us: there may be other help."),
    "ended": gettext_noop("This request has ended. If you still need help, ask again or call us."),
}


def relative_words(one: Remittance) -> str:
    """Return the message id of what the relative is told about where it stands."""
    if one.state == ON_HOLD:
        if one.held_state in (QUOTED, PARTIAL):
            return RELATIVE_WORDS["wait"]
        return RELATIVE_WORDS["arrived" if one.held_state in WITH_MONEY else "early"]
    if one.state in (PAID, SETTLED, DISPUTED):
        return RELATIVE_WORDS[PAID]
    if one.state in (WRONG_DEPOSITOR, DEPOSITED):
        return RELATIVE_WORDS["arrived"]
    return RELATIVE_WORDS.get(one.state) or RELATIVE_WORDS["ended" if one.state in FINAL else "early"]


def traveller_words(one: Remittance) -> str:
    """Return the message id of what the traveller is told about where it stands."""
    if one.state == ON_HOLD:
        return TRAVELLER_WORDS["early" if one.held_state in WITHOUT_MONEY else "held"]
    if one.state in (PAID, SETTLED, DISPUTED):
        return TRAVELLER_WORDS[PAID]
    if one.state in WITH_MONEY and one.state not in (PARTIAL, READY):
        return TRAVELLER_WORDS["arrived"]
    if one.state in (PARTIAL, QUOTED):
        return TRAVELLER_WORDS[QUOTED]
    if one.state in (REFUND_PENDING, REFUNDED):
        return TRAVELLER_WORDS[REFUND_PENDING]
    return TRAVELLER_WORDS.get(one.state) or TRAVELLER_WORDS["ended" if one.state in FINAL else "early"]
