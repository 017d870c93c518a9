"""Circles on WGS84: who is within a distance, and which cells a circle covers.

Nearly every position is decided by the straight line through the earth (the chord), which numpy computes fast; only what
lies in the thin band where the chord cannot decide is measured along the ellipsoid. Bounds, with r the radius:

- A geodesic bends at least as much as a circle of 6,399.6 km and at most as one of 6,335.4 km (the extreme radii of
  curvature of WGS84). By Schur's comparison theorem its chord is at least 2R·sin(r/2R) with the smaller R, so a shorter
  chord means a distance below r.
- A path of length r on the ellipsoid goes round the ball of its polar radius b by an angle of at most r/b; both ends are
  at most the equatorial radius from the centre. So a longer chord than that angle spans means a distance over r.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from geographiclib.geodesic import Geodesic

from hotline.geo.area import Circle
from hotline.geo.cells import HALF_TURN, QUARTER_TURN, UNITS_PER_DEGREE, Bools, Floats, Grid, Ints
from hotline.geo.outline import Intervals, row_intervals

EQUATORIAL_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
POLAR_M = EQUATORIAL_M * (1 - FLATTENING)
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
LEAST_CURVATURE_RADIUS_M = EQUATORIAL_M * (1 - ECCENTRICITY_2)
GREATEST_CURVATURE_RADIUS_M = EQUATORIAL_M**2 / POLAR_M

EDGE_TOLERANCE_M = 0.001
"""A position this little beyond the radius still counts as inside; below the 11 mm to which positions are kept."""

POINT_TOLERANCE_M = 1.0
"""A circle of radius 0 (CAP's way of writing a point) holds the positions within this distance of it."""

_SURE_INSIDE_LIMIT_M = 15_000_000.0
"""Chords are trusted as "surely inside" up to this distance; antipodes, where geodesics are not unique, are measured."""

_CHORD_SLACK_M = 0.001
_CELL_SLACK_M = 1.0
_SERIES_DOUBT_M = 0.05
_SERIES_ROUNDS = 20
_RADIANS_PER_UNIT = math.pi / 180 / UNITS_PER_DEGREE


def reach_m(circle: Circle) -> float:
    """Largest geodesic distance from the centre, in metres, that counts as inside."""
    return max(circle.radius_mm / 1000, POINT_TOLERANCE_M) + EDGE_TOLERANCE_M


def within(circle: Circle, lat: Ints, lon: Ints) -> Bools:
    """Which positions (units) lie within the circle, as geodesic distance on WGS84 decides."""
    reach = reach_m(circle)
    sure, possible = chord_bounds_m(reach)
    x, y, z = _cartesian(_radians(lat), _radians(lon))
    x0, y0, z0 = _centre(circle)
    square = (x - x0) ** 2 + (y - y0) ** 2 + (z - z0) ** 2
    inside: Bools = square <= sure * sure
    doubtful = np.flatnonzero((square <= possible * possible) & ~inside)
    if len(doubtful):
        inside[doubtful] = _measured(circle, lat[doubtful], lon[doubtful]) <= reach
    return inside


def chord_bounds_m(distance_m: float) -> tuple[float, float]:
    """Chords for a geodesic distance: up to the first the distance is surely not larger, beyond the second it is."""
    trusted = min(distance_m, _SURE_INSIDE_LIMIT_M)
    radius = LEAST_CURVATURE_RADIUS_M
    sure = 2 * radius * math.sin(trusted / (2 * radius)) - _CHORD_SLACK_M
    angle = min(distance_m / POLAR_M, math.pi)
    spread = math.sin(angle / 2) ** 2
    level = 2 * EQUATORIAL_M * math.sqrt(spread)
    tilted = math.hypot(EQUATORIAL_M - POLAR_M, 2 * math.sqrt(EQUATORIAL_M * POLAR_M * spread))
    return max(sure, 0.0), min(distance_m, max(level, tilted)) + _CHORD_SLACK_M


def intervals(circle: Circle, grid: Grid) -> Intervals:
    """Cells of the grid that the circle may touch and cells that lie wholly inside.

    A cell is judged by the chord from the circle's centre to its own: no point of the cell is further from the cell's
    centre than half its width along the parallel plus half its height along the meridian, and chords obey the triangle
    inequality. For one row the cells within a chord form one run, whose ends follow from the cosine of its half-width.
    """
    sure, possible = chord_bounds_m(reach_m(circle))
    row = np.arange(*_row_range(circle, grid))
    x0, y0, z0 = _centre(circle)
    lat, _ = grid.centre_of(row * grid.columns)
    rho, _, z = _cartesian(_radians(lat), np.zeros(len(row)))
    rho0 = math.hypot(x0, y0)
    fixed, swing = rho0**2 + rho**2 + (z - z0) ** 2, 2 * rho0 * rho
    half = grid.step * _RADIANS_PER_UNIT / 2
    span = half * rho + half * GREATEST_CURVATURE_RADIUS_M + _CELL_SLACK_M
    outer = _half_width(fixed, swing, possible + span)
    inner = _half_width(fixed, swing, sure - span)
    centre = (circle.lon + HALF_TURN) / grid.step
    cells_per_radian = 1 / (grid.step * _RADIANS_PER_UNIT)
    parts = []
    for width, interior in ((outer, False), (inner, True)):
        held = np.flatnonzero(width >= 0)
        reach = width[held] * cells_per_radian
        shift = (
            0.5 if interior else 0.0
        )  # an inner cell counts when its centre is held, an outer one when it is touched
        first = np.ceil(centre - reach - shift) if interior else np.floor(centre - reach)
        last = np.floor(centre + reach - shift)
        filled = np.flatnonzero(last >= first)
        columns = first[filled].astype(np.int64), last[filled].astype(np.int64)
        _, start, stop = row_intervals(row[held][filled], *columns, grid)
        parts.append((start, stop, np.full(len(start), interior)))
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def _half_width(fixed: Floats, swing: Floats, chord: Floats) -> Floats:
    """Half the width in radians of what a chord reaches in each row; negative where it does not reach the row.

    The chord between the centre and a place of the row obeys chord² = fixed - swing · cos(difference of longitude).
    """
    need = fixed - np.maximum(chord, 0.0) ** 2
    width: Floats = np.arccos(np.clip(need / np.maximum(swing, 1e-6), -1.0, 1.0))
    width[need <= -swing] = math.pi
    width[(need > swing) | (chord <= 0)] = -1.0
    return width


def latitude_range(circle: Circle) -> tuple[int, int]:
    """Latitudes in units, south and north, that no position of the circle goes beyond.

    A degree of latitude is at least 110.57 km long, and no path between two parallels is shorter than the meridian.
    """
    reach = math.ceil(reach_m(circle) / 110_000 * UNITS_PER_DEGREE)
    return max(circle.lat - reach, -QUARTER_TURN), min(circle.lat + reach, QUARTER_TURN)


def row_count(circle: Circle, grid: Grid) -> int:
    """How many rows of the grid the circle may touch."""
    first, stop = _row_range(circle, grid)
    return stop - first


def _row_range(circle: Circle, grid: Grid) -> tuple[int, int]:
    south, north = grid.row_of(np.array(latitude_range(circle)))
    return int(south), int(north) + 1


@lru_cache(maxsize=1024)
def _centre(circle: Circle) -> tuple[float, float, float]:
    x, y, z = _cartesian(_radians(np.array([circle.lat])), _radians(np.array([circle.lon])))
    return float(x[0]), float(y[0]), float(z[0])


def _radians(units: Ints) -> Floats:
    return units.astype(np.float64) * _RADIANS_PER_UNIT


def _cartesian(lat: Floats, lon: Floats) -> tuple[Floats, Floats, Floats]:
    """Earth-centred coordinates in metres of places on the ellipsoid (radians)."""
    sine = np.sin(lat)
    normal: Floats = EQUATORIAL_M / np.sqrt(1 - ECCENTRICITY_2 * sine * sine)
    parallel = normal * np.cos(lat)
    return parallel * np.cos(lon), parallel * np.sin(lon), normal * (1 - ECCENTRICITY_2) * sine


def _measured(circle: Circle, lat: Ints, lon: Ints) -> Floats:
    """Geodesic distances in metres: by series, and by GeographicLib where these do not settle or come very close."""
    distance = _series_distance(circle, lat, lon)
    unsure = np.flatnonzero(~(np.abs(distance - reach_m(circle)) > _SERIES_DOUBT_M))  # also what did not settle (NaN)
    centre_lat, centre_lon = circle.lat / UNITS_PER_DEGREE, circle.lon / UNITS_PER_DEGREE
    for index in unsure:
        place = lat[index] / UNITS_PER_DEGREE, lon[index] / UNITS_PER_DEGREE
        line = Geodesic.WGS84.Inverse(centre_lat, centre_lon, float(place[0]), float(place[1]), Geodesic.DISTANCE)
        distance[index] = line["s12"]
    return distance


def _series_distance(circle: Circle, lat: Ints, lon: Ints) -> Floats:
    """Vincenty's inverse solution (Survey Review 23, 1975), good to 0.5 mm; NaN where it does not settle (antipodes)."""
    reduced_1 = math.atan((1 - FLATTENING) * math.tan(circle.lat * _RADIANS_PER_UNIT))
    reduced_2 = np.arctan((1 - FLATTENING) * np.tan(lat * _RADIANS_PER_UNIT))
    sin_1, cos_1, sin_2, cos_2 = math.sin(reduced_1), math.cos(reduced_1), np.sin(reduced_2), np.cos(reduced_2)
    turn = ((lon - circle.lon + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN) * _RADIANS_PER_UNIT
    longitude = turn.copy()
    settled = np.zeros(len(lat), np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(_SERIES_ROUNDS):
            sine, cosine = np.sin(longitude), np.cos(longitude)
            sin_sigma = np.hypot(cos_2 * sine, cos_1 * sin_2 - sin_1 * cos_2 * cosine)
            cos_sigma = sin_1 * sin_2 + cos_1 * cos_2 * cosine
            sigma = np.arctan2(sin_sigma, cos_sigma)
            sin_alpha = np.where(sin_sigma > 0, cos_1 * cos_2 * sine / sin_sigma, 0.0)
            cos2_alpha = 1 - sin_alpha**2
            middle = np.where(cos2_alpha > 1e-15, cos_sigma - 2 * sin_1 * sin_2 / cos2_alpha, 0.0)
            c = FLATTENING / 16 * cos2_alpha * (4 + FLATTENING * (4 - 3 * cos2_alpha))
            bend = sigma + c * sin_sigma * (middle + c * cos_sigma * (2 * middle**2 - 1))
            following = turn + (1 - c) * FLATTENING * sin_alpha * bend
            settled = np.abs(following - longitude) < 1e-12
            longitude = following
            if settled.all():
                break
    u2 = cos2_alpha * (EQUATORIAL_M**2 - POLAR_M**2) / POLAR_M**2
    a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    tail = b / 6 * middle * (4 * sin_sigma**2 - 3) * (4 * middle**2 - 3)
    correction = b * sin_sigma * (middle + b / 4 * (cos_sigma * (2 * middle**2 - 1) - tail))
    distance: Floats = POLAR_M * a * (sigma - correction)
    distance[~settled | (np.abs(longitude) > math.pi)] = np.nan
    return distance
