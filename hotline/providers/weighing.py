"""What all receipts of one text together say; pure, and the same for every kind of text.

What holds afterwards depends on the set of receipts only, not on their order (see `ranks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from hotline.providers.ranks import DELIVERED, FIRST_FINAL_RANK, Word, recorded, word

RESTING = ("queued", "withdrawn", "lapsed")
"""States in which nothing is under way, though there may have been attempts."""


class Kept(Protocol):
    """What weighing needs to know of a text as its row stands."""

    @property
    def phone(self) -> str:
        """Return the number it goes to, in E.164."""

    @property
    def state(self) -> str:
        """Return our state of it."""

    @property
    def attempts(self) -> int:
        """Return how often it was handed over."""

    @property
    def sid(self) -> str | None:
        """Return the provider's name of its last attempt."""

    @property
    def status(self) -> str | None:
        """Return the provider's last word about it."""

    @property
    def error_code(self) -> str | None:
        """Return the code of its failure."""


class Row(NamedTuple):
    """A receipt as it waits in its table; `text_id` is None where it knows the provider's name of the text alone."""

    id: int
    text_id: int | None
    sid: str
    status: str
    error_code: str | None
    recipient: str | None
    received_at: datetime
    attempt: int | None = None
    """Number of the attempt it is about; None where nothing says so (it is then about the last)."""
    provider: str | None = None
    """The provider on whose bind it came; None for a webhook."""


class News(NamedTuple):
    """What is new: the word that holds now, the provider's name, and the receipts' times."""

    word: Word
    sid: str
    first_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True)
class Weighed:
    """The news of one text, if there is any, and what became of its receipts (counts)."""

    news: News | None
    applied: int
    stale: int
    mismatched: int


def known(text: Kept) -> Word:
    """Return what is known about a text so far.

    One that has failed and is to be tried again keeps the name and the word of the attempt that failed until its next
    one: the same failure said twice is no news.
    """
    if text.sid is not None and text.state in RESTING:
        return word(text.status, text.error_code)
    return recorded(text.state, text.status, text.error_code)


def weigh(text: Kept, rows: Sequence[Row]) -> Weighed:
    """Say what all receipts of one text together change.

    A receipt also proves the hand-over itself: a text that is still `sending`, in doubt, or was put back to be tried again
    has arrived, and must neither be looked up nor sent again. Of an earlier attempt, which has failed and was followed by
    another, only proof that it was delivered after all still counts.
    """
    fitting = [row for row in rows if _fits(text, row)]
    earlier = [row for row in fitting if row.attempt is not None and row.attempt < text.attempts]
    current = [row for row in fitting if row.attempt is None or row.attempt == text.attempts]
    # Of two provider ids for one attempt (handed over twice after all) the first that came is the text's own.
    sid = text.sid or (current[0].sid if current else "")
    own = [row for row in current if row.sid == sid]
    proofs = [row for row in earlier if word(row.status, row.error_code).state == DELIVERED]
    believed = own + proofs
    mismatched = len(rows) - len(earlier) - len(own)
    stale = len(earlier) - len(proofs)
    if not believed:
        return Weighed(None, 0, stale, mismatched)
    best, row = max(((word(each.status, each.error_code), each) for each in believed), key=lambda pair: pair[0])
    if best <= known(text):
        return Weighed(None, 0, stale + len(believed), mismatched)
    settled_at = row.received_at if best.rank >= FIRST_FINAL_RANK else None
    news = News(best, row.sid, min(each.received_at for each in believed), settled_at)
    return Weighed(news, len(believed), stale, mismatched)


def _fits(text: Kept, row: Row) -> bool:
    """Whether the receipt can be about this text: it was handed over at least once, and to the number that is named.

    After a restore from a backup old ids are given again, and a receipt from before must not settle a new text.
    """
    return text.attempts > 0 and (row.recipient is None or row.recipient == text.phone)
