"""A planned stop of the worker: its lane ends early, so that nothing is left in doubt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol


class Stoppable(Protocol):
    """Anything that looks at this flag from time to time."""

    stop_requested: bool


@contextmanager
def stopping_early(lane: Stoppable) -> Iterator[None]:
    """Let SIGTERM end the lane within a request's time, so that a planned stop leaves nothing in doubt.

    The worker's own handler still runs; it lets the job finish first.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        lane.stop_requested = True
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
