"""A real SIP telephone calls, hears every word of the service, presses keys, waits in the queue and hangs up."""

from __future__ import annotations

import sys

import pytest

from tests.real_sound.conftest import CALLER, Dial, missing_packages
from tests.real_sound.houses import PracticeHouse
from tests.real_sound.processes import EVENT_TIMEOUT_S, Exchange
from tests.real_sound.walking import MOSTLY, aloud, walk
from tests.sandbox.conftest import wait_until

pytestmark = pytest.mark.long


@pytest.mark.nightly  # the same walk through the service's own menu is in every run
def test_a_telephone_walks_through_the_menu_to_the_queue_and_hears_all_of_it(
    house: PracticeHouse, exchange: Exchange, dial: Dial
) -> None:
    call = walk(house, exchange, dial(), CALLER)
    assert [piece["kind"] for piece in aloud(call)] == ["say", "say", "say", "say", "play"]
    assert house.unsigned == []


def test_a_key_stops_a_voice_that_would_never_end_and_the_service_hangs_up(
    house: PracticeHouse, exchange: Exchange, dial: Dial
) -> None:
    house.begin_with_an_endless_question()
    telephone = dial()
    telephone.wait_for("sound")
    telephone.press("9")
    assert telephone.over() == "200", "the telephone is told that the other end hung up"
    call = exchange.call_of(CALLER)
    wait_until(lambda: house.has_left(call["sid"]), EVENT_TIMEOUT_S)
    recording = telephone.recording()
    endless, planned, farewell = (exchange.file_of(piece) for piece in aloud(call))
    last = recording.find(farewell)
    assert last.share >= MOSTLY
    assert recording.find(planned).share == 0, "what was still to be said was never begun"
    assert recording.after(last.start_s).find(endless).share == 0


def test_a_number_that_is_not_in_service_does_not_ring(exchange: Exchange, dial: Dial) -> None:
    telephone = dial("+15005559999")
    assert telephone.over() == "404"
    assert exchange.call_of(CALLER)["sid"] == ""


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pjsua2", None)
    assert missing_packages() == ["pjsua2-python"]
