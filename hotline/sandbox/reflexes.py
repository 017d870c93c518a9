"""Doing what habits say when a handset rings, at its time."""

from __future__ import annotations

import time

from hotline.sandbox.calls import IN_PROGRESS, RINGING, Call
from hotline.sandbox.exchange import Exchange
from hotline.sandbox.habits import Habit

GREETING = "The person you are calling cannot come to the telephone. Please leave a message after the tone."
MESSAGE_S = 20.0
"""How long a machine listens before it hangs up."""
LOOK_AGAIN_S, LONGEST_WAIT_S = 0.1, 30.0
"""How often a handset looks whether keys are asked for, and how long before it presses them anyway."""


class Reflexes:
    """Handsets that act by themselves; puts itself where the exchange tells of ringing."""

    def __init__(self, exchange: Exchange) -> None:
        """Watch every handset of ``exchange``."""
        self._exchange = exchange
        exchange.rang, exchange.machine = self._expect, self._pick_up_as_machine

    def _expect(self, call: Call, habit: Habit) -> None:
        """Plan what a ringing handset does."""
        action = {"answer": self._answer, "reject": self._decline, "voicemail": self._machine_answers}.get(habit.way)
        if action is not None:
            self._exchange.carrier.timeline.at(time.time() + habit.after_ms / 1000, action, call, habit)

    def _answer(self, call: Call, habit: Habit) -> None:
        if call.status != RINGING:
            return
        self._exchange.answer(call)
        at, now = self._exchange.carrier.timeline.at, time.time()
        if habit.keys:
            at(now + habit.keys_after_ms / 1000, self._press, call, habit, now + LONGEST_WAIT_S)
        elif habit.talk_ms:
            at(now + habit.talk_ms / 1000, self._hang_up, call)

    def _decline(self, call: Call, habit: Habit) -> None:
        if call.status == RINGING:
            self._exchange.act(call.handset, "decline")

    def _machine_answers(self, call: Call, habit: Habit) -> None:
        self._pick_up_as_machine(call)

    def _pick_up_as_machine(self, call: Call) -> None:
        """Let an answering machine take a ringing call: it speaks, presses nothing, listens a while and hangs up."""
        if call.status != RINGING:
            return
        call.answered_by = "machine_start" if call.detect_machine else ""
        self._exchange.answer(call)
        self._exchange.act(call.handset, "talk", GREETING)
        self._exchange.carrier.timeline.at(time.time() + MESSAGE_S, self._hang_up, call)

    def _press(self, call: Call, habit: Habit, until: float) -> None:
        """Press the keys once they are asked for, as a person does; then talk."""
        if call.status != IN_PROGRESS:
            return
        at, now = self._exchange.carrier.timeline.at, time.time()
        if not call.wants_key and now < until:
            at(now + LOOK_AGAIN_S, self._press, call, habit, until)
            return
        self._exchange.act(call.handset, "press", habit.keys)
        if habit.talk_ms:
            at(now + habit.talk_ms / 1000, self._hang_up, call)

    def _hang_up(self, call: Call) -> None:
        if call.status == IN_PROGRESS:
            self._exchange.finish(call)
