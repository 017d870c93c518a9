"""Starting and stopping the practice carrier."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import secrets
import signal
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from hotline.sandbox import (
    bots_control,
    calls_api,
    conferences_api,
    control,
    pages,
    recordings_api,
    twilio_api,
    voice_control,
)
from hotline.sandbox.bots import Fleet
from hotline.sandbox.carrier import Carrier
from hotline.sandbox.journal import FLUSH_INTERVAL_S
from hotline.sandbox.live import HUB, Hub
from hotline.sandbox.mailroom import Mailroom, open_mail_door
from hotline.sandbox.replay import restore
from hotline.sandbox.settings import MAX_BODY_BYTES, SandboxSettings
from hotline.sandbox.smsc import Smsc
from hotline.sandbox.voice import Voice, make_voice

logger = logging.getLogger(__name__)

__all__ = ["SandboxSettings", "build_app", "run", "serve"]

BACKLOG = 2048
OWNERS_INTERVAL_S = 1.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def build_app(settings: SandboxSettings) -> web.Application:
    """Put the application together; nothing runs yet."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    app[twilio_api.CARRIER] = Carrier(settings)
    app[control.PAGE_TOKEN] = secrets.token_urlsafe(24)
    app[HUB] = Hub()
    app[pages.CLOSING] = asyncio.Event()
    voice = app[voice_control.VOICE] = make_voice(app[twilio_api.CARRIER])
    app[calls_api.EXCHANGE], app[conferences_api.ROOMS] = voice.exchange, voice.rooms
    app[conferences_api.OPERATOR], app[recordings_api.RECORDER] = voice.operator, voice.recorder
    app[control.MAILROOM] = Mailroom(app[twilio_api.CARRIER])
    twilio_api.add_routes(app)
    calls_api.add_routes(app)
    conferences_api.add_routes(app)
    recordings_api.add_routes(app)
    app[bots_control.FLEET] = Fleet(voice.exchange, voice.rooms)
    voice_control.add_routes(app)
    bots_control.add_routes(app)
    control.add_routes(app)
    pages.add_routes(app, settings)
    app.cleanup_ctx.append(_live)
    app.on_shutdown.append(_end_streams)
    return app


async def _live(app: web.Application) -> AsyncIterator[None]:
    carrier, hub, voice = app[twilio_api.CARRIER], app[HUB], app[voice_control.VOICE]
    await carrier.callbacks.start()
    await voice.exchange.questions.start()
    restored = restore(carrier, voice, app[control.MAILROOM])
    if restored:
        logger.info("%s texts brought back from the journal", restored)
    # What was restored lives as long as the process; the collector need not walk it again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    carrier.on_change = hub.changed
    chores = (_flush_forever(carrier), hub.tick_forever(carrier), _watch_owners(carrier, voice))
    tasks = [asyncio.create_task(chore) for chore in chores]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    carrier.timeline.clear()
    await app[bots_control.FLEET].stop()
    await voice.exchange.stop()
    await carrier.callbacks.stop()
    carrier.journal.close()


async def _end_streams(app: web.Application) -> None:
    """Let the browsers' streams end, so that stopping does not wait for them."""
    app[pages.CLOSING].set()
    app[HUB].wake()


async def _flush_forever(carrier: Carrier) -> None:
    """Write changes of status at the latest every 100 ms; a full disk is reported and tried again."""
    reported = ""
    while True:
        await asyncio.sleep(FLUSH_INTERVAL_S)
        try:
            carrier.journal.flush()
        except OSError as problem:
            if str(problem) != reported:
                reported = str(problem)
                logger.exception("journal cannot be written")


async def _watch_owners(carrier: Carrier, voice: Voice) -> None:
    """Take over owners of handsets and numbers when their file appears or changes; a wrong file is reported once."""
    while carrier.owners is not None and voice.file is not None:
        await asyncio.sleep(OWNERS_INTERVAL_S)
        try:
            if carrier.owners.take_over(carrier.handsets.name_all) + voice.file.take_over(
                voice.exchange.numbers.put_all
            ):
                carrier.on_change("")
        except (OSError, ValueError) as problem:
            logger.warning("handsets.json or numbers.json is not taken over: %s", problem)


async def _open_smsc(carrier: Carrier, settings: SandboxSettings) -> Smsc | None:
    if settings.smsc_port is None:
        return None
    smsc = Smsc(carrier, settings.host, settings.smsc_port or _free_port(settings.host))
    await smsc.open()
    return smsc


async def _open_mail(app: web.Application, settings: SandboxSettings) -> asyncio.Server | None:
    if settings.mail_port is None:
        return None
    return await open_mail_door(app[twilio_api.CARRIER], app[control.MAILROOM], settings.host, settings.mail_port)


def _free_port(host: str) -> int:
    """Return a free port: smpp34's server does not say which one it took."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


async def serve(settings: SandboxSettings, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set; prints the address once requests are taken. Raises ``OSError`` (port taken)."""
    runner = web.AppRunner(build_app(settings), access_log=None, keepalive_timeout=75, shutdown_timeout=3)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG)
        await site.start()
        smsc = await _open_smsc(runner.app[twilio_api.CARRIER], settings)
        mail = await _open_mail(runner.app, settings)
        host = "127.0.0.1" if settings.host in LOOPBACK else settings.host
        runner.app[twilio_api.CARRIER].public_url = f"http://{host}:{runner.addresses[0][1]}"
        # Whoever started this process waits for exactly this line.
        print(f"SANDBOX http://{host}:{runner.addresses[0][1]}", flush=True)  # noqa: T201 - the line is the interface
        if smsc is not None:
            print(f"SMSC {host}:{smsc.port}", flush=True)  # noqa: T201 - the line is the interface
        if mail is not None:
            print(f"MAIL {host}:{mail.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201 - the line is the interface
        await stop.wait()
        if mail is not None:
            mail.close()
        if smsc is not None:
            await smsc.close()
    finally:
        await runner.cleanup()


def run(settings: SandboxSettings) -> None:
    """Run the practice carrier until SIGINT or SIGTERM. Raises ``OSError`` and ``ValueError`` with the reason."""

    async def until_told() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, stop.set)
        await serve(settings, stop)

    asyncio.run(until_told())
