"""How much of a CAP message is read: every limit in one place, with its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest message that is accepted.

    Polygons and points follow what public-warning gateways accept (1,000 and 50,000 in one alert); the others are
    several times the largest real message known, so that only an attack or a mistake meets them.
    """

    size_bytes: int = 2 * 1024 * 1024
    depth: int = 32
    elements: int = 100_000
    alerts: int = 200
    infos: int = 50
    areas: int = 5_000
    polygons: int = 1_000
    points: int = 50_000
    references: int = 1_000
    name_chars: int = 1_000
    text_chars: int = 50_000
    findings_per_problem: int = 20
    time_s: float = 5.0


DEFAULT_LIMITS = Limits()
