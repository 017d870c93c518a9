"""What is to happen later, in order of its time: one heap and one timer for millions of texts."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any

BATCH = 200
"""How many due events are run before other work gets its turn."""

RETRY_CLOSED_GATE_S = 0.02


class Timeline:
    """Runs callables at their time, seconds since 1970 UTC; late rather than lost while the gate is closed."""

    def __init__(self, gate_open: Callable[[], bool]) -> None:
        """``gate_open`` is asked before each event, so that a full queue behind holds everything back."""
        self._gate_open = gate_open
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._wake_at = float("inf")

    def __len__(self) -> int:
        return len(self._heap)

    def at(self, due: float, action: Callable[..., None], *arguments: Any) -> None:
        """Run ``action(*arguments)`` at ``due`` or as soon as possible after it."""
        heapq.heappush(self._heap, (due, next(self._order), action, arguments))
        if due < self._wake_at:
            self._wake(due)

    def clear(self) -> None:
        """Forget everything that was to come."""
        self._heap.clear()
        self._wake(float("inf"))

    def _wake(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake_at = due
        if due != float("inf"):
            delay = max(0.0, due - time.time())
            self._timer = asyncio.get_running_loop().call_later(delay, self._run)

    def _run(self) -> None:
        self._timer, self._wake_at = None, float("-inf")
        now = time.time()
        try:
            for _ in range(BATCH):
                if not self._heap or self._heap[0][0] > now:
                    break
                if not self._gate_open():
                    now += RETRY_CLOSED_GATE_S
                    break
                _, _, action, arguments = heapq.heappop(self._heap)
                action(*arguments)
        finally:
            self._wake(max(self._heap[0][0], now) if self._heap else float("inf"))
