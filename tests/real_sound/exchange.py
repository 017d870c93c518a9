"""The exchange: the practice carrier with a SIP door, so that a telephone hears what the service lets it be told.

Following documents, asking signed webhooks and reporting is the practice carrier's work; this adds what it leaves out:
speech and sounds on RTP, and keys by RFC 4733. Run as ``python -m tests.real_sound.exchange DIRECTORY``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pjsua2 as pj
from aiohttp import web

from hotline.sandbox.calls import IN_PROGRESS, Call
from hotline.sandbox.server import build_app
from hotline.sandbox.settings import BadInput, SandboxSettings
from hotline.sandbox.verbs import Pause, Play, Say, Spoken
from hotline.sandbox.voice import Voice as Carrier
from hotline.sandbox.voice_control import VOICE
from tests.real_sound.hearing import Samples, at_rate, read_wav, sound_name, tone, write_wav
from tests.real_sound.sip import HOST, LOOP, ONCE, RATE_HZ, RFC_4733, TURN_S, SipCall, account_settings, open_endpoint
from tests.real_sound.speech import Voice

LONGEST_WAIT_FOR_SOUND_S = 5.0
GAP_S = 0.1
"""Silence after each piece, so that its last frame has left before the next one begins."""
USER = re.compile(r"sips?:(\+?[0-9]+)@")


@dataclass(eq=False)
class TelephoneLine:
    """A SIP call and the carrier's call that goes with it; times are seconds of the loop's clock."""

    sip: SipCall
    call: Call
    free_at: float = 0.0
    planned: list[asyncio.TimerHandle] = field(default_factory=list)
    playing: list[Any] = field(default_factory=list)

    def keep_up(self) -> None:
        """Answer once the carrier's call is answered, and end when it ends."""
        if self.call.final:
            self.sip.end()
        elif self.call.status == IN_PROGRESS:
            self.sip.reply(200)

    async def flows(self) -> bool:
        """Wait until sound flows; returns whether it does."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_WAIT_FOR_SOUND_S
        while not (self.sip.answered and self.sip.media is not None):
            if self.sip.over or loop.time() > until:
                return False
            self.keep_up()
            await asyncio.sleep(TURN_S)
        return True

    def play(self, path: Path, length_s: float, endless: bool) -> None:
        """Let a sound be heard after those that are still planned."""
        loop = asyncio.get_running_loop()
        at = max(self.free_at, loop.time())
        self.free_at = at + length_s
        self.planned.append(loop.call_at(at, self._start, path, endless))

    def _start(self, path: Path, endless: bool) -> None:
        if self.sip.over:
            return
        player = pj.AudioMediaPlayer()
        player.createPlayer(str(path), LOOP if endless else ONCE)
        player.startTransmit(self.sip.media)
        self.playing.append(player)

    def hush(self) -> None:
        """Stop what is heard and forget what is planned."""
        for each in self.planned:
            each.cancel()
        if not self.sip.over:
            for player in self.playing:
                player.stopTransmit(self.sip.media)
        self.planned.clear()
        self.playing.clear()
        self.free_at = 0.0


class Speaker:
    """Gives the calls that came over SIP a real sound."""

    def __init__(self, carrier: Carrier, directory: Path) -> None:
        """Sounds are kept in ``directory`` under the name of what they are."""
        self.carrier, self._directory = carrier, directory
        self._voice = Voice(RATE_HZ)
        self.lines: dict[str, TelephoneLine] = {}
        carrier.operator.sound, carrier.operator.hush = self.utter, self._hush

    def _hush(self, call: Call) -> None:
        if (line := self.lines.get(call.sid)) is not None:
            line.hush()

    async def utter(self, call: Call, verb: Spoken) -> float:
        """Let a piece be heard on its line, and return how long it takes in seconds."""
        line = self.lines.get(call.sid)
        if isinstance(verb, Pause) or line is None or not await line.flows():
            return float(verb.length_s) if isinstance(verb, Pause) else 0.0
        path = await self._file(verb)
        samples, rate_hz = read_wav(path)
        length_s = len(samples) / rate_hz * (verb.loop or 1000) + GAP_S
        line.play(path, length_s, endless=verb.loop != 1)
        return length_s

    async def _file(self, verb: Say | Play) -> Path:
        kind, text = ("say", verb.text) if isinstance(verb, Say) else ("play", verb.url or verb.digits)
        path = self._directory / sound_name(kind, text)
        if not path.exists():
            write_wav(path, await self._make(verb), RATE_HZ)
        return path

    async def _make(self, verb: Say | Play) -> Samples:
        if isinstance(verb, Say):
            return self._voice.say(verb.text, verb.language)
        sounds = self.carrier.operator.sounds
        await sounds.length_s(verb.url)
        sound = sounds.get(sounds.name(verb.url))
        if sound is None:
            # A caller hears a long low tone where the service's sound is missing, which no test takes for it.
            return tone(150, 1.0, RATE_HZ)
        fetched = self._directory / "fetched.wav"
        fetched.write_bytes(sound.data)
        return at_rate(*read_wav(fetched), RATE_HZ)


class Door(pj.Account):  # type: ignore[misc]  # the bindings carry no types
    """Where SIP calls come in: each becomes a call of the practice carrier."""

    def __init__(self, speaker: Speaker) -> None:
        """Let calls in for the numbers that the carrier knows."""
        super().__init__()
        self._speaker = speaker
        self._refused: list[SipCall] = []

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - the binding's name
        """Ring the service, or tell the telephone that the number is not in service."""
        sip = SipCall(self, prm.callId)
        info = sip.getInfo()
        caller, called = USER.search(info.remoteUri), USER.search(info.localUri)
        exchange = self._speaker.carrier.exchange
        try:
            call = exchange.call_in(caller[1] if caller else "", called[1] if called else "")
        except BadInput:
            self._refused.append(sip)
            sip.reply(404)
            return
        line = self._speaker.lines[call.sid] = TelephoneLine(sip, call)
        call.on_end.append(lambda _: line.hush())
        sip.on_over = lambda: _act(exchange, call, "hangup")
        sip.on_key = lambda key, method: _act(exchange, call, "press", key) if method == RFC_4733 else None
        sip.reply(180)


def _act(exchange: Any, call: Call, act: str, words: str = "") -> None:
    """Do on the carrier's call what the telephone did; one that is over is left alone."""
    with contextlib.suppress(BadInput):
        if not call.final and exchange.of(call.handset) is call:
            exchange.act(call.handset, act, words)


async def serve(directory: Path) -> None:
    """Serve until the input ends, as it does when the test is gone; prints both addresses once calls are taken."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, stop.set)
    settings = SandboxSettings(account_sid=os.environ["TWILIO_ACCOUNT_SID"], auth_token=os.environ["TWILIO_AUTH_TOKEN"])
    app = build_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=3)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    with open_endpoint() as (endpoint, address):
        print(f"> EXCHANGE http://{HOST}:{runner.addresses[0][1]} {address}", flush=True)  # noqa: T201 - the line is the interface
        await _work(endpoint, address, Speaker(app[VOICE], directory), stop)
        await runner.cleanup()


async def _work(endpoint: Any, address: str, speaker: Speaker, stop: asyncio.Event) -> None:
    """Look at the network and at the calls by turns; no call of this library is left when it is over."""
    door = Door(speaker)
    door.create(account_settings("exchange", address))
    while not stop.is_set():
        endpoint.libHandleEvents(0)
        for sid, line in list(speaker.lines.items()):
            line.keep_up()
            if line.sip.over and line.call.final:
                del speaker.lines[sid]
        await asyncio.sleep(TURN_S)
    for line in speaker.lines.values():
        line.hush()
        line.sip.end()
    speaker.lines.clear()
    door.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
