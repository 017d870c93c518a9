"""What a text means that somebody sent: safe, in need of help, or something only a person can tell; pure.

A wrong "safe" can cost a life, so it must be said in nothing but known words ("ok" alone may only mean "understood"). A call
for help is heard in any sentence that holds one of its words, unless the sentence also holds a denial: then a person reads
it. The provider's stop words never get here, and none of them is a word of an answer.
"""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import Final, Literal

Meaning = Literal["safe", "help"]

NUMBERS: Final = MappingProxyType({"1": "safe", "2": "help"})
"""As the voice menu has them, and texts that ask for a number."""

SAFE_PHRASES: Final = frozenset({
    "safe", "i am safe", "im safe", "i'm safe", "we are safe", "we're safe", "i am ok", "i'm ok", "im ok", "we are ok",
    "i am fine", "i'm fine", "all safe", "i am safe thank you", "safe and sound",
    "안전", "안전함", "안전해요", "안전합니다", "안전하다",
    "저는 안전합니다", "저 안전합니다", "저는 안전해요", "우리는 안전합니다",
    "무사", "무사함", "무사합니다", "무사해요", "괜찮음", "괜찮아요", "괜찮습니다", "저는 괜찮습니다", "이상없음", "이상 없음",
    "이상 없습니다", "안전합니다 감사합니다",
    "無事", "無事です", "安全", "安全です", "大丈夫", "大丈夫です", "平安",
    "我平安", "我很安全", "我安全", "我没事", "没事", "我很好",
    "a salvo", "estoy a salvo", "estoy bien", "seguro", "estoy seguro", "estoy segura",
    "en securite", "je suis en securite", "je vais bien", "sain et sauf", "ca va",
})  # fmt: skip

HELP_WORDS: Final = re.compile(
    r"\b(?:help|sos|rescue|injured|hurt|trapped|wounded|bleeding|emergency|ayuda|socorro|auxilio|herid[oa]s?|atrapad[oa]s?"
    r"|aide|aidez|secours|bless[ee]s?|coince[es]*)\b"
    r"|도와|도움|구조|살려|다쳤|다침|부상|갇혔|갇혀|고립|위험해|위험합니다"
    r"|助けて|救助|けが|怪我|閉じ込め|救命|救我|帮助|帮我|求助|受伤|被困"
)
DENIALS: Final = re.compile(
    r"\b(?:no|not|n't|don'?t|without|never|nobody|none|sin|ningun[oa]?|pas|aucune?|jamais)\b"
    r"|n't\b|안 |않|없|필요\s*없|아니|괜찮|不要|不需要|不用|没有|ない|いりません|不要です|大丈夫"
)
_EDGES = " \t\r\n.,!?:;#()[]\"'“”‘’。、！？…~^*-_"
_SPACES = re.compile(r"\s+")
MAX_CHARS = 1_600


def understand(body: str) -> Meaning | None:
    """Return what a text means beyond doubt, or None when a person has to read it."""
    text = _plain(body[:MAX_CHARS])
    if not text:
        return None
    number = NUMBERS.get(text.removesuffix("번"))
    if number is not None:
        return "safe" if number == "safe" else "help"
    if text in SAFE_PHRASES:
        return "safe"
    if HELP_WORDS.search(text) and not DENIALS.search(text) and not _speaks_of_safety(text):
        return "help"
    return None


def _speaks_of_safety(text: str) -> bool:
    """Whether a word of safety stands in the text as well, as in "safe now, but my friend needs help"."""
    return bool(re.search(r"\bsafe\b|안전|무사|無事|平安|a salvo|securite", text))


def _plain(body: str) -> str:
    """Return the text in small letters, in one width, without accents of Latin letters, signs at its ends, double blanks."""
    text = unicodedata.normalize("NFKC", body).casefold().replace("’", "'")
    latin = "".join(char for char in unicodedata.normalize("NFD", text) if not "\u0300" <= char <= "\u036f")
    return _SPACES.sub(" ", unicodedata.normalize("NFC", latin)).strip(_EDGES)
