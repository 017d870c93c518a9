"""Who is inside an area: the exact test of positions, and the cells that can hold them.

`covering(area)` gives the ranges of `positions.cell` for SQL; positions of ranges that are not interior are decided by
`ids_inside`. Semantics: docs/decisions/0005-audience-on-the-globe.md.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hotline.geo import geodesic
from hotline.geo.area import Area, Circle
from hotline.geo.cells import (
    QUARTER_TURN,
    RESIDENT_GRID,
    SQL_GRID,
    UNITS_PER_DEGREE,
    Bools,
    Covering,
    Grid,
    Ints,
    concatenated,
    longitude_units,
    to_units,
)
from hotline.geo.outline import Outlines

MAX_FINE_ROWS = 400_000
"""Rows of a fine grid that outlines and circles may cross before the coarse grid is used instead (bounds the work)."""

_COVERING_PAYS_FROM = 4_000
"""With this many positions, or more, looking up cells first is quicker than testing every position."""

_CACHED_AREAS = 16


class CompiledArea:
    """An area made ready for many positions; use `compiled` to get one."""

    def __init__(self, area: Area) -> None:
        """Compile all shapes of the area."""
        rings = list(area.rings())
        self._outlines = Outlines(rings) if rings else None
        self._circles = list(area.circles())
        self._coverings: dict[Grid, Covering] = {}

    def covering(self, grid: Grid) -> Covering:
        """Ranges of cells of the grid; never misses a position that is inside, and promises only what is surely inside."""
        found = self._coverings.get(grid)
        if found is None:
            rough = SQL_GRID if grid.step < SQL_GRID.step and self._rows(grid) > MAX_FINE_ROWS else grid
            parts = [geodesic.intervals(circle, rough) for circle in self._circles]
            if self._outlines is not None:
                parts.append(self._outlines.intervals(rough))
            found = concatenated(parts).refined(rough, grid)
            self._coverings[grid] = found
        return found

    def _rows(self, grid: Grid) -> int:
        """How many rows of the grid all shapes cross, counted shape by shape."""
        rows = self._outlines.row_count(grid) if self._outlines is not None else 0
        return rows + sum(geodesic.row_count(circle, grid) for circle in self._circles)

    def contains(self, lat: Ints, lon: Ints) -> Bools:
        """Which positions (units of 1e-7 degree, longitude below 180°) are inside; exact for each of them."""
        inside = np.zeros(len(lat), np.bool_) if self._outlines is None else self._outlines.inside(lat, lon)
        for circle in self._circles:
            self._add_circle(circle, lat, lon, inside)
        return inside

    @staticmethod
    def _add_circle(circle: Circle, lat: Ints, lon: Ints, inside: Bools) -> None:
        south, north = geodesic.latitude_range(circle)
        candidates = np.flatnonzero(~inside & (lat >= south) & (lat <= north))
        if len(candidates):
            inside[candidates] = geodesic.within(circle, lat[candidates], lon[candidates])

    def contains_many(self, lat: Ints, lon: Ints) -> Bools:
        """As `contains`, quicker for many positions: only those in cells at the edge are tested one by one."""
        covering = self.covering(RESIDENT_GRID)
        if not len(covering):
            return np.zeros(len(lat), np.bool_)
        cell = RESIDENT_GRID.cell_of(lat, lon)
        run = np.searchsorted(covering.first, cell, side="right") - 1
        held = (run >= 0) & (cell <= covering.last[run])
        inside = held & covering.interior[run]
        unsure = np.flatnonzero(held & ~inside)
        inside[unsure] = self.contains(lat[unsure], lon[unsure])
        return inside


@lru_cache(maxsize=_CACHED_AREAS)
def compiled(area: Area) -> CompiledArea:
    """The compiled form of an area; the last few are kept, because an officer counts the same area again and again."""
    return CompiledArea(area)


def covering(area: Area) -> list[tuple[int, int, bool]]:
    """Ranges (first cell, last cell, interior) of the column `positions.cell`, ascending and without overlap.

    Every position inside the area has its cell in one of the ranges. Where `interior` is true every position of the range
    is inside and needs no further test; of the other ranges `ids_inside` decides. At most a few hundred for a country.
    """
    return compiled(area).covering(SQL_GRID).ranges()


def ids_inside(lat: npt.ArrayLike, lon: npt.ArrayLike, area: Area) -> Bools:
    """Which positions, given as arrays of degrees, are inside the area; one truth value for each position.

    Exact: polygons to the last unit of 1e-7 degree, circles by geodesic distance on WGS84; an edge counts as inside.
    Positions that are not on the globe (not a number, latitude beyond the poles) are never inside.
    """
    lat_deg, lon_deg = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
    usable = (np.abs(lat_deg) <= QUARTER_TURN / UNITS_PER_DEGREE) & (np.abs(lon_deg) <= 360.0)
    if not usable.all():
        inside = np.zeros(len(lat_deg), np.bool_)
        inside[usable] = ids_inside(lat_deg[usable], lon_deg[usable], area)
        return inside
    places = compiled(area)
    units = to_units(lat_deg), longitude_units(lon_deg)
    return places.contains_many(*units) if len(lat_deg) >= _COVERING_PAYS_FROM else places.contains(*units)
