"""Polygons and circles as they are written by real senders: blanks, line breaks, open rings, reversed coordinates.

A wrong area is the worst that can come out of a warning. So a shape is repaired only where there is no doubt about
what was meant, every repair is a warning, and everything else is a fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import shapely

from alerts.cap.faults import Findings, Spot
from alerts.cap.model import CapCircle, Ring
from alerts.cap.values import NUMBER

EARTH_HALF_KM: Final = 20_038.0
"""Half the equator: a larger circle covers the Earth."""

DOUBTFUL_RADIUS_KM: Final = 2_000.0
"""Above this a radius is more likely to have been given in metres."""

WRAP_LIMIT_DEG: Final = 540.0
"""Longitudes beyond 180 occur where a ring goes on over the date line; more than one turn is a mistake."""


Point = tuple[float, float]


@dataclass(slots=True)
class ShapeReader:
    """Reads the shapes of one alert: the limits and the doubt about the order of coordinates are the alert's."""

    findings: Findings
    polygons_met: int = 0
    points_met: int = 0
    swapped_met: int = 0
    plain: list[Spot] | None = None

    def read_polygon(self, spot: Spot, text: str) -> Ring | None:
        """Return the closed ring, or None when it is empty, encloses nothing or has a fault.

        Raises:
            CapRefused: more polygons or points than are accepted, or reading took too long.
        """
        self.findings.check_time(spot)
        self.polygons_met += 1
        limits = self.findings.limits
        if self.polygons_met > limits.polygons:
            self.findings.stop(spot, "too_many_polygons", limit=limits.polygons)
        words = _words_of(text)
        if not words:
            self.findings.warn(spot, "empty_shape")
            return None
        self.points_met += len(words)
        if self.points_met > limits.points:
            self.findings.stop(spot, "too_many_points", limit=limits.points)
        points = [read_point(word) for word in words]
        bad = [word for word, point in zip(words, points, strict=True) if point is None]
        if bad:
            self.findings.fault(spot, "bad_point", bad[0], point=bad[0])
            return None
        ring = self._on_the_globe(spot, [point for point in points if point is not None])
        return None if ring is None else self._as_ring(spot, ring)

    def read_circle(self, spot: Spot, text: str) -> CapCircle | None:
        """Return the circle, or None when it is empty or has a fault; a radius of 0 is kept with a warning."""
        words = _words_of(text)
        if not words:
            self.findings.warn(spot, "empty_shape")
            return None
        numbers = [word for part in words for word in part.split(",")]
        if len(numbers) != 3 or not all(NUMBER.fullmatch(each) for each in numbers):
            self.findings.fault(spot, "bad_circle", text)
            return None
        if len(words) != 2 or words[0].count(",") != 1:
            self.findings.warn(spot, "circle_spelling", text)
        center = self._on_the_globe(spot, [(float(numbers[0]), float(numbers[1]))])
        radius_km = float(numbers[2])
        if not 0 <= radius_km <= EARTH_HALF_KM:
            self.findings.fault(spot, "radius_range", text, radius=numbers[2], limit=EARTH_HALF_KM)
            return None
        if radius_km == 0:
            self.findings.warn(spot, "radius_zero", text)
        if radius_km > DOUBTFUL_RADIUS_KM:
            self.findings.warn(spot, "radius_doubt", text, radius=numbers[2])
        return None if center is None else CapCircle(*center[0], radius_km)

    def close(self) -> None:
        """Refuse an alert of which some shapes were certainly reversed: then the others are in doubt."""
        if self.swapped_met:
            for spot in self.plain or []:
                self.findings.fault(spot, "mixed_order")

    def _on_the_globe(self, spot: Spot, points: list[Point]) -> list[Point] | None:
        """Put the coordinates into the right order and range, or name the first that cannot be."""
        if all(90 < abs(first) <= 180 and abs(second) <= 90 for first, second in points):
            # No first number can be a latitude and every second one can: only longitude,latitude is possible.
            self.swapped_met += 1
            self.findings.warn(spot, "swapped", f"{points[0][0]},{points[0][1]}")
            return [(lat, lon) for lon, lat in points]
        self.plain = [*(self.plain or []), spot]
        wrapped = []
        for lat, lon in points:
            if abs(lat) > 90:
                self.findings.fault(spot, "latitude_range", f"{lat},{lon}", lat=lat)
                return None
            if abs(lon) > WRAP_LIMIT_DEG:
                self.findings.fault(spot, "longitude_range", f"{lat},{lon}", lon=lon)
                return None
            wrapped.append((lat, lon if abs(lon) <= 180 else round((lon + 180) % 360 - 180, 9)))
        for (lat, lon), (_, taken) in zip(points, wrapped, strict=True):
            if lon != taken:
                self.findings.warn(spot, "longitude_wrapped", f"{lat},{lon}", lon=taken)
                break
        return wrapped

    def _as_ring(self, spot: Spot, points: list[Point]) -> Ring | None:
        if points[0] != points[-1]:
            points = [*points, points[0]]
            self.findings.warn(spot, "ring_closed")
        if len(points) < 4:
            self.findings.fault(spot, "too_few_points", count=len(set(points)))
            return None
        flat = _without_repeats(unwrapped(points))
        # A ring around a pole ends a whole turn from where it began: it encloses the pole even along one parallel.
        around_a_pole = abs(flat[-1][0] - flat[0][0]) > 180
        if not around_a_pole and (len(flat) < 4 or shapely.MultiPoint(flat).convex_hull.area == 0):
            self.findings.warn(spot, "degenerate_ring")
            return None
        if not shapely.LineString(flat).is_simple:
            self.findings.warn(spot, "crossing_ring")
        return tuple(points)


def _words_of(text: str) -> list[str]:
    """Split at blanks, except those around a comma; in linear time, which a pattern for them would not take."""
    return " ".join(text.split()).replace(" ,", ",").replace(", ", ",").split()


def read_point(word: str) -> Point | None:
    """Read `latitude,longitude`; None when it is anything else, such as three numbers or infinity."""
    parts = word.split(",")
    if len(parts) != 2 or not all(NUMBER.fullmatch(part) for part in parts):
        return None
    return float(parts[0]), float(parts[1])


def unwrapped(points: list[Point]) -> list[Point]:
    """Turn (lat, lon) into plane (x, y) in which every step takes the short way, also over the date line."""
    result: list[Point] = []
    turn = 0.0
    before = points[0][1]
    for lat, lon in points:
        if lon - before > 180:
            turn -= 360
        elif before - lon > 180:
            turn += 360
        before = lon
        result.append((lon + turn, lat))
    return result


def _without_repeats(points: list[Point]) -> list[Point]:
    """Drop points that repeat the one before, which are harmless but count as touching."""
    return [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
