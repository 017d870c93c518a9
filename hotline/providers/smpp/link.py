"""One bind to a message centre, kept alive for the life of the process: bound, asked after, bound again.

It lives in a thread of its own with an event loop. Nothing is acknowledged to the centre before `on_deliver` has returned,
and that returns after the commit; so no receipt is lost when the process dies. What was submitted and not answered when the
link broke, or not answered within `answer_s`, is reported as unanswered: it may or may not have been taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import smpp34
import structlog

from hotline.providers.smpp import wire
from hotline.providers.smpp.wire import Garbled, Pdu

log = structlog.get_logger(__name__)

CONNECT_S, BIND_S, ENQUIRE_EVERY_S = 5.0, 5.0, 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
MAX_DELIVERS_WAITING = 100
"""Receipts and texts that may wait for their commit; beyond it the link is not read, and the centre slows down by itself."""


@dataclass(frozen=True)
class LinkTerms:
    """Where to bind and as whom; `answer_s` is how long an answer may take."""

    name: str
    host: str
    port: int
    system_id: str
    password: str
    system_type: str = ""
    tls: bool = False
    answer_s: float = 15.0


class Unsent(Exception):
    """There is no link; the text did not leave."""


class Unanswered(Exception):
    """The text left and nothing came back."""


class Link:
    """The bind. `submit` may be called from any thread; `on_deliver` is called in worker threads, several at once."""

    def __init__(
        self,
        terms: LinkTerms,
        on_deliver: Callable[[smpp34.DeliverSm], None],
        on_bound: Callable[[bool], None] = lambda bound: None,
    ) -> None:
        self.terms, self._on_deliver, self._on_bound = terms, on_deliver, on_bound
        self.bound = False
        self.refused: int | None = None
        """command_status with which the last bind was refused; None since it was accepted."""
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._pending: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = itertools.cycle(range(1, 0x7FFFFFFF))
        self._starting = threading.Lock()

    def start(self) -> None:
        """Begin to bind, once; returns at once."""
        with self._starting:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name=f"smpp-{self.terms.name}", daemon=True)
                self._thread.start()

    def submit(self, text: smpp34.SubmitSm) -> Future[Pdu]:
        """Send a submit_sm; the future brings the answer, or Unsent, or Unanswered."""
        return asyncio.run_coroutine_threadsafe(self._ask(text.encode()), self._loop)

    def close(self) -> None:
        """Unbind and end the thread."""
        self._closing.set()
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._hang_up)
            self._thread.join(timeout=CONNECT_S + BIND_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._keep_bound())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _keep_bound(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                await self._session()
                pause_s = FIRST_PAUSE_S
            except (OSError, TimeoutError, asyncio.IncompleteReadError, Garbled, ssl.SSLError) as error:
                log.warning("smpp.link_lost", provider=self.terms.name, error=f"{type(error).__name__}: {error}"[:200])
            was_bound = self.bound
            self._lose()
            pause_s = FIRST_PAUSE_S if was_bound else min(LONGEST_PAUSE_S, pause_s * 2)
            await self._rest(pause_s)

    async def _rest(self, pause_s: float) -> None:
        for _ in range(max(1, round(pause_s / 0.1))):
            if self._closing.is_set():
                return
            await asyncio.sleep(0.1)

    async def _session(self) -> None:
        """Connect, bind, and read until the link ends; raises what ended it."""
        terms = self.terms
        context = ssl.create_default_context() if terms.tls else None
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(terms.host, terms.port, ssl=context), timeout=CONNECT_S
        )
        self._writer = writer
        enquiring = None
        try:
            writer.write(wire.bind(next(self._sequence), terms.system_id, terms.password, terms.system_type))
            answer = await asyncio.wait_for(self._read_until_bound(reader), timeout=BIND_S)
            if answer.status != wire.ROK:
                self.refused = answer.status
                raise Garbled(f"the bind was refused with status {answer.status:#x}")
            self.refused, self.bound = None, True
            self._on_bound(True)
            log.info("smpp.bound", provider=terms.name)
            enquiring = asyncio.ensure_future(self._keep_enquiring(writer))
            await self._read(reader, writer)
        finally:
            if enquiring is not None:
                enquiring.cancel()
            writer.close()

    async def _read_until_bound(self, reader: asyncio.StreamReader) -> Pdu:
        while True:
            pdu = await wire.read_pdu(reader)
            if pdu.command in (wire.BIND_TRANSCEIVER | wire.RESPONSE, wire.GENERIC_NACK):
                return pdu

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        delivering: set[asyncio.Task[None]] = set()
        while not self._closing.is_set():
            pdu = await wire.read_pdu(reader)
            if pdu.command & wire.RESPONSE:
                waiting = self._pending.pop(pdu.sequence, None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(pdu)
            elif pdu.command == wire.DELIVER_SM:
                task = asyncio.ensure_future(self._deliver(pdu, writer))
                delivering.add(task)
                task.add_done_callback(delivering.discard)
                if len(delivering) >= MAX_DELIVERS_WAITING:
                    await asyncio.wait(delivering, return_when=asyncio.FIRST_COMPLETED)
            elif pdu.command == wire.UNBIND:
                writer.write(wire.pdu(wire.UNBIND | wire.RESPONSE, pdu.sequence))
                return
            elif pdu.command == wire.ENQUIRE_LINK:
                writer.write(wire.pdu(wire.ENQUIRE_LINK | wire.RESPONSE, pdu.sequence))
            elif pdu.command != wire.ALERT_NOTIFICATION:
                writer.write(wire.pdu(wire.GENERIC_NACK, pdu.sequence, status=wire.RINVCMDID))

    async def _deliver(self, pdu: Pdu, writer: asyncio.StreamWriter) -> None:
        """Hand a receipt or a text on and acknowledge it once it is durable; otherwise the centre keeps it and comes again."""
        status = wire.ROK
        try:
            deliver = wire.read_deliver(pdu.raw)
        except Garbled as error:
            log.warning("smpp.deliver_unreadable", provider=self.terms.name, error=str(error)[:200])
        else:
            try:
                await self._loop.run_in_executor(None, self._on_deliver, deliver)
            except Exception:  # the outermost line of this task: the centre is told to come again
                log.exception("smpp.deliver_failed", provider=self.terms.name)
                status = wire.RSYSERR
        with contextlib.suppress(ConnectionError):
            writer.write(wire.pdu(wire.DELIVER_SM | wire.RESPONSE, pdu.sequence, b"\0", status))

    async def _keep_enquiring(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(ENQUIRE_EVERY_S)
            try:
                await self._ask(wire.pdu(wire.ENQUIRE_LINK, 1))
            except (Unanswered, Unsent):
                log.warning("smpp.link_silent", provider=self.terms.name)
                writer.close()
                return

    async def _ask(self, raw: bytes) -> Pdu:
        """Send a request under a fresh sequence number and wait for its answer; raises Unsent and Unanswered."""
        writer = self._writer
        if writer is None or not self.bound or writer.is_closing():
            raise Unsent
        sequence = next(self._sequence)
        waiting: asyncio.Future[Pdu] = self._loop.create_future()
        self._pending[sequence] = waiting
        writer.write(raw[:12] + sequence.to_bytes(4, "big") + raw[16:])
        try:
            return await asyncio.wait_for(waiting, timeout=self.terms.answer_s)
        except (TimeoutError, asyncio.CancelledError) as error:
            raise Unanswered from error
        finally:
            self._pending.pop(sequence, None)

    def _lose(self) -> None:
        """Give up what waits for an answer: the link it would have come over is gone."""
        was_bound, self.bound, self._writer = self.bound, False, None
        for waiting in list(self._pending.values()):
            if not waiting.done():
                waiting.set_exception(Unanswered())
        self._pending.clear()
        if was_bound:
            self._on_bound(False)

    def _hang_up(self) -> None:
        if self._writer is not None:
            if self.bound:
                self._writer.write(wire.pdu(wire.UNBIND, next(self._sequence)))
            self._writer.close()
