"""Telling the service what became of a call, a conference or a recording, with every fault that is set for the number."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from hotline.sandbox.callbacks import Callbacks, Webhook
from hotline.sandbox.carrier import Carrier

LONGEST_HOLD_S = 3.0
"""How long a report that is to arrive out of order waits for the next one of the same thing."""
MAX_HELD = 50_000
REORDER_GAP_S = 0.2


@dataclass
class Reporter:
    """Reports in order, unless a fault loses, doubles, delays or turns them round."""

    carrier: Carrier
    callbacks: Callbacks
    _held: dict[str, Webhook] = field(default_factory=dict)
    _lanes: dict[str, deque[Webhook]] = field(default_factory=dict)
    """What waits behind the one report of the same thing that is under way: two at once would overtake each other."""
    _waiting: int = 0

    def clear(self) -> None:
        """Forget what is held or waits."""
        self._held.clear()
        self._lanes.clear()
        self._waiting = 0

    def tell(self, subject: str, number: str, attempt: int, detail: str, webhook: Webhook) -> None:
        """Report ``detail`` (a status or an event) of the thing ``subject`` that concerns ``number``."""
        carrier = self.carrier
        delay_s = 0.0
        if carrier.faults.any:
            if carrier.strike("callback_lost", number, attempt, detail):
                carrier.counts.callbacks_withheld += 1
                return
            if late := carrier.strike("callback_delay", number, attempt, detail):
                delay_s = late.value / 1000
            if carrier.strike("callback_double", number, attempt, detail):
                self._post(subject, Webhook(webhook.url, webhook.fields, method=webhook.method))
            room = subject not in self._held and len(self._held) < MAX_HELD
            if room and carrier.strike("callback_reorder", number, attempt, detail):
                self._held[subject] = webhook
                carrier.timeline.at(time.time() + LONGEST_HOLD_S, self._release, subject, webhook)
                return
        if delay_s:
            carrier.timeline.at(time.time() + delay_s, self._post, subject, webhook)
        else:
            self._post(subject, webhook)
        if (held := self._held.pop(subject, None)) is not None:
            carrier.timeline.at(time.time() + REORDER_GAP_S, self._post, subject, held)

    def _release(self, subject: str, webhook: Webhook) -> None:
        if self._held.get(subject) is webhook:
            del self._held[subject]
            self._post(subject, webhook)

    def _post(self, subject: str, webhook: Webhook) -> None:
        """Send a report once those before it of the same thing have come to their end."""
        lane = self._lanes.get(subject)
        if lane is None:
            self._lanes[subject] = lane = deque()
            self._send(subject, lane, webhook)
        elif self._waiting < self.callbacks.limit:
            lane.append(webhook)
            self._waiting += 1
        else:
            self.carrier.counts.callbacks_withheld += 1

    def _send(self, subject: str, lane: deque[Webhook], webhook: Webhook) -> None:
        webhook.ended = lambda: self._go_on(subject, lane)
        if self.callbacks.has_room:
            self.callbacks.post(webhook)
        else:
            self.carrier.counts.callbacks_withheld += 1
            self.carrier.timeline.at(time.time(), self._go_on, subject, lane)

    def _go_on(self, subject: str, lane: deque[Webhook]) -> None:
        if self._lanes.get(subject) is not lane:
            return
        if lane:
            self._waiting -= 1
            self._send(subject, lane, lane.popleft())
        else:
            del self._lanes[subject]
