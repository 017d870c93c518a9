"""The practice carrier's message centre: SMPP 3.4 over smpp34's server, for the same handsets as the API.

It takes every bind on loopback, whatever its password. A text may come whole, in `message_payload`, or in parts joined by
headers. Receipts go to whichever link of the same account is open; they wait while none is. What is typed on a handset whose last
text came over a link goes back over the same account's, in parts where it is long, until the service says that it has it. Faults
are those of the API: 429 becomes ESME_RTHROTTLED, lost answers and 500 after acceptance are answers that never come.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Coroutine
from dataclasses import dataclass, field

import gsm0338
import smpp34

from hotline.sandbox.callbacks import Webhook
from hotline.sandbox.carrier import Carrier, Order
from hotline.sandbox.messages import DELIVERED, FAILED, UNDELIVERED, Message
from hotline.sandbox.refusals import Refusal
from hotline.sandbox.settings import CALLBACK_TIMEOUT_S

logger = logging.getLogger(__name__)

SCHEME = "smpp:"
UDH = 0x40
MESSAGE_PAYLOAD = 0x0424
RECEIPT = 0x04
GSM7, UCS2, LATIN1 = 0, 8, 3
LONGEST_VALIDITY_S = 36_000
RETRY_S = 0.25
MAX_RECEIPT_TRIES = 240
"""A receipt for an account without a link is kept for a minute."""
MAX_UNFINISHED = 1_000
MAX_HELD = 10_000
"""Answers that never come; the oldest is let go then, which the client sees as a refusal."""
_STATUS = {20429: 0x58, 30001: 0x14, 21211: 0x0B, 21212: 0x0A, 21606: 0x0A, 20500: 0x08}
_REFUSED = 0x45
_STATES = {30003: "EXPIRED", 30036: "EXPIRED", 30007: "REJECTD"}
_CODEC = gsm0338.Codec()


@dataclass
class _Unfinished:
    """A text of which some parts have not come yet."""

    parts: dict[int, bytes] = field(default_factory=dict)
    ids: dict[int, str] = field(default_factory=dict)


class Smsc:
    """Accepts links, hands texts to the carrier and sends receipts back; runs in the carrier's event loop."""

    def __init__(self, carrier: Carrier, host: str, port: int) -> None:
        self._carrier, self.port = carrier, port
        self._serving: asyncio.Task[None] | None = None
        self._server = smpp34.Server(host=host, port=port, system_id="PRACTICE")
        self._links: dict[str, smpp34.Esme] = {}
        self._unfinished: OrderedDict[tuple[str, str, str, int], _Unfinished] = OrderedDict()
        self._never_answered: deque[smpp34.SubmitSmEvent] = deque(maxlen=MAX_HELD)
        self._tasks: set[asyncio.Task[None]] = set()
        carrier.post_receipt = self.post
        carrier.post_text = self.post_text

    async def open(self) -> None:
        """Take links from now on; raises SmppError when the port is taken."""
        await self._server.start()
        self._serving = asyncio.get_running_loop().create_task(self._serve())

    async def close(self) -> None:
        """Close all links and the port."""
        if self._serving is not None:
            self._serving.cancel()
        for task in list(self._tasks):
            task.cancel()
        await self._server.stop()

    async def _serve(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                self._links[event.session_id] = event
            elif isinstance(event, smpp34.Unbound):
                self._links.pop(event.session_id, None)
            else:
                self._spawn(self._take(event))

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, event: smpp34.SubmitSmEvent) -> None:
        """Take one submit_sm in, with every fault that is set for its number."""
        carrier, to = self._carrier, f"+{event.destination_addr.lstrip('+')}"
        link = self._links.get(event.session_id)
        account = link.system_id if link is not None else ""
        try:
            text, ids = self._whole(event, account)
            if text is None:
                event.accept(ids[-1])
                return
            order = Order(
                to=to, sender=_sender(event), body=text, callback_url=f"{SCHEME}{account}?{','.join(ids)}",
                validity_s=LONGEST_VALIDITY_S,
            )  # fmt: skip
            attempt = carrier.refuse_or_draw(order)
        except Refusal as refusal:
            event.reject(_STATUS.get(refusal.code, _REFUSED))
            return
        except (ValueError, UnicodeError):
            event.reject(_REFUSED)
            return
        if carrier.strike("answer_lost_before", to, attempt):
            self._never_answered.append(event)
            return
        carrier.accept(order, attempt)
        if late := carrier.strike("answer_delay", to, attempt):
            await asyncio.sleep(late.value / 1000)
        if carrier.strike("answer_lost_after", to, attempt) or carrier.strike("http_500_after", to, attempt):
            self._never_answered.append(event)
            return
        event.accept(ids[-1])

    def _whole(self, event: smpp34.SubmitSmEvent, account: str) -> tuple[str | None, list[str]]:
        """Return the text once all of its parts are there, else None; and the names of the parts so far."""
        name = secrets.token_hex(6)
        payload = next((tlv.value for tlv in event.tlvs if tlv.tag == MESSAGE_PAYLOAD), None)
        octets = payload if payload is not None else event.short_message
        if not event.esm_class & UDH:
            return _decode(octets, event.data_coding), [name]
        if len(octets) < 6 or octets[:3] != b"\x05\x00\x03" or not 1 <= octets[5] <= octets[4]:
            raise ValueError("a header that is not understood")
        reference, count, number = octets[3], octets[4], octets[5]
        key = (account, event.source_addr, event.destination_addr, reference)
        unfinished = self._unfinished.setdefault(key, _Unfinished())
        unfinished.parts[number], unfinished.ids[number] = octets[6:], name
        if len(self._unfinished) > MAX_UNFINISHED:
            self._unfinished.popitem(last=False)
        if len(unfinished.parts) < count:
            return None, [name]
        self._unfinished.pop(key, None)
        joined = b"".join(unfinished.parts[each] for each in range(1, count + 1))
        ids = [unfinished.ids[each] for each in sorted(unfinished.ids) if each != number] + [name]
        return _decode(joined, event.data_coding), ids

    def post(self, webhook: Webhook) -> None:
        """Send the receipts of a final status, one for each part; the carrier calls this where it would call a webhook."""
        status = webhook.fields["MessageStatus"]
        if status not in (DELIVERED, UNDELIVERED, FAILED):
            return
        account, _, ids = webhook.url.removeprefix(SCHEME).partition("?")
        for name in ids.split(","):
            self._spawn(self._tell(account, name, webhook.fields))

    def _receivers(self, account: str) -> list[smpp34.Esme]:
        """Return the account's links that take texts, the newest first: one that has gone unnoticed keeps nothing waiting."""
        return [each for each in reversed(self._links.values()) if each.system_id == account and each.can_receive]

    async def _tell(self, account: str, name: str, fields: dict[str, str]) -> None:
        code = int(fields.get("ErrorCode", "0"))
        state = "DELIVRD" if fields["MessageStatus"] == DELIVERED else _STATES.get(code, "UNDELIV")
        at = time.strftime("%y%m%d%H%M", time.gmtime())
        text = f"id:{name} sub:001 dlvrd:001 submit date:{at} done date:{at} stat:{state} err:{code % 1000:03d} text:"
        resets = self._carrier.resets
        for _ in range(MAX_RECEIPT_TRIES):
            if self._carrier.resets != resets:
                return
            for link in self._receivers(account):
                try:
                    answer = await link.deliver_sm(
                        fields["From"].lstrip("+"), text.encode(), source_addr=fields["To"].lstrip("+"),
                        esm_class=RECEIPT,
                    )  # fmt: skip
                except smpp34.SmppError as problem:
                    logger.info("receipt %s not delivered: %s", name, problem)
                    continue
                if answer.is_success:
                    return
            await asyncio.sleep(RETRY_S)

    async def post_text(self, account: str, message: Message) -> dict[str, object]:
        """Hand a handset's text to the account, part by part, each until it is taken; says plainly what came of it."""
        coding, parts = _parts_of(message.body, message.seq)
        give_up_at = time.monotonic() + 2 * CALLBACK_TIMEOUT_S
        for octets in parts:
            problem = await self._hand_over(account, message, coding, octets, len(parts) > 1, give_up_at)
            if problem:
                return {"reached": False, **problem}
        return {"reached": True}

    async def _hand_over(
        self, account: str, message: Message, coding: int, octets: bytes, joined: bool, give_up_at: float
    ) -> dict[str, object]:
        """Deliver one part, again and again while the service refuses it; empty once it has it, else why not."""
        problem: dict[str, object] = {"reason": "no_link"}
        while True:
            for link in self._receivers(account):
                try:
                    answer = await link.deliver_sm(
                        message.to.lstrip("+"), octets, source_addr=message.sender.lstrip("+"), data_coding=coding,
                        source_addr_ton=1, source_addr_npi=1, dest_addr_ton=1 if message.to.startswith("+") else 0,
                        dest_addr_npi=1, esm_class=UDH if joined else 0,
                    )  # fmt: skip
                except smpp34.SmppError as error:
                    problem = {"reason": "no_answer", "detail": type(error).__name__}
                    continue
                if answer.is_success:
                    return {}
                problem = {"reason": "refused", "detail": f"{answer.command_status:#x}"}
            if time.monotonic() >= give_up_at:
                return problem
            await asyncio.sleep(RETRY_S)


def _parts_of(body: str, reference: int) -> tuple[int, list[bytes]]:
    """Return data_coding and octets of a text as a handset sends it: one message, or several joined by headers."""
    try:
        octets, used = _CODEC.encode(body)
        coding = GSM7 if used == len(body) else UCS2
    except UnicodeError:
        octets, coding = b"", UCS2
    whole = body.encode("utf-16-be") if coding == UCS2 else bytes(octets)
    alone, in_part = (140, 134) if coding == UCS2 else (160, 153)
    if len(whole) <= alone:
        return coding, [whole]
    cut = [whole[at : at + in_part] for at in range(0, len(whole), in_part)]
    head = bytes([5, 0, 3, reference & 0xFF, len(cut)])
    return coding, [head + bytes([number]) + part for number, part in enumerate(cut, start=1)]


def _sender(event: smpp34.SubmitSmEvent) -> str:
    return f"+{event.source_addr}" if event.source_addr_ton == 1 else event.source_addr


def _decode(octets: bytes, coding: int) -> str:
    """Return a text; raises UnicodeError for octets that are none in its alphabet."""
    if coding == UCS2:
        return octets.decode("utf-16-be")
    if coding == LATIN1:
        return octets.decode("latin-1")
    text, _ = _CODEC.decode(octets)
    return str(text)
