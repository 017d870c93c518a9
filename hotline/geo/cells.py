"""Numbered cells of the globe: which cell a position lies in, and which cells an area touches.

All coordinates inside this package are whole numbers of 1e-7 degree ("units", 11 mm on the ground). Whole numbers make
the test of a point against an edge exact in 64-bit arithmetic, so a person who stands on a border never depends on rounding.

A grid numbers its cells row by row from 90° S, 180° W, first to the east and then to the north. Cells that follow each
other in a row have consecutive numbers, so a B-tree or a sorted array answers "these cells" with a few ranges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

UNITS_PER_DEGREE = 10_000_000
QUARTER_TURN = 90 * UNITS_PER_DEGREE
HALF_TURN = 180 * UNITS_PER_DEGREE
FULL_TURN = 360 * UNITS_PER_DEGREE


@dataclass(frozen=True)
class Grid:
    """A grid of square cells in longitude and latitude whose side is `step` units of 1e-7 degree."""

    step: int

    def __post_init__(self) -> None:
        if self.step <= 0 or HALF_TURN % self.step:
            raise ValueError(f"the side of a cell must divide 180°, {self.step} does not")

    @property
    def columns(self) -> int:
        """How many cells one row has."""
        return FULL_TURN // self.step

    @property
    def rows(self) -> int:
        """How many rows there are from pole to pole."""
        return HALF_TURN // self.step

    def row_of(self, lat: Ints) -> Ints:
        """Rows of latitudes in units; the north pole belongs to the last row."""
        return np.minimum((lat + QUARTER_TURN) // self.step, self.rows - 1)

    def column_of(self, lon: Ints) -> Ints:
        """Columns of longitudes in units; 180° E is the same as 180° W."""
        return ((lon + HALF_TURN) // self.step) % self.columns

    def cell_of(self, lat: npt.NDArray[np.integer], lon: npt.NDArray[np.integer]) -> Int32s:
        """Cell numbers of positions in units of 1e-7 degree."""
        row = self.row_of(lat.astype(np.int64))
        row *= self.columns
        row += self.column_of(lon.astype(np.int64))
        return row.astype(np.int32)

    def centre_of(self, cell: Ints) -> tuple[Ints, Ints]:
        """Latitude and longitude in units of the middle of cells."""
        row, column = np.divmod(cell, self.columns)
        half = self.step // 2
        return row * self.step - QUARTER_TURN + half, column * self.step - HALF_TURN + half


SQL_GRID = Grid(UNITS_PER_DEGREE // 4)
"""The grid of the column `positions.cell`: 0.25°, 1,440 × 720 cells."""

RESIDENT_GRID = Grid(UNITS_PER_DEGREE // 32)
"""The grid by which the resident index is sorted: 1/32° (3.5 km), 8 × 8 cells in each cell of `SQL_GRID`."""


def to_units(degrees: npt.ArrayLike) -> Ints:
    """Whole units of 1e-7 degree, rounded half to even as PostgreSQL's `round(double precision)` does."""
    return np.rint(np.asarray(degrees, dtype=np.float64) * UNITS_PER_DEGREE).astype(np.int64)


def longitude_units(degrees: npt.ArrayLike) -> Ints:
    """Longitudes in units, brought into the half-open turn from 180° W to 180° E."""
    return (to_units(degrees) + HALF_TURN) % FULL_TURN - HALF_TURN


def cells_of(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Int32s:
    """Cell numbers for the column `positions.cell` from latitudes and longitudes in degrees."""
    return SQL_GRID.cell_of(to_units(lat), longitude_units(lon))


def cell_of(lat: float, lon: float) -> int:
    """Cell number for the column `positions.cell` from one latitude and longitude in degrees."""
    return int(cells_of([lat], [lon])[0])


def cell_sql(lat: str, lon: str) -> str:
    """SQL expression that gives the same number as `cell_of`, for rows that never pass through Python.

    `lat` and `lon` are SQL expressions of type double precision in degrees (trusted text, never a user's).
    """
    step, columns, rows = SQL_GRID.step, SQL_GRID.columns, SQL_GRID.rows
    row = f"least((round({lat} * 1e7)::bigint + {QUARTER_TURN}) / {step}, {rows - 1})"
    turned = f"mod(mod(round({lon} * 1e7)::bigint + {HALF_TURN}, {FULL_TURN}) + {FULL_TURN}, {FULL_TURN})"
    return f"({row} * {columns} + {turned} / {step})::int"


@dataclass(frozen=True)
class Covering:
    """Ranges of cells in ascending order without overlap that together hold every position inside an area.

    Of an `interior` range every position is inside; of the others each position has to be tested. `last` is included.
    """

    first: Int32s
    last: Int32s
    interior: Bools

    def __len__(self) -> int:
        return len(self.first)

    def ranges(self) -> list[tuple[int, int, bool]]:
        """The ranges as (first cell, last cell, interior), as SQL's `BETWEEN` wants them."""
        return list(zip(self.first.tolist(), self.last.tolist(), self.interior.tolist(), strict=True))

    def refined(self, coarse: Grid, fine: Grid) -> Covering:
        """The same cells in the numbers of a finer grid whose side divides the coarse one's."""
        factor = coarse.step // fine.step
        if factor == 1:
            return self
        intervals = split_by_row(self.first.astype(np.int64), self.last.astype(np.int64) + 1, self.interior, coarse)
        start, stop, interior = intervals
        row, column = np.divmod(start, coarse.columns)
        width = (stop - start) * factor
        fine_row = (row[:, None] * factor + np.arange(factor)).ravel()
        fine_start = fine_row * fine.columns + np.repeat(column * factor, factor)
        return combine(fine_start, fine_start + np.repeat(width, factor), np.repeat(interior, factor))


def expand(counts: Ints) -> tuple[Ints, Ints]:
    """For each of `counts` items n rows: the index of the item, and the number 0 … n-1 within the item."""
    item = np.repeat(np.arange(len(counts)), counts)
    begin = np.cumsum(counts) - counts
    return item, np.arange(len(item)) - np.repeat(begin, counts)


def split_by_row(start: Ints, stop: Ints, interior: Bools, grid: Grid) -> tuple[Ints, Ints, Bools]:
    """Intervals of cell numbers (stop excluded) cut where a row of the grid ends."""
    first_row = start // grid.columns
    item, nth = expand((stop - 1) // grid.columns - first_row + 1)
    row_start = (first_row[item] + nth) * grid.columns
    return (
        np.maximum(start[item], row_start),
        np.minimum(stop[item], row_start + grid.columns),
        interior[item],
    )


def combine(start: Ints, stop: Ints, interior: Bools) -> Covering:
    """One covering out of overlapping intervals of cells (stop excluded): the interior wins over the edge."""
    position = np.concatenate((start, stop))
    order = np.argsort(position, kind="stable")
    position = position[order]
    step = np.concatenate((np.ones(len(start), np.int64), np.full(len(stop), -1, np.int64)))[order]
    inner = np.concatenate((interior, interior))[order]
    inner_depth = np.cumsum(np.where(inner, step, 0))
    any_depth = np.cumsum(step)
    # Between two neighbouring positions the state is what the last event at the left one says.
    final = np.append(position[1:] != position[:-1], True) if len(position) else np.zeros(0, np.bool_)
    position, inner_depth, any_depth = position[final], inner_depth[final], any_depth[final]
    state = np.where(inner_depth > 0, 2, np.where(any_depth > 0, 1, 0))
    changed = np.append(True, state[1:] != state[:-1]) if len(state) else np.zeros(0, np.bool_)
    position, state = position[changed], state[changed]
    wanted = np.flatnonzero(state)
    if not len(wanted):
        return Covering(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.bool_))
    return Covering(position[wanted].astype(np.int32), (position[wanted + 1] - 1).astype(np.int32), state[wanted] == 2)


def concatenated(parts: Sequence[tuple[Ints, Ints, Bools]]) -> Covering:
    """One covering out of several lists of intervals (start, stop excluded, interior)."""
    if not parts:
        nothing = np.zeros(0, np.int64)
        return combine(nothing, nothing, np.zeros(0, np.bool_))
    start, stop, interior = (np.concatenate(column) for column in zip(*parts, strict=True))
    return combine(start, stop, interior)
