"""A recording: what Twilio shows of it, its line in the journal, and its sound."""

from __future__ import annotations

import io
import math
import secrets
import wave
from dataclasses import dataclass, field, fields

from hotline.sandbox.journal import Entry
from hotline.sandbox.messages import rfc2822
from hotline.sandbox.settings import API_VERSION

IN_PROGRESS, PAUSED, COMPLETED, ABSENT = "in-progress", "paused", "completed", "absent"
RATE_HZ = 8_000
TONE_HZ = 440
LONGEST_SOUND_S = 600
"""A longer recording is given back with its first ten minutes."""


@dataclass(eq=False)
class Recording:
    """One recording of a call or a conference. Times are seconds since 1970 UTC."""

    sid: str
    source: str
    started: float
    updated: float
    call_sid: str = ""
    conference_sid: str = ""
    status: str = IN_PROGRESS
    duration_s: float = 0.0
    callback: str = ""
    words: list[str] = field(default_factory=list)
    """What was said while it ran, for the judge: the sound itself holds only tones."""


def new_recording(
    source: str, at: float, *, call_sid: str = "", conference_sid: str = "", callback: str = ""
) -> Recording:
    """Return a recording that begins."""
    return Recording("RE" + secrets.token_hex(16), source, at, at, call_sid, conference_sid, callback=callback)


_KEPT = tuple(each.name for each in fields(Recording))


def recording_entry(recording: Recording) -> Entry:
    """Return the journal's line of a recording as it stands."""
    return {"r": {name: getattr(recording, name) for name in _KEPT}}


def read_recording(row: object) -> Recording:
    """Turn a recording's line back; raises ``ValueError`` when its shape is another."""
    if not isinstance(row, dict) or set(row) != set(_KEPT):
        raise ValueError("a recording in the journal has another shape")
    return Recording(**row)


def recording_as_twilio(recording: Recording, account_sid: str) -> dict[str, object]:
    """Return the Recording resource as Twilio's API shows it (dates in RFC 2822, GMT)."""
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Recordings/{recording.sid}"
    over = recording.status in (COMPLETED, ABSENT)
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid or None,
        "channels": 1,
        "conference_sid": recording.conference_sid or None,
        "date_created": rfc2822(recording.started),
        "date_updated": rfc2822(recording.updated),
        "duration": str(round(recording.duration_s)) if over else None,
        "encryption_details": None,
        "error_code": None,
        "price": None,
        "price_unit": "USD",
        "sid": recording.sid,
        "source": recording.source,
        "start_time": rfc2822(recording.started),
        "status": recording.status,
        "subresource_uris": {},
        "media_url": None,
        "uri": f"{uri}.json",
    }


def sound_of(duration_s: float) -> bytes:
    """Return a real WAV (8 kHz, one channel, 8 bit) of that length: a soft tone in every second, so that it can be heard."""
    frames = int(min(duration_s, LONGEST_SOUND_S) * RATE_HZ)
    tone = bytes(128 + int(40 * math.sin(2 * math.pi * TONE_HZ * n / RATE_HZ)) for n in range(RATE_HZ // 2))
    second = tone + b"\x80" * (RATE_HZ - len(tone))
    data = (second * (frames // RATE_HZ + 1))[:frames]
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE_HZ)
        sound.writeframes(data)
    return file.getvalue()
