"""What a provider's error code means, as one table: for this text, for the person, and for trying again.

The codes are Twilio's (its error dictionary), which the house speaks everywhere; other adapters translate into them. A code
may come with the answer to a hand-over or, later, with a receipt. Rules of retries are explained in docs/decisions/0017.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Says(StrEnum):
    """What a code says about the number, for every later text."""

    NOTHING = ""
    BAD_NUMBER = "bad_number"
    """For good: no text will ever reach this number."""
    OPTED_OUT = "opted_out"
    """The owner of the handset has told the provider to stop; these people need another channel."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How a text that failed is tried again: one further attempt after each of `waits_s` (seconds), while it is valid.

    `other_sender`: only through another sender than the one that failed. `slower`: the sender's pace is halved for a while.
    """

    waits_s: tuple[int, ...]
    other_sender: bool = False
    slower: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """One line of the table. `later` and `ours` are about the answer to a hand-over; neither: this text is refused.

    `region`: the account may not send to the number's country.
    """

    later: bool = False
    """Rates and queues: not a recipient's fault, it passes by itself."""
    ours: bool = False
    """Our account, credentials or sender: every other text would meet the same, so sending must stop."""
    says: Says = Says.NOTHING
    retry: Retry | None = None
    region: bool = False


_LATER: Final = Meaning(later=True)
_OURS: Final = Meaning(ours=True)
_BAD: Final = Meaning(says=Says.BAD_NUMBER)

HANDSET_OFF: Final = Retry((300, 900, 2700))
"""Five minutes, a quarter of an hour, 45 minutes: long enough for a flight mode or a charger, short enough to matter."""
CROWDED: Final = Retry((60, 180), slower=True)
FILTERED: Final = Retry((15,), other_sender=True)

CODES: Final[dict[str, Meaning]] = {
    "14107": _LATER,
    "20429": _LATER,  # too many requests
    "21611": _LATER,  # the sender's queue is full
    "30022": _LATER,
    "63017": _LATER,
    "30001": Meaning(later=True, retry=CROWDED),  # the queue overflowed: we send faster than the sender may
    "30003": Meaning(retry=HANDSET_OFF),  # handset off or without network
    "30007": Meaning(retry=FILTERED),  # taken for spam
    "21211": _BAD,  # not a number
    "21217": _BAD,  # not a number
    "21614": _BAD,  # not a mobile
    "30005": _BAD,  # unknown handset
    "30006": _BAD,  # landline, or a carrier that takes no texts
    "21610": Meaning(says=Says.OPTED_OUT),
    "21408": Meaning(region=True),
    "20003": _OURS,  # wrong credentials
    "20005": _OURS,  # account not active
    "20006": _OURS,  # access denied
    "20008": _OURS,  # test credentials used for a live resource
    "20404": _OURS,  # wrong account or address
    "21212": _OURS,  # the sender is no valid number
    "21603": _OURS,  # no sender given
    "21606": _OURS,  # the sender is not ours or cannot send texts
    "21609": _OURS,  # our own callback address is not acceptable
    "21659": _OURS,  # the sender is not ours
    "21660": _OURS,  # the sender belongs to another account
    "21701": _OURS,  # messaging service unknown
    "21703": _OURS,  # messaging service has no sender
    "21705": _OURS,  # messaging service id malformed
    "30002": _OURS,  # account suspended
    "63038": _OURS,  # the account's daily limit
}
"""Every code that is not here refuses this one text for good and says nothing about the person."""

UNLISTED: Final = Meaning()
BAD_NUMBER_CODES: Final = frozenset(code for code, meaning in CODES.items() if meaning.says is Says.BAD_NUMBER)
OPTED_OUT_CODES: Final = frozenset(code for code, meaning in CODES.items() if meaning.says is Says.OPTED_OUT)
RETRY_CODES: Final = {code: meaning.retry for code, meaning in CODES.items() if meaning.retry is not None}
REGION_CODES: Final = frozenset(code for code, meaning in CODES.items() if meaning.region)


def meaning_of(code: str | None) -> Meaning:
    """Return the line of the table for a code."""
    return CODES.get(code or "", UNLISTED)
