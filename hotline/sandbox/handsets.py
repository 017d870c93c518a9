"""The handsets: who owns a number, what lies on it, whether it is on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from hotline.sandbox.messages import Message
from hotline.sandbox.settings import BadInput

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""E.164: a plus and 7 to 15 digits, the first not zero."""

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_ENTRIES = 100_000
SEARCH_LIMIT = 100_000
"""How many handsets one search looks at, the latest active first."""

OWNER_FIELDS = {"name": 80, "country": 2, "language": 12, "place": 80, "email": 254}


@dataclass(slots=True, eq=False)
class Handset:
    """One phone. ``country`` is ISO 3166 alpha-2, ``language`` a BCP 47 tag; both may be empty."""

    number: str
    name: str = ""
    country: str = ""
    language: str = ""
    place: str = ""
    email: str = ""
    texts: list[Message] = field(default_factory=list)
    unread: int = 0
    off: bool = False
    opted_out: bool = False
    haystack: str = ""

    def __post_init__(self) -> None:
        """Make the new handset findable by its number."""
        self.index()

    def index(self) -> None:
        """Gather what a search looks at, once per change of owner instead of once per look."""
        self.haystack = f"{self.number} {self.name} {self.place} {self.country} {self.language} {self.email}".casefold()

    def matches(self, words: list[str]) -> bool:
        """Whether every word (already case-folded) occurs in what is known of the owner."""
        return all(word in self.haystack for word in words)


class Handsets:
    """All handsets, kept in the order of their last activity so that the list needs no sorting."""

    def __init__(self, limit: int) -> None:
        """Hold at most ``limit`` handsets."""
        self._limit = limit
        # A handset is in one of the two: those that had a text, the latest last, and those that only have an owner.
        self._active: dict[str, Handset] = {}
        self._quiet: dict[str, Handset] = {}
        self._by_email: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._active) + len(self._quiet)

    def __iter__(self) -> Iterator[Handset]:
        return chain(reversed(self._active.values()), self._quiet.values())

    def by_email(self, address: str) -> Handset | None:
        """Return the handset whose owner has this e-mail address."""
        number = self._by_email.get(address.casefold())
        return self.get(number) if number else None

    @property
    def full(self) -> bool:
        """Whether a number that was never seen has no room any more."""
        return len(self) >= self._limit

    def get(self, number: str) -> Handset | None:
        """Return the handset of ``number`` if it has been seen."""
        return self._active.get(number) or self._quiet.get(number)

    def take(self, number: str) -> Handset:
        """Return the handset of ``number``, making it on first sight."""
        found = self.get(number)
        if found is None:
            found = self._quiet[number] = Handset(number)
        return found

    def touch(self, number: str) -> Handset:
        """Return the handset and move it to the top of the list."""
        handset = self._active.pop(number, None) or self._quiet.pop(number, None) or Handset(number)
        self._active[number] = handset
        return handset

    def quieten(self) -> None:
        """Take texts and states off every handset; owners stay."""
        self._quiet |= self._active
        self._active = {}
        for handset in self._quiet.values():
            handset.texts.clear()
            handset.unread, handset.off, handset.opted_out = 0, False, False

    def name_all(self, entries: object) -> int:
        """Take over owners from JSON; raises ``BadInput`` naming the entry that is wrong, changing nothing then."""
        if not isinstance(entries, list):
            raise BadInput("must be a list of handsets")
        if len(entries) > MAX_ENTRIES:
            raise BadInput(f"at most {MAX_ENTRIES} handsets at once")
        owners = [_parse_owner(index, entry) for index, entry in enumerate(entries)]
        if len(self) + len(owners) > self._limit:
            raise BadInput(f"at most {self._limit} handsets are kept")
        for number, owner in owners:
            handset = self.take(number)
            for name, value in owner.items():
                setattr(handset, name, value)
            handset.index()
            if handset.email:
                self._by_email[handset.email.casefold()] = number
        return len(owners)

    def search(self, query: str, offset: int, limit: int) -> tuple[list[Handset], bool]:
        """Return one page of handsets, the latest active first, and whether more follow."""
        words = query.casefold().split()
        recent = islice(self, SEARCH_LIMIT)
        digits = "".join(words).replace("-", "").lstrip("+")
        if digits.isdigit():
            words = [digits]
        first, *rest = words or [""]
        hits = (each for each in recent if first in each.haystack and (not rest or each.matches(rest)))
        page = list(islice(hits, offset, offset + limit + 1))
        return page[:limit], len(page) > limit


def _parse_owner(index: int, entry: object) -> tuple[str, dict[str, str]]:
    if not isinstance(entry, dict):
        raise BadInput(f"handset {index}: must be an object")
    number = entry.get("number")
    if not isinstance(number, str) or not NUMBER.fullmatch(number):
        raise BadInput(f"handset {index}: number must be E.164, as +821012345678")
    owner = {}
    for name, longest in OWNER_FIELDS.items():
        value = entry.get(name) or ""
        if not isinstance(value, str) or len(value) > longest:
            raise BadInput(f"handset {index}: {name} must be a text of at most {longest} characters")
        owner[name] = value
    return number, owner
