"""The lifecycle of one notice as a table, and what each purpose of a notice is entitled to; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from hotline.core.i18n import gettext_noop
from hotline.core.states import Lifecycle, Transition

QUEUED, SENDING, IN_DOUBT, SENT, DELIVERED = "queued", "sending", "in_doubt", "sent", "delivered"
FAILED, LAPSED = "failed", "lapsed"
STATES = (QUEUED, SENDING, IN_DOUBT, SENT, DELIVERED, FAILED, LAPSED)
"""queued: not yet handed over · sending: an attempt is on record, its answer outstanding · in_doubt: the answer was lost and
is looked up · sent: the provider accepted it · delivered: on the handset · failed: for good, with its reason · lapsed: its
time was over before it was sent."""

NOTICE = Lifecycle(
    "notice",
    [
        Transition(QUEUED, "claim", SENDING),
        Transition(QUEUED, "withhold", FAILED),
        Transition(QUEUED, "lapse", LAPSED),
        Transition(SENDING, "accept", SENT),
        Transition(SENDING, "refuse", FAILED),
        Transition(SENDING, "give back", QUEUED),
        Transition(SENDING, "lose", IN_DOUBT),
        Transition(IN_DOUBT, "find", SENT),
        Transition(IN_DOUBT, "find delivered", DELIVERED),
        Transition(IN_DOUBT, "find failed", FAILED),
        Transition(IN_DOUBT, "miss", QUEUED),
        Transition(IN_DOUBT, "give up", FAILED),
        Transition(IN_DOUBT, "keep looking", IN_DOUBT),
        Transition(FAILED, "try again", QUEUED),
        *(
            Transition(state, f"receipt: {target}", target)
            for state in (QUEUED, SENDING, IN_DOUBT, SENT, FAILED)
            for target in (SENT, DELIVERED, FAILED)
            if (state, target) not in ((SENT, SENT), (FAILED, SENT))
        ),
    ],
)
"""A receipt proves the hand-over, so it moves a notice from wherever our own record of it stands. `delivered` and `lapsed`
are left by nothing, `failed` only for the network's positive proof of delivery, a failure that says more, or another try
where the reason allows one (`hotline.providers.codes`)."""


class Priority(IntEnum):
    """Which notices go first; all of them stand behind alerts."""

    AT_ONCE = 0
    """Somebody stands there and waits for it, or a person must come."""
    SOON = 5
    WHENEVER = 9


@dataclass(frozen=True)
class Purpose:
    """What a notice is for.

    `asked_for`: the receiver has just asked for it or it is their duty, so it goes out although they want no alerts.
    `secret`: the body opens a door; pages never show it, and it is removed from the row as soon as the text has arrived, is
    not tried again, or means nothing any more.
    """

    label: str
    priority: Priority = Priority.SOON
    asked_for: bool = False
    secret: bool = False


PURPOSES = {
    "code": Purpose(gettext_noop("Verification code"), Priority.AT_ONCE, asked_for=True, secret=True),
    "duty": Purpose(gettext_noop("Ring of the duty officer"), Priority.AT_ONCE, asked_for=True),
    "arrival": Purpose(gettext_noop("Text on arrival")),
    "relative": Purpose(gettext_noop("Word to a relative")),
    "callout": Purpose(gettext_noop("Call-out of volunteers"), Priority.AT_ONCE, asked_for=True, secret=True),
    "volunteer": Purpose(gettext_noop("Word to a volunteer"), asked_for=True, secret=True),
    "shift": Purpose(gettext_noop("Planned shift"), asked_for=True),
    "payment": Purpose(gettext_noop("Payment link"), asked_for=True),
    "case_link": Purpose(gettext_noop("Link to a case"), asked_for=True, secret=True),
    "escalation": Purpose(gettext_noop("Question to an official"), Priority.AT_ONCE, asked_for=True),
    "partner": Purpose(gettext_noop("Word to a partner"), Priority.AT_ONCE, asked_for=True),
    "remittance": Purpose(gettext_noop("Emergency money"), asked_for=True, secret=True),
    "information": Purpose(gettext_noop("Information")),
}
"""Every purpose there is; a notice with another is not taken."""
