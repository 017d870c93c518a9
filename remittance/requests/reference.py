"""The reference that a depositor writes on the transfer: short, checked, and found in any text; pure.

Seven characters of Crockford's alphabet (no I, L, O, U) and one check character: 32 values, weights 1, 3, 9, … modulo 31, which
finds every single wrong character and nearly every pair of neighbours that changed places. A letter that people confuse with a
digit is read as that digit.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8
_CONFUSED = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
_KEPT = re.compile(r"[^0-9A-Z]")
_PRIME = 31
MAX_TEXT_CHARS = 1_000


def check_character(body: str) -> str:
    """Return the last character of a reference whose first seven are `body`."""
    total = sum((ALPHABET.index(letter) + 1) * pow(3, place, _PRIME) for place, letter in enumerate(body))
    return ALPHABET[total % _PRIME]


def new_reference() -> str:
    """Return a reference nobody can guess; 34 thousand million of them."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + check_character(body)


def plain(text: str) -> str:
    """Return a text as references are compared: capitals and digits alone, what people confuse read as one."""
    return _KEPT.sub("", text[:MAX_TEXT_CHARS].upper()).translate(_CONFUSED)


def is_reference(text: str) -> bool:
    """Say whether a text, as people write it, is a reference with the right check character."""
    bare = plain(text)
    return len(bare) == LENGTH and all(letter in ALPHABET for letter in bare) and check_character(bare[:-1]) == bare[-1]


def shown(reference: str) -> str:
    """Return a reference as it is shown and read aloud, in two halves."""
    return f"{reference[:4]}-{reference[4:]}"


def found_in(text: str) -> Iterator[str]:
    """Yield everything in a text that could be a reference, wherever it stands and whatever divides it, each once."""
    bare, seen = plain(text), set[str]()
    for start in range(len(bare) - LENGTH + 1):
        piece = bare[start : start + LENGTH]
        if piece not in seen and is_reference(piece):
            seen.add(piece)
            yield piece
