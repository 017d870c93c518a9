"""What is said on the telephone, as TwiML; pure. Built with the official builder, so that no text can become markup.

The caller waits in a loop of short documents (text, keys, sound, redirect) and not in the provider's queue: the order of
callers lives in our rows alone, keys are heard while waiting, and nothing has to be moved when the provider's queue is full.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from hotline.calls.menus import OTHER, Ask, Menu, Node, in_order
from hotline.providers.speech import digits, spoken, voice_of

PATH = "/webhooks/twilio/voice"
FALLBACK_LANGUAGE = "en"
WAIT_FOR_KEY_S, WAIT_TURN_S = 7, 1
HOLD_TIMES, FAR_BACK, HOLD_TIMES_FAR_BACK = 9, 30, 20
"""A round says position and expected wait and plays the six seconds of sound so often: about a minute, two for whoever has more
than FAR_BACK before them. An agent who becomes free interrupts it at once, and a key is heard at any moment of it."""
MAX_MESSAGE_S, MESSAGE_SILENCE_S = 180, 6
FORWARD_RING_S = 25
HOLD_SOUND = "/static/calls/hold.wav"
SOUND_PATH = PATH + "/sound/"
EVENTS_OF_CONFERENCE = "start end join leave mute hold"
KEEP_PLACE_KEY, TAKE_KEY = "1", "1"
_FOLDER = Path(__file__).parent / "languages"


@cache
def words(language: str) -> Mapping[str, str]:
    """Return what we say ourselves, in Korean or English."""
    read: dict[str, str] = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return read


def own(language: str) -> str:
    """Return the language we say our own sentences in: Korean for Korean, English for everything else."""
    return "ko" if language.split("-", maxsplit=1)[0] == "ko" else FALLBACK_LANGUAGE


def heard_in(language: str) -> tuple[str, ...]:
    """Return the languages to speak: both while none is chosen."""
    return (own(language),) if language else ("ko", FALLBACK_LANGUAGE)


@dataclass(frozen=True)
class Line:
    """The call that a document is for: our public address, its id, its turn, and the language (empty: not chosen).

    A turn is the number of a document of this call and never comes twice, so that what follows on one document has a name
    of its own and a repetition of it is known.
    """

    base: str
    call_id: int
    turn: int = 0
    language: str = ""

    def address(self, page: str, **query: str | int) -> str:
        """Return the address of one of our pages for this call, as it follows on this document."""
        return f"{self.base}{PATH}/{page}?{urlencode({'call': self.call_id, 'turn': self.turn, **query})}"


@dataclass(frozen=True)
class Said:
    """One sentence in each language it is to be heard in."""

    texts: Mapping[str, str] = field(default_factory=dict)


def ours(key: str, languages: Iterable[str], **values: str | int) -> Said:
    """Return one of our own sentences in the languages."""
    return Said({each: words(each)[key].format(**values) for each in languages})


def _say(into: VoiceResponse | Gather, said: Said) -> None:
    for language, text in said.texts.items():
        name = voice_of(language)
        if clean := spoken(text):
            into.say(clean, **({"language": name} if name else {}))


def in_language(texts: Mapping[str, str], language: str) -> Said:
    """Return a text of the menu as this caller hears it: every language while none is chosen."""
    if not language:
        return Said(in_order(dict(texts)))
    for each in (language, language.split("-", maxsplit=1)[0], own(language)):
        if texts.get(each):
            return Said({each: texts[each]})
    return Said(in_order(dict(texts)))


def ask(line: Line, menu: Menu, asked: Ask, before: Sequence[Said] = (), *, first: bool = False) -> str:
    """Say what comes before, then the question of a node, and wait for a key; silence comes back as no key."""
    response, languages = VoiceResponse(), heard_in(line.language)
    target = line.address("menu", node=asked.node, misses=asked.misses)
    gather = Gather(num_digits=1, timeout=WAIT_FOR_KEY_S, action=target, method="POST", input="dtmf")
    for said in before:
        _say(gather, said)
    if asked.problem:
        _say(gather, ours(asked.problem, languages))
    if first:
        _say(gather, ours("danger", languages, digit=menu.danger_key))
    _say_or_play(gather, line, menu.nodes[asked.node])
    response.append(gather)
    response.redirect(target, method="POST")
    return str(response)


def _say_or_play(into: Gather, line: Line, node: Node) -> None:
    """Play the recording of a question where there is one in a language that is to be heard, else say the text."""
    for language, text in in_language(node.say, line.language).texts.items():
        if key := node.sounds.get(language):
            into.play(f"{line.base}{SOUND_PATH}{key}")
        else:
            _say(into, Said({language: text}))


@dataclass(frozen=True)
class Place:
    """Where somebody stands: callers ahead (0: next), seconds expected or None, and whether a callback is offered.

    `message`: the queue's rules send them to the message box. `nobody`: nobody is on duty for the queue.
    """

    ahead: int
    expected_s: float | None
    offer: bool
    message: bool = False
    nobody: bool = False


def wait(line: Line, place: Place, number: int, before: Sequence[Said] = ()) -> str:
    """Say position and expected wait, offer to keep the place, play, and come round again."""
    response, languages = VoiceResponse(), heard_in(line.language)
    for said in before:
        _say(response, said)
    following = line.address("wait", round=number + 1)
    into: VoiceResponse | Gather = response
    if place.offer:
        into = Gather(num_digits=1, timeout=WAIT_TURN_S, action=following, method="POST", input="dtmf")
    for said in _standing(place, languages):
        _say(into, said)
    into.play(line.base + HOLD_SOUND, loop=HOLD_TIMES if place.ahead <= FAR_BACK else HOLD_TIMES_FAR_BACK)
    if into is not response:
        response.append(into)
    response.redirect(following, method="POST")
    return str(response)


def _standing(place: Place, languages: tuple[str, ...]) -> list[Said]:
    ahead = ours("position", languages, ahead=place.ahead) if place.ahead else ours("position_first", languages)
    if place.expected_s is None:
        expected = ours("wait_unknown", languages)
    elif place.expected_s < 60:
        expected = ours("wait_short", languages)
    else:
        expected = ours("wait_minutes", languages, minutes=-int(-place.expected_s // 60))
    last = ours("offer", languages) if place.offer else ours("hold", languages)
    return [ahead, expected, last]


@dataclass(frozen=True)
class Bridge:
    """How a leg enters a conference: whether it starts it, whether everybody goes when it leaves, muted, whom it coaches."""

    name: str
    starts: bool = True
    ends: bool = False
    muted: bool = False
    coach: str = ""
    beep: bool = False
    record: bool = False
    star: bool = False
    """The star brings this leg alone out of the conference."""


def join(line: Line, bridge: Bridge, after: str, before: Sequence[Said] = ()) -> str:
    """Put the leg into the conference; `after` is asked when it is out again."""
    response = VoiceResponse()
    for said in before:
        _say(response, said)
    dial = Dial(action=after, method="POST", **({"hangup_on_star": True} if bridge.star else {}))
    options: dict[str, object] = {
        "start_conference_on_enter": bridge.starts, "end_conference_on_exit": bridge.ends, "muted": bridge.muted,
        "beep": "true" if bridge.beep else "false", "wait_url": line.address("hold"), "wait_method": "POST",
        "status_callback": line.address("conference"), "status_callback_event": EVENTS_OF_CONFERENCE,
    }  # fmt: skip
    if bridge.coach:
        options["coach"] = bridge.coach
    if bridge.record:
        options |= {
            "record": "record-from-start",
            "recording_status_callback": line.address("recording", kind="conversation"),
        }
    dial.conference(bridge.name, **options)
    response.append(dial)
    return str(response)


def conference_name(call_id: int) -> str:
    """Return the name of a call's conference."""
    return f"call-{call_id}"


def screen(line: Line, said: Sequence[Said], action: str, gone: str) -> str:
    """Ask whoever picked up to press 1, so that a voicemail is never taken for a person; silence ends the leg."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, timeout=8, action=action, method="POST", input="dtmf")
    for _ in range(2):
        for each in said:
            _say(gather, each)
    response.append(gather)
    response.redirect(gone, method="POST")
    return str(response)


def brief_question(said: Said, action: str) -> str:
    """Say what is about to happen and wait three seconds for a key; silence asks the same page without one."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, timeout=3, action=action, method="POST", input="dtmf")
    _say(gather, said)
    response.append(gather)
    response.redirect(action, method="POST")
    return str(response)


def forward(line: Line, number: str, caller_id: str, after: str, whisper: str, before: Sequence[Said]) -> str:
    """Connect to a telephone outside, screened by a key; `after` hears how it went."""
    response = VoiceResponse()
    for said in before:
        _say(response, said)
    options = {"caller_id": caller_id} if caller_id else {}
    dial = Dial(action=after, method="POST", timeout=FORWARD_RING_S, **options)
    dial.number(number, url=whisper, method="POST")
    response.append(dial)
    return str(response)


def take_message(line: Line, before: Sequence[Said] = ()) -> str:
    """Ask for a message and record it."""
    response = VoiceResponse()
    for said in before:
        _say(response, said)
    _say(response, ours("voicemail", heard_in(line.language)))
    response.record(
        action=line.address("recorded"), method="POST", max_length=MAX_MESSAGE_S, timeout=MESSAGE_SILENCE_S,
        play_beep=True, recording_status_callback=line.address("recording", kind="voicemail"),
    )  # fmt: skip
    response.redirect(line.address("recorded"), method="POST")
    return str(response)


def last(language: str, *keys: str, **values: str | int) -> str:
    """Say the last sentences and hang up."""
    response = VoiceResponse()
    for key in keys:
        _say(response, ours(key, heard_in(language), **values))
    response.hangup()
    return str(response)


def told(said: Sequence[Said], *more: Said) -> str:
    """Say sentences and hang up."""
    response = VoiceResponse()
    for each in (*said, *more):
        _say(response, each)
    response.hangup()
    return str(response)


def shielded(line: Line, menu: Menu, *keys: str, **values: str | int) -> str:
    """Say why a call does not go the usual way, and wait for the key for danger to life, which works here as well."""
    response, languages = VoiceResponse(), heard_in(line.language)
    target = line.address("menu", node=menu.entry, misses=0)
    gather = Gather(num_digits=1, timeout=WAIT_FOR_KEY_S, action=target, method="POST", input="dtmf")
    for key in keys:
        _say(gather, ours(key, languages, **values))
    _say(gather, ours("danger", languages, digit=menu.danger_key))
    response.append(gather)
    response.redirect(target, method="POST")
    return str(response)


def aside(language: str, *keys: str) -> str:
    """Say something to one party of a conference while the others go on."""
    response = VoiceResponse()
    for key in keys:
        _say(response, ours(key, heard_in(language)))
    return str(response)


def again(address: str) -> str:
    """Ask the same once more in a second."""
    response = VoiceResponse()
    response.pause(length=1)
    response.redirect(address, method="POST")
    return str(response)


def nothing() -> str:
    """Let the provider go on with the next verb (after a screen: connect)."""
    return str(VoiceResponse())


def hang_up() -> str:
    """End the leg without a word."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def hold(base: str) -> str:
    """Play our own sound to somebody who is alone in a conference; the provider comes round again."""
    response = VoiceResponse()
    response.play(base + HOLD_SOUND)
    return str(response)


def number_aloud(number: str) -> str:
    """Return a number as it is read out."""
    return digits(number)


def about(language: str, mission: Mapping[str, str], country: str, speak: str, *, danger: bool) -> str:
    """Return what an agent hears about a call before taking it: danger, language, mission and country."""
    names = {
        "ko": {"ko": "한국어", "en": "영어", OTHER: "기타"},
        "en": {"ko": "Korean", "en": "English", OTHER: "other"},
    }
    parts = [("위급." if speak == "ko" else "Danger to life.")] if danger else []
    parts.append(words(speak)["language_is"].format(language=names[speak].get(language or "ko", language)))
    if mission.get(speak):
        parts.append(mission[speak] + ".")
    if country:
        parts.append(country + ".")
    return " ".join(parts)
