"""What a provider's word about a message is worth against another: one total order, so that arrival order never matters.

Receipts come late, twice, out of order, sometimes before our own record of the hand-over. If two workers fold them in two
different orders the message must end the same, so the rule is "the greatest word wins" and nothing else:

    accepted, scheduled < queued < sending < sent < canceled < failed < undelivered < delivered < read

All words from `canceled` on are final. A final word is left only for a greater one, and of two equal words with different
error codes the greater code stays. The one change this allows between final states is from failed to delivered: "delivered"
is the network's positive proof that the text is on the handset, while a failure is the absence of it (a carrier that gave
up before its own proof came in). docs/decisions/0007-receipts.md says more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SENT, DELIVERED, FAILED = "sent", "delivered", "failed"
"""Our states that a word leads to; every table of texts names them so."""

RANKS: Final = {
    "accepted": 1,
    "scheduled": 1,
    "queued": 2,
    "sending": 3,
    "sent": 4,
    "canceled": 5,
    "failed": 6,
    "undelivered": 7,
    "delivered": 8,
    "read": 9,
}
"""Twilio's message statuses (Programmable Messaging, "Message Status Values")."""

FIRST_FINAL_RANK: Final = RANKS["canceled"]

_STATE_OF: Final = {
    "delivered": DELIVERED,
    "read": DELIVERED,
    "undelivered": FAILED,
    "failed": FAILED,
    "canceled": FAILED,
}


@dataclass(frozen=True, slots=True, order=True)
class Word:
    """One word of the provider about one message; the greater of two words is the one that holds."""

    rank: int
    error_code: str
    status: str

    @property
    def state(self) -> str:
        """Our state of a message that this word is the greatest about."""
        return _STATE_OF.get(self.status, SENT)

    @property
    def reason(self) -> str:
        """The error code where the message failed, else empty: the `reason` of the tallies."""
        return self.error_code if self.state == FAILED else ""


NOTHING: Final = Word(0, "", "")
"""What is known before the provider has said anything."""


def word(status: str | None, error_code: str | None) -> Word:
    """The word of a receipt or of a message's own record; a status that is unknown is worth nothing.

    Only a failure has an error code: with any other word it says nothing.
    """
    rank = RANKS.get(status or "", 0)
    if not rank:
        return NOTHING
    return Word(rank, (error_code or "") if _STATE_OF.get(status or "") == FAILED else "", status or "")


def recorded(state: str, status: str | None, error_code: str | None) -> Word:
    """The word that a message's row stands for.

    A message that failed without the provider's status (it was refused at the hand-over) counts as `failed`; one that was
    delivered or sent keeps at least that, whatever its status column says.
    """
    said = word(status, error_code)
    least = {SENT: "accepted", DELIVERED: "delivered", FAILED: "failed"}.get(state)
    if least is None:
        return NOTHING
    floor = Word(RANKS[least], error_code or "" if state == FAILED else "", least)
    return said if said.rank and said.state == state else floor
