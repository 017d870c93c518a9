"""Calls that the service places to a number which leads back to it: they come in as new calls, as from the network.

So it goes when a call is handed back to a mission whose line is still forwarded, which a guard against loops must see.
"""

from __future__ import annotations

from hotline.sandbox.calls import BUSY, FAILED, NO_ANSWER, RINGING, Call
from hotline.sandbox.exchange import Exchange
from hotline.sandbox.numbers import Line

MOST_AT_ONCE = 20
"""How many calls of the service one number passes on at a time; without a bound a service without a guard would ring for ever."""


class Forwarding:
    """Passes calls of the service on; puts itself where the exchange lets a handset ring."""

    def __init__(self, exchange: Exchange) -> None:
        """Watch every call that ``exchange`` rings."""
        self._exchange = exchange
        self._passing: list[Call] = []
        exchange.pass_on = self.pass_on

    def pass_on(self, leg: Call) -> bool:
        """Let a call come in where its number leads; returns False for a number that has a handset of its own."""
        exchange = self._exchange
        known = exchange.numbers.get(leg.to)
        if known is None or not (known.passes_on or known.voice_url):
            return False
        line, forwarded = exchange.numbers.reach(leg.to)
        if line is None:
            exchange.move(leg, FAILED)
        elif self._busy(leg.to) or exchange.full:
            exchange.move(leg, BUSY)
        else:
            self._bring_in(leg, line, forwarded)
        return True

    def _busy(self, number: str) -> bool:
        # Looked at anew each time: a reset forgets calls without a word to anybody.
        self._passing = [each for each in self._passing if not each.final and self._exchange.get(each.sid) is each]
        return sum(each.to == number for each in self._passing) >= MOST_AT_ONCE

    def _bring_in(self, leg: Call, line: Line, forwarded: str) -> None:
        try:
            arrived = self._exchange.come_in(line, leg.sender, forwarded, own_handset=False)
        except OSError:
            self._exchange.move(leg, FAILED)
            return
        self._tie(leg, arrived)
        leg.place = f"passed on to {arrived.to}"
        self._exchange.move(leg, RINGING)

    def _tie(self, leg: Call, arrived: Call) -> None:
        """Let both ends of one way be answered and end together."""
        exchange = self._exchange
        self._passing.append(leg)

        def answered(_: Call) -> None:
            if leg.status == RINGING:
                exchange.answer(leg)

        def arrived_ended(_: Call) -> None:
            if leg.status == RINGING:
                exchange.move(leg, arrived.status if arrived.status in (BUSY, FAILED) else NO_ANSWER)
            exchange.finish(leg)

        def leg_ended(_: Call) -> None:
            exchange.finish(arrived)

        arrived.on_answer = answered
        arrived.on_end.append(arrived_ended)
        leg.on_end.append(leg_ended)
