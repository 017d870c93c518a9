"""The words a person gets on arrival: the country's own text or the general one, in their language, with its mission."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import psycopg
from babel import Locale, UnknownLocaleError

from alerts.arrivals.models import ANYWHERE
from alerts.placeholders import choose_language, fill
from hotline.core.phone import readable

FALLBACKS = ("en", "ko")
_TEXTS = "SELECT id, country, language, body FROM arrival_texts WHERE state = 'approved' ORDER BY country, language"
_MISSIONS = """
SELECT DISTINCT ON (c.code) c.code, m.name_ko, m.name_en, m.emergency_phone
  FROM missions m CROSS JOIN LATERAL unnest(m.countries) AS c(code)
 WHERE m.closed_at IS NULL ORDER BY c.code, m.country <> c.code, m.id
"""
CENTRE = {"ko": "영사콜센터", "en": "the consular centre"}
"""Stands for the mission where there is none."""


@dataclass(frozen=True)
class Greeting:
    """A text, ready for a handset, and the version it was made from."""

    text_id: int
    body: str


@dataclass
class Wording:
    """All approved texts and missions, read once for a batch."""

    hotline: str
    texts: dict[str, dict[str, tuple[int, str]]] = field(default_factory=lambda: defaultdict(dict))
    missions: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    _made: dict[tuple[str, str], Greeting] = field(default_factory=dict)

    def for_person(self, country: str, language: str) -> Greeting | None:
        """Return the greeting in a country for somebody with a language, None when there is no approved text at all.

        The country's own texts come before the general ones, whatever their language: what they say is about the place. The
        language falls back as everywhere: the person's own, its main form, English, Korean, any.
        """
        available = self.texts.get(country) or self.texts.get(ANYWHERE)
        if not available:
            return None
        chosen = choose_language(language or None, sorted(available), FALLBACKS)
        if (country, chosen) not in self._made:
            text_id, body = available[chosen]
            self._made[country, chosen] = Greeting(text_id, fill(body, self.values(country, chosen)))
        return self._made[country, chosen]

    def values(self, country: str, language: str) -> dict[str, str]:
        """Return what the placeholders stand for in a country."""
        spoken = "ko" if language.startswith("ko") else "en"
        name_ko, name_en, number = self.missions.get(country, (CENTRE["ko"], CENTRE["en"], self.hotline))
        return {
            "place": country_name(country, language),
            "mission": name_ko if spoken == "ko" else name_en,
            "mission_phone": readable(number),
            "hotline": readable(self.hotline),
        }


def load(connection: psycopg.Connection[Any], hotline: str) -> Wording:
    """Read texts and missions; `hotline` is the centre's own number."""
    words = Wording(hotline)
    for text_id, country, language, body in connection.execute(_TEXTS).fetchall():
        words.texts[country][language] = (text_id, body)
    words.missions = {code: (ko, en, phone) for code, ko, en, phone in connection.execute(_MISSIONS).fetchall()}
    return words


def country_name(country: str, language: str) -> str:
    """Return a country's name in a language, in English where that language is not known."""
    try:
        names = Locale.parse(language, sep="-").territories
    except (UnknownLocaleError, ValueError):
        names = Locale("en").territories
    return str(names.get(country) or country)
