"""A real SIP telephone calls, hears every word of the service, presses keys, waits in the queue and hangs up."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import pytest

from tests.real_sound.conftest import CALLER, Dial, missing_packages
from tests.real_sound.hearing import SILENT
from tests.real_sound.houses import PracticeHouse
from tests.real_sound.processes import EVENT_TIMEOUT_S, Exchange
from tests.sandbox.conftest import wait_until

pytestmark = pytest.mark.long

MOSTLY = 0.6
"""The share of a sound's snippets that must be found in what was heard; a busy machine may lose frames."""
SLOWEST_S_PER_CHARACTER, QUICKEST_S_PER_CHARACTER = 0.5, 0.02
"""Bounds of a voice that can be followed: Korean has the most sound in a character."""


def aloud(call: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was said and played on a call, in order."""
    return [line for line in call["heard"] if line["kind"] in ("say", "play")]


def pressed(exchange: Exchange) -> str:
    return "".join(line["text"] for line in exchange.call_of(CALLER)["heard"] if line["kind"] == "key")


def test_a_telephone_walks_through_the_menu_to_the_queue_and_hears_all_of_it(
    house: PracticeHouse, exchange: Exchange, dial: Dial
) -> None:
    telephone = dial()
    for count, key in enumerate(house.keys, 1):
        telephone.wait_for("quiet")
        wait_until(lambda: exchange.call_of(CALLER)["wants_key"], EVENT_TIMEOUT_S)
        telephone.press(key)
        wait_until(partial(lambda wanted: len(pressed(exchange)) == wanted, count), EVENT_TIMEOUT_S)
    wait_until(lambda: house.waits(exchange.call_of(CALLER)["sid"]), EVENT_TIMEOUT_S)
    wait_until(lambda: aloud(exchange.call_of(CALLER))[-1]["text"].endswith(house.hold_sound), EVENT_TIMEOUT_S)
    telephone.wait_for("quiet")
    assert telephone.hang_up() == "200"
    call = exchange.call_of(CALLER)
    wait_until(lambda: house.has_left(call["sid"]), EVENT_TIMEOUT_S)
    assert not house.waits(call["sid"]) and house.unsigned == []
    assert pressed(exchange) == "".join(house.keys)
    assert exchange.control.record("alerts") == []

    recording = telephone.recording()
    pieces = aloud(call)
    heard = [recording.find(exchange.file_of(piece)) for piece in pieces]
    assert [piece["kind"] for piece in pieces] == ["say", "say", "say", "say", "play"]
    for piece, found in zip(pieces, heard, strict=True):
        assert found.share >= MOSTLY and found.level > 10 * SILENT, piece
        if piece["kind"] == "say":
            per_character_s = found.length_s / len(piece["text"])
            assert QUICKEST_S_PER_CHARACTER < per_character_s < SLOWEST_S_PER_CHARACTER, piece
    starts = [found.start_s for found in heard]
    assert starts == sorted(starts), "everything is heard in the order in which it was said"


def test_a_key_stops_the_voice_and_the_service_hangs_up(house: PracticeHouse, exchange: Exchange, dial: Dial) -> None:
    telephone = dial()
    telephone.wait_for("sound")
    telephone.press("2")
    wait_until(lambda: len(aloud(exchange.call_of(CALLER))) == 3, EVENT_TIMEOUT_S)
    telephone.press("9")
    assert telephone.over() == "200", "the telephone is told that the other end hung up"
    call = exchange.call_of(CALLER)
    wait_until(lambda: house.has_left(call["sid"]), EVENT_TIMEOUT_S)
    recording = telephone.recording()
    greeting, english, menu, farewell = (recording.find(exchange.file_of(piece)).share for piece in aloud(call))
    assert max(greeting, english, menu) < MOSTLY, "three sentences were cut short by two keys"
    assert english == 0, "the second sentence was never begun"
    assert farewell >= MOSTLY


def test_a_number_that_is_not_in_service_does_not_ring(exchange: Exchange, dial: Dial) -> None:
    telephone = dial("+15005559999")
    assert telephone.over() == "404"
    assert exchange.call_of(CALLER)["sid"] == ""


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pjsua2", None)
    assert missing_packages() == ["pjsua2-python"]
