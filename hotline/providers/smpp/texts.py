"""A text as submit_sm carries it: alphabet, octets, and parts joined by a user data header.

Rules: 3GPP TS 23.038 (alphabets) and 23.040 (9.2.3.24.1, concatenated messages, 8-bit reference). GSM-7 goes unpacked, one
septet an octet, which is what carriers mean by data_coding 0; the centre packs it. Nothing is ever replaced by `?`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import gsm0338

GSM7, UCS2 = 0, 8
_ALONE: Final = {GSM7: 160, UCS2: 140}
_IN_PART: Final = {GSM7: 153, UCS2: 134}
"""Octets (GSM-7: septets) of text: in a message of one part, and in each part beside its header."""
_ESCAPE: Final = 0x1B
MAX_PARTS: Final = 255
_CODEC: Final = gsm0338.Codec()


@dataclass(frozen=True)
class Encoded:
    """A text's octets with their data_coding."""

    coding: int
    octets: bytes

    @property
    def fits_one_part(self) -> bool:
        """Whether it needs no joining."""
        return len(self.octets) <= _ALONE[self.coding]


def encode(text: str) -> Encoded:
    """Return the text in GSM-7 where every character is in it, else in UCS-2."""
    try:
        octets, used = _CODEC.encode(text)
    except UnicodeError:
        return Encoded(UCS2, text.encode("utf-16-be"))
    return Encoded(GSM7, bytes(octets)) if used == len(text) else Encoded(UCS2, text.encode("utf-16-be"))


def split(encoded: Encoded) -> list[bytes]:
    """Cut a text into parts; neither an escaped character nor a surrogate pair straddles two of them.

    Raises ValueError when there are more parts than the header can count.
    """
    if encoded.fits_one_part:
        return [encoded.octets]
    parts, start, size = [], 0, _IN_PART[encoded.coding]
    while start < len(encoded.octets):
        end = min(start + size, len(encoded.octets))
        if end < len(encoded.octets) and _straddles(encoded, end):
            end -= 2 if encoded.coding == UCS2 else 1
        parts.append(encoded.octets[start:end])
        start = end
    if len(parts) > MAX_PARTS:
        raise ValueError(f"a text of {len(parts)} parts")
    return parts


def _straddles(encoded: Encoded, end: int) -> bool:
    if encoded.coding == UCS2:
        return 0xD8 <= encoded.octets[end - 2] <= 0xDB
    return encoded.octets[end - 1] == _ESCAPE


def with_header(part: bytes, reference: int, number: int, count: int) -> bytes:
    """Return a part with the header that joins it to the others; `reference` is the same in all of them."""
    return bytes([5, 0, 3, reference & 0xFF, count, number]) + part
