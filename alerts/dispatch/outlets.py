"""The streams of one lane: one to each provider that its texts go to, started when the first of them comes along."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import structlog

from alerts.dispatch.hand_over import Answers, HandOver
from alerts.dispatch.pace import Pace
from hotline.providers.routing import Way
from hotline.providers.sms import SmsProvider, SmsRequest, SmsResult

log = structlog.get_logger(__name__)


Leaving = Callable[[Sequence[SmsRequest]], Sequence[SmsRequest]]


class Outlet:
    """One provider as a lane uses it."""

    def __init__(
        self,
        provider: SmsProvider,
        window: int,
        room: threading.Event,
        gathered: threading.Event,
        leaving: Leaving | None,
    ) -> None:
        self.provider = provider
        half = max(1, window // 2)
        self.hand_over = HandOver(
            Pace(window), provider.breaker, low_water=half, batch=half, room=room, gathered=gathered,
            leaving=None if provider.keeps_record else leaving,
        )  # fmt: skip
        self.thread: threading.Thread | None = None
        self.shut = False
        """The provider was found away or refusing us; nothing more goes to it from this lane."""

    @property
    def usable(self) -> bool:
        """Whether a text may be given to it now."""
        return not self.shut and self.provider.breaker.room(1) > 0


class Outlets:
    """All outlets of a lane. The clerks call it from their threads; each stream has a thread of its own.

    `failed` is called in a stream's thread when the stream breaks.
    """

    def __init__(
        self,
        providers: Mapping[str, SmsProvider],
        window: int,
        failed: Callable[[BaseException], None],
        leaving: Leaving | None = None,
    ) -> None:
        self._window, self._failed = window, failed
        self._room, self._gathered = threading.Event(), threading.Event()
        self._all = {
            name: Outlet(provider, window, self._room, self._gathered, leaving) for name, provider in providers.items()
        }
        self._closed = False

    def __getitem__(self, provider: str) -> Outlet:
        return self._all[provider]

    @property
    def names(self) -> list[str]:
        """The providers."""
        return list(self._all)

    @property
    def any_blocked(self) -> bool:
        """Whether a provider refuses our account."""
        return any(outlet.hand_over.blocked is not None for outlet in self._all.values())

    def is_usable(self, way: Way) -> bool:
        """Whether the way's provider takes texts now."""
        outlet = self._all.get(way.provider)
        return outlet is not None and outlet.usable

    def breaker_room(self, names: Sequence[str]) -> int:
        """How many texts the breakers of these providers together let out."""
        return sum(self._all[name].provider.breaker.room(self._window) for name in names if self._all[name].usable)

    def offer(
        self, provider: str, requests: Sequence[SmsRequest], send_before: float, leave_at: Sequence[float]
    ) -> None:
        """Put texts at hand for one provider, and start its stream if it is the first time."""
        outlet = self._all[provider]
        if outlet.thread is None:
            outlet.thread = threading.Thread(target=self._stream, args=(outlet,), name=f"to-{provider}", daemon=True)
            outlet.thread.start()
        outlet.hand_over.offer(requests, send_before=send_before, leave_at=leave_at)
        if self._closed or outlet.shut:
            outlet.hand_over.give_back()

    def _stream(self, outlet: Outlet) -> None:
        try:
            outlet.provider.stream(outlet.hand_over, in_flight=self._window)
        except BaseException as failure:  # noqa: BLE001 - handed to the job's own thread, which raises it
            outlet.shut = True
            outlet.hand_over.give_back()
            self._failed(failure)

    def shut_where_needed(self) -> list[tuple[Outlet, SmsResult]]:
        """Shut every provider that is away or refuses our account; the refusals that were not met before."""
        refusals = []
        for outlet in self._all.values():
            if outlet.shut:
                continue
            refusal = outlet.hand_over.blocked
            if refusal is not None or (outlet.thread is not None and outlet.provider.breaker.room(1) == 0):
                outlet.shut = True
                outlet.hand_over.give_back()
            if refusal is not None:
                refusals.append((outlet, refusal))
        return refusals

    def collect(self, most: int) -> list[SmsResult]:
        """Return results that have not been recorded yet."""
        results: list[SmsResult] = []
        for outlet in self._all.values():
            results += outlet.hand_over.collect(most - len(results))
        return results

    def nudge(self) -> None:
        """Wake every stream that has a text whose time has come."""
        for outlet in self._all.values():
            outlet.hand_over.nudge()

    def close(self) -> None:
        """Say that no more texts come; those at hand are still sent."""
        for outlet in self._all.values():
            outlet.hand_over.close()

    def give_back(self) -> None:
        """Close, and return what has not been handed over."""
        self._closed = True
        for outlet in self._all.values():
            outlet.hand_over.give_back()

    def join(self) -> None:
        """Wait until every stream has its answers; each request has its own time limit."""
        for outlet in self._all.values():
            if outlet.thread is not None:
                outlet.thread.join()

    def wait_for_room(self, timeout_s: float) -> None:
        """Sleep until texts run low anywhere or the time is up."""
        self._room.wait(timeout_s)
        self._room.clear()

    def wait_for_results(self, timeout_s: float) -> None:
        """Sleep until results have gathered or the time is up."""
        self._gathered.wait(timeout_s)
        self._gathered.clear()

    def pulses(self) -> dict[str, Answers]:
        """Return what each provider did since the last call, those with something to tell."""
        told = {}
        for name, outlet in self._all.items():
            answers, outlet.hand_over.answers = outlet.hand_over.answers, Answers()
            if answers.answered or answers.failed:
                told[name] = answers
        return told

    @property
    def ready(self) -> int:
        """Texts at hand."""
        return sum(outlet.hand_over.ready for outlet in self._all.values())

    @property
    def outstanding(self) -> int:
        """Texts claimed and not yet recorded."""
        return sum(outlet.hand_over.outstanding for outlet in self._all.values())

    def away(self) -> list[str]:
        """Providers whose circuit breaker is open."""
        return [name for name, outlet in self._all.items() if outlet.provider.breaker.room(1) == 0]
