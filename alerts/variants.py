"""Which text of an alert a person gets: the warning itself, what changed, you are out, all clear, or the correction.

Texts are kept by variant and language. A page's form and a fault's field name one text by a single key: the language alone
for the alert's main variant (`ko`), else variant and language (`correction:ko`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ALERT, UPDATE, LEFT, ALL_CLEAR, CORRECTION = "alert", "update", "left", "all_clear", "correction"
COUNTRY = "country"

VARIANTS: Final = (ALERT, COUNTRY, UPDATE, LEFT, ALL_CLEAR, CORRECTION)
"""alert: the warning · country: the warning for people known by country only · update: for those who had it and are still
inside · left: for those who had it and are inside no more · all_clear: the danger is over · correction: prepared with every
alert, sent only when it turns out to have been wrong. In the order in which pages show them."""

RELEASED: Final = (LEFT, ALL_CLEAR, CORRECTION)
"""Whoever got one of these last has been told that they are not warned any more; inside again, they need the whole alert."""

Texts = dict[str, dict[str, str]]
"""`{variant: {language: text}}`."""


def main_variant(msg_type: str) -> str:
    """Return the variant that an alert is mainly about: its own warning, or for a Cancel that the danger is over."""
    return ALL_CLEAR if msg_type == "Cancel" else ALERT


def needs_area(msg_type: str) -> bool:
    """Say whether an alert reaches people by where they are; a Cancel reaches those who got the earlier texts."""
    return msg_type != "Cancel"


def key_of(variant: str, language: str, main: str) -> str:
    """Return the single key of one text."""
    return language if variant == main else f"{variant}:{language}"


def split_key(key: str, main: str) -> tuple[str, str]:
    """Return (variant, language) of a single key; the variant is taken as it stands and may be unknown."""
    head, mark, rest = key.partition(":")
    return (head, rest) if mark else (main, head)


def flat(texts: Mapping[str, Mapping[str, str]], main: str) -> dict[str, str]:
    """Return texts under single keys, in the order in which variants are shown."""
    known = [variant for variant in VARIANTS if variant in texts]
    return {key_of(variant, language, main): body for variant in known for language, body in texts[variant].items()}
