"""Positions in memory, sorted by cell, so that an area is answered by a few slices and a test of the edge.

A segment never changes once it is built; readers need no lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hotline.geo.cells import RESIDENT_GRID, SQL_GRID, Bools, Int32s, Ints, longitude_units, to_units
from hotline.geo.select import CompiledArea

UInt32s = npt.NDArray[np.uint32]

Scalar = TypeVar("Scalar", bound=np.generic)

SQL_FACTOR = SQL_GRID.step // RESIDENT_GRID.step
"""Cells of the resident grid along the side of a cell of 0.25°."""

NEVER_EXPIRES = np.uint32(0xFFFFFFFF)
"""Expiry of positions without an end, in seconds since 1970 UTC; the last second that fits is in 2106."""

Group = tuple[str, str, str, bool]
"""Country, language, precision and drill flag, which positions share in their thousands."""


class GroupTable:
    """Numbers the combinations of country, language, precision and drill flag; only ever grows, shared by all segments."""

    def __init__(self) -> None:
        """Start without any combination."""
        self._codes: dict[Group, int] = {}
        self._groups: list[Group] = []

    def code(self, group: Group) -> int:
        """The number of a combination; a new one is added (one writer at a time)."""
        found = self._codes.get(group)
        if found is None:
            found = len(self._groups)
            self._groups.append(group)
            self._codes[group] = found
        return found

    def groups(self) -> list[Group]:
        """All combinations in the order of their numbers."""
        return list(self._groups)


@dataclass(frozen=True)
class Columns:
    """Positions as parallel arrays: traveller ids, units of 1e-7 degree, group codes, expiry in seconds since 1970."""

    ids: Ints
    lat: Int32s
    lon: Int32s
    group: Int32s
    expiry: UInt32s

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Ints | Bools) -> Columns:
        """The chosen rows."""
        return Columns(self.ids[rows], self.lat[rows], self.lon[rows], self.group[rows], self.expiry[rows])

    @staticmethod
    def join(parts: Sequence[Columns]) -> Columns:
        """The rows of all parts, one after the other."""
        return Columns(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.lat for part in parts]),
            np.concatenate([part.lon for part in parts]),
            np.concatenate([part.group for part in parts]),
            np.concatenate([part.expiry for part in parts]),
        )

    @staticmethod
    def none() -> Columns:
        """No rows at all."""
        nothing = np.zeros(0, np.int32)
        return Columns(np.zeros(0, np.int64), nothing, nothing, nothing, np.zeros(0, np.uint32))


def make_columns(
    ids: npt.ArrayLike, lat: npt.ArrayLike, lon: npt.ArrayLike, group: npt.ArrayLike, valid_until: npt.ArrayLike
) -> Columns:
    """Columns from degrees and from expiry in whole seconds since 1970 UTC (`NEVER_EXPIRES` for none)."""
    return Columns(
        np.asarray(ids, np.int64),
        to_units(lat).astype(np.int32),
        longitude_units(lon).astype(np.int32),
        np.asarray(group, np.int32),
        np.asarray(valid_until, np.uint32),
    )


def expiry_second(valid_until: datetime | None) -> int:
    """Expiry of an aware time as the index keeps it; a part of a second is still valid, so it is rounded up."""
    if valid_until is None:
        return int(NEVER_EXPIRES)
    seconds = -(-int(valid_until.timestamp() * 1_000_000) // 1_000_000)
    return min(max(seconds, 0), int(NEVER_EXPIRES))


@dataclass(frozen=True)
class Rows:
    """Rows of a segment that lie in an area: whole slices (start, stop), and single rows from its edge."""

    slices: list[tuple[int, int]]
    single: Ints

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self.slices) + len(self.single)

    def of(self, column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """The values of a column for all rows, first of the slices and then of the single rows."""
        return np.concatenate([*(column[start:stop] for start, stop in self.slices), column[self.single]])


@dataclass(frozen=True)
class Segment:
    """Positions sorted by the cell of `RESIDENT_GRID`."""

    columns: Columns
    cell: Int32s

    @classmethod
    def build(cls, columns: Columns) -> Segment:
        """Sort positions; ids must be unique. 12,000,000 take a few seconds and 32 bytes each."""
        cell = RESIDENT_GRID.cell_of(columns.lat, columns.lon)
        order = np.argsort(cell, kind="stable")
        return cls(columns.take(order), cell[order])

    def __len__(self) -> int:
        return len(self.columns)

    def rows_inside(self, area: CompiledArea) -> Rows:
        """Rows inside the area: those of interior cells unseen, those of edge cells by the exact test."""
        covering = area.covering(RESIDENT_GRID)
        start = np.searchsorted(self.cell, covering.first)
        stop = np.searchsorted(self.cell, covering.last, side="right")
        filled = stop > start
        start, stop, interior = start[filled], stop[filled], covering.interior[filled]
        edge = _numbers(start[~interior], stop[~interior])
        held = area.contains(self.columns.lat[edge].astype(np.int64), self.columns.lon[edge].astype(np.int64))
        return Rows(_joined(start[interior], stop[interior]), edge[held])

    def merged(self, gone: Ints, added: Segment) -> Segment:
        """This segment without the rows `gone` (ascending) and with the rows of another one."""
        keep = np.ones(len(self), np.bool_)
        keep[gone] = False
        columns, cell = self.columns.take(keep), self.cell[keep]
        at = np.searchsorted(cell, added.cell, side="right")
        return Segment(
            Columns(
                np.insert(columns.ids, at, added.columns.ids),
                np.insert(columns.lat, at, added.columns.lat),
                np.insert(columns.lon, at, added.columns.lon),
                np.insert(columns.group, at, added.columns.group),
                np.insert(columns.expiry, at, added.columns.expiry),
            ),
            np.insert(cell, at, added.cell),
        )

    @cached_property
    def first_expiry(self) -> int:
        """The second in which the first position expires; as long as it lies ahead nobody has to be left out."""
        return int(self.columns.expiry.min()) if len(self) else int(NEVER_EXPIRES)

    @cached_property
    def _by_id(self) -> tuple[Ints, Int32s]:
        order = np.argsort(self.columns.ids)
        return self.columns.ids[order], order.astype(np.int32)

    def rows_of(self, ids: Ints) -> Ints:
        """Rows of those ids that the segment has, ascending."""
        known, order = self._by_id
        at = np.searchsorted(known, ids)
        at[at == len(known)] = 0
        found = known[at] == ids if len(known) else np.zeros(len(ids), np.bool_)
        return np.unique(order[at[found]]).astype(np.int64)

    def rows_of_groups(self, wanted: Bools) -> Ints:
        """Rows whose group is wanted (by code), found once: always asked for the same kind of groups.

        A segment holds no group that was numbered after it was built, so that a longer list later changes nothing.
        """
        kept: Ints | None = self.__dict__.get("_rows_of_groups")
        if kept is None:
            kept = np.flatnonzero(wanted[self.columns.group]).astype(np.int64)
            self.__dict__["_rows_of_groups"] = kept
        return kept

    @cached_property
    def coarse_counts(self) -> tuple[Ints, Ints]:
        """Occupied cells of 0.25° and their numbers of positions, for pictures of the whole world."""
        row, column = np.divmod(self.cell, np.int32(RESIDENT_GRID.columns))
        coarse = (row // SQL_FACTOR) * np.int32(SQL_GRID.columns) + column // SQL_FACTOR
        cells, counts = np.unique(coarse, return_counts=True)
        return cells.astype(np.int64), counts


def _numbers(start: Ints, stop: Ints) -> Ints:
    """All whole numbers of the ranges."""
    counts = stop - start
    shift = np.repeat(start - (np.cumsum(counts) - counts), counts)
    return shift + np.arange(len(shift))


def _joined(start: Ints, stop: Ints) -> list[tuple[int, int]]:
    """Ascending ranges with neighbours joined, so that fewer and longer slices are copied."""
    if not len(start):
        return []
    first = np.flatnonzero(np.append(True, start[1:] != stop[:-1]))
    last = np.append(first[1:], len(start)) - 1
    return list(zip(start[first].tolist(), stop[last].tolist(), strict=True))
