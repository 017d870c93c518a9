"""The threads in which webhooks are worked on: an answer has a deadline, and what comes after it costs the caller nothing.

A database that hangs instead of refusing would keep a caller in silence. So each document is made in another thread; when it is
not there in time the caller gets the emergency document, and whatever that thread still does is written down as usual.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as Late

import structlog

from hotline.core.services import Services

log = structlog.get_logger(__name__)

ROOM = "call_hands"
DEADLINE_S = 0.8
THREADS = 16


class Hands:
    """A pool of threads for answers and one for what follows them."""

    def __init__(self) -> None:
        self._answers = ThreadPoolExecutor(THREADS, thread_name_prefix="calls")
        self._after = ThreadPoolExecutor(2, thread_name_prefix="calls-after")
        self._following: set[Future[None]] = set()

    def answer(self, work: Callable[[], str | None]) -> str | None:
        """Return what the work returns; raises Late after DEADLINE_S, and whatever the work raises."""
        return self._answers.submit(work).result(timeout=DEADLINE_S)

    def later(self, work: Callable[[], None]) -> None:
        """Do something after the answer; a failure is logged, the sweepers do it again."""

        def logged() -> None:
            try:
                work()
            except Exception:  # outermost line of this thread
                log.exception("calls.after_answer_failed")

        future = self._after.submit(logged)
        self._following.add(future)
        future.add_done_callback(self._following.discard)

    def settle(self) -> None:
        """Wait until everything that follows is done (tests, and the end of a process)."""
        wait(list(self._following), timeout=10)


def hands(services: Services) -> Hands:
    """Return this process's threads."""
    found: Hands | None = services.rooms.get(ROOM)
    if found is None:
        found = services.rooms.setdefault(ROOM, Hands())
    return found


__all__ = ["Hands", "Late", "hands"]
