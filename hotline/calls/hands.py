"""The threads in which webhooks are worked on: an answer has a deadline, and what comes after it costs the caller nothing.

A database that hangs instead of refusing would keep a caller in silence. So each document is made in another thread. When it is
not there in time the database is asked for a sign of life: without one the caller gets the emergency document at once, with one
the house is only slow, and waiting a little is better than sending everybody of a busy hour to the duty number. Whatever the
thread still does is written down as usual.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as Late
from threading import Lock

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from hotline.calls.pulse import ValkeyPulse
from hotline.core.services import Services

log = structlog.get_logger(__name__)

ROOM = "call_hands"
DEADLINE_S, ALIVE_S = 0.7, 0.25
"""Together under a second: a caller of a house whose database is gone hears the emergency text within it."""
LATEST_S = 4.0
"""As long as a document of a house that lives may take; the provider waits 15 s."""
THREADS = 16
MOST_FOLLOWING = 2_000
"""Things to do after answers that may wait at once; while Valkey hangs they pile up, and sweepers find what they would wake."""


class Hands:
    """A pool of threads for answers and one for what follows them."""

    def __init__(self) -> None:
        self._answers = ThreadPoolExecutor(THREADS, thread_name_prefix="calls")
        self._after = ThreadPoolExecutor(2, thread_name_prefix="calls-after")
        self._pulse = ThreadPoolExecutor(4, thread_name_prefix="calls-pulse")
        self._valkey: ValkeyPulse | None = None
        self._valkey_lock = Lock()
        self._following: set[Future[None]] = set()

    def answer(self, services: Services, work: Callable[[], str | None]) -> str | None:
        """Return what the work returns; raises Late when it takes too long, and whatever the work raises."""
        future = self._answers.submit(work)
        try:
            return future.result(timeout=DEADLINE_S)
        except Late:
            if future.done() or not self._is_alive(services):
                raise
        log.warning("calls.slow")
        return future.result(timeout=LATEST_S - DEADLINE_S)

    def _is_alive(self, services: Services) -> bool:
        """Say whether the database answers now."""

        def ask() -> None:
            with services.db.connection() as connection:
                connection.execute("SELECT 1")

        try:
            self._pulse.submit(ask).result(timeout=ALIVE_S)
        except (Late, SQLAlchemyError, psycopg.Error):
            return False
        return True

    def demand_valkey(self, services: Services) -> None:
        """Raise RedisError when Valkey does not answer: without it nobody would be found for whoever begins to wait."""
        with self._valkey_lock:
            if self._valkey is None or self._valkey.redis is not services.redis:
                self._valkey = ValkeyPulse(services.redis)
            pulse = self._valkey
        pulse.demand(services.clock)

    def later(self, work: Callable[[], None]) -> None:
        """Do something after the answer; a failure is logged, and what is too much is left: the sweepers do it again."""
        if len(self._following) >= MOST_FOLLOWING:
            log.warning("calls.after_answer_left_to_sweepers")
            return

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
