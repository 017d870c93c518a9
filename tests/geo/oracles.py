"""Slow, independent answers to "is this place inside?", and makers of areas, to test the fast ones against.

Polygons: the outline is unrolled on the plane, closed over the pole where it winds round the globe, and the winding number
of every copy of the point (360° apart) is counted with rational numbers. Circles: GeographicLib alone.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

from geographiclib.geodesic import Geodesic

from hotline.geo.area import Area, Circle, Ring

UNIT = 10_000_000

JsonRing = list[list[float]]


def make_area(
    *, polygons: list[JsonRing] | None = None, circles: list[tuple[float, float, float]] | None = None
) -> Area:
    """An area of one part; circles as (lat, lon, radius_km)."""
    return Area.from_json(
        [
            {
                "description": "made for a test",
                "polygons": polygons or [],
                "circles": [{"center": [lat, lon], "radius_km": km} for lat, lon, km in circles or []],
            }
        ]
    )


def box(south: float, west: float, north: float, east: float) -> JsonRing:
    """A closed ring with the corners of a box, anticlockwise."""
    return [[south, west], [south, east], [north, east], [north, west], [south, west]]


def oracle_inside(area: Area, lat: int, lon: int) -> bool:
    """Whether the place (units) is inside the area."""
    return any(ring_holds(ring, lat, lon) for ring in area.rings()) or any(
        circle_excess_m(circle, lat, lon) <= 0 for circle in area.circles()
    )


def circle_excess_m(circle: Circle, lat: int, lon: int) -> float:
    """Metres by which the place is further from the centre than the circle reaches."""
    line = Geodesic.WGS84.Inverse(circle.lat / UNIT, circle.lon / UNIT, lat / UNIT, lon / UNIT)
    reach = circle.radius_mm / 1000 if circle.radius_mm else 1.0
    return float(line["s12"]) - max(reach, 1.0) - 0.001


def ring_holds(ring: Ring, lat: int, lon: int) -> bool:
    """Whether the place (units) is inside the ring or on its edge."""
    flat = _unrolled(ring)
    turns = (flat[-1][0] - flat[0][0]) / 360
    y = Fraction(lat, UNIT)
    if abs(y) == 90 and any(corner[1] == y for corner in flat):
        return True
    copies = [Fraction(lon, UNIT) + 360 * k for k in range(-4, 5)]
    if any(_on_edge(flat[i - 1], flat[i], (x, y)) for x in copies for i in range(1, len(flat))):
        return True
    closed = list(flat)
    if turns:
        area_below = sum((b[0] - a[0]) * (a[1] + b[1]) for a, b in itertools.pairwise(flat)) / turns
        pole = Fraction(90 if area_below >= 0 else -90)
        if y == pole:
            return True
        far = pole * 2  # beyond the pole, so that a place at the pole is never on the closing line
        closed += [(flat[-1][0], far), (flat[0][0], far), flat[0]]
    return sum(_winding(closed, x, y) for x in copies) != 0


def _unrolled(ring: Ring) -> list[tuple[Fraction, Fraction]]:
    """Corners as (lon, lat) in degrees with every edge the short way; belts as they are written."""
    points = [(Fraction(lon, UNIT), Fraction(lat, UNIT)) for lat, lon in ring.corners]
    flat = [points[0]]
    for before, after in itertools.pairwise(points):
        step = after[0] - before[0]
        while step > 180:
            step -= 360
        while step < -180:
            step += 360
        flat.append((flat[-1][0] + step, after[1]))
    level = all(a[1] == b[1] or a[0] == b[0] for a, b in itertools.pairwise(points))
    full = any(abs(a[0] - b[0]) == 360 for a, b in itertools.pairwise(points))
    return points if len({x for x, _ in flat}) == 1 and level and full else flat


def _cross(a: tuple[Fraction, Fraction], b: tuple[Fraction, Fraction], x: Fraction, y: Fraction) -> Fraction:
    return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])


def _on_edge(a: tuple[Fraction, Fraction], b: tuple[Fraction, Fraction], p: tuple[Fraction, Fraction]) -> bool:
    within = min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])
    return within and _cross(a, b, *p) == 0


def _winding(flat: list[tuple[Fraction, Fraction]], x: Fraction, y: Fraction) -> int:
    """Winding number of a closed plane outline round a point that is not on it (a ray to the east)."""
    total = 0
    for a, b in itertools.pairwise(flat):
        if a[1] <= y < b[1] and _cross(a, b, x, y) > 0:
            total += 1
        elif b[1] <= y < a[1] and _cross(a, b, x, y) < 0:
            total -= 1
    return total
