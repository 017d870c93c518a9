"""Polygons as arrays: the exact test of points against outlines, and the cells that outlines touch.

The test walks from the north pole down the meridian of the point and adds up the edges it crosses, each with its
direction. That needs no plane: every edge is taken modulo a full turn by itself, so antimeridian and poles are ordinary
places. A place belongs to a ring when the sum differs from that of the ring's outside (the non-zero winding rule, so the
overlaps of an outline that crosses itself are inside). All arithmetic is on whole numbers below 2^63, hence exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hotline.geo.area import Ring
from hotline.geo.cells import FULL_TURN, HALF_TURN, QUARTER_TURN, RESIDENT_GRID, Bools, Grid, Ints, expand

MAX_PAIRS = 1 << 20
"""Pairs of point and edge that are compared in one go; bounds the memory of a test to about 100 MB."""

_BUCKET_STEPS = (RESIDENT_GRID.step, 2_500_000, 25_000_000, 150_000_000)
"""Widths of the columns by which edges are looked up: 1/32°, 1/4°, 2.5° and 15°."""

Intervals = tuple[Ints, Ints, Bools]
"""Start, stop (excluded) and interior flag of intervals of cell numbers."""


class Outlines:
    """All rings of an area, compiled once for many points."""

    def __init__(self, rings: Sequence[Ring]) -> None:
        """Compile rings (at least one)."""
        self.ring_count = len(rings)
        parts = [_edges_of(ring) for ring in rings]
        counts = np.array([part.shape[1] for part in parts])
        self._west, self._lat, self._dlon, self._dlat, self._turn = np.concatenate(parts, axis=1)
        self._ring = np.repeat(np.arange(len(rings)), counts)
        self._south = self._lat + np.minimum(self._dlat, 0)
        self._north = self._lat + np.maximum(self._dlat, 0)
        self._encloses_north = np.array([ring.encloses_north for ring in rings])
        self._encloses_south = np.array([ring.encloses_south for ring in rings])
        # South of a ring's every edge the sum is the full number of windings; that is outside when north is enclosed.
        windings = np.array([ring.turns for ring in rings])
        self._outside = np.where(self._encloses_north, -windings, 0)
        # An edge wholly south of a point adds nothing, but a ring about the north pole must always be summed up.
        self._top = np.where(self._outside[self._ring] != 0, QUARTER_TURN, self._north)
        self.touches_north = bool((self._north == QUARTER_TURN).any())
        self.touches_south = bool((self._south == -QUARTER_TURN).any())
        self._fill_buckets()

    def _fill_buckets(self) -> None:
        """Sort (column, ring, edge) so that the edges over a longitude, or those of one ring, are one slice."""
        budget = 8 * len(self._west) + 50_000
        for step in _BUCKET_STEPS:
            self._buckets = Grid(step)
            first = (self._west + HALF_TURN) // step
            count = (self._west + self._dlon + HALF_TURN) // step - first + 1
            if count.sum() <= budget:
                break
        edge, nth = expand(count)
        column = (first[edge] + nth) % self._buckets.columns
        key = column * self.ring_count + self._ring[edge]
        order = np.argsort(key, kind="stable")
        self._bucket_edge, self._bucket_key = edge[order], key[order]
        columns = np.arange(self._buckets.columns + 1) * self.ring_count
        self._bucket_start = np.searchsorted(self._bucket_key, columns)

    def inside(self, lat: Ints, lon: Ints) -> Bools:
        """Which points (units) are inside or on the edge of any ring; exact."""
        column = self._buckets.column_of(lon)
        result = self._decide(lat, lon, self._bucket_start[column], self._bucket_start[column + 1])
        if self.touches_north:
            result |= lat == QUARTER_TURN
        if self.touches_south:
            result |= lat == -QUARTER_TURN
        return result

    def _inside_ring(self, lat: Ints, lon: Ints, ring: Ints) -> Bools:
        """Which points are inside the ring that is named for each of them."""
        key = self._buckets.column_of(lon) * self.ring_count + ring
        begin = np.searchsorted(self._bucket_key, key)
        return self._decide(lat, lon, begin, np.searchsorted(self._bucket_key, key, side="right"))

    def _decide(self, lat: Ints, lon: Ints, begin: Ints, end: Ints) -> Bools:
        """Test each point against its slice of the sorted edges, in portions of bounded size."""
        result = np.zeros(len(lat), np.bool_)
        counts = end - begin
        reach = np.cumsum(counts)
        done = 0
        while done < len(lat):
            before = reach[done - 1] if done else 0
            stop = max(done + 1, int(np.searchsorted(reach, before + MAX_PAIRS, side="right")))
            portion = slice(done, stop)
            result[portion] = self._test(lat[portion], lon[portion], begin[portion], counts[portion])
            done = stop
        return result

    def _test(self, lat: Ints, lon: Ints, begin: Ints, counts: Ints) -> Bools:
        """The exact comparison of every point with the edges of its slice."""
        result = np.zeros(len(lat), np.bool_)
        point, nth = expand(counts)
        edge = self._bucket_edge[begin[point] + nth]
        east = lon[point] - self._west[edge]
        east += (east < 0) * FULL_TURN
        near = np.flatnonzero((east <= self._dlon[edge]) & (lat[point] <= self._top[edge]))
        if not len(near):
            return result
        point, edge, east = point[near], edge[near], east[near]
        height = lat[point]
        dlon = self._dlon[edge]
        side = dlon * (height - self._lat[edge]) - self._dlat[edge] * east
        on_edge = (side == 0) & (height >= self._south[edge]) & (height <= self._north[edge])
        result[point[on_edge]] = True
        crossing = np.where((side < 0) & (east < dlon), self._turn[edge], 0)
        group = point * self.ring_count + self._ring[edge]
        start = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        winding = np.add.reduceat(crossing, start)
        result[point[start[winding != self._outside[self._ring[edge[start]]]]]] = True
        return result

    def row_count(self, grid: Grid) -> int:
        """How many pairs of edge and row of the grid `intervals` would look at."""
        return int(np.sum(grid.row_of(self._north) - grid.row_of(self._south) + 1))

    def intervals(self, grid: Grid) -> Intervals:
        """Cells that rings touch (to be tested) and cells that lie wholly inside; every other cell is wholly outside.

        A row without an edge in some of its cells has one answer for each gap between touched cells, because a gap is
        connected and no edge runs through it; the middle of the gap's first cell is asked by the exact test.
        """
        ring, start, stop = self._touched(grid)
        gap_ring, gap_start, gap_stop = self._gaps(ring, start, stop, grid)
        within = self._inside_ring(*grid.centre_of(gap_start), gap_ring)
        beyond_start, beyond_stop = self._polar_rows(ring, start, grid)
        touched = np.zeros(len(start), np.bool_)
        inner_start = np.concatenate((gap_start[within], beyond_start))
        inner_stop = np.concatenate((gap_stop[within], beyond_stop))
        return (
            np.concatenate((start, inner_start)),
            np.concatenate((stop, inner_stop)),
            np.concatenate((touched, np.ones(len(inner_start), np.bool_))),
        )

    def _touched(self, grid: Grid) -> tuple[Ints, Ints, Ints]:
        """Ring, first cell and cell after the last for every stretch of an edge within one row."""
        first_row = grid.row_of(self._south)
        edge, nth = expand(grid.row_of(self._north) - first_row + 1)
        row = first_row[edge] + nth
        bottom = row * grid.step - QUARTER_TURN
        dlat, dlon, lat = self._dlat[edge], self._dlon[edge], self._lat[edge]
        low = np.maximum(bottom, self._south[edge]) - lat
        high = np.minimum(bottom + grid.step, self._north[edge]) - lat
        with np.errstate(divide="ignore", invalid="ignore"):
            at_low = np.where(dlat == 0, 0.0, low / dlat)
            at_high = np.where(dlat == 0, 1.0, high / dlat)
        # One unit on either side makes up for the rounding of the divisions, which stays below a millionth of a unit.
        left = np.floor(np.minimum(at_low, at_high) * dlon).astype(np.int64) - 1
        right = np.ceil(np.maximum(at_low, at_high) * dlon).astype(np.int64) + 1
        west = self._west[edge] + HALF_TURN
        first = (west + np.maximum(left, 0)) // grid.step
        last = (west + np.minimum(right, dlon)) // grid.step
        item, start, stop = row_intervals(row, first, last, grid)
        return self._with_poles(self._ring[edge][item], start, stop, grid)

    def _with_poles(self, ring: Ints, start: Ints, stop: Ints, grid: Grid) -> tuple[Ints, Ints, Ints]:
        """A corner at a pole touches every cell of the polar row, since a position there may carry any longitude."""
        cells = grid.rows * grid.columns
        for touching, begin in (
            (self._north == QUARTER_TURN, cells - grid.columns),
            (self._south == -QUARTER_TURN, 0),
        ):
            rings = np.unique(self._ring[touching])
            ring = np.concatenate((ring, rings))
            start = np.concatenate((start, np.full(len(rings), begin)))
            stop = np.concatenate((stop, np.full(len(rings), begin + grid.columns)))
        return ring, start, stop

    def _gaps(self, ring: Ints, start: Ints, stop: Ints, grid: Grid) -> tuple[Ints, Ints, Ints]:
        """Ring, start and stop of the untouched stretches of every row that the ring touches."""
        cells = grid.rows * grid.columns + 1
        low = np.full(self.ring_count, grid.rows)
        high = np.zeros(self.ring_count, np.int64)
        np.minimum.at(low, ring, start // grid.columns)
        np.maximum.at(high, ring, start // grid.columns)
        # Empty intervals at the ends of all rows keep a gap from running over into the next row.
        row_ring, nth = expand(high - low + 2)
        row_start = (low[row_ring] + nth) * grid.columns
        ring = np.concatenate((ring, row_ring))
        start = np.concatenate((start, row_start)) + ring * cells
        stop = np.concatenate((stop, row_start)) + ring * cells
        order = np.argsort(start, kind="stable")
        ring, start = ring[order], start[order]
        reach = np.maximum.accumulate(stop[order])
        gap = np.flatnonzero((start[1:] > reach[:-1]) & (ring[1:] == ring[:-1]))
        offset = ring[gap] * cells
        return ring[gap], reach[gap] - offset, start[gap + 1] - offset

    def _polar_rows(self, ring: Ints, start: Ints, grid: Grid) -> tuple[Ints, Ints]:
        """Cells of the whole rows between a ring about a pole and that pole."""
        intervals = []
        for index in np.flatnonzero(self._encloses_north | self._encloses_south):
            rows = start[ring == index] // grid.columns
            if self._encloses_north[index]:
                intervals.append((int(rows.max() + 1) * grid.columns, grid.rows * grid.columns))
            else:
                intervals.append((0, int(rows.min()) * grid.columns))
        wanted = np.array([pair for pair in intervals if pair[0] < pair[1]], np.int64).reshape(-1, 2)
        return wanted[:, 0], wanted[:, 1]


def row_intervals(row: Ints, first: Ints, last: Ints, grid: Grid) -> tuple[Ints, Ints, Ints]:
    """Item, start and stop of cells from column `first` to `last` of rows, where columns may run on beyond a full turn."""
    width = np.minimum(last - first + 1, grid.columns)
    first = first % grid.columns
    base = row * grid.columns
    over = np.flatnonzero(first + width > grid.columns)
    item = np.concatenate((np.arange(len(row)), over))
    start = np.concatenate((base + first, base[over]))
    stop = np.concatenate(
        (base + np.minimum(first + width, grid.columns), base[over] + (first + width)[over] - grid.columns)
    )
    return item, start, stop


def _edges_of(ring: Ring) -> npt.NDArray[np.int64]:
    """Rows: western end (longitude, latitude), steps to the east and north, turn; one column for each edge.

    The turn is what a walk to the south adds when it crosses the edge: -1 for an edge drawn eastwards, +1 westwards.
    """
    lat = np.array([corner[0] for corner in ring.corners], np.int64)
    lon = np.array(ring.longitudes, np.int64)
    dlon, dlat = np.diff(lon), np.diff(lat)
    eastward = dlon >= 0
    west = np.where(eastward, lon[:-1], lon[1:])
    base = np.where(eastward, lat[:-1], lat[1:])
    edges = np.stack((west, base, np.abs(dlon), np.where(eastward, dlat, -dlat), np.where(eastward, -1, 1)))
    whole = edges[2] == FULL_TURN  # the level sides of a belt; in halves, so that products stay below 2^63
    halves = edges[:, whole].copy()
    halves[2] = HALF_TURN
    edges[2][whole] = HALF_TURN
    halves[0] += HALF_TURN
    edges = np.concatenate((edges, halves), axis=1)
    edges[0] = (edges[0] + HALF_TURN) % FULL_TURN - HALF_TURN
    return edges
