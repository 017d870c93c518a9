"""The telephone: calls a number over SIP, records what it hears, presses keys and hangs up as it is told.

Run as ``python -m tests.real_sound.telephone CALLER NUMBER EXCHANGE RECORDING``. Orders come in on lines (``press 1``,
``listen SECONDS``, ``hangup``); what happens goes out on lines that begin with ``>``: ``answered``, ``sound``, ``quiet``,
``listened``, ``over STATUS``. The end of the orders is an order to go, too, so that no telephone outlives its test.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import Any

import pjsua2 as pj

from tests.real_sound.sip import TURN_S, SipCall, account_settings, open_endpoint

LONGEST_CALL_S = 120.0
QUIET_AFTER_S = 0.8
"""A pause of this length is the end of what is said; sentences of one text lie closer together."""
AUDIBLE = 20
"""Of 255: the level above which something is heard."""


class Telephone:
    """One call of one telephone."""

    def __init__(self, recording: str) -> None:
        """Record into ``recording``, a WAV, from the moment sound flows."""
        self._recording = recording
        self._recorder: Any = None
        self._call: Any = None
        self._sounding = False
        self._heard_at = 0.0
        self._said_answered = False
        self._told_to_go = False
        self._listened_at: float | None = None

    def run(self, caller: str, number: str, exchange: str) -> None:
        """Place the call and work until it is over, for at most ``LONGEST_CALL_S`` seconds."""
        with open_endpoint() as (endpoint, address):
            account = pj.Account()
            account.create(account_settings(caller, address))
            self._call = SipCall(account)
            self._call.on_media = self._record
            self._call.makeCall(f"sip:{number}@{exchange}", pj.CallOpParam(True))
            self._work(endpoint)
            # The recorder writes the length into the file when it goes.
            self._recorder = None
            status, self._call = self._call.status, None
            account.shutdown()
        # Only now the recording is whole: the library writes it to its end while it shuts down.
        tell(f"over {status}")

    def _work(self, endpoint: Any) -> None:
        until = time.monotonic() + LONGEST_CALL_S
        while not (self._call.over or self._told_to_go or time.monotonic() > until):
            endpoint.libHandleEvents(round(1000 * TURN_S))
            self._obey()
            self._listen()
        self._call.end()

    def _record(self) -> None:
        self._recorder = pj.AudioMediaRecorder()
        self._recorder.createRecorder(self._recording)
        self._call.media.startTransmit(self._recorder)

    def _listen(self) -> None:
        """Tell when sound begins, and when it has been quiet for a while."""
        call, now = self._call, time.monotonic()
        if call.over or call.media is None:
            return
        if call.answered and not self._said_answered:
            self._said_answered = True
            tell("answered")
        if self._listened_at is not None and now > self._listened_at:
            self._listened_at = None
            tell("listened")
        if call.media.getTxLevel() > AUDIBLE:
            self._heard_at = now
            if not self._sounding:
                self._sounding = True
                tell("sound")
        elif self._sounding and now - self._heard_at > QUIET_AFTER_S:
            self._sounding = False
            tell("quiet")

    def _obey(self) -> None:
        if self._call.over or not select.select([0], [], [], 0)[0]:
            return
        # Orders are far shorter than what a pipe takes at once, so none is read in parts.
        orders = os.read(0, 1000).decode()
        self._told_to_go = self._told_to_go or not orders
        for order in orders.split("\n"):
            act, _, keys = order.partition(" ")
            if act == "listen":
                self._listened_at = time.monotonic() + float(keys)
            elif act == "press":
                self._call.dialDtmf(keys)
            elif act == "hangup":
                self._call.end()


def tell(words: str) -> None:
    """Say on a line what happened; the SIP library writes lines of its own beside it."""
    print(f"> {words}", flush=True)  # noqa: T201 - the lines are the interface


if __name__ == "__main__":
    Telephone(sys.argv[4]).run(*sys.argv[1:4])
