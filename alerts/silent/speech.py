"""What is said on the telephone, as TwiML: the alert's text in the person's language, then three keys; pure.

Built with the official TwiML builder, so that nothing an alert says can become markup.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from twilio.twiml.voice_response import Gather, VoiceResponse

from alerts.replies.phrases import FALLBACK, language_of
from hotline.providers.speech import digits, spoken, voice_of

SAFE_KEY, HELP_KEY, AGAIN_KEY = "1", "2", "9"
MAX_MISSES, MAX_AGAIN = 2, 3
WAIT_FOR_KEY_S = 8
_FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Turn:
    """Where in a call we are: which call it is, how many times no usable key came, and how often it was heard again."""

    outreach_id: int
    attempt: int
    misses: int = 0
    again: int = 0

    def address(self, base: str, page: str) -> str:
        """Return the address of a page of this call."""
        query = {"outreach": self.outreach_id, "attempt": self.attempt, "misses": self.misses, "again": self.again}
        return f"{base}/{page}?{urlencode(query)}"


@cache
def words(language: str) -> Mapping[str, str]:
    """Return what we say ourselves in one of the languages of the personal page."""
    read: dict[str, str] = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return read


def own_language(tag: str) -> str:
    """Return the language in which we ask and thank, for the language of the alert's text."""
    return language_of(tag) or FALLBACK


def ask(base: str, turn: Turn, *, text: str, language: str, drill: bool, hotline: str, wrong: bool = False) -> str:
    """Say the alert (only the question after a missed key) and wait for a key."""
    if turn.misses >= MAX_MISSES or turn.again > MAX_AGAIN:
        return goodbye(language, hotline)
    own = own_language(language)
    say, response = words(own), VoiceResponse()
    gather = Gather(
        num_digits=1, timeout=WAIT_FOR_KEY_S, action=turn.address(base, "key"), method="POST", input="dtmf"
    )  # fmt: skip
    if wrong:
        _say(gather, say["wrong"], own)
    if turn.misses == 0:
        _say(gather, say["centre"], own)
        if drill:
            _say(gather, say["drill"], own)
        _say(gather, spoken(text), language)
    _say(gather, say["menu"], own)
    response.append(gather)
    missed = Turn(turn.outreach_id, turn.attempt, turn.misses + 1, turn.again)
    response.redirect(missed.address(base, "say"), method="POST")
    return str(response)


def thanks(language: str, hotline: str, word: str) -> str:
    """Say that the answer was taken (`safe` or `help`), and whom to call."""
    return _last(language, hotline, words(own_language(language))[word])


def goodbye(language: str, hotline: str) -> str:
    """Say whom to call, and end."""
    return _last(language, hotline)


def apology(hotline: str, *, answered: bool) -> str:
    """Say in Korean and English whom to call, when nothing is known about the person; and that no answer was kept."""
    response = VoiceResponse()
    for own in ("ko", "en"):
        if answered:
            _say(response, words(own)["kept_not"], own)
        _say(response, words(own)["call"].format(number=digits(hotline)), own)
    response.hangup()
    return str(response)


def _last(language: str, hotline: str, *before: str) -> str:
    own, response = own_language(language), VoiceResponse()
    for sentence in (*before, words(own)["call"].format(number=digits(hotline))):
        _say(response, sentence, own)
    response.hangup()
    return str(response)


def _say(into: VoiceResponse | Gather, sentence: str, language: str) -> None:
    name = voice_of(language)
    into.say(sentence, **({"language": name} if name else {}))
