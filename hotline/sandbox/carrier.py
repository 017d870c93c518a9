"""The carrier itself: accepts texts, lives their lives, keeps the record. Knows nothing of HTTP."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from hotline.sandbox import journal as journals
from hotline.sandbox.callbacks import Callbacks, Webhook
from hotline.sandbox.faults import Fault, FaultBook
from hotline.sandbox.handsets import MAX_FILE_BYTES, Handset, Handsets
from hotline.sandbox.ledger import Ledger, new_sid
from hotline.sandbox.messages import (
    ACCEPTED,
    DELIVERED,
    FAILED,
    INBOUND,
    OUTBOUND,
    QUEUED,
    SENT,
    UNDELIVERED,
    Message,
)
from hotline.sandbox.refusals import MAGIC_DELIVERY, MAGIC_FROM, MAGIC_TO, NEVER_SENT, Refusal
from hotline.sandbox.segments import count_parts
from hotline.sandbox.settings import API_VERSION, SandboxSettings
from hotline.sandbox.timeline import Timeline
from hotline.sandbox.watched_file import WatchedFile

REORDER_GAP_S = 0.15
"""How long after the final callback the held-back ``sent`` follows when callbacks are to be out of order."""


@dataclass(kw_only=True)
class Order:
    """What a client asks to have sent, already checked for form."""

    to: str
    sender: str
    body: str
    service_sid: str | None = None
    callback_url: str = ""
    validity_s: int = 36_000
    direction: str = OUTBOUND


@dataclass
class Counts:
    """Running totals since the start (or since the last reset)."""

    accepted: int = 0
    inbound: int = 0
    callbacks_withheld: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


class Carrier:
    """Texts, handsets, faults and time in one place; every public method must run inside the event loop."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Make an empty carrier; ``replay.restore`` brings back what the journal holds."""
        self.settings = settings
        self.behaviour = settings.behaviour
        folder = settings.data_dir / "sandbox" if settings.data_dir else None
        self.journal = journals.Journal(folder / "journal.jsonl" if folder else None)
        self.ledger = Ledger(settings.max_messages)
        self.handsets = Handsets(settings.max_handsets)
        self.owners = WatchedFile(folder / "handsets.json", MAX_FILE_BYTES) if folder else None
        self.faults = FaultBook()
        self.counts = Counts()
        self.service_number = settings.service_number
        self.inbound_url = settings.inbound_url
        self.public_url = ""
        """Where this carrier itself is, as recordings name it; known once it listens."""
        self.timeline = Timeline(lambda: self.callbacks.has_room)
        self.callbacks = Callbacks(
            settings.auth_token,
            settings.max_callbacks_waiting,
            settings.callbacks_in_flight,
            self.timeline.at,
            self.behaviour,
        )
        self.on_change: Callable[[str], None] = lambda number: None
        self.post_receipt: Callable[[Webhook], None] = lambda webhook: None
        """Where reports on texts go that came over SMPP; the message centre puts itself here."""
        self.post_text: Callable[[str, Message], Awaitable[dict[str, object]]] | None = None
        """Where texts from handsets go whose own texts came over SMPP (account, text); the message centre puts itself here."""
        self.resets = 0
        """How often everything was forgotten; a receipt of the time before is not sent any more."""
        self._senders: set[str] = set()
        self._waiting_for_handset: dict[str, Message] = {}
        self._random = random.Random(1)  # noqa: S311 - spreads deliveries, guards nothing
        self._sender_free_at = 0.0

    def refuse_or_draw(self, order: Order) -> int:
        """Count the attempt, raise ``Refusal`` where the carrier would, and return the attempt's number."""
        attempt = self.faults.next_attempt(order.to)
        try:
            self._refuse(order, attempt)
        except Refusal as refusal:
            self.counts.refused[refusal.code] += 1
            raise
        return attempt

    def _refuse(self, order: Order, attempt: int) -> None:
        if self.strike("http_429", order.to, attempt):
            raise Refusal(20429)
        if self.strike("http_500_before", order.to, attempt):
            raise Refusal(20500)
        if code := MAGIC_TO.get(order.to):
            raise Refusal(code, order.to)
        if code := MAGIC_FROM.get(order.sender):
            raise Refusal(code, order.sender)
        if rule := self.strike("refusal", order.to, attempt):
            raise Refusal(rule.value, order.to)
        handset = self.handsets.get(order.to)
        if handset is not None and handset.opted_out:
            raise Refusal(21610)
        if self.ledger.full or (handset is None and self.handsets.full):
            raise Refusal(21611)

    def strike(self, kind: str, number: str, attempt: int, detail: str = "") -> Fault | None:
        """Return the fault that hits now, if any, and count it."""
        rule = self.faults.strike(kind, number, attempt, detail)
        if rule is not None:
            self.counts.faults[kind] += 1
        return rule

    def accept(self, order: Order, attempt: int = 1) -> Message:
        """Take a text in: record it durably, then plan its life. Raises ``OSError`` when it cannot be recorded."""
        now = time.time()
        message = Message(
            seq=self.ledger.next_seq,
            sid=new_sid(),
            direction=order.direction,
            sender=order.sender or self.service_number,
            to=order.to,
            body=order.body,
            status=ACCEPTED if order.service_sid else QUEUED,
            segments=count_parts(order.body).segments,
            created=now,
            updated=now,
            service_sid=order.service_sid,
            callback_url=order.callback_url,
            validity_s=order.validity_s,
            attempt=attempt,
        )
        self._record(message)
        self.counts.accepted += 1
        self.plan(message)
        return message

    def receive(self, number: str, body: str, sender: str) -> Message:
        """Record a text typed on a handset, which goes from ``number`` to the service's ``sender``."""
        now = time.time()
        message = Message(
            seq=self.ledger.next_seq,
            sid=new_sid(),
            direction=INBOUND,
            sender=number,
            to=sender,
            body=body,
            status="received",
            segments=count_parts(body).segments,
            created=now,
            updated=now,
            sent=now,
        )
        self._record(message)
        self.counts.inbound += 1
        return message

    def _record(self, message: Message) -> None:
        self.journal.note(journals.message_entry(message))
        try:
            self.journal.flush()
        except OSError:
            self.journal.drop_last()
            raise
        self.remember(message)
        self.counts.by_status[message.status] += 1
        self.on_change(message.number)

    def remember(self, message: Message) -> None:
        """Put a text into the ledger and on its handset, without recording it again."""
        self.handsets.touch(message.number).texts.append(message)
        if message.direction != INBOUND:
            self._senders.add(message.sender)
        forgotten = self.ledger.add(message)
        if forgotten is not None:
            self.handsets.take(forgotten.number).texts.remove(forgotten)

    def forget(self, message: Message) -> None:
        """Take a text out of the ledger and off its handset, without recording that."""
        self.ledger.remove(message)
        self.handsets.take(message.number).texts.remove(message)

    def delete(self, message: Message) -> None:
        """Take a finished text out of the record, as Twilio's DELETE does."""
        self.forget(message)
        self.journal.note({"x": message.sid})
        self.on_change(message.number)

    def redact(self, message: Message) -> None:
        """Empty the body of a finished text."""
        message.body = ""
        self.journal.note({"redacted": message.sid})
        self.on_change(message.number)

    def plan(self, message: Message) -> None:
        """Put the next step of a text's life on the timeline."""
        if message.final:
            return
        if message.status == SENT:
            self._plan_delivery(message, MAGIC_DELIVERY.get(message.to))
            return
        delay_ms = self.behaviour.sent_ms
        if rule := self.strike("queue_delay", message.to, message.attempt):
            delay_ms += rule.value
        due = max(message.created + delay_ms / 1000, self._sender_free_at)
        if self.behaviour.parts_per_s:
            self._sender_free_at = due + message.segments / self.behaviour.parts_per_s
        expiry = message.created + message.validity_s
        if due > expiry:
            self.timeline.at(expiry, self._change, message, FAILED, 30036)
        else:
            self.timeline.at(due, self._send, message)

    def _delivery_s(self, message: Message) -> float:
        delay_ms = self.behaviour.delivered_ms + self._random.randint(0, self.behaviour.jitter_ms)
        if rule := self.strike("delivery_delay", message.to, message.attempt):
            delay_ms += rule.value
        return delay_ms / 1000

    def _send(self, message: Message) -> None:
        if time.time() > message.created + message.validity_s:
            self._change(message, FAILED, 30036)
            return
        error = MAGIC_DELIVERY.get(message.to)
        if rule := self.strike("error_code", message.to, message.attempt):
            error = rule.value
        if error in NEVER_SENT:
            self._change(message, FAILED, error)
            return
        self._change(message, SENT, None)
        self._plan_delivery(message, error)

    def _plan_delivery(self, message: Message, error: int | None) -> None:
        due = (message.sent or message.updated) + self._delivery_s(message)
        if error is not None:
            self.timeline.at(due, self._change, message, UNDELIVERED, error)
        else:
            self.timeline.at(due, self._deliver, message)

    def _deliver(self, message: Message) -> None:
        if message.final:
            return
        handset = self.handsets.take(message.number)
        if not handset.off:
            handset.unread += 1
            self._change(message, DELIVERED, None)
            return
        give_up_at = (message.sent or message.updated) + self.behaviour.off_wait_ms / 1000
        if time.time() >= give_up_at:
            self._waiting_for_handset.pop(message.sid, None)
            self._change(message, UNDELIVERED, 30003)
        else:
            self._waiting_for_handset[message.sid] = message
            self.timeline.at(give_up_at, self._deliver, message)

    def _change(self, message: Message, status: str, error_code: int | None) -> None:
        """Move a text to its next status, record that, and tell the service."""
        if message.final or self.ledger.get(message.sid) is not message:
            return
        self.counts.by_status[message.status] -= 1
        message.move(status, time.time(), error_code)
        self.counts.by_status[status] += 1
        self.journal.note(journals.status_entry(message))
        self.on_change(message.number)
        if message.callback_url:
            self._report(message)

    def _report(self, message: Message) -> None:
        """Queue the status callback, or do with it what a fault demands."""
        webhook = Webhook(message.callback_url, self._callback_fields(message))
        status, delay_s = message.status, 0.0
        post = self.post_receipt if webhook.url.startswith("smpp:") else self.callbacks.post
        if self.faults.any:
            if self.strike("callback_lost", message.to, message.attempt, status):
                self.counts.callbacks_withheld += 1
                return
            if late := self.strike("callback_delay", message.to, message.attempt, status):
                delay_s = late.value / 1000
            if self.strike("callback_double", message.to, message.attempt, status):
                post(Webhook(webhook.url, webhook.fields))
            if status == SENT and self.strike("callback_reorder", message.to, message.attempt):
                delay_s += self.behaviour.delivered_ms / 1000 + self.behaviour.jitter_ms / 1000 + REORDER_GAP_S
        if delay_s:
            self.timeline.at(time.time() + delay_s, post, webhook)
        else:
            post(webhook)

    def _callback_fields(self, message: Message) -> dict[str, str]:
        fields = {
            "AccountSid": self.settings.account_sid,
            "ApiVersion": API_VERSION,
            "From": message.sender,
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": message.to,
        }
        if message.service_sid:
            fields["MessagingServiceSid"] = message.service_sid
        if message.error_code is not None:
            fields["ErrorCode"] = str(message.error_code)
        if message.final and message.status != FAILED:
            fields["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime(message.updated))
        return fields

    def is_sender(self, number: str) -> bool:
        """Whether texts have been sent from ``number``, so that a search by sender must look at all texts."""
        return number in self._senders

    def set_handset(self, handset: Handset, *, off: bool | None = None, opted_out: bool | None = None) -> None:
        """Switch a handset off or on, or take its number out or in; texts that waited arrive when it goes on."""
        if opted_out is not None:
            handset.opted_out = opted_out
        if off is not None:
            handset.off = off
        self.note_handset(handset)
        if off is False:
            for message in handset.texts:
                if self._waiting_for_handset.pop(message.sid, None) is not None:
                    self._deliver(message)

    def mark_read(self, handset: Handset) -> None:
        """Take the badge away."""
        if handset.unread:
            handset.unread = 0
            self.note_handset(handset)

    def note_handset(self, handset: Handset) -> None:
        """Write a handset's state to the journal and tell who is looking."""
        self.journal.note({"h": [handset.number, [handset.off, handset.opted_out, handset.unread]]})
        self.on_change(handset.number)

    def reset(self) -> None:
        """Forget all texts, faults and counts; owners of handsets stay."""
        self.resets += 1
        self.timeline.clear()
        self.callbacks.clear()
        self._waiting_for_handset.clear()
        self.ledger.clear()
        self.faults.clear()
        self.counts = Counts()
        self._sender_free_at = 0.0
        self.handsets.quieten()
        self.journal.rewrite([{"next": self.ledger.next_seq}])
        self.on_change("")
