"""A provider in memory: rings, loses answers on demand, and remembers every order it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hotline.core.clock import FrozenClock
from hotline.providers.breaker import CircuitBreaker
from hotline.providers.sms import Outcome
from hotline.providers.twilio_calls import Command, Done
from hotline.providers.voice import CallQuery, CallRequest, CallResult, CallsFound, FoundCall


@dataclass
class Telephones:
    """Both ports of calls; `outcomes` are used up first, then every call is accepted. `lost` makes the call and no answer."""

    clock: FrozenClock
    name: str = "twilio_voice"
    sender: str = "+15005550006"
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    made: list[tuple[CallRequest, str, datetime]] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    broken: int = 0
    statuses: dict[str, str] = field(default_factory=dict)
    readable: bool = True

    def place(self, requests: Sequence[CallRequest]) -> list[CallResult]:
        """Ring."""
        return [self._ring(each) for each in requests]

    def _ring(self, request: CallRequest) -> CallResult:
        outcome = self.outcomes.pop(0) if self.outcomes else "accepted"
        sid = f"CA{1000 + len(self.made):032x}"
        if outcome in ("accepted", "lost"):
            self.made.append((request, sid, self.clock.now()))
        if outcome == "accepted":
            return CallResult(request.message_id, request.attempt, Outcome.ACCEPTED, sid)
        if outcome in ("lost", "never"):
            return CallResult(request.message_id, request.attempt, Outcome.UNANSWERED)
        if outcome == "refused":
            return CallResult(request.message_id, request.attempt, Outcome.REFUSED, error_code="21211")
        return CallResult(request.message_id, request.attempt, Outcome.RETRY_LATER, retry_after_s=1.0)

    def lookup(self, queries: Sequence[CallQuery]) -> list[CallsFound]:
        """Show the record."""
        return [
            CallsFound(
                query,
                tuple(
                    FoundCall(sid, self.statuses.get(sid, "ringing"), at)
                    for request, sid, at in self.made
                    if request.to == query.to and at >= query.since
                ),
                self.readable,
            )
            for query in queries
        ]

    def carry_out(self, commands: Sequence[Command]) -> list[Done]:
        """Take orders."""
        if self.broken:
            self.broken -= 1
            return [Done(each.key, ok=False, error="http503") for each in commands]
        self.commands += commands
        return [Done(each.key, ok=True) for each in commands]

    def fetch(self, sids: Sequence[str]) -> dict[str, str]:
        """Tell present statuses."""
        return {sid: self.statuses[sid] for sid in sids if sid in self.statuses}

    def ordered(self, call: str) -> list[dict[str, Any]]:
        """Return what was ordered about a leg."""
        return [dict(each.fields) for each in self.commands if each.call == call]

    def close(self) -> None:
        """Hang nothing up."""
