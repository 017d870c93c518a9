"""Sounds that the service plays: fetched once, so that their length is known and the page can let them be heard."""

from __future__ import annotations

import asyncio
import hashlib
import io
import wave
from collections import OrderedDict
from dataclasses import dataclass

import aiohttp
from yarl import URL

from hotline.sandbox.settings import CALLBACK_TIMEOUT_S, Behaviour

MAX_SOUND_BYTES = 4 * 1024 * 1024
MAX_KEPT = 64
BYTES_PER_S = 16_000
"""How long a sound that is no readable WAV is taken to be: 128 kbit/s, as most MP3 files have."""


@dataclass(frozen=True)
class Sound:
    """One sound; ``length_s`` is seconds."""

    data: bytes
    content_type: str
    length_s: float


class Sounds:
    """The sounds that were played last, by a name that says nothing of where they came from."""

    def __init__(self, behaviour: Behaviour) -> None:
        """``behaviour.play_ms`` is how long a sound lasts that cannot be fetched, and 0 makes every sound last no time."""
        self._behaviour = behaviour
        self._kept: OrderedDict[str, Sound] = OrderedDict()
        self._fetching: dict[str, asyncio.Task[Sound | None]] = {}

    @staticmethod
    def name(url: str) -> str:
        """Return the name under which the page asks for a sound."""
        return hashlib.sha256(url.encode()).hexdigest()[:32]

    def get(self, name: str) -> Sound | None:
        """Return a kept sound."""
        return self._kept.get(name)

    async def length_s(self, url: str) -> float:
        """Return how long a sound lasts."""
        if self._behaviour.play_ms == 0:
            return 0.0
        name = self.name(url)
        sound = self._kept.get(name)
        if sound is None:
            # A thousand callers hear the same sound: it is fetched once, and no caller's end ends that for the others.
            task = self._fetching.get(name)
            if task is None:
                task = self._fetching[name] = asyncio.get_running_loop().create_task(_fetch(url))
                task.add_done_callback(lambda done: self._take(name, done))
            sound = await asyncio.shield(task)
        return sound.length_s if sound is not None else self._behaviour.play_ms / 1000

    def _take(self, name: str, done: asyncio.Task[Sound | None]) -> None:
        self._fetching.pop(name, None)
        if done.cancelled() or done.exception() is not None or (sound := done.result()) is None:
            return
        self._kept[name] = sound
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)


async def _fetch(url: str) -> Sound | None:
    """Fetch a sound; None where there is none that can be played."""
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=CALLBACK_TIMEOUT_S), cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.get(URL(url, encoded=True), allow_redirects=False) as answer,
        ):
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if answer.status != 200 or not kind.startswith("audio/"):
                return None
            data = b""
            while len(data) <= MAX_SOUND_BYTES and (chunk := await answer.content.read(65_536)):
                data += chunk
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
        return None
    return Sound(data, kind, measure_s(data)) if len(data) <= MAX_SOUND_BYTES else None


def measure_s(data: bytes) -> float:
    """Return how long a sound lasts: exactly for a plain WAV, by its size otherwise."""
    try:
        with wave.open(io.BytesIO(data)) as sound:
            return float(sound.getnframes() / max(1, sound.getframerate()))
    except (wave.Error, EOFError):
        return len(data) / BYTES_PER_S
