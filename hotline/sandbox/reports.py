"""Telling the service what became of a call, a conference or a recording, with every fault that is set for the number."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hotline.sandbox.callbacks import Callbacks, Webhook
from hotline.sandbox.carrier import Carrier

LONGEST_HOLD_S = 3.0
"""How long a report that is to arrive out of order waits for the next one of the same thing."""
MAX_HELD = 50_000


@dataclass
class Reporter:
    """Reports in order, unless a fault loses, doubles, delays or turns them round."""

    carrier: Carrier
    callbacks: Callbacks
    _held: dict[str, Webhook] = field(default_factory=dict)

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
                self._post(Webhook(webhook.url, webhook.fields, method=webhook.method))
            room = subject not in self._held and len(self._held) < MAX_HELD
            if room and carrier.strike("callback_reorder", number, attempt, detail):
                self._held[subject] = webhook
                carrier.timeline.at(time.time() + LONGEST_HOLD_S, self._release, subject, webhook)
                return
        if delay_s:
            carrier.timeline.at(time.time() + delay_s, self._post, webhook)
        else:
            self._post(webhook)
        if (held := self._held.pop(subject, None)) is not None:
            # A little later, so that two senders at work at once cannot put the two right again.
            carrier.timeline.at(time.time() + 0.2, self._post, held)

    def _release(self, subject: str, webhook: Webhook) -> None:
        if self._held.get(subject) is webhook:
            del self._held[subject]
            self._post(webhook)

    def _post(self, webhook: Webhook) -> None:
        if self.callbacks.has_room:
            self.callbacks.post(webhook)
        else:
            self.carrier.counts.callbacks_withheld += 1
