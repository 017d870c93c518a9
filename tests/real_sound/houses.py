"""Services that a real telephone can call. The walk asks them for nothing but what a ``House`` names.

The service itself becomes another house: its address and secret, the keys of its menu, and its own rows for the questions.
"""

from __future__ import annotations

import io
import secrets
import wave
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from tests.real_sound.hearing import tone
from tests.sandbox.service import Service

VOICE = "/webhooks/twilio/voice"
HOLD_SOUND = "/static/calls/hold.wav"
HOLD_HZ = 16_000


@dataclass(frozen=True)
class Key:
    """What is pressed at a question: once all of it was heard, or ``at_once``, into its first words."""

    digit: str
    at_once: bool = False


class House(Protocol):
    """What the walk needs to know of a service."""

    account_sid: str
    auth_token: str
    line: dict[str, str]
    """The number that is called, as an entry of the carrier's ``numbers``."""
    keys: tuple[Key, ...]
    """What is pressed, one key per question, to come to the queue."""
    hold_sound: str
    """How the address of the sound ends that is heard in the queue."""

    def waits(self, call_sid: str) -> bool:
        """Whether the service has this call in its queue."""

    def has_left(self, call_sid: str) -> bool:
        """Whether the service knows that this call is over."""


class PracticeHouse:
    """A small service with a menu of the same kind: language, menu, and a queue of documents that lead to themselves."""

    keys: tuple[Key, ...] = (Key("2"), Key("1"))
    hold_sound = HOLD_SOUND

    def __init__(self, service: Service, number: str) -> None:
        """Lay the pages on a service that runs."""
        self.account_sid, self.auth_token = "AC" + secrets.token_hex(16), service.auth_token
        self.line = {
            "number": number, "voice_url": f"{service.url}{VOICE}/inbound", "fallback_url": f"{service.url}{VOICE}/fallback",
            "status_callback": f"{service.url}{VOICE}/status",
        }  # fmt: skip
        self._service = service
        service.pages |= {
            f"{VOICE}/inbound": _LANGUAGE, f"{VOICE}/language": _MENU, f"{VOICE}/menu": _lead, f"{VOICE}/queue": _QUEUE,
            HOLD_SOUND: _hold_sound(),
        }  # fmt: skip
        service.kinds[HOLD_SOUND] = "audio/wav"

    def waits(self, call_sid: str) -> bool:
        """Whether the call asked for the queue's document and has not ended."""
        return bool(self._service.of(f"{VOICE}/queue", CallSid=call_sid)) and not self.has_left(call_sid)

    def has_left(self, call_sid: str) -> bool:
        """Whether the carrier has reported the end of the call."""
        return bool(self._service.of(f"{VOICE}/status", CallSid=call_sid, CallStatus="completed"))

    def begin_with_an_endless_question(self) -> None:
        """Let the first question be repeated until a key is pressed; what is to be said after it is never said."""
        self._service.pages[f"{VOICE}/inbound"] = _ENDLESS

    @property
    def unsigned(self) -> list[str]:
        """Paths that were asked for without a signature that the official validator believes; sounds never carry one."""
        return [each.path for each in self._service.asked if not each.signed and urlsplit(each.path).path != HOLD_SOUND]


_LANGUAGE = f"""<Response><Gather numDigits="1" timeout="30" action="{VOICE}/language">
<Say language="ko-KR">외교부 상담 센터입니다. 한국어는 1번을 눌러 주십시오.</Say>
<Say language="en-US">For English, press two.</Say>
</Gather><Redirect>{VOICE}/inbound</Redirect></Response>"""

_ENDLESS = f"""<Response><Gather numDigits="1" timeout="30" action="{VOICE}/menu">
<Say language="en-US" loop="0">To end this call, press nine.</Say><Say language="ko-KR">감사합니다.</Say>
</Gather></Response>"""

_MENU = f"""<Response><Gather numDigits="1" timeout="30" action="{VOICE}/menu">
<Say language="en-US">For an accident or an arrest, press one. To end this call, press nine.</Say>
</Gather><Redirect>{VOICE}/language</Redirect></Response>"""

_QUEUE = f"""<Response><Say language="en-US">You are number three in the line.</Say>
<Gather numDigits="1" timeout="30" action="{VOICE}/queue"><Play>{HOLD_SOUND}</Play></Gather>
<Redirect>{VOICE}/queue</Redirect></Response>"""


def _lead(fields: dict[str, str]) -> str:
    if fields["Digits"] == "1":
        return f"<Response><Redirect>{VOICE}/queue</Redirect></Response>"
    return '<Response><Say language="en-US">Good bye, and a safe journey.</Say><Hangup/></Response>'


def _hold_sound() -> bytes:
    """Return two notes of a second and a half in all, at another rate than the telephone's."""
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HOLD_HZ)
        for hertz in (523.25, 659.25):
            file.writeframes(tone(hertz, 0.75, HOLD_HZ).tobytes())
    return data.getvalue()
