"""What a volunteer hears when we call, as TwiML: what is asked, then three keys; pure, built with the official builder."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from twilio.twiml.voice_response import Gather, VoiceResponse

from hotline.providers.speech import spoken, voice_of
from overflow.surge.states import IN_TWO_HOURS, NO, NOW
from overflow.surge.wording import LANGUAGES, words

KEYS = {"1": NOW, "2": IN_TWO_HOURS, "3": NO}
AGAIN_KEY = "9"
MAX_MISSES, MAX_AGAIN = 2, 3
WAIT_FOR_KEY_S = 8
_SENTENCES = {
    "confirmed": "say_confirmed", "later": "say_later", "reserve": "say_reserve", "declined": "say_declined",
    "over": "say_over", "noted": "say_noted",
}  # fmt: skip


@dataclass(frozen=True)
class Turn:
    """Where in a call we are: which call it is, how often no usable key came, and how often it was heard again."""

    call_id: int
    misses: int = 0
    again: int = 0

    def address(self, base: str, page: str) -> str:
        """Return the address of a page of this call."""
        return f"{base}/{page}?{urlencode({'call': self.call_id, 'misses': self.misses, 'again': self.again})}"


def ask(base: str, turn: Turn, *, language: str, drill: bool, task: str, until: str, wrong: bool = False) -> str:
    """Say what is asked (only the keys after a missed one) and wait for a key."""
    own, response = words(language), VoiceResponse()
    if turn.misses >= MAX_MISSES or turn.again > MAX_AGAIN:
        return last(language, own["say_goodbye"])
    gather = Gather(
        num_digits=1, timeout=WAIT_FOR_KEY_S, action=turn.address(base, "key"), method="POST", input="dtmf"
    )  # fmt: skip
    if wrong:
        _say(gather, own["say_wrong"], language)
    if turn.misses == 0:
        _say(gather, own["say_centre"], language)
        if drill:
            _say(gather, own["say_drill"], language)
        _say(gather, own["say_ask"].format(task=task, until=until), language)
    _say(gather, own["say_menu"], language)
    response.append(gather)
    response.redirect(Turn(turn.call_id, turn.misses + 1, turn.again).address(base, "say"), method="POST")
    return str(response)


def told(language: str, outcome: str) -> str:
    """Say what became of the answer, and end."""
    return last(language, words(language)[_SENTENCES[outcome]])


def last(language: str, *sentences: str) -> str:
    """Say these sentences and hang up."""
    response = VoiceResponse()
    for sentence in sentences:
        _say(response, sentence, language)
    response.hangup()
    return str(response)


def apology() -> str:
    """Say in both languages that nothing was kept, when nothing is known about the person."""
    response = VoiceResponse()
    for language in LANGUAGES:
        _say(response, words(language)["say_apology"], language)
    response.hangup()
    return str(response)


def _say(into: VoiceResponse | Gather, sentence: str, language: str) -> None:
    name = voice_of(language)
    into.say(spoken(sentence), **({"language": name} if name else {}))
