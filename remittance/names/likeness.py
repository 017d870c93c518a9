"""How alike two names are, whatever script and romanisation each is written in, from 0 to 100; pure.

Both are written in Latin letters (`anyascii`: 김민수 becomes Gim Min Su), then folded to what the usual romanisations of Korean,
Chinese and Japanese share (g and k, b and p, eo and u …), then compared by edits (`rapidfuzz`), with the surname first or last.
Korean surnames whose usual spelling follows no rule (Lee for 이) stand in a table.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii
from rapidfuzz.distance import Indel

SAME, UNLIKE = 85.0, 60.0
"""From SAME on two names are taken for one person's, below UNLIKE for two people's; between, a person judges."""
MAX_CHARS, MAX_TOKENS = 120, 8
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "nim", "ssi"})
_SURNAMES = {
    "lee": "i", "yi": "i", "rhee": "i", "ree": "i", "li": "i", "park": "bak", "pak": "bak", "bag": "bak",
    "choi": "choe", "choy": "choe", "jung": "jeong", "chung": "jeong", "joung": "jeong", "lim": "im",
    "rim": "im", "yim": "im", "noh": "no", "roh": "no", "yoo": "yu", "ryu": "yu", "you": "yu", "ryoo": "yu",
    "woo": "u", "wu": "u", "shin": "sin", "moon": "mun", "yoon": "yun", "youn": "yun", "kwon": "gwon",
    "kwak": "gwak", "oh": "o", "ahn": "an", "suh": "seo", "seok": "seok", "suk": "seok", "paik": "baek",
    "back": "baek", "baik": "baek", "joo": "ju", "chu": "ju", "cho": "jo", "chang": "jang", "chun": "jeon",
    "jun": "jeon", "hur": "heo", "huh": "heo", "ryang": "yang", "liang": "yang", "kang": "gang", "kim": "gim",
    "ko": "go", "koh": "go", "koo": "gu", "ku": "gu",
}  # fmt: skip
_FOLDS = [
    (re.compile(pattern), into)
    for pattern, into in (
        (r"ck|kh|q|x(?=$)", "k"), (r"ph", "p"), (r"th", "t"), (r"tch|ch|zh|dj|j|z|ts", "c"), (r"sh|x", "s"),
        (r"g", "k"), (r"d", "t"), (r"b|v|f", "p"), (r"r", "l"), (r"eou|eo|eu|oo|ou|u", "u"), (r"yu|iu", "u"), (r"ee|ii|y|i", "i"),
        (r"ae|ai|ay|e", "e"), (r"oe|oi", "e"), (r"w", "u"), (r"(?<=[aeiou])h", ""),
    )
]  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")


def likeness(one: str, other: str) -> float:
    """Return how alike two names are, 0 (nothing in common) to 100 (the same); 0 when either is empty."""
    ours, theirs = forms(one[:MAX_CHARS]), forms(other[:MAX_CHARS])
    return max(
        (100.0 * Indel.normalized_similarity(mine, yours) for mine in ours for yours in theirs if mine and yours),
        default=0.0,
    )


def tokens(name: str) -> list[str]:
    """Return a name's parts in small Latin letters, without titles and marks."""
    plain = unicodedata.normalize("NFKC", name)
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", anyascii(plain))
    found = [re.sub(r"[^a-z]", "", part) for part in re.split(r"[\s,./·]+", parted.replace("-", "").lower())]
    return [part for part in found if part and part not in _TITLES][:MAX_TOKENS]


@lru_cache(maxsize=20_000)
def forms(name: str) -> frozenset[str]:
    """Return the folded name with its parts in the order given, and with the last part first."""
    parts = tokens(name)
    if not parts:
        return frozenset()
    orders = {tuple(parts), (parts[-1], *parts[:-1]), (*parts[1:], parts[0])}
    return frozenset(
        folded("".join(order)) for given in orders for order in (given, (_SURNAMES.get(given[0], given[0]), *given[1:]))
    )


def folded(word: str) -> str:
    """Return small Latin letters with what romanisations write differently written in one way."""
    for pattern, into in _FOLDS:
        word = pattern.sub(into, word)
    return _DOUBLED.sub(r"\1", word)
