"""The sound of waiting: the address in each document really gives a sound, fetched over the wire as the carrier fetches it."""

from __future__ import annotations

import asyncio
import threading
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from werkzeug.serving import make_server

from hotline.calls import handling, speaking
from hotline.core.services import Services
from hotline.sandbox.settings import Behaviour
from hotline.sandbox.sounds import Sounds
from tests.calls.centre import Centre
from tests.calls.conftest import BASE, Hook, Rows, sid, twiml
from tests.calls.telephones import Telephones
from tests.calls.test_handling import do

PLAYED = {"audio/mpeg": "mp3", "audio/wav": "wav", "audio/wave": "wav", "audio/x-wav": "wav"}
"""Kinds of sound that the provider plays (Twilio, TwiML Play), as far as we could send them, and the form of each."""
HEARD_S = 6
"""What `speaking.HOLD_TIMES` reckons with."""


@pytest.fixture
def centre(hook: Hook, rows: Rows, services: Services, telephones: Telephones) -> Centre:
    """A centre with one agent on a telephone, who is ready."""
    return Centre(hook, rows, services, telephones)


@pytest.fixture
def house(app: Any) -> Iterator[str]:
    """Serve the application on a port of its own; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def played_to_callers(centre: Centre) -> dict[str, str]:
    """Return the addresses of sound by where they are heard: waiting, on hold, and alone in the bridge."""
    waiting = twiml(centre.caller_waits()).find(".//Play")
    request, leg_sid = centre.agent_rings()
    screen = centre.hook(request.url, CallSid=leg_sid)
    bridge = twiml(centre.hook.key(screen, "1", int(leg_sid[2:], 16))).find("Dial/Conference")
    centre.carry_out()
    do(centre, handling.hold, centre.rows.call().id, on=True)
    (hold_url,) = [str(each["HoldUrl"]) for each in centre.telephones.ordered(sid(1)) if "HoldUrl" in each]
    assert waiting is not None and bridge is not None
    alone = bridge.get("waitUrl") or ""
    assert bridge.get("waitMethod") == "POST"
    found = {"waiting": waiting.text or ""}
    for where, page in {"on hold": hold_url, "alone": alone}.items():
        play = twiml(centre.hook(page)).find("Play")
        assert play is not None, where
        found[where] = play.text or ""
    return found


def test_each_address_of_the_sound_gives_a_sound_of_the_right_kind_and_length(centre: Centre, house: str) -> None:
    for where, address in played_to_callers(centre).items():
        assert address.startswith(f"{BASE}/"), where
        with urlopen(house + urlsplit(address).path) as answer:  # the carrier sends no cookie and no signature
            kind, data = answer.headers["Content-Type"].partition(";")[0], answer.read()
            assert (answer.status, int(answer.headers["Content-Length"])) == (200, len(data)), where
        assert PLAYED[kind] == "wav", where
        with wave.open(BytesIO(data)) as sound:
            assert (sound.getframerate(), sound.getnchannels()) == (8000, 1), "as a telephone line carries it"
            assert sound.getnframes() / sound.getframerate() == pytest.approx(HEARD_S, abs=0.01)
            frames = sound.readframes(sound.getnframes())
        assert len(set(frames)) > 10, "something is heard"


def test_the_practice_carrier_fetches_it_once_and_knows_how_long_it_lasts(house: str) -> None:
    async def fetch() -> tuple[float, str]:
        sounds = Sounds(Behaviour(play_ms=1))
        url = house + speaking.HOLD_SOUND
        length_s = await sounds.length_s(url)
        kept = sounds.get(sounds.name(url))
        assert kept is not None
        return length_s, kept.content_type

    with ThreadPoolExecutor(1) as thread:  # a loop of its own: a browser of other tests may have one in this thread
        length_s, kind = thread.submit(asyncio.run, fetch()).result(timeout=60)
    assert length_s == pytest.approx(HEARD_S, abs=0.01) and PLAYED[kind] == "wav"


def test_a_round_of_waiting_lasts_about_as_long_as_it_says() -> None:
    assert pytest.approx(60, abs=10) == speaking.HOLD_TIMES * HEARD_S
    assert pytest.approx(120, abs=10) == speaking.HOLD_TIMES_FAR_BACK * HEARD_S
