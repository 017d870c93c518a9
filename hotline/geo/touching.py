"""Which countries an area touches, for people of whom only the country is known.

A country is touched when one of its towns is inside. Otherwise two outlines that overlap have a corner of one inside the
other, or cross: so the corners of all countries are tested against the area, and points strewn along the area's outline are
looked up among the countries. Only a sliver narrower than the distance of those points could be missed. Of these points only
those count that have a town of the country within reach, because the borders go far out to sea, where nobody is.

Countries are taken a little smaller than they are: an area drawn exactly along a border, such as a whole country, has
nothing to do with the neighbours whose line it shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from hotline.geo.area import Area, Circle
from hotline.geo.cells import UNITS_PER_DEGREE, Floats
from hotline.geo.cities import directions_of
from hotline.geo.countries import Text, border_shapes
from hotline.geo.select import ids_inside
from hotline.geo.zones import towns_by_country

MARGIN_DEG = 0.02
"""About 2 km: how far beyond a border an area must reach."""
NEAR_TOWN_KM = 500.0
"""Farther than this from every town of a country there is open sea, ice or desert."""
MAX_POINTS = 1_500
"""Points looked up for one area; an officer who draws waits for the answer."""
MIN_STEP_DEG = 0.02
EARTH_RADIUS_KM = 6371.0
JUST_INSIDE = 0.99
"""Rims are taken on a sphere, which is wrong by up to 0.56 %; a little inside the circle they surely are."""


@lru_cache(maxsize=64)
def countries_touched(area: Area) -> tuple[str, ...]:
    """ISO codes, in alphabetical order, of the countries that an area reaches into, near waters included."""
    if area.is_empty:
        return ()
    inner = _inner_countries()
    found = set(np.unique(inner.place_code[ids_inside(inner.lat, inner.lon, area)]).tolist())
    strewn = np.concatenate([*_outline_points(area), *_circle_points(area)])
    points = shapely.points((strewn[:, 1] + 180) % 360 - 180, strewn[:, 0])
    which, shapes = inner.tree.query(points, predicate="intersects")
    codes = inner.codes[shapes]
    for code in sorted(set(np.unique(codes).tolist()) - found):
        there = which[codes == code]
        if _near_town(strewn[there, 0], strewn[there, 1], code).any():
            found.add(code)
    return tuple(sorted(found))


def _near_town(lat: Floats, lon: Floats, code: str) -> npt.NDArray[np.bool_]:
    """Which places (degrees) have a town of a country within reach; all of them where it has no town at all."""
    towns = towns_by_country().get(code)
    if towns is None:
        return np.ones(len(lat), np.bool_)
    nearest = (directions_of(lat, lon) @ towns.directions.T).max(axis=1)
    near: npt.NDArray[np.bool_] = nearest >= math.cos(NEAR_TOWN_KM / EARTH_RADIUS_KM)
    return near


@dataclass(frozen=True)
class _Inner:
    """The parts of countries without a margin along their borders; and places of which one inside tells: corners, towns."""

    codes: Text
    tree: Any  # shapely's STRtree; shapely brings no types for it
    lat: Floats
    lon: Floats
    place_code: Text


@lru_cache(maxsize=1)
def _inner_countries() -> _Inner:
    codes, shapes = border_shapes()
    parts, shape = shapely.get_parts(shapes, return_index=True)
    shrunk = shapely.buffer(parts, -MARGIN_DEG, quad_segs=1)
    # An island smaller than the margin is kept as it is.
    kept = np.where(shapely.is_empty(shrunk), parts, shrunk)
    corners, part = shapely.get_coordinates(kept, return_index=True)
    part_code: Text = codes[shape]
    lat, lon, code = [corners[:, 1]], [corners[:, 0]], [part_code[part]]
    near = np.zeros(len(corners), np.bool_)
    for each in np.unique(code[0]).tolist():
        of_country = np.flatnonzero(code[0] == each)
        near[of_country] = _near_town(lat[0][of_country], lon[0][of_country], each)
    lat, lon, code = [lat[0][near]], [lon[0][near]], [code[0][near]]
    for each, towns in towns_by_country().items():
        lat.append(towns.lat)
        lon.append(towns.lon)
        code.append(np.full(len(towns.lat), each))
    places: Text = np.concatenate(code)
    return _Inner(part_code, shapely.STRtree(kept), np.concatenate(lat), np.concatenate(lon), places)


def _outline_points(area: Area) -> list[Floats]:
    """Points along all outlines, at equal distances in degrees, corners included as far as they are few."""
    rings = [np.array(ring, np.float64) for ring in area.drawn_polygons()]
    run = sum(float(np.abs(np.diff(ring, axis=0)).max(axis=1).sum()) for ring in rings if len(ring) > 1)
    step = max(MIN_STEP_DEG, run / MAX_POINTS)
    return [_along(ring, step) for ring in rings]


def _along(ring: Floats, step_deg: float) -> Floats:
    length = np.abs(np.diff(ring, axis=0)).max(axis=1)
    way = np.concatenate(([0.0], np.cumsum(length)))
    at = np.linspace(0.0, way[-1], max(2, math.ceil(way[-1] / step_deg) + 1))
    every = max(1, len(ring) // MAX_POINTS)
    strewn = np.stack((np.interp(at, way, ring[:, 0]), np.interp(at, way, ring[:, 1])), axis=1)
    points: Floats = np.concatenate((strewn, ring[::every]))
    return points


def _circle_points(area: Area) -> list[Floats]:
    circles = list(area.circles())
    if not circles:
        return []
    bearings = np.linspace(0.0, 2 * math.pi, min(360, max(8, MAX_POINTS // len(circles))), endpoint=False)
    return [_rim(circle, bearings) for circle in circles]


def _rim(circle: Circle, bearings: npt.NDArray[np.float64]) -> Floats:
    """The centre of a circle, and points all round just inside its rim."""
    phi, lam = math.radians(circle.lat / UNITS_PER_DEGREE), math.radians(circle.lon / UNITS_PER_DEGREE)
    reach = circle.radius_km * JUST_INSIDE / EARTH_RADIUS_KM
    sine = np.clip(math.sin(phi) * math.cos(reach) + math.cos(phi) * math.sin(reach) * np.cos(bearings), -1.0, 1.0)
    lat = np.arcsin(sine)
    lon = lam + np.arctan2(np.sin(bearings) * math.sin(reach) * math.cos(phi), math.cos(reach) - math.sin(phi) * sine)
    points: Floats = np.degrees(np.stack((np.append(lat, phi), np.append(lon, lam)), axis=1))
    return points
