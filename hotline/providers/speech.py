"""What every call shares: the provider's names of voices, and how numbers and texts are read out; pure."""

from __future__ import annotations

import re

SPOKEN = {
    "ko": "ko-KR", "en": "en-US", "ja": "ja-JP", "zh": "cmn-CN", "zh-hans": "cmn-CN", "zh-hant": "cmn-TW", "es": "es-ES",
    "fr": "fr-FR", "de": "de-DE", "ru": "ru-RU", "vi": "vi-VN", "th": "th-TH", "id": "id-ID", "ar": "arb", "pt": "pt-BR",
    "it": "it-IT",
}  # fmt: skip
"""Our languages as the provider names its voices; another language is read by the English voice's own guess."""
MAX_SPOKEN_CHARS = 4_000
"""Twilio refuses a Say of more than 4,096 characters."""
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")


def voice_of(tag: str) -> str | None:
    """Return the provider's name of a language; None leaves it to the provider's default."""
    tag = tag.lower().replace("_", "-")
    return SPOKEN.get(tag) or SPOKEN.get(tag.split("-")[0])


def spoken(text: str) -> str:
    """Return a text as it can be heard: without addresses that nobody can note down, within the provider's limit."""
    return " ".join(_ADDRESS.sub(" ", text).split())[:MAX_SPOKEN_CHARS]


def digits(number: str) -> str:
    """Return a telephone number digit by digit, so that no voice reads it as a million."""
    return " ".join(character for character in number if character.isdigit() or character == "+")
