"""What every benchmark needs: medians of repeated runs, and a line about the machine that it ran on."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

MAX_REPEATS = 1_000


def interleaved_ms(actions: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median milliseconds of each action; one run of each in turn, so that a busy moment of the machine meets all.

    Every action runs once before, unmeasured, so that caches are warm for all of them.
    """
    if not 1 <= repeats <= MAX_REPEATS:
        raise ValueError(f"repeats must be from 1 to {MAX_REPEATS}")
    for action in actions.values():
        action()
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            taken[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def timed_s(action: Callable[[], object]) -> float:
    """Seconds that one run takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def environment(*packages: str) -> dict[str, Any]:
    """The machine and the versions of Python and of packages, for the record; the load shows whether others were busy."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory_gib, 1),
        "load_1_min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in packages},
    }


def print_table(title: str, header: list[str], rows: list[list[object]]) -> None:
    """Print a table whose columns are as wide as their longest entry; numbers stand on the right."""
    shown = [header, *([_shown(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(header))]
    print(f"\n{title}")
    for row in shown:
        print("  ".join(cell.rjust(width) if column else cell.ljust(width)
                        for column, (cell, width) in enumerate(zip(row, widths, strict=True))))  # fmt: skip


def _shown(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
