"""The ear of these tests: it finds a sound that was heard, where it was heard, and no other."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.real_sound.hearing import SILENT, Recording, Samples, at_rate, level, read_wav, tone, write_wav

RATE_HZ = 8_000


def make_babble(seed: int, length_s: float = 2.0) -> Samples:
    """Return a sound like speech: syllables of noise that has lost its high part."""
    draw = np.random.default_rng(seed)
    noise = np.convolve(draw.normal(size=round(length_s * RATE_HZ)), np.ones(4) / 4, "same")
    syllables = np.abs(np.sin(np.arange(noise.size) / RATE_HZ * np.pi * 4))
    return np.asarray(6_000 * noise * syllables, dtype=np.int16)


def as_heard(*pieces: Samples) -> Samples:
    """Return pieces with silence around them, a little softer and coarser, as a telephone hands them over."""
    silence = np.zeros(RATE_HZ, dtype=np.int16)
    joined = np.concatenate([part for piece in pieces for part in (silence, piece)] + [silence])
    return np.asarray(joined * 0.7 // 32 * 32, dtype=np.int16)


def write(directory: Path, name: str, samples: Samples) -> Path:
    path = directory / name
    write_wav(path, samples, RATE_HZ)
    return path


def test_a_sound_is_found_where_it_lies_and_another_is_not(tmp_path: Path) -> None:
    first, second, third = (make_babble(seed) for seed in range(3))
    recording = Recording(as_heard(first, second), RATE_HZ)
    found = [recording.find(write(tmp_path, "piece.wav", piece)) for piece in (first, second, third)]
    assert [round(each.share, 1) for each in found] == [1.0, 1.0, 0.0]
    assert [each.start_s for each in found[:2]] == pytest.approx([1.0, 4.0], abs=0.01)
    assert all(each.level > 10 * SILENT for each in found[:2])
    late = recording.after(3.5)
    assert late.find(write(tmp_path, "piece.wav", first)).share == 0
    assert late.find(write(tmp_path, "piece.wav", second)).start_s == pytest.approx(0.5, abs=0.01)


def test_of_a_sound_that_was_cut_short_a_part_is_found(tmp_path: Path) -> None:
    sound = make_babble(7)
    recording = Recording(as_heard(sound[: RATE_HZ // 2]), RATE_HZ)
    assert 0.1 < recording.find(write(tmp_path, "piece.wav", sound)).share < 0.4


def test_nothing_is_found_in_silence(tmp_path: Path) -> None:
    recording = Recording(np.zeros(RATE_HZ, dtype=np.int16), RATE_HZ)
    assert recording.find(write(tmp_path, "piece.wav", make_babble(1, 0.5))).share == 0


def test_another_rate_keeps_the_length_and_the_loudness_and_leaves_out_what_it_cannot_hold() -> None:
    low, high = tone(440, 0.5, 16_000), tone(6_000, 0.5, 16_000)
    assert len(at_rate(low, 16_000, RATE_HZ)) == RATE_HZ // 2
    assert level(at_rate(low, 16_000, RATE_HZ)) == pytest.approx(level(low), rel=0.02)
    assert level(at_rate(high, 16_000, RATE_HZ)) < 0.02 * level(high)


def test_a_wav_of_eight_bits_is_read_like_one_of_sixteen(tmp_path: Path) -> None:
    sound, coarse = tone(440, 0.5, RATE_HZ), tmp_path / "coarse.wav"
    with wave.open(str(coarse), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(RATE_HZ)
        file.writeframes((sound // 256 + 128).astype(np.uint8).tobytes())
    samples, rate_hz = read_wav(write(tmp_path, "fine.wav", sound))
    assert rate_hz == RATE_HZ and np.array_equal(samples, sound)
    samples, rate_hz = read_wav(coarse)
    assert rate_hz == RATE_HZ and samples == pytest.approx(sound, abs=256)
