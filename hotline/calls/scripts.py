"""What to say, in the caller's language; the titles are in the agent's."""

from __future__ import annotations

from typing import NamedTuple

from hotline.calls import words
from hotline.calls.models import Call
from hotline.core.i18n import gettext

CENTRE = {"ko": "영사콜센터", "en": "consular call centre"}


class Script(NamedTuple):
    """One thing to say: a title in the reader's language, and the sentence in `language`."""

    title: str
    text: str
    language: str


def for_call(call: Call, name: str) -> list[Script]:
    """Return what to say in a call: Korean where Korean or nothing was chosen, else English; danger to life goes first."""
    language = "ko" if call.language.split("-", maxsplit=1)[0] in ("", "ko") else "en"
    chosen = [each for each in words.SCRIPTS.values() if call.danger or not each.get("danger")]
    found = []
    for each in chosen:
        title, text = each["title"], each[language].format(centre=CENTRE[language], agent=name)
        found.append(Script(gettext(title), text, language))
    return found
