"""SMPP behind the port for sending texts: what a lane hands over goes out over one bind, and receipts come back on it.

A message centre has no record that could be read: query_sm asks by the very name that a lost answer would have brought. So
`keeps_record` is False, and the dispatcher writes down which texts are about to leave before they do. `lookup` says that it
knows nothing, always.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

import smpp34
import structlog

from hotline.providers.breaker import CircuitBreaker
from hotline.providers.smpp import texts
from hotline.providers.smpp.address import BindAddress
from hotline.providers.smpp.incoming import LinkText, read_text
from hotline.providers.smpp.link import Link, LinkTerms, Unanswered, Unsent
from hotline.providers.smpp.wire import MESSAGE_PAYLOAD, Pdu, read_c_string
from hotline.providers.smpp.words import ReceiptWord, is_receipt, outcome_of, plain_id, read_receipt
from hotline.providers.sms import (
    VALIDITY_MAX_S,
    VALIDITY_MIN_S,
    LookedUp,
    Outcome,
    SmsFeed,
    SmsQuery,
    SmsRequest,
    SmsResult,
    StreamReport,
)

log = structlog.get_logger(__name__)

WAIT_S = 0.05
RECEIPT_WANTED = 1
UDH = 0x40
INTERNATIONAL, ALPHANUMERIC, NETWORK_SPECIFIC = (1, 1), (5, 0), (3, 0)
"""Type of number and numbering plan: E.164, a name, a short code."""


@dataclass
class _UnderWay:
    """One text with the answers to its parts."""

    request: SmsRequest
    parts: list[Future[Pdu]]
    started: float
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = len(self.parts)


class _BindGate(CircuitBreaker):
    """A breaker that lets nothing out while there is no bind."""

    bound = False

    @property
    def pause_left_s(self) -> float:
        """Seconds until something may be tried again; a missing bind is tried again by itself."""
        return super().pause_left_s if self.bound else 1.0

    def room(self, largest: int) -> int:
        """Return how many requests may be under way now."""
        return super().room(largest) if self.bound else 0


class SmppSms:
    """One provider over one bind. `on_receipt` and `on_text` are called in the link's threads and must return only after the
    commit: then the centre is told that we have it."""

    keeps_record = False

    def __init__(
        self,
        address: BindAddress,
        *,
        answer_s: float,
        on_receipt: Callable[[str, ReceiptWord], None],
        on_text: Callable[[str, LinkText], None],
    ) -> None:
        self.name, self.sender = address.name, address.sender
        self.breaker: CircuitBreaker = _BindGate()
        self._address, self._on_receipt, self._on_text = address, on_receipt, on_text
        self._references = itertools.count(1)
        terms = LinkTerms(
            address.name, address.host, address.port, address.system_id, address.password,
            address.system_type, address.tls, answer_s,
        )  # fmt: skip
        self.link = Link(terms, self._deliver, self._bound)

    def start(self) -> None:
        """Begin to bind; receipts come in from then on."""
        self.link.start()

    def _bound(self, bound: bool) -> None:
        assert isinstance(self.breaker, _BindGate)
        self.breaker.bound = bound

    def _deliver(self, deliver: smpp34.DeliverSm) -> None:
        if not is_receipt(deliver):
            self._on_text(self.name, read_text(deliver))
            return
        word = read_receipt(deliver)
        if word is None:
            log.warning("smpp.receipt_unreadable", provider=self.name)
            return
        self._on_receipt(self.name, word)

    def stream(self, feed: SmsFeed, *, in_flight: int) -> StreamReport:
        """Send what the feed brings, at most the bind's window of parts at once, until it is finished and answered."""
        self.start()
        report, started = StreamReport(), time.monotonic()
        more, answered = threading.Event(), queue.SimpleQueue[_UnderWay]()
        window, outstanding = min(in_flight, self._address.window), 0
        feed.on_more(more.set)

        def one_less(under_way: _UnderWay, _: Future[Pdu]) -> None:
            # Called in the link's thread, one at a time.
            under_way.left -= 1
            if under_way.left == 0:
                answered.put(under_way)
                more.set()

        while outstanding or not feed.finished():
            for request in feed.take(window - outstanding) if outstanding < window else ():
                under_way = self._send(request)
                outstanding += 1
                for part in under_way.parts:
                    part.add_done_callback(partial(one_less, under_way))
            more.wait(WAIT_S)
            more.clear()
            while not answered.empty():
                under_way = answered.get()
                outstanding -= 1
                result = self._read(under_way)
                self._tell_breaker(result)
                report.note(result, result.took_s)
                feed.give(result)
        report.took_s = time.monotonic() - started
        return report

    def _send(self, request: SmsRequest) -> _UnderWay:
        return _UnderWay(request, [self.link.submit(each) for each in self.build(request)], time.monotonic())

    def build(self, request: SmsRequest) -> list[smpp34.SubmitSm]:
        """Return the submit_sm of one text, or one for each of its parts."""
        encoded = texts.encode(request.body)
        if encoded.fits_one_part:
            return [self._submit_sm(request, encoded.coding, encoded.octets)]
        if self._address.payload:
            payload = smpp34.Tlv(MESSAGE_PAYLOAD, encoded.octets)
            return [self._submit_sm(request, encoded.coding, b"", tlvs=[payload])]
        parts, reference = texts.split(encoded), next(self._references)
        return [
            self._submit_sm(
                request, encoded.coding, texts.with_header(part, reference, number, len(parts)), esm_class=UDH
            )
            for number, part in enumerate(parts, start=1)
        ]

    def _submit_sm(
        self, request: SmsRequest, coding: int, octets: bytes, *, esm_class: int = 0, tlvs: Sequence[smpp34.Tlv] = ()
    ) -> smpp34.SubmitSm:
        ton, npi = _numbering(request.sender)
        return smpp34.SubmitSm(
            request.sender.lstrip("+"), request.to.lstrip("+"), octets, source_addr_ton=ton, source_addr_npi=npi,
            dest_addr_ton=INTERNATIONAL[0], dest_addr_npi=INTERNATIONAL[1], esm_class=esm_class,
            validity_period=_relative(request.validity_s), registered_delivery=RECEIPT_WANTED, data_coding=coding,
            tlvs=list(tlvs),
        )  # fmt: skip

    def _read(self, under_way: _UnderWay) -> SmsResult:
        """Say what the answers to all parts of one text mean together.

        One part without an answer makes the whole a doubt. A text of which some parts were refused is not sent again: its
        reader would get the others twice.
        """
        request, took_s = under_way.request, time.monotonic() - under_way.started
        sids, refused = [], None
        unanswered = unsent = 0
        for part in under_way.parts:
            error = part.exception()
            if isinstance(error, Unsent):
                unsent += 1
            elif error is not None:
                unanswered += 1
                if not isinstance(error, Unanswered):
                    log.error("smpp.submit_failed", provider=self.name, error=type(error).__name__)
            else:
                answer = part.result()
                outcome, code = outcome_of(answer.status)
                if outcome is Outcome.ACCEPTED:
                    sids.append(f"{self.name}:{plain_id(read_c_string(answer.body))}"[:64])
                else:
                    refused = (outcome, code)
        result = SmsResult(request.message_id, request.attempt, Outcome.ACCEPTED, took_s=took_s)
        if unanswered or (unsent and sids):
            return result._replace(outcome=Outcome.UNANSWERED, part_sids=tuple(sids))
        if unsent:
            return result._replace(outcome=Outcome.UNSENT)
        if refused is not None:
            outcome, code = refused if not sids else (Outcome.REFUSED, refused[1])
            return result._replace(outcome=outcome, error_code=code)
        parts = tuple(sids) if len(sids) > 1 else ()
        return result._replace(provider_sid=sids[0], provider_status="accepted", part_sids=parts)

    def _tell_breaker(self, result: SmsResult) -> None:
        if result.outcome in (Outcome.UNSENT, Outcome.UNANSWERED):
            self.breaker.failed()
        else:
            self.breaker.succeeded()

    def lookup(self, queries: Sequence[SmsQuery]) -> list[LookedUp]:
        """Say that nothing is known of any text: a centre keeps no record that could be asked without its own id."""
        return [LookedUp(query, (), complete=False) for query in queries]

    def close(self) -> None:
        """Unbind."""
        self.link.close()


def _numbering(sender: str) -> tuple[int, int]:
    if not sender.lstrip("+").isdigit():
        return ALPHANUMERIC
    return INTERNATIONAL if sender.startswith("+") else NETWORK_SPECIFIC


def _relative(validity_s: int) -> str:
    """Return a validity in SMPP's relative form, `000000hhmmss000R` (SMPP v3.4, 7.1.1)."""
    seconds = max(VALIDITY_MIN_S, min(VALIDITY_MAX_S, validity_s))
    return f"000000{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}000R"
