"""Rings as other systems can read them: simple outlines, closed, counter-clockwise, longitudes within ±180.

CAP 1.2 says nothing about the direction of a ring, but readers that turn it into GeoJSON (RFC 7946, section 3.1.6) or into
a polygon on the sphere take a clockwise one for everything *but* the inside. Crossing outlines are read in as many ways as
there are readers; here overlaps count as inside (decision 0005), so their outer outlines are published instead.
"""

from __future__ import annotations

import shapely
from shapely.geometry import MultiPolygon, Polygon

from alerts.cap.model import Ring
from alerts.cap.shapes import unwrapped

_DIGITS = 7
"""Areas are kept to 1e-7 degree (11 mm)."""


def public_rings(ring: Ring) -> list[Ring]:
    """Return the outlines to publish for one closed ring of (latitude, longitude); usually the ring itself, turned.

    A ring that encloses nothing gives none.
    """
    flat = unwrapped(list(ring))
    if abs(flat[-1][0] - flat[0][0]) > 180:
        # A ring round a pole has no inside on the plane; readers that know such rings know them as they are.
        return [ring]
    polygon = Polygon(flat)
    if polygon.is_valid:
        return [_ring_of(polygon)]
    whole = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    filled = shapely.unary_union([Polygon(part.exterior) for part in _polygons(whole)])
    return [_ring_of(part) for part in _polygons(filled)]


def _polygons(shape: shapely.Geometry) -> list[Polygon]:
    if isinstance(shape, Polygon):
        return [] if shape.is_empty else [shape]
    return list(shape.geoms) if isinstance(shape, MultiPolygon) else []


def _ring_of(polygon: Polygon) -> Ring:
    rounded = Polygon([(round(lon, _DIGITS), round(lat, _DIGITS)) for lon, lat in polygon.exterior.coords])
    if not rounded.is_valid:
        # Rounding has folded a sliver over; the hull is a little larger and has one meaning only.
        rounded = Polygon(rounded.convex_hull.exterior) if isinstance(rounded.convex_hull, Polygon) else polygon
    outside = shapely.orient_polygons(rounded, exterior_cw=False).exterior
    return tuple((lat, _within_globe(lon)) for lon, lat in outside.coords)


def _within_globe(lon: float) -> float:
    return lon if abs(lon) <= 180 else round((lon + 180) % 360 - 180, _DIGITS)
