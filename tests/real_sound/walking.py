"""One caller's walk: every question is heard and answered, the queue is reached, its sound is heard, and the caller hangs up."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.real_sound.hearing import SILENT
from tests.real_sound.houses import House
from tests.real_sound.processes import EVENT_TIMEOUT_S, Exchange, Telephone
from tests.sandbox.conftest import wait_until

MOSTLY = 0.6
"""The share of a sound's snippets that must be found in what was heard; a busy machine may lose frames."""
SLOWEST_S_PER_CHARACTER, QUICKEST_S_PER_CHARACTER = 0.5, 0.02
"""Bounds of a voice that can be followed: Korean has the most sound in a character."""
LISTEN_S = 4
"""How long the caller stays in the queue; of the queue's sound a second must have been heard at least."""


def aloud(call: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was said and played on a call, in order."""
    return [line for line in call["heard"] if line["kind"] in ("say", "play")]


def pressed(call: dict[str, Any]) -> str:
    """Return the keys that were pressed on a call."""
    return "".join(line["text"] for line in call["heard"] if line["kind"] == "key")


def walk(house: House, exchange: Exchange, telephone: Telephone, caller: str) -> dict[str, Any]:
    """Walk to the queue and hang up there; fails where the house does not follow, or something was not heard.

    Returns what the carrier keeps of the call.
    """

    def now() -> dict[str, Any]:
        return exchange.call_of(caller)

    cut_short: set[int] = set()
    answered = 0
    for count, key in enumerate(house.keys, 1):
        telephone.wait_for("sound" if key.at_once else "quiet")
        wait_until(lambda: now()["wants_key"], EVENT_TIMEOUT_S)
        said = len(aloud(now()))
        cut_short |= set(range(answered, said)) if key.at_once else set()
        answered = said
        telephone.press(key.digit)
        wait_until(partial(lambda wanted: len(pressed(now())) == wanted, count), EVENT_TIMEOUT_S)
    wait_until(lambda: house.waits(now()["sid"]), EVENT_TIMEOUT_S)
    wait_until(lambda: aloud(now())[-1]["text"].endswith(house.hold_sound), EVENT_TIMEOUT_S)
    telephone.listen(LISTEN_S)
    assert telephone.hang_up() == "200"
    call = now()
    wait_until(lambda: house.has_left(call["sid"]), EVENT_TIMEOUT_S)
    assert not house.waits(call["sid"])
    assert pressed(call) == "".join(key.digit for key in house.keys)
    assert exchange.control.record("alerts") == [], "the carrier found no mistake in any document"
    judge(exchange, telephone, aloud(call), cut_short)
    return call


def judge(exchange: Exchange, telephone: Telephone, pieces: list[dict[str, Any]], cut_short: set[int]) -> None:
    """Look for every piece in what the telephone recorded; the queue's own sound, the last one, may go on for long."""
    recording = telephone.recording()
    heard = [recording.find(exchange.file_of(piece)) for piece in pieces]
    whole = [each for each in range(len(pieces)) if each not in cut_short]
    for each in whole:
        piece, found = pieces[each], heard[each]
        wanted = MOSTLY if piece["kind"] == "say" else min(MOSTLY, 1 / found.length_s)
        assert found.share >= wanted and found.level > 10 * SILENT, (piece, found)
        if piece["kind"] == "say":
            per_character_s = found.length_s / len(piece["text"])
            assert QUICKEST_S_PER_CHARACTER < per_character_s < SLOWEST_S_PER_CHARACTER, piece
    starts = [heard[each].start_s for each in whole if pieces[each]["kind"] == "say"]
    assert starts == sorted(starts), "everything is heard in the order in which it was said"
