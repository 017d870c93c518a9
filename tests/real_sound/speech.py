"""Speaking without a network: eSpeak NG's own library, which the package espeakng-loader carries, gives 16 bit samples."""

from __future__ import annotations

import ctypes

import espeakng_loader
import numpy as np

from tests.real_sound.hearing import Samples, at_rate

_SYNCHRONOUS, _UTF8, _BY_CHARACTER = 2, 1, 1
_HEAR = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Voice:
    """One speaker of the process; the library has one voice at a time."""

    def __init__(self, rate_hz: int) -> None:
        """Speak with ``rate_hz`` samples a second. Raises ``OSError`` where the library cannot be loaded."""
        self._rate_hz = rate_hz
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self._own_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
        self._parts: list[bytes] = []
        # Kept, because the library calls it for as long as it lives.
        self._heard = _HEAR(self._hear)
        self._library.espeak_SetSynthCallback(self._heard)

    def _hear(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: object) -> int:
        if samples and count > 0:
            self._parts.append(ctypes.string_at(samples, 2 * count))
        return 0

    def say(self, text: str, language: str) -> Samples:
        """Return a text as sound; ``language`` is a BCP 47 tag, English where it is empty or unknown."""
        tag = language.lower()
        for name in (tag, tag.partition("-")[0], "en"):
            if name and self._library.espeak_SetVoiceByName(name.encode()) == 0:
                break
        self._parts.clear()
        words = text.encode() + b"\0"
        self._library.espeak_Synth(words, len(words), 0, _BY_CHARACTER, 0, _UTF8, None, None)
        return at_rate(np.frombuffer(b"".join(self._parts), dtype=np.int16), self._own_hz, self._rate_hz)
