"""How many people are where, in cells as large as a picture wants them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hotline.geo.area import Bounds
from hotline.geo.cells import RESIDENT_GRID, UNITS_PER_DEGREE, Grid, Ints
from hotline.geo.segment import SQL_FACTOR, Segment

_FACTORS = (1, 2, 4, 8, 16, 32, 64, 96, 192, 480)
"""How many cells of the resident grid make the side of a drawn cell: 1/32° up to 15°; each divides the globe."""


LEAST_MAX_CELLS = 288
"""Cells of 15° on the globe."""


@dataclass(frozen=True)
class Heat:
    """Occupied cells: south-western corners in degrees, side in degrees, number of positions in each."""

    side_deg: float
    south: list[float]
    west: list[float]
    count: list[int]


def heat_of(bounds: Bounds, max_cells: int, segments: Sequence[tuple[Segment, int]]) -> Heat:
    """Add up the cells that touch the bounds over segments, each with its sign; at most `max_cells` come back.

    Raises ValueError below 288 cells, the number that the coarsest picture of the whole world has.
    """
    if max_cells < LEAST_MAX_CELLS:
        raise ValueError(f"a picture of the world needs up to {LEAST_MAX_CELLS} cells, {max_cells} were allowed")
    view = _View.of(bounds, max_cells)
    counted = [(view.counted(segment), sign) for segment, sign in segments]
    occupied, slot = np.unique(np.concatenate([cells for (cells, _), _ in counted]), return_inverse=True)
    weights = np.concatenate([numbers * sign for (_, numbers), sign in counted])
    sums = np.bincount(slot, weights=weights, minlength=len(occupied)).astype(np.int64)
    shown = np.flatnonzero(sums > 0)
    row, column = np.divmod(occupied[shown], view.grid.columns)
    side = view.grid.step / UNITS_PER_DEGREE
    return Heat(side, (row * side - 90).tolist(), (column * side - 180).tolist(), sums[shown].tolist())


@dataclass(frozen=True)
class _View:
    """The drawn cells that a picture shows: rows from `row` on, columns from `column` on, which may run round the globe."""

    grid: Grid
    factor: int
    row: int
    rows: int
    column: int
    columns: int

    @classmethod
    def of(cls, bounds: Bounds, max_cells: int) -> _View:
        """The finest view of the bounds that has at most `max_cells` cells."""
        for factor in _FACTORS:
            view = cls._with_factor(bounds, factor)
            if view.rows * view.columns <= max_cells:
                break
        return view

    @classmethod
    def _with_factor(cls, bounds: Bounds, factor: int) -> _View:
        grid = Grid(RESIDENT_GRID.step * factor)
        side = grid.step / UNITS_PER_DEGREE
        south, north = (math.floor((min(max(lat, -90.0), 90.0) + 90) / side) for lat in (bounds.south, bounds.north))
        row, last = min(south, grid.rows - 1), min(north, grid.rows - 1)
        west, east = math.floor((bounds.west + 180) / side), math.floor((bounds.east + 180) / side)
        columns = min(max(east - west, 0) + 1, grid.columns)
        return cls(grid, factor, row, max(last - row, 0) + 1, west % grid.columns, columns)

    def counted(self, segment: Segment) -> tuple[Ints, Ints]:
        """Drawn cells (with repetitions) and numbers of positions of one segment."""
        if self.factor % SQL_FACTOR == 0:
            cell, count = segment.coarse_counts
            return self._shown(cell, count, Grid(RESIDENT_GRID.step * SQL_FACTOR), self.factor // SQL_FACTOR)
        first = self.row * self.factor * RESIDENT_GRID.columns
        stop = (self.row + self.rows) * self.factor * RESIDENT_GRID.columns
        cell = segment.cell[slice(*np.searchsorted(segment.cell, (first, stop)))].astype(np.int64)
        return self._shown(cell, np.ones(len(cell), np.int64), RESIDENT_GRID, self.factor)

    def _shown(self, cell: Ints, count: Ints, source: Grid, factor: int) -> tuple[Ints, Ints]:
        row, column = np.divmod(cell, source.columns)
        row //= factor
        column //= factor
        across = (column - self.column) % self.grid.columns < self.columns
        held = across & (row >= self.row) & (row < self.row + self.rows)
        return (row * self.grid.columns + column)[held], count[held]
