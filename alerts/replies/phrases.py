"""The words of the personal page in each of its languages; few enough to be kept whole, one file per language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("ko", "en", "ja", "zh", "es", "fr")
FALLBACK: Final = "en"
_FOLDER = Path(__file__).parent / "languages"


@cache
def phrases(language: str) -> Mapping[str, str]:
    """Return the words of one of LANGUAGES by name."""
    read: dict[str, str] = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return read


def language_of(tag: str | None) -> str | None:
    """Return the page's language for a tag such as `zh-hant` or `pt-BR`; None when the page does not speak it."""
    primary = (tag or "").lower().replace("_", "-").split("-")[0]
    return primary if primary in LANGUAGES else None
