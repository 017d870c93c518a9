"""Whether a name is one of a list: what narrows a hundred thousand names to a few, how alike two are, and what follows; pure.

Likeness is that of `remittance.names.likeness`, which knows scripts, romanisations and the order of surnames. Arabic and Hebrew
leave short vowels out, so a name in one of them and a name in another script are compared by their consonants alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from anyascii import anyascii
from rapidfuzz.distance import Indel

from remittance.names.likeness import MAX_CHARS, SAME, folded, forms, tokens
from remittance.screening.states import HOLD, NOTE

HOLD_SCORE = 92.0
"""From here on the money waits although no birth is known: at most one letter in twelve differs. From SAME (85) on a long name
is only noted, which a person can look through in seconds; below it three names of four belong to somebody else."""
SHORT_LETTERS = 10
"""A name with fewer letters (most Korean and Chinese ones) becomes another name by one letter: KIM MINSU and KIM JINSU are 93
alike. Such a one is found only where the folded letters are the same, or the birth fits too."""
EXACT_SCORE = 99.5
CONSONANT_WEIGHT = 0.95
"""Equal consonants say less than equal letters, so that they never count as exact."""
LEAST_CONSONANTS = 5
"""Fewer fit anybody."""
NEAR_YEARS, CIRCA_YEARS = 1, 2
"""Lists take years from hearsay: a year more or less fits, two where the list itself says about."""
PART_SCORE, PART_LETTERS, PART_ALIKE = 88.0, 9, 90.0
"""A name each of whose words is one of a longer name's: passports leave out fathers' names that lists have. It is worth a look,
and a hold only where the birth fits too, because Mohammed Ali is a part of thousands of names."""
GRAM = 4
"""Letters of a piece. Of two names that are SAME alike at least one piece of four letters is whole in both, up to 30 letters."""
MOST_KEYS = 600

_VOWELLESS = re.compile(r"[\u0590-\u07bf\u08a0-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_SYLLABLE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_SOFT = re.compile(r"[aeiouh]")
_LETTERS, _SPACE = 27, 27**GRAM
_BORN = re.compile(r"(?P<circa>~?)(?P<first>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?|/(?P<last>\d{4}))?")


def key_numbers(name: str) -> list[int]:
    """Return the pieces under which a listed name is kept: of its letters, and of its consonants."""
    soft = 2 if vowelless(name) else 1
    return sorted(_pieces(_spoken(name), 0) | _pieces(consonants(name), soft))[:MOST_KEYS]


def asked_numbers(name: str) -> list[int]:
    """Return the pieces of which one at least is among those of every listed name that could be the same."""
    bare = consonants(name)
    numbers = _pieces(_spoken(name), 0) | _pieces(bare, 2)
    if vowelless(name):
        numbers |= _pieces(bare, 1)
    return sorted(numbers)[:MOST_KEYS]


def _pieces(texts: Iterable[str], space: int) -> set[int]:
    """Return each text's groups of four letters as numbers. The text is a ring, so that the surname may stand first or last."""
    found = set[int]()
    for text in texts:
        ring = (text * GRAM)[: len(text) + GRAM - 1] if len(text) < GRAM else text + text[: GRAM - 1]
        for start in range(len(text)):
            number = 0
            for letter in ring[start : start + GRAM]:
                number = number * _LETTERS + ord(letter) - 96
            found.add(space * _SPACE + number)
    return found


def _spoken(name: str) -> frozenset[str]:
    """Return a name's forms, and beside them those without the u that 희 has in some romanisations alone."""
    plain = forms(name[:MAX_CHARS])
    return plain | {form.replace("ui", "i") for form in plain}


def vowelless(name: str) -> bool:
    """Say whether a name is written in a script that leaves vowels out."""
    return _VOWELLESS.search(name) is not None


def consonants(name: str) -> frozenset[str]:
    """Return the consonants of a name's forms; forms with too few are left out."""
    found = (_SOFT.sub("", form) for form in forms(name[:MAX_CHARS]))
    return frozenset(each for each in found if len(each) >= LEAST_CONSONANTS)


def score(one: str, other: str) -> float:
    """Return how alike two names are, 0 to 100, by the letters that `likeness` compares."""
    pairs = [(ours, theirs) for ours in _spoken(one) for theirs in _spoken(other) if ours and theirs]
    alike = max((100.0 * Indel.normalized_similarity(*pair) for pair in pairs), default=0.0)
    if vowelless(one) != vowelless(other):
        bare = max(
            (Indel.normalized_similarity(ours, theirs) for ours in consonants(one) for theirs in consonants(other)),
            default=0.0,
        )
        alike = max(alike, 100.0 * CONSONANT_WEIGHT * bare)
    return round(alike, 1)


def latin(name: str) -> str:
    """Return a name in Latin letters, for whoever compares two by eye; empty where it is written in them already."""
    parted = _SYLLABLE.sub(r" \g<0> ", name)
    plain = " ".join(anyascii(parted).split())
    return plain if plain != " ".join(name.split()) else ""


def letters(name: str) -> int:
    """Return how many folded letters a name has."""
    return min((len(form) for form in forms(name[:MAX_CHARS])), default=0)


def digest(name: str, born_on: date | None = None) -> str:
    """Return what stands for a name where names are counted: 40 characters, the same for every way of writing it in one order."""
    plain = folded("".join(tokens(name[:MAX_CHARS]))) or " ".join(name.split()).casefold()
    return hashlib.sha256(f"{plain}|{born_on or ''}".encode()).hexdigest()[:40]


def same_birth(born_on: date | None, listed: Iterable[str]) -> str:
    """Compare a birth with a list's: `same` day, `near`, `other`, or `unknown` where one of both is not known.

    Listed births are written 1960-03-12, 1960-03, 1960, ~1960 (about) or 1957/1960 (between).
    """
    given = [found for each in listed if (found := _BORN.fullmatch(each))]
    if born_on is None or not given:
        return "unknown"
    if any(each["day"] and each[0].lstrip("~") == born_on.isoformat() for each in given):
        return "same"
    for each in given:
        slack = CIRCA_YEARS if each["circa"] else NEAR_YEARS
        first, last = int(each["first"]), int(each["last"] or each["first"])
        if first - slack <= born_on.year <= last + slack:
            return "near"
    return "other"


@dataclass(frozen=True)
class Alike:
    """A listed name that is like the one asked for: how much, how the births compare, and what follows."""

    score: float
    born: str
    severity: str


def judge(asked: str, listed: str, born_on: date | None, listed_born: Iterable[str]) -> Alike | None:
    """Return what follows from a likeness; None where it is nobody's of the list."""
    alike = score(asked, listed)
    part = alike < SAME and _part_of(asked, listed)
    if alike < SAME and not part:
        return None
    alike = PART_SCORE if part else alike
    born = same_birth(born_on, listed_born)
    same_script = vowelless(asked) == vowelless(listed)
    short = not part and same_script and min(letters(asked), letters(listed)) < SHORT_LETTERS
    if born in ("same", "near"):
        severity = HOLD if alike >= HOLD_SCORE or not short else None
    elif born == "other":
        severity = NOTE if alike >= EXACT_SCORE else None
    elif short:
        severity = HOLD if alike >= EXACT_SCORE else None
    else:
        severity = HOLD if alike >= HOLD_SCORE else NOTE
    return Alike(alike, born, severity) if severity is not None else None


def as_one(one: str, other: str) -> bool:
    """Say whether two names count as one person's without more being known; short ones only where their letters are the same.

    Of two short Korean names drawn by chance eight in a thousand are `SAME` alike, and two in ten thousand have the same folded
    letters: among the 180 requests of three months the first would find somebody for every traveller.
    """
    alike = score(one, other)
    return alike >= (EXACT_SCORE if min(letters(one), letters(other)) < SHORT_LETTERS else SAME)


def _part_of(one: str, other: str) -> bool:
    """Say whether each of two words or more of the name with fewer is one of the other's, whatever their order."""
    fewer, more = sorted(([folded(word) for word in tokens(name[:MAX_CHARS])] for name in (one, other)), key=len)
    if len(fewer) < 2 or len(fewer) == len(more) or sum(len(word) for word in fewer) < PART_LETTERS:
        return False
    left = list(more)
    for word in fewer:
        best = max(left, key=lambda each: Indel.normalized_similarity(word, each))
        if 100.0 * Indel.normalized_similarity(word, best) < PART_ALIKE:
            return False
        left.remove(best)
    return True
