"""What a text costs on the air: its encoding, its units, its parts, and the characters that make it dear.

Rules: 3GPP TS 23.038 (the GSM 7-bit alphabet and its extension) and TS 23.040 (the header of a concatenated message).
A character is never replaced here behind anybody's back: a cheaper wording is offered, and a person takes it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, NamedTuple

import gsm0338

Encoding = Literal["GSM-7", "UCS-2"]

UNITS_ALONE: Final[dict[Encoding, int]] = {"GSM-7": 160, "UCS-2": 70}
"""Units in a message of one part: septets for GSM-7, UTF-16 code units for UCS-2."""

UNITS_IN_PART: Final[dict[Encoding, int]] = {"GSM-7": 153, "UCS-2": 67}
"""Units in each part of several: six octets of every part are the header that joins them."""

COUNTED_CHARS: Final = 10_000
"""Nothing longer is counted: the provider refuses bodies above 1,600 characters, and typing stops far before this."""

MAX_PARTS: Final = 10
"""Handsets and carriers join ten parts reliably; what is longer arrives in pieces."""

_ESCAPE: Final = "\x1b"

# What stands for a character outside the alphabet without changing the meaning. Letters with accents are not here: a
# name is not rewritten. Empty means that the character is invisible and can go.
_SUBSTITUTES: Final[dict[str, str]] = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "ʼ": "'", "`": "'", "´": "'", "＇": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"', "«": '"', "»": '"', "＂": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "－": "-",
    "…": "...", "‥": "..", "•": "-", "·": "-", "‧": "-", "・": "-", "※": "*", "×": "x", "÷": "/", "⁄": "/",
    "₩": "KRW ", "￦": "KRW ", "￡": "£", "￥": "¥", "№": "No.", "℃": "degC", "℉": "degF", "°": " deg ", "㎞": "km", "㎜": "mm",
    "㎏": "kg", "½": "1/2", "¼": "1/4", "¾": "3/4", "©": "(c)", "®": "(R)", "™": "(TM)", "→": "->", "←": "<-",
    "☎": "Tel", "☏": "Tel", "℡": "Tel", "✆": "Tel", "\t": " ",
    "\u00a0": " ", "\u1680": " ", "\u2000": " ", "\u2001": " ", "\u2002": " ", "\u2003": " ", "\u2004": " ",
    "\u2005": " ", "\u2006": " ", "\u2007": " ", "\u2008": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ",
    "\u205f": " ", "\u3000": " ", "\u2028": "\n", "\u2029": "\n", "\u0085": "\n",
    "\u00ad": "", "\u200b": "", "\u200c": "", "\u200d": "", "\u200e": "", "\u200f": "", "\u2060": "", "\ufeff": "",
    "\ufe0e": "", "\ufe0f": "", _ESCAPE: "",
}  # fmt: skip


class TextTooLong(ValueError):
    """The text is beyond anything that could be sent; nothing about it is worth counting."""


class Offender(NamedTuple):
    """A character outside the GSM alphabet, by its position in the text."""

    position: int
    char: str


class Replacement(NamedTuple):
    """One offered change: at this position of the original, this text for that one (empty: leave it out)."""

    position: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The cost of one text.

    `units` count septets (GSM-7) or UTF-16 code units (UCS-2). `units_left_in_part` is what can still be typed
    before another part begins. `offenders` are the characters that force UCS-2. `substitutions` is the whole text
    in a wording with fewer parts, or in the cheaper encoding, or None when there is no cheaper one.
    """

    encoding: Encoding
    units: int
    parts: int
    units_per_part: int
    units_left_in_part: int
    offenders: tuple[Offender, ...]
    substitutions: str | None

    @property
    def within_limits(self) -> bool:
        """Whether the text can be sent as one message that arrives in one piece."""
        return self.parts <= MAX_PARTS


class _Count(NamedTuple):
    encoding: Encoding
    units: int
    parts: int
    capacity: int
    left: int


@cache
def gsm_units() -> dict[str, int]:
    """Every character of the GSM alphabet with its septets: one, or two in the extension table.

    The escape character is no character of its own: it announces the extension.
    """
    codec = gsm0338.Codec()
    units: dict[str, int] = {}
    for septet in range(128):
        if septet != 0x1B:
            units[codec.decode(bytes([septet]))[0]] = 1
    for septet in range(128):
        char = codec.decode(bytes([0x1B, septet]), "ignore")[0]
        if len(char) == 1 and char not in units:
            units[char] = 2
    return units


def count_segments(text: str) -> Segmentation:
    """Count what a text costs on the air; the empty text is one empty part.

    Raises:
        TextTooLong: more than COUNTED_CHARS characters.
    """
    if len(text) > COUNTED_CHARS:
        raise TextTooLong(f"The text has {len(text)} characters; at most {COUNTED_CHARS} are counted. Shorten it.")
    plain = _count(text)
    return Segmentation(
        encoding=plain.encoding,
        units=plain.units,
        parts=plain.parts,
        units_per_part=plain.capacity,
        units_left_in_part=plain.left,
        offenders=find_offenders(text),
        substitutions=None if plain.encoding == "GSM-7" else _cheaper(text, plain),
    )


def find_offenders(text: str) -> tuple[Offender, ...]:
    """Name every character that the GSM alphabet does not have, in the order of the text."""
    alphabet = gsm_units()
    return tuple(Offender(index, char) for index, char in enumerate(text) if char not in alphabet)


def substitute_gsm(text: str) -> tuple[str, list[Replacement]]:
    """Offer a wording in cheaper characters, with the list of what would change; nothing is lost silently.

    Typographic signs become their plain forms, invisible characters go, and letters written in pieces (as files
    from some systems are) become whole. Letters and signs without a plain form stay as they are.
    """
    return _reword(text, only_shorter=False)


def _reword(text: str, *, only_shorter: bool) -> tuple[str, list[Replacement]]:
    alphabet = gsm_units()
    result: list[str] = []
    changes: list[Replacement] = []
    for position, cluster in _clusters(text):
        whole = unicodedata.normalize("NFC", cluster)
        new = "".join(char if char in alphabet else _SUBSTITUTES.get(char, char) for char in whole)
        if new == cluster or (only_shorter and len(new) >= len(cluster)):
            result.append(cluster)
        else:
            result.append(new)
            changes.append(Replacement(position, cluster, new))
    return "".join(result), changes


def _cheaper(text: str, plain: _Count) -> str | None:
    """Find the cheaper wording: in GSM-7 if that can be reached, else the same text without what only takes room.

    Where one letter keeps the text in UCS-2 anyway, plain quotation marks would gain nothing and are not proposed.
    """
    offer, _ = substitute_gsm(text)
    if find_offenders(offer):
        offer, _ = _reword(text, only_shorter=True)
    better = _count(offer)
    gain = (better.parts, better.encoding == "UCS-2", better.units) < (plain.parts, True, plain.units)
    return offer if gain else None


def split_parts(text: str) -> list[str]:
    """Divide a text as the network will: no character is torn, neither an extended nor a surrogate pair."""
    encoding = _encoding_of(text)
    sizes = _sizes(text, encoding)
    if sum(sizes) <= UNITS_ALONE[encoding]:
        return [text]
    parts: list[str] = []
    start = filled = 0
    for index, size in enumerate(sizes):
        if filled + size > UNITS_IN_PART[encoding]:
            parts.append(text[start:index])
            start, filled = index, 0
        filled += size
    return [*parts, text[start:]]


def _count(text: str) -> _Count:
    encoding = _encoding_of(text)
    sizes = _sizes(text, encoding)
    units = sum(sizes)
    if units <= UNITS_ALONE[encoding]:
        return _Count(encoding, units, 1, UNITS_ALONE[encoding], UNITS_ALONE[encoding] - units)
    capacity = UNITS_IN_PART[encoding]
    parts, filled = 1, 0
    for size in sizes:
        # A pair that would be torn moves on whole and leaves a unit of the part before unused.
        if filled + size > capacity:
            parts, filled = parts + 1, 0
        filled += size
    return _Count(encoding, units, parts, capacity, capacity - filled)


def _encoding_of(text: str) -> Encoding:
    alphabet = gsm_units()
    return "GSM-7" if all(char in alphabet for char in text) else "UCS-2"


def _sizes(text: str, encoding: Encoding) -> list[int]:
    if encoding == "GSM-7":
        alphabet = gsm_units()
        return [alphabet[char] for char in text]
    return [2 if char > "\uffff" else 1 for char in text]


def _clusters(text: str) -> Iterable[tuple[int, str]]:
    """Yield the stretches that normalisation may join: a character with the combining ones and jamo after it."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not _joins(text[index]):
            yield start, text[start:index]
            start = index


def _joins(char: str) -> bool:
    return bool(unicodedata.combining(char)) or "\u1160" <= char <= "\u11ff"
