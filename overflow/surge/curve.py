"""The curve of a call-out as points of a drawing: how many were asked, said yes and were ready at each moment; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

WIDTH, HEIGHT = 600, 160
_LINES = ("needed", "accepted", "ready")


class Sample(Protocol):
    """How a call-out stood at a moment."""

    at: datetime
    needed: int
    accepted: int
    briefed: int
    ready: int


@dataclass(frozen=True)
class Drawn:
    """Points for SVG polylines by line, the largest number, and how many minutes the drawing spans."""

    lines: dict[str, str]
    top: int
    minutes: float
    width: int = WIDTH
    height: int = HEIGHT


def drawn(samples: Sequence[Sample], until: datetime) -> Drawn | None:
    """Return the drawing, each number standing until the next one; None with nothing to draw."""
    if not samples:
        return None
    begun, end = samples[0].at, max(until, samples[-1].at)
    seconds = max(1.0, (end - begun).total_seconds())
    top = max(1, *(max(getattr(each, name) for name in _LINES) for each in samples))
    lines = {name: _points(samples, name, begun, seconds, top) for name in _LINES}
    return Drawn(lines, top, seconds / 60)


def _points(samples: Sequence[Sample], name: str, begun: datetime, seconds: float, top: int) -> str:
    found: list[str] = []
    before = None
    for each in samples:
        x = WIDTH * (each.at - begun).total_seconds() / seconds
        y = HEIGHT - HEIGHT * getattr(each, name) / top
        if before is not None and before != y:
            found.append(f"{x:.1f},{before:.1f}")
        found.append(f"{x:.1f},{y:.1f}")
        before = y
    found.append(f"{WIDTH},{before:.1f}")
    return " ".join(found)
