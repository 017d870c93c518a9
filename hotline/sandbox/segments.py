"""How many parts a text takes on the air (3GPP TS 23.038 for the alphabet, 23.040 for the parts)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Parts:
    """The encoding of a text, its length in that encoding's units, and its number of parts."""

    encoding: str
    units: int
    segments: int


@lru_cache(maxsize=4096)
def count_parts(text: str) -> Parts:
    """Return what ``text`` costs; an empty text still takes one part.

    Characters are never replaced: one outside GSM-7 makes the whole text UCS-2.
    """
    if all(character in GSM_BASIC or character in GSM_EXTENDED for character in text):
        return _pack("GSM-7", [2 if character in GSM_EXTENDED else 1 for character in text], 160, 153)
    return _pack("UCS-2", [2 if ord(character) > 0xFFFF else 1 for character in text], 70, 67)


def _pack(encoding: str, sizes: list[int], single: int, part: int) -> Parts:
    """Fill parts in order; what takes two units may not straddle a boundary, so a part can end one short."""
    units = sum(sizes)
    if units <= single:
        return Parts(encoding, units, 1)
    segments, room = 1, part
    for size in sizes:
        if size > room:
            segments, room = segments + 1, part
        room -= size
    return Parts(encoding, units, segments)
