"""What was heard: a recording is searched for the very sounds that were spoken and played."""

from __future__ import annotations

import hashlib
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

SNIPPET_S, STEP_S = 0.1, 0.2
"""A sound is looked for in snippets, so that a frame that came late spoils one of them and not the whole."""
ALIKE = 0.9
"""The correlation above which a snippet is found; G.711 leaves more than 0.98 of a sound that was sent."""
SILENT = 50.0
"""The mean level below which 16 bit samples are silence; G.711 knows no value between 0 and 8."""


@dataclass(frozen=True)
class Heard:
    """Where a sound lies in a recording. ``share`` of its snippets was found; ``level`` is the root of the mean square."""

    share: float
    start_s: float
    length_s: float
    level: float


class Recording:
    """What a telephone recorded."""

    def __init__(self, samples: Samples, rate_hz: int) -> None:
        """Prepare to look for sounds."""
        self._samples, self.rate_hz = samples, rate_hz
        self._sound = samples.astype(np.float64)
        self._size = 1 << (len(samples) + self.rate_hz).bit_length()
        self._spectrum = np.fft.rfft(self._sound, self._size)
        self._energy = np.concatenate(([0.0], np.cumsum(self._sound**2)))

    def after(self, start_s: float) -> Recording:
        """Return what was heard from a moment on, in seconds."""
        return Recording(self._samples[round(start_s * self.rate_hz) :], self.rate_hz)

    def find(self, path: Path) -> Heard:
        """Look for the sound of another WAV."""
        samples, rate_hz = read_wav(path)
        assert rate_hz == self.rate_hz, path
        width, step = round(SNIPPET_S * rate_hz), round(STEP_S * rate_hz)
        starts = [at for at in range(0, len(samples) - width, step) if level(samples[at : at + width]) > SILENT]
        found = [self._locate(samples[at : at + width].astype(np.float64)) for at in starts]
        offsets = [place - at for at, (place, alike) in zip(starts, found, strict=True) if alike >= ALIKE]
        start = max(0, int(np.median(offsets))) if offsets else 0
        return Heard(
            share=len(offsets) / len(starts),
            start_s=start / rate_hz,
            length_s=len(samples) / rate_hz,
            level=level(self._sound[start : start + len(samples)]),
        )

    def _locate(self, snippet: NDArray[np.float64]) -> tuple[int, float]:
        """Return where a snippet fits best and how well, 1.0 being the same shape."""
        width, places = len(snippet), len(self._sound) - len(snippet) + 1
        products = np.fft.irfft(self._spectrum * np.conj(np.fft.rfft(snippet, self._size)), self._size)[:places]
        own = np.sqrt(np.maximum(self._energy[width:] - self._energy[:-width], width * SILENT**2))
        alike = products / (own * np.linalg.norm(snippet))
        best = int(np.argmax(alike))
        return best, float(alike[best])


def level(samples: NDArray[np.generic]) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) if len(samples) else 0.0


def sound_name(kind: str, text: str) -> str:
    """Return the name of the file that keeps what was said (``say``, the text) or played (``play``, the address)."""
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.wav"


def at_rate(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return the same sound with another number of samples a second; what the lower rate cannot hold is left out."""
    wanted = len(samples) * to_hz // from_hz
    if from_hz == to_hz or wanted == 0:
        return samples
    spectrum = np.fft.rfft(samples.astype(np.float64))[: wanted // 2 + 1]
    sound = np.fft.irfft(spectrum, wanted) * wanted / len(samples)
    return np.clip(sound, -32_768, 32_767).astype(np.int16)


def tone(hertz: float, length_s: float, rate_hz: int) -> Samples:
    """Return a plain tone."""
    times = np.arange(round(length_s * rate_hz)) / rate_hz
    return (8_000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def read_wav(path: Path) -> tuple[Samples, int]:
    """Return the samples of a mono WAV of 8 or 16 bits, and their rate."""
    with wave.open(str(path)) as file:
        assert file.getnchannels() == 1 and file.getsampwidth() in (1, 2), path
        data, rate_hz = file.readframes(file.getnframes()), file.getframerate()
        if file.getsampwidth() == 2:
            return np.frombuffer(data, dtype=np.int16), rate_hz
        # Eight bits have no sign: silence is 128.
        return (np.frombuffer(data, dtype=np.uint8).astype(np.int16) - 128) * 256, rate_hz


def write_wav(path: Path, samples: Samples, rate_hz: int) -> None:
    """Write samples as a mono WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
