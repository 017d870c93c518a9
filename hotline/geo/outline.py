"""Polygons as arrays: the exact test of points against outlines, and the cells that outlines touch.

The test walks from the north pole down the meridian of the point and adds up the edges it crosses, each with its
direction. That needs no plane: every edge is taken modulo a full turn by itself, so antimeridian and poles are ordinary
places. A place belongs to a ring when the sum differs from that of the ring's outside (the non-zero winding rule, so the
overlaps of an outline that crosses itself are inside). All arithmetic is on whole numbers below 2^63, hence exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from hotline.geo.area import Ring
from hotline.geo.cells import FULL_TURN, HALF_TURN, QUARTER_TURN, RESIDENT_GRID, Bools, Grid, Ints, expand

MAX_PAIRS = 1 << 20
"""Pairs of point and edge that are compared in one go; bounds the memory of a test to about 100 MB."""

_COLUMN_STEPS = (78_125, RESIDENT_GRID.step, 2_500_000, 25_000_000, 150_000_000)
"""Widths of the columns into which outlines are cut: 1/128°, 1/32°, 1/4°, 2.5° and 15°; the finest within the budget."""

_LATITUDE_BITS = 31
"""Bits that hold a latitude counted from the south pole, below the number of column and ring in one sorting key."""

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
        self.touches_north = bool((self._north == QUARTER_TURN).any())
        self.touches_south = bool((self._south == -QUARTER_TURN).any())
        self._fill_columns()

    def _fill_columns(self) -> None:
        """Cut the globe into columns; in each, sort the pieces of edges and join those whose latitudes overlap to a band.

        Between two bands of a ring an empty strip runs across the column, so a whole band adds the same to the sum for
        every place south of it, and only places within a band must be compared with its edges.
        """
        budget = 8 * len(self._west) + 50_000
        for step in _COLUMN_STEPS:
            self._columns = Grid(step)
            first = (self._west + HALF_TURN) // step
            count = (self._west + self._dlon + HALF_TURN) // step - first + 1
            if count.sum() <= budget:
                break
        edge, nth = expand(count)
        column = first[edge] + nth
        border = column * self._columns.step - HALF_TURN - self._west[edge]
        low, high = self._latitudes_within(edge, border)
        place = (column % self._columns.columns * self.ring_count + self._ring[edge]) << _LATITUDE_BITS
        order = np.argsort(place + (low + QUARTER_TURN))
        edge, low, high, place, border = edge[order], low[order], high[order], place[order], border[order]
        reach = np.maximum.accumulate(place + (high + QUARTER_TURN))
        self._band_edge = edge
        self._band_begin = np.flatnonzero(np.append(True, (place + (low + QUARTER_TURN))[1:] > reach[:-1]))
        self._band_size = np.diff(np.append(self._band_begin, len(edge)))
        self._band_low = low[self._band_begin]
        self._band_high = np.maximum.reduceat(high, self._band_begin)
        self._band_ring = self._ring[edge[self._band_begin]]
        self._band_place = place[self._band_begin] >> _LATITUDE_BITS
        crossed = (border >= 0) & (border < self._dlon[edge])
        self._band_turn = np.add.reduceat(np.where(crossed, self._turn[edge], 0), self._band_begin)
        starts = np.arange(self._columns.columns + 1) * self.ring_count
        self._column_begin = np.searchsorted(self._band_place, starts)

    def _latitudes_within(self, edge: Ints, border: Ints) -> tuple[Ints, Ints]:
        """Least and greatest latitude of edges within columns whose western border lies `border` east of their west end."""
        dlon, dlat = self._dlon[edge], self._dlat[edge]
        left = np.maximum(border, 0)
        right = np.minimum(border + self._columns.step, dlon)
        with np.errstate(divide="ignore", invalid="ignore"):
            at_left = np.where(dlon == 0, 0.0, left / dlon) * dlat
            at_right = np.where(dlon == 0, 1.0, right / dlon) * dlat
        # One unit on either side makes up for the rounding of the divisions, which stays below a millionth of a unit.
        low = self._lat[edge] + np.floor(np.minimum(at_left, at_right)).astype(np.int64) - 1
        high = self._lat[edge] + np.ceil(np.maximum(at_left, at_right)).astype(np.int64) + 1
        return np.maximum(low, self._south[edge]), np.minimum(high, self._north[edge])

    def inside(self, lat: Ints, lon: Ints) -> Bools:
        """Which points (units) are inside or on the edge of any ring; exact."""
        column = self._columns.column_of(lon)
        result = self._decide(lat, lon, self._column_begin[column], self._column_begin[column + 1])
        if self.touches_north:
            result |= lat == QUARTER_TURN
        if self.touches_south:
            result |= lat == -QUARTER_TURN
        return result

    def _inside_ring(self, lat: Ints, lon: Ints, ring: Ints) -> Bools:
        """Which points are inside the ring that is named for each of them."""
        place = self._columns.column_of(lon) * self.ring_count + ring
        begin = np.searchsorted(self._band_place, place)
        return self._decide(lat, lon, begin, np.searchsorted(self._band_place, place, side="right"))

    def _decide(self, lat: Ints, lon: Ints, begin: Ints, end: Ints) -> Bools:
        """Test each point against the bands from `begin` to `end`, in portions of bounded size."""
        result = np.zeros(len(lat), np.bool_)
        counts = end - begin
        for part in _portions(counts):
            result[part] = self._test(lat[part], lon[part], begin[part], counts[part])
        return result

    def _test(self, lat: Ints, lon: Ints, begin: Ints, counts: Ints) -> Bools:
        """Sum up, for every point and ring, the bands north of the point and the edges of the band it lies in."""
        result = np.zeros(len(lat), np.bool_)
        point, nth = expand(counts)
        if not len(point):
            return result
        band = begin[point] + nth
        ring, height = self._band_ring[band], lat[point]
        above = self._band_low[band] > height
        pair = point * self.ring_count + ring
        fresh = np.append(True, pair[1:] != pair[:-1])
        group = np.cumsum(fresh) - 1
        winding = np.bincount(group, weights=np.where(above, self._band_turn[band], 0))
        mixed = np.flatnonzero(~above & (height <= self._band_high[band]))
        for part in _portions(self._band_size[band[mixed]]):
            chosen = mixed[part]
            item, on_edge, turn = self._compare(lat[point[chosen]], lon[point[chosen]], band[chosen])
            result[point[chosen[item[on_edge]]]] = True
            winding += np.bincount(group[chosen[item]], weights=turn, minlength=len(winding))
        first = np.flatnonzero(fresh)
        result[point[first[winding != self._outside[ring[first]]]]] = True
        return result

    def _compare(self, lat: Ints, lon: Ints, band: Ints) -> tuple[Ints, Bools, Ints]:
        """Compare points with all edges of one band each: number of the point, whether it is on the edge, what it adds."""
        item, nth = expand(self._band_size[band])
        edge = self._band_edge[self._band_begin[band][item] + nth]
        east = lon[item] - self._west[edge]
        east += (east < 0) * FULL_TURN
        dlon = self._dlon[edge]
        near = np.flatnonzero(east <= dlon)
        item, edge, east, dlon = item[near], edge[near], east[near], dlon[near]
        height = lat[item]
        side = dlon * (height - self._lat[edge]) - self._dlat[edge] * east
        on_edge = (side == 0) & (height >= self._south[edge]) & (height <= self._north[edge])
        return item, on_edge, np.where((side < 0) & (east < dlon), self._turn[edge], 0)

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


def _portions(counts: Ints) -> Iterator[slice]:
    """Slices of items that together make at most `MAX_PAIRS` pairs each, or hold one item."""
    reach = np.cumsum(counts)
    done = 0
    while done < len(counts):
        before = int(reach[done - 1]) if done else 0
        stop = max(done + 1, int(np.searchsorted(reach, before + MAX_PAIRS, side="right")))
        yield slice(done, stop)
        done = stop


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
