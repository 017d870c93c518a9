"""The value `Area`: where an alert applies, as polygons and circles on the globe (CAP 1.2, section 3.2.4).

What the shapes mean at the antimeridian, at the poles and at their edges is decided in
docs/decisions/0005-audience-on-the-globe.md and held by `hotline.geo.select`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from hotline.core.errors import InvalidInput
from hotline.geo.cells import FULL_TURN, HALF_TURN, QUARTER_TURN, UNITS_PER_DEGREE

MAX_SHAPES = 1_000
"""Most polygons and circles of one area together (what other alerting services accept)."""

MAX_POINTS = 50_000
"""Most corners of one area over all its polygons."""

MAX_RADIUS_KM = 20_004.0
"""Half way round the globe: the longest geodesic on WGS84 is 20,003.93 km."""

MAX_OUTLINE_DEG = 250_000
"""Most degrees that all outlines together may run up, down and across: five degrees an edge at the limit of points.

Real outlines stay far below; one that zigzags from pole to pole 50,000 times would only cost time and memory.
"""

MM_PER_KM = 1_000_000
KM_PER_DEGREE = 110.5
"""Slightly less than the shortest degree of latitude (110.57 km), so that bounds err to the outside."""

_LARGEST_NUMBER = 1e9
"""No degree or kilometre is larger; keeps integers of a thousand digits out of floating point."""

Corner = tuple[int, int]
"""Latitude and longitude in units of 1e-7 degree, longitude from 180° W to 180° E as it was written."""


@dataclass(frozen=True)
class Ring:
    """A closed outline; the last corner is the same place as the first (180° E and 180° W are the same)."""

    corners: tuple[Corner, ...]

    @cached_property
    def longitudes(self) -> tuple[int, ...]:
        """Longitudes in units, made continuous: every edge goes the short way round, an edge of 180° stays as written.

        A box that would be squeezed to a line because it is written from 180° W to 180° E is a belt round the globe.
        """
        written = [lon for _, lon in self.corners]
        joined = [written[0]]
        for before, after in itertools.pairwise(written):
            joined.append(joined[-1] + _short_way(after - before))
        if min(joined) == max(joined) and self._is_belt():
            return tuple(written)
        return tuple(joined)

    def _is_belt(self) -> bool:
        """Whether the ring is a box over all longitudes: level edges of a whole turn, and upright edges."""
        steps = [(a[0] == b[0], abs(a[1] - b[1])) for a, b in itertools.pairwise(self.corners)]
        return any(step == FULL_TURN for _, step in steps) and all(level or step == 0 for level, step in steps)

    @property
    def run_deg(self) -> float:
        """Degrees of latitude and of longitude that the outline runs through, both added up."""
        lats = [lat for lat, _ in self.corners]
        lons = self.longitudes
        run = sum(abs(lats[i] - lats[i - 1]) + abs(lons[i] - lons[i - 1]) for i in range(1, len(lats)))
        return run / UNITS_PER_DEGREE

    @property
    def turns(self) -> int:
        """How often the ring winds eastwards round the globe: 0, or ±1 for a ring about a pole."""
        return (self.longitudes[-1] - self.longitudes[0]) // FULL_TURN

    @property
    def encloses_north(self) -> bool:
        """Whether a ring that winds round the globe encloses the north pole; False for every other ring.

        It encloses the nearer pole: the northern one when its mean latitude, taken along the longitude, is not southern.
        """
        return self.turns != 0 and self._mean_latitude() >= 0

    @property
    def encloses_south(self) -> bool:
        """Whether a ring that winds round the globe encloses the south pole; False for every other ring."""
        return self.turns != 0 and self._mean_latitude() < 0

    def _mean_latitude(self) -> int:
        """Twice the mean latitude times the turn; only its sign is used, and it is exact."""
        latitudes = [lat for lat, _ in self.corners]
        total = sum(
            (self.longitudes[i + 1] - self.longitudes[i]) * (latitudes[i] + latitudes[i + 1])
            for i in range(len(latitudes) - 1)
        )
        return total if self.turns > 0 else -total


@dataclass(frozen=True)
class Circle:
    """All places whose geodesic distance on WGS84 from the centre is at most the radius."""

    lat: int
    lon: int
    radius_mm: int

    @property
    def radius_km(self) -> float:
        """Radius in kilometres, as CAP gives it."""
        return self.radius_mm / MM_PER_KM


@dataclass(frozen=True)
class AreaPart:
    """One CAP `<area>`: its description and its shapes."""

    description: str
    polygons: tuple[Ring, ...]
    circles: tuple[Circle, ...]


@dataclass(frozen=True)
class Bounds:
    """A box in degrees for maps; `east` is at least `west` and may exceed 180 when the box crosses the antimeridian."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True)
class Area:
    """Where an alert applies: the union of all shapes of all parts."""

    parts: tuple[AreaPart, ...]

    @classmethod
    def from_json(cls, value: object, field: str = "area") -> Area:
        """Read `[{"description", "polygons": [[[lat, lon], …], …], "circles": [{"center", "radius_km"}, …]}, …]`.

        Degrees are rounded to 1e-7 (11 mm), radii to a millimetre. Raises InvalidInput naming the path, the value and
        the mend. An area without any shape is a value too (`is_empty`); that it cannot be sent is decided elsewhere.
        """
        if not isinstance(value, list):
            raise InvalidInput(field, value, "give a list of areas with description, polygons and circles")
        parts = tuple(_part(entry, f"{field}[{index}]") for index, entry in enumerate(value))
        area = cls(parts)
        shapes = sum(1 for _ in area.rings()) + sum(1 for _ in area.circles())
        if shapes > MAX_SHAPES:
            raise InvalidInput(field, f"{shapes} shapes", f"use at most {MAX_SHAPES} polygons and circles")
        points = sum(len(ring.corners) for ring in area.rings())
        if points > MAX_POINTS:
            raise InvalidInput(field, f"{points} points", f"use at most {MAX_POINTS} points, simplify the outlines")
        run = sum(ring.run_deg for ring in area.rings())
        if run > MAX_OUTLINE_DEG:
            raise InvalidInput(field, f"outlines of {run:.0f}°", "simplify: the outlines run to and fro over the globe")
        return area

    def to_json(self) -> list[dict[str, object]]:
        """The stored form; `Area.from_json(area.to_json()) == area`."""
        return [
            {
                "description": part.description,
                "polygons": [[[_degrees(lat), _degrees(lon)] for lat, lon in ring.corners] for ring in part.polygons],
                "circles": [
                    {"center": [_degrees(circle.lat), _degrees(circle.lon)], "radius_km": circle.radius_km}
                    for circle in part.circles
                ],
            }
            for part in self.parts
        ]

    def digest(self) -> str:
        """SHA-256 (hex) over the canonical form: equal areas have equal digests on every machine and version."""
        canonical = [
            [
                part.description,
                [ring.corners for ring in part.polygons],
                [[circle.lat, circle.lon, circle.radius_mm] for circle in part.circles],
            ]
            for part in self.parts
        ]
        text = json.dumps(canonical, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    @property
    def is_empty(self) -> bool:
        """Whether there is no shape at all."""
        return next(self.rings(), None) is None and next(self.circles(), None) is None

    def rings(self) -> Iterator[Ring]:
        """All outlines of all parts."""
        for part in self.parts:
            yield from part.polygons

    def circles(self) -> Iterator[Circle]:
        """All circles of all parts."""
        for part in self.parts:
            yield from part.circles

    def drawn_polygons(self) -> list[list[list[float]]]:
        """Outlines as [lat, lon] with continuous longitudes (beyond ±180 where needed), as a flat map draws them."""
        return [
            [[_degrees(lat), _degrees(lon)] for (lat, _), lon in zip(ring.corners, ring.longitudes, strict=True)]
            for ring in self.rings()
        ]

    @cached_property
    def bounds(self) -> Bounds | None:
        """The smallest box of longitudes and latitudes round all shapes (a little too large for circles), None if empty."""
        boxes = [_ring_box(ring) for ring in self.rings()] + [_circle_box(circle) for circle in self.circles()]
        if not boxes:
            return None
        west, width = _narrowest_arc([(box[1], box[3]) for box in boxes])
        south, north = min(box[0] for box in boxes), max(box[2] for box in boxes)
        return Bounds(_degrees(south), _degrees(west), _degrees(north), _degrees(west + width))


def _short_way(difference: int) -> int:
    """A difference of longitudes brought to at most half a turn; exactly half a turn keeps its sign."""
    if abs(difference) == HALF_TURN:
        return difference
    return (difference + HALF_TURN) % FULL_TURN - HALF_TURN


def _degrees(units: int) -> float:
    return units / UNITS_PER_DEGREE


def _part(value: object, path: str) -> AreaPart:
    if not isinstance(value, dict):
        raise InvalidInput(path, value, "give an object with description, polygons and circles")
    unknown = sorted(str(key) for key in value if key not in {"description", "polygons", "circles"})
    if unknown:
        raise InvalidInput(f"{path}.{unknown[0]}", value[unknown[0]], "use only description, polygons and circles")
    description = value.get("description", "")
    if not isinstance(description, str):
        raise InvalidInput(f"{path}.description", description, "give a text")
    polygons, circles = value.get("polygons", []), value.get("circles", [])
    if not isinstance(polygons, list):
        raise InvalidInput(f"{path}.polygons", polygons, "give a list of polygons")
    if not isinstance(circles, list):
        raise InvalidInput(f"{path}.circles", circles, "give a list of circles")
    return AreaPart(
        description,
        tuple(_ring(ring, f"{path}.polygons[{index}]") for index, ring in enumerate(polygons)),
        tuple(_circle(circle, f"{path}.circles[{index}]") for index, circle in enumerate(circles)),
    )


def _ring(value: object, path: str) -> Ring:
    if not isinstance(value, list) or len(value) < 4:
        raise InvalidInput(path, value, "give at least four [lat, lon] pairs, the last equal to the first")
    if len(value) > MAX_POINTS:
        raise InvalidInput(path, f"{len(value)} points", f"use at most {MAX_POINTS} points, simplify the outline")
    written = [_position(pair, f"{path}[{index}]") for index, pair in enumerate(value)]
    if written[0][0] != written[-1][0] or (written[0][1] - written[-1][1]) % FULL_TURN:
        raise InvalidInput(
            f"{path}[{len(value) - 1}]", value[-1], "close the polygon: repeat its first pair at the end"
        )
    _refuse_unclear_edges(written, path)
    return Ring(tuple((lat, _written_longitude(lon)) for lat, lon in written))


def _refuse_unclear_edges(written: list[Corner], path: str) -> None:
    """Who counts beyond ±180 does not mean the short way, so an edge longer than half a turn has no clear meaning."""
    if all(abs(lon) <= HALF_TURN for _, lon in written):
        return
    for index in range(1, len(written)):
        if abs(written[index][1] - written[index - 1][1]) >= HALF_TURN:
            mend = "put corners in between: beyond ±180 an edge must span less than 180°"
            raise InvalidInput(f"{path}[{index}]", _degrees(written[index][1]), mend)


def _circle(value: object, path: str) -> Circle:
    if not isinstance(value, dict) or set(value) != {"center", "radius_km"}:
        raise InvalidInput(path, value, "give an object with center [lat, lon] and radius_km")
    lat, lon = _position(value["center"], f"{path}.center")
    radius_km = _number(value["radius_km"], f"{path}.radius_km")
    if not 0 <= radius_km <= MAX_RADIUS_KM:
        raise InvalidInput(f"{path}.radius_km", radius_km, f"give kilometres from 0 to {MAX_RADIUS_KM:g}")
    return Circle(lat, _written_longitude(lon), round(radius_km * MM_PER_KM))


def _position(value: object, path: str) -> Corner:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise InvalidInput(path, value, "give a pair [lat, lon] in degrees")
    lat, lon = (_number(number, path) for number in value)
    if not -90 <= lat <= 90:
        raise InvalidInput(path, value, "give the latitude first, from -90 to 90 degrees (swapped with the longitude?)")
    if not -360 <= lon <= 360:
        raise InvalidInput(path, value, "give the longitude second, from -180 to 180 degrees")
    return round(lat * UNITS_PER_DEGREE), round(lon * UNITS_PER_DEGREE)


def _number(value: object, path: str) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not abs(value) <= _LARGEST_NUMBER:  # type: ignore[arg-type]  # also False for not-a-number
        raise InvalidInput(path, value, "give a number")
    return float(value)  # type: ignore[arg-type]


def _written_longitude(lon: int) -> int:
    """Longitudes up to ±180 stay as written (a belt needs both), those beyond are brought back."""
    return lon if abs(lon) <= HALF_TURN else (lon + HALF_TURN) % FULL_TURN - HALF_TURN


def _ring_box(ring: Ring) -> tuple[int, int, int, int]:
    latitudes = [lat for lat, _ in ring.corners]
    north = QUARTER_TURN if ring.encloses_north else max(latitudes)
    south = -QUARTER_TURN if ring.encloses_south else min(latitudes)
    return south, min(ring.longitudes), north, max(ring.longitudes)


def _circle_box(circle: Circle) -> tuple[int, int, int, int]:
    """A box that is surely large enough; the angle grows by 0.6 % for the flattening of the ellipsoid."""
    reach_deg = circle.radius_km / KM_PER_DEGREE * 1.006 + 1e-5
    lat_deg = _degrees(circle.lat)
    south, north = lat_deg - reach_deg, lat_deg + reach_deg
    half_width = HALF_TURN
    if south > -90 and north < 90:
        ratio = math.sin(math.radians(reach_deg)) / math.cos(math.radians(lat_deg))
        if ratio < 1:
            half_width = math.ceil(math.degrees(math.asin(ratio)) * UNITS_PER_DEGREE)
    box = max(south, -90.0), min(north, 90.0)
    return (
        math.floor(box[0] * UNITS_PER_DEGREE),
        circle.lon - half_width,
        math.ceil(box[1] * UNITS_PER_DEGREE),
        circle.lon + half_width,
    )


def _narrowest_arc(arcs: list[tuple[int, int]]) -> tuple[int, int]:
    """West end (from 180° W on) and width of the shortest arc of longitude that holds all arcs (west, east)."""
    if any(east - west >= FULL_TURN for west, east in arcs):
        return -HALF_TURN, FULL_TURN
    turned = sorted(((west + HALF_TURN) % FULL_TURN - HALF_TURN, east - west) for west, east in arcs)
    first_west = turned[0][0]
    reach = first_west + turned[0][1]
    gaps: list[tuple[int, int]] = []  # (width of the gap, west end of what follows it)
    for west, width in turned[1:]:
        gaps.append((west - reach, west))
        reach = max(reach, west + width)
    gaps.append((first_west + FULL_TURN - reach, first_west))
    widest, west = max(gaps)
    if widest <= 0:
        return -HALF_TURN, FULL_TURN
    return west, FULL_TURN - widest
